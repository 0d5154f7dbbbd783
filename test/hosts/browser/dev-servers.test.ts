import { createRequire } from 'node:module'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { rspack } from '@rspack/core'
import { createRsbuild } from '@rsbuild/core'
import webpack from 'webpack'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import rsbuildPlugin from '../../../src/rsbuild.ts'
import rspackPlugin from '../../../src/rspack.ts'
import webpackPlugin from '../../../src/webpack.ts'
import { chromium } from '../../report/browser.ts'
import { temporaryFolder, writeFiles } from '../app.ts'
import { addModel } from '../models.ts'
import { openPage } from './site.ts'

// Development servers that reload the page by themselves when a model has changed, below a path of their own.

const installed = resolve('test/edge/installed')
const areThere = existsSync(join(installed, 'node_modules/webpack-dev-server'))
if (!areThere)
  console.log('skipped: webpack-dev-server is not installed; run npm ci --ignore-scripts --prefix test/edge/installed')

/** What the dev servers of webpack and Rspack have in common. */
interface DevServer {
  start(): Promise<void>
  stop(): Promise<void>
  readonly server: { address(): { readonly port: number } }
}
type DevServerClass = new (options: object, compiler: object) => DevServer

async function started(name: string, exported: string | undefined, compiler: object): Promise<string> {
  const from = createRequire(`${installed}/`)(name) as DevServerClass & Readonly<Record<string, DevServerClass>>
  const Server = exported === undefined ? from : from[exported]!
  const options = {
    host: '127.0.0.1',
    port: 0,
    static: false,
    client: { logging: 'none' },
    devMiddleware: { publicPath: '/deep/down/', index: 'index.html', stats: 'none' },
    // The page itself is no part of what is bundled.
    setupMiddlewares: (middlewares: unknown[]) => [
      ...middlewares,
      (request: { url: string }, response: { setHeader(...pair: string[]): void; end(text: string): void }) => {
        response.setHeader('Content-Type', 'text/html')
        response.end('<!doctype html><title>test</title><script defer src="/deep/down/main.js"></script>')
      },
    ],
  }
  const server = new Server(options, compiler)
  onTestFinished(() => server.stop())
  await server.start()
  return `http://127.0.0.1:${server.server.address().port}/`
}

const configOf = (root: string) =>
  ({
    mode: 'development',
    context: root,
    entry: { main: join(root, 'main.js') },
    output: { path: join(root, 'out'), publicPath: '/deep/down/' },
    infrastructureLogging: { level: 'none' },
    stats: 'none',
  }) as const

/** Starts the server of a project, and gives the page's address. */
const servers: Readonly<Record<string, (root: string) => Promise<string>>> = {
  webpack: (root) =>
    started('webpack-dev-server', undefined, webpack({ ...configOf(root), plugins: [webpackPlugin({ root })] })),
  rspack: (root) =>
    started('@rspack/dev-server', 'RspackDevServer', rspack({ ...configOf(root), plugins: [rspackPlugin({ root })] })),
  async rsbuild(root) {
    const builder = await createRsbuild({
      cwd: root,
      rsbuildConfig: {
        mode: 'development',
        logLevel: 'silent',
        source: { entry: { index: join(root, 'main.js') } },
        server: { host: '127.0.0.1', port: 0, base: '/deep/down', printUrls: false },
        plugins: [rsbuildPlugin({ root })],
      },
    })
    const { server, urls } = await builder.startDevServer()
    onTestFinished(() => server.close())
    return new URL('/deep/down/', urls[0]).href
  },
}

describe.skipIf(!chromium || !areThere).each(Object.entries(servers))('%s', (_name, start) => {
  test('the page runs the model below a path, and by itself the changed one', async () => {
    const root = await temporaryFolder()
    await writeFiles(root, {
      'package.json': '{}',
      'main.js': `
        import add from './add.onnx'
        import inWorker from './add.onnx?worker=true'
        const sum = async (model) => [...(await model.run({ x: new Float32Array([1, 2, 3]) })).y.data]
        globalThis.sums = async () => [await sum(add), await sum(inWorker)]`,
      'add.onnx': addModel(10),
    })
    const page = await openPage(await start(root))
    const becomes = (sums: readonly number[]) =>
      vi.waitFor(async () => expect(await page.evaluate('sums()')).toEqual([sums, sums]), {
        timeout: 60_000,
        interval: 200,
      })
    await becomes([11, 12, 13])
    await writeFiles(root, { 'add.onnx': addModel(20) })
    await becomes([21, 22, 23])
  })
})
