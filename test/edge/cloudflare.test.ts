import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { build as esbuildBuild } from 'esbuild'
import { createBuilder, createServer, type InlineConfig, type PluginOption } from 'vite'
import { describe, expect, onTestFinished, test } from 'vitest'
import esbuildPlugin from '../../src/esbuild.ts'
import vitePlugin from '../../src/vite.ts'
import { temporaryFolder, writeFiles } from '../hosts/app.ts'
import { addModel } from '../hosts/models.ts'
import { miniflare, startWorker } from './runtimes.ts'

// Cloudflare's own tools: what they would upload is run.

const run = promisify(execFile)
const installed = resolve('test/edge/installed')
const wrangler = join(installed, 'node_modules/wrangler/bin/wrangler.js')
const areThere = miniflare !== undefined && existsSync(wrangler)
if (!existsSync(wrangler))
  console.log('skipped: wrangler is not installed; run npm ci --ignore-scripts --prefix test/edge/installed')

// Neither asks anybody while tests run.
process.env['CLOUDFLARE_CF_FETCH_ENABLED'] = 'false'
process.env['WRANGLER_SEND_METRICS'] = 'false'

const app = {
  'package.json': '{ "type": "module" }',
  'worker.js': `
    import add from './add.onnx'
    export default {
      async fetch(request) {
        const { y } = add.runSync({ x: Float32Array.from(await request.json()) })
        return Response.json([...y.data])
      },
    }`,
  'add.onnx': addModel(10),
}

const config = (main: string, more: object = {}): string =>
  JSON.stringify({ name: 'adding', main, compatibility_date: '2026-04-01', ...more })

/** What `wrangler deploy` would upload, running. */
async function deployed(root: string, script: string): Promise<(body: unknown) => Promise<unknown>> {
  const outDir = join(root, 'upload')
  await run(process.execPath, [wrangler, 'deploy', '--dry-run', '--outdir', outDir], { cwd: root })
  return startWorker(outDir, script)
}

describe.skipIf(!areThere)('Cloudflare', () => {
  test.each([
    ['as it is', { no_bundle: true }],
    ['bundled once more', {}],
  ])('wrangler uploads what esbuild wrote, %s', async (_how, more) => {
    const root = await temporaryFolder()
    await writeFiles(root, { ...app, 'wrangler.json': config('dist/worker.js', more) })
    await esbuildBuild({
      entryPoints: [join(root, 'worker.js')],
      outdir: join(root, 'dist'),
      absWorkingDir: root,
      bundle: true,
      format: 'esm',
      conditions: ['workerd'],
      logLevel: 'silent',
      plugins: [esbuildPlugin({ root })],
    })
    const post = await deployed(root, 'worker.js')
    expect(await post([1, 2, 3])).toEqual([11, 12, 13])
  })

  test('its plugin for Vite serves and builds a worker with a model', async () => {
    const file = join(installed, 'node_modules/@cloudflare/vite-plugin/dist/index.mjs')
    const { cloudflare } = (await import(pathToFileURL(file).href)) as { cloudflare(): PluginOption }
    const root = await temporaryFolder()
    await writeFiles(root, { ...app, 'wrangler.json': config('worker.js') })
    const vite: InlineConfig = {
      root,
      configFile: false,
      logLevel: 'silent',
      plugins: [vitePlugin({ root }), cloudflare()],
      server: { host: '127.0.0.1', port: 0 },
    }
    const server = await createServer(vite)
    onTestFinished(() => server.close())
    await server.listen()
    const answer = await fetch(server.resolvedUrls!.local[0]!, { method: 'POST', body: '[1, 2, 3]' })
    expect(await answer.json()).toEqual([11, 12, 13])

    await (await createBuilder(vite, null)).buildApp()
    const post = await deployed(root, 'index.js')
    expect(await post([1, 2, 3])).toEqual([11, 12, 13])
  })
})
