import { cp, readFile } from 'node:fs/promises'
import { createServer as createHttpServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import * as vite8 from 'vite'
import * as vite7 from 'vite7'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import vitePlugin from '../../../src/vite.ts'
import { chromium } from '../../report/browser.ts'
import { execute, filesBelow, moveElsewhere, temporaryFolder, writeFiles } from '../app.ts'
import { runWebpack } from '../hosts.ts'
import { addModel } from '../models.ts'
import { openPage, serveSite, strictPolicy } from './site.ts'

/** What both versions do alike; their types differ in what is not asked for here. */
const versions = [
  { version: 8, vite: vite8 },
  { version: 7, vite: vite7 as unknown as typeof vite8 },
]

const app = {
  'package.json': '{ "type": "module" }',
  'index.html': '<!doctype html><title>test</title><script type="module" src="/main.js"></script>',
  'main.js': `
    import { sum } from './sum.js'
    globalThis.loads = Number(sessionStorage.getItem('loads') ?? 0) + 1
    sessionStorage.setItem('loads', String(globalThis.loads))
    globalThis.sum = sum`,
  'sum.js': `
    import model, { target } from './add.onnx?files=url'
    export { target }
    export const sum = async () => [...(await model.run({ x: new Float32Array([1, 2, 3]) })).y.data]`,
  'add.onnx': addModel(10),
}

const isBinary = (file: string): boolean => !/\.(html|m?js)$/.test(file)

describe.skipIf(!chromium).each(versions)('vite $version', ({ vite }) => {
  function config(root: string, more: vite8.InlineConfig = {}): vite8.InlineConfig {
    return vite.mergeConfig({ root, configFile: false, logLevel: 'silent', plugins: [vitePlugin()] }, more)
  }

  async function serve(root: string, more: vite8.InlineConfig = {}): Promise<vite8.ViteDevServer> {
    const server = await vite.createServer(config(root, { server: { port: 0, host: '127.0.0.1' }, ...more }))
    onTestFinished(() => server.close())
    if (!server.config.server.middlewareMode) await server.listen()
    return server
  }

  test.each(['/', '/deep/down/', './'])('the dev server at base %s runs a model, and the changed one', async (base) => {
    const root = await temporaryFolder()
    await writeFiles(root, app)
    const server = await serve(root, { base })
    const page = await openPage(server.resolvedUrls!.local[0]!)
    expect(await page.evaluate('sum()')).toEqual([11, 12, 13])

    const names = await page.evaluate(`performance.getEntriesByType('resource').map(({ name }) => name)`)
    const [url] = names.filter((name: string) => name.endsWith('.wasm'))
    expect(new URL(url).pathname).toMatch(new RegExp(`^${base.replace('./', '/')}__onnx/files/add-[0-9a-f]{8}\\.wasm$`))
    const { headers } = await fetch(url)
    expect(headers.get('content-type')).toBe('application/wasm')
    expect(headers.get('cache-control')).toContain('immutable')
    expect((await fetch(new URL('add-00000000.wasm', url))).headers.get('content-type')).not.toBe('application/wasm')

    await writeFiles(root, { 'add.onnx': addModel(20) })
    await vi.waitFor(async () => expect(await page.evaluate('sum()')).toEqual([21, 22, 23]), {
      timeout: 30_000,
      interval: 100,
    })
    expect(await page.evaluate('loads')).toBe(2)
    expect(page.problems.filter((problem) => !/\[vite\]|favicon\.ico/.test(problem))).toEqual([])
  })

  test('workers run in a page that the headers of the dev server isolate', async () => {
    const root = await temporaryFolder()
    await writeFiles(root, {
      'index.html': '<script type="module" src="./main.js"></script>',
      'main.js': `
        import add from './add.onnx?worker=true'
        globalThis.sum = async () => [crossOriginIsolated, ...(await add.run({ x: Float32Array.of(1, 2, 3) })).y.data]`,
      'add.onnx': addModel(10),
    })
    const headers = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }
    const server = await serve(root, { server: { port: 0, host: '127.0.0.1', headers } })
    const [url] = server.resolvedUrls!.local as [string]
    const page = await openPage(url)
    expect(await page.evaluate('sum()')).toEqual([true, 11, 12, 13])

    // Headers may come later: a browser must not keep the worker's program without them.
    const { code } = (await server.transformRequest('/add.onnx?worker=true'))!
    const [program] = /\/__onnx\/files\/onnx-mlir-\w+\.js/.exec(code)!
    expect((await fetch(new URL(program, url))).headers.get('cache-control')).toBe('no-cache')
  })

  test('who accepts a changed model gets it without a reload', async () => {
    const root = await temporaryFolder()
    await writeFiles(root, {
      ...app,
      'sum.js': `
        import first from './add.onnx'
        let model = first
        export const sum = async () => [...(await model.run({ x: new Float32Array([1, 2, 3]) })).y.data]
        import.meta.hot?.accept('./add.onnx', (changed) => (model = changed.default))`,
    })
    const server = await serve(root)
    const page = await openPage(server.resolvedUrls!.local[0]!)
    expect(await page.evaluate('sum()')).toEqual([11, 12, 13])
    await writeFiles(root, { 'add.onnx': addModel(20) })
    await vi.waitFor(async () => expect(await page.evaluate('sum()')).toEqual([21, 22, 23]), {
      timeout: 30_000,
      interval: 100,
    })
    expect(await page.evaluate('loads')).toBe(1)
  })

  test('a server of the user’s own serves models, and runs the same import natively', async () => {
    const root = await temporaryFolder()
    await writeFiles(root, app)
    let server: vite8.ViteDevServer | undefined
    const http = createHttpServer((request, response) => server!.middlewares(request, response))
    server = await serve(root, { base: '/app/', server: { middlewareMode: true, ws: false } })
    const page = await openPage(`${await listen(http)}/app/`)
    expect(await page.evaluate('sum()')).toEqual([11, 12, 13])

    const { sum, target } = await server.ssrLoadModule('/sum.js')
    expect(await sum()).toEqual([11, 12, 13])
    expect(target).not.toBe('wasm')
  })

  test.each(['iife', 'es'] as const)('a worker of format %s runs the model of the page', async (format) => {
    const root = await temporaryFolder()
    await writeFiles(root, {
      ...app,
      'main.js': `
        import PageWorker from './worker.js?worker'
        import { sum } from './sum.js'
        const ask = (worker) => new Promise((done, failed) => {
          worker.onmessage = ({ data }) => done(data)
          worker.onerror = ({ message }) => failed(new Error(message))
          worker.postMessage(0)
        })
        globalThis.sums = async () => [
          await sum(),
          await ask(new PageWorker()),
          await ask(new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })),
        ]`,
      'worker.js': `
        import { sum } from './sum.js'
        onmessage = async () => postMessage(await sum())`,
    })
    const expected = [
      [11, 12, 13],
      [11, 12, 13],
      [11, 12, 13],
    ]
    const server = await serve(root, { worker: { format } })
    expect(await (await openPage(server.resolvedUrls!.local[0]!)).evaluate('sums()')).toEqual(expected)

    await vite.build(config(root, { base: './', worker: { format }, build: { outDir: 'out' } }))
    const moved = await moveElsewhere(join(root, 'out'))
    expect((await filesBelow(moved)).filter(isBinary)).toEqual([expect.stringMatching(/^assets\/add-[\w-]{8}\.wasm$/)])
    const page = await openPage((await serveSite(moved, '/deep/down/')).url)
    expect(await page.evaluate('sums()')).toEqual(expected)
    expect(page.problems).toEqual([])
  })

  test('an inline worker runs a model that is in the JavaScript', async () => {
    const root = await temporaryFolder()
    await writeFiles(root, {
      ...app,
      'main.js': `
        import InlineWorker from './worker.js?worker&inline'
        globalThis.sum = () => new Promise((done, failed) => {
          const worker = new InlineWorker()
          worker.onmessage = ({ data }) => done(data)
          worker.onerror = ({ message }) => failed(new Error(message))
        })`,
      'worker.js': `
        import model from './add.onnx?files=inline'
        model.run({ x: new Float32Array([1, 2, 3]) }).then(({ y }) => postMessage([...y.data]))`,
    })
    await vite.build(config(root))
    expect((await filesBelow(join(root, 'dist'))).filter(isBinary)).toEqual([])
    const policy = strictPolicy.replace("worker-src 'self'", 'worker-src blob:')
    const page = await openPage((await serveSite(join(root, 'dist'), '/', policy)).url)
    expect(await page.evaluate('sum()')).toEqual([11, 12, 13])
  })

  test('a watched build has the changed model', async () => {
    const root = await temporaryFolder()
    await writeFiles(root, app)
    const watcher = await vite.build(config(root, { build: { watch: {} } }))
    if (!('close' in watcher)) throw new Error('Vite does not watch')
    onTestFinished(() => watcher.close())
    const site = await serveSite(join(root, 'dist'), '/')
    const sum = async () => (await openPage(site.url)).evaluate('sum()').catch(String)
    const becomes = (expected: readonly number[]) =>
      vi.waitFor(async () => expect(await sum()).toEqual(expected), { timeout: 30_000, interval: 500 })
    await becomes([11, 12, 13])
    await writeFiles(root, { 'add.onnx': addModel(20) })
    await becomes([21, 22, 23])
  })

  test('preview serves what was built', async () => {
    const root = await temporaryFolder()
    await writeFiles(root, app)
    const built = config(root, { base: '/deep/down/', preview: { port: 0, host: '127.0.0.1' } })
    await vite.build(built)
    const server = await vite.preview(built)
    onTestFinished(() => server.close())
    const page = await openPage(server.resolvedUrls!.local[0]!)
    expect(await page.evaluate('sum()')).toEqual([11, 12, 13])
    expect(page.problems.filter((problem) => !problem.includes('favicon.ico'))).toEqual([])
  })

  test('server and client of one application: native code here, WebAssembly there, each compiled once', async () => {
    const root = await temporaryFolder()
    await writeFiles(root, app)
    const lines: string[] = []
    const customLogger = { ...vite.createLogger('silent'), info: (line: string) => void lines.push(line) }
    // A cache of its own: what other tests compiled is not there.
    const plugins = [vitePlugin({ cache: join(root, 'cache') })]
    const build = (more: vite8.BuildOptions): Promise<unknown> =>
      vite.build({ root, configFile: false, customLogger, plugins, build: more })
    for (let i = 0; i < 2; i++) {
      await build({ outDir: 'out/client' })
      await build({ outDir: 'out/server', ssr: 'sum.js' })
    }
    const compiling = lines.filter((line) => line.includes('compiling add.onnx'))
    expect(compiling).toEqual([
      expect.stringMatching(/compiling add\.onnx for wasm /),
      expect.stringMatching(/compiling add\.onnx for (?!wasm)/),
    ])

    const moved = await moveElsewhere(join(root, 'out'))
    await writeFiles(moved, {
      'server/main.mjs': `
        const { sum, target } = await import('./sum.js')
        console.log(JSON.stringify([await sum(), target === 'wasm']))`,
      'server/package.json': '{ "type": "module" }',
    })
    expect(await execute(join(moved, 'server/main.mjs'))).toEqual([[11, 12, 13], false])
    const page = await openPage((await serveSite(join(moved, 'client'), '/')).url)
    expect(await page.evaluate('sum()')).toEqual([11, 12, 13])
  })

  test('a library takes its model along into applications of other bundlers', async () => {
    const root = await temporaryFolder()
    const library = join(root, 'library')
    await writeFiles(root, {
      'library/package.json': '{ "name": "adding", "type": "module", "exports": "./dist/adding.js" }',
      'library/sum.js': app['sum.js'],
      'library/add.onnx': app['add.onnx'],
      'app/package.json': '{ "type": "module" }',
      'app/index.html': app['index.html'],
      'app/main.js': `import { sum } from 'adding'
        globalThis.sum = sum`,
    })
    await vite.build(config(library, { build: { lib: { entry: 'sum.js', formats: ['es'], fileName: 'adding' } } }))
    expect(await filesBelow(join(library, 'dist'))).toEqual(['add.wasm', 'adding.js'])
    expect(await readFile(join(library, 'dist/adding.js'), 'utf8')).toContain('new URL("./add.wasm", import.meta.url)')
    await cp(library, join(root, 'app/node_modules/adding'), { recursive: true })

    const plain = { root: join(root, 'app'), configFile: false, logLevel: 'silent' } as const
    await vite.build({ ...plain, base: './', build: { assetsInlineLimit: 0, outDir: 'vite' } })
    await runWebpack({
      mode: 'production',
      context: plain.root,
      entry: join(plain.root, 'main.js'),
      output: { path: join(plain.root, 'webpack') },
    })
    await writeFiles(join(plain.root, 'webpack'), {
      'index.html': '<!doctype html><title>test</title><script defer src="main.js"></script>',
    })
    for (const bundler of ['vite', 'webpack']) {
      const page = await openPage((await serveSite(join(plain.root, bundler), '/deep/down/')).url)
      expect(await page.evaluate('sum()')).toEqual([11, 12, 13])
      expect(page.problems).toEqual([])
    }

    // In development, Vite bundles dependencies anew; Vite 7 forgets what they refer to by URL.
    const optimizeDeps = vite === vite8 ? {} : { exclude: ['adding'] }
    const server = await vite.createServer({ ...plain, optimizeDeps, server: { port: 0, host: '127.0.0.1' } })
    onTestFinished(() => server.close())
    await server.listen()
    const page = await openPage(server.resolvedUrls!.local[0]!)
    await vi.waitFor(async () => expect(await page.evaluate('sum()')).toEqual([11, 12, 13]), {
      timeout: 10_000,
      interval: 200,
    })
  })
})

async function listen(server: Server): Promise<string> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  onTestFinished(() => void server.close().closeAllConnections())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
