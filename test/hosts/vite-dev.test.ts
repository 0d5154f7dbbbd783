import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createLogger, createServer, type InlineConfig, isRunnableDevEnvironment, type ViteDevServer } from 'vite'
import { expect, onTestFinished, test, vi } from 'vitest'
import vitePlugin from '../../src/vite.ts'
import { temporaryFolder, writeFiles } from './app.ts'
import { withConstants } from './constants.ts'
import { addModel, addModelWeights, addModelWithExternalData } from './models.ts'

const app = {
  'package.json': '{ "type": "module" }',
  'main.js': `
    import model from './add.onnx'
    export const sum = async () => [...(await model.run({ x: new Float32Array([1, 2, 3]) })).y.data]`,
  'add.onnx': addModel(10),
}

async function serve(root: string, config: InlineConfig = {}): Promise<ViteDevServer> {
  const server = await createServer({
    root,
    configFile: false,
    logLevel: 'silent',
    appType: 'custom',
    server: { middlewareMode: true, ws: false },
    plugins: [vitePlugin()],
    ...config,
  })
  onTestFinished(() => server.close())
  return server
}

test('server code runs the model out of the cache', async () => {
  const root = await temporaryFolder()
  await writeFiles(root, app)
  const server = await serve(root)
  const { sum } = await server.ssrLoadModule('/main.js')
  expect(await sum()).toEqual([11, 12, 13])
})

test('a changed model is in the running application, and its types are new', async () => {
  const root = await temporaryFolder()
  await writeFiles(root, app)
  const server = await serve(root)
  const sum = async () => (await server.ssrLoadModule('/main.js')).sum()
  const types = () => readFile(join(root, '.onnx-mlir/types/add.d.onnx.ts'), 'utf8')
  expect(await sum()).toEqual([11, 12, 13])
  const before = await types()

  await writeFiles(root, { 'add.onnx': addModel(20, 'batch') })
  await vi.waitFor(async () => expect(await sum()).toEqual([21, 22, 23]), { timeout: 20_000, interval: 100 })
  await vi.waitFor(async () => expect(await types()).not.toEqual(before), { timeout: 20_000, interval: 100 })
})

test('changed external data is in the running application', async () => {
  const root = await temporaryFolder()
  const model = addModelWithExternalData('weights.bin')
  await writeFiles(root, { ...app, 'add.onnx': model, 'weights.bin': addModelWeights(10) })
  const server = await serve(root)
  const sum = async () => (await server.ssrLoadModule('/main.js')).sum()
  expect(await sum()).toEqual([11, 12, 13])

  await writeFiles(root, { 'weights.bin': addModelWeights(20) })
  await vi.waitFor(async () => expect(await sum()).toEqual([21, 22, 23]), { timeout: 20_000, interval: 100 })
})

test('a running application is reloaded with the changed model', async () => {
  const root = await temporaryFolder()
  await writeFiles(root, {
    ...app,
    'entry.js': `
      import { sum } from './main.js'
      sum().then((result) => globalThis.hostsTestSums.push(result))`,
  })
  const sums: number[][] = []
  Object.assign(globalThis, { hostsTestSums: sums })
  const server = await serve(root)
  const { ssr } = server.environments
  if (!isRunnableDevEnvironment(ssr)) throw new Error('Vite cannot run server code here')
  await ssr.runner.import('/entry.js')
  await vi.waitFor(() => expect(sums).toEqual([[11, 12, 13]]))

  await writeFiles(root, { 'add.onnx': addModel(20) })
  await vi.waitFor(() => expect(sums.at(-1)).toEqual([21, 22, 23]), { timeout: 20_000, interval: 100 })
})

test('a page that imports a model is served without a complaint', async () => {
  const root = await temporaryFolder()
  await writeFiles(root, { ...app, 'index.html': `<script type="module" src="/main.js"></script>` })
  const complaints: string[] = []
  const customLogger = createLogger('silent')
  customLogger.warn = customLogger.error = (message) => void complaints.push(message)
  const server = await serve(root, { appType: 'spa', customLogger, server: { port: 0, ws: false } })
  await server.listen()
  await server.environments.client.depsOptimizer?.scanProcessing
  const page = await fetch(server.resolvedUrls!.local[0]!)
  expect(await page.text()).toContain('/main.js')
  expect((await fetch(new URL('main.js', server.resolvedUrls!.local[0]!))).status).toBe(200)
  expect(complaints).toEqual([])
})

test('constants are found under the name that the library asks for', async () => {
  const root = await temporaryFolder()
  await writeFiles(root, app)
  const server = await serve(root, { plugins: [vitePlugin({ pipeline: withConstants(root) })] })
  const { sum } = await server.ssrLoadModule('/main.js')
  expect(await sum()).toEqual([11, 12, 13])

  const module = await server.environments.ssr.transformRequest('/add.onnx')
  const [url] = module?.code.match(/file:[^"']*\/model\.constants\.bin/) ?? []
  expect(await readFile(new URL(url!), 'utf8')).toBe('constants of add.onnx')
})

test('a model that breaks is an error until it is right again', async () => {
  const root = await temporaryFolder()
  await writeFiles(root, { ...app, 'add.onnx': 'not a model' })
  const server = await serve(root)
  await expect(server.ssrLoadModule('/main.js')).rejects.toThrow(/add\.onnx/)

  await writeFiles(root, { 'add.onnx': addModel(10) })
  const sum = async () => (await server.ssrLoadModule('/main.js')).sum()
  await vi.waitFor(async () => expect(await sum()).toEqual([11, 12, 13]), { timeout: 20_000, interval: 100 })
})

test('browser code gets WebAssembly, and nothing of where it is on disk', async () => {
  const root = await temporaryFolder()
  await writeFiles(root, app)
  const server = await serve(root)
  const result = await server.environments.client.transformRequest('/add.onnx')
  expect(result?.code).toMatch(/new URL\([^)]*"\/__onnx\/files\/add-[0-9a-f]{8}\.wasm", import\.meta\.url\)/)
  expect(result?.code).not.toContain(root)
})

test('what Vite appends to a model of its own accord is the same model, and what asks for the file is none', async () => {
  const root = await temporaryFolder()
  await writeFiles(root, {
    ...app,
    'main.js': `
      import first from './add.onnx?O=1&target=host'
      import second from './add.onnx?target=host&O=1'
      import address from './add.onnx?url'
      export const all = [first === second, typeof address, address.split('?')[0]]`,
  })
  const server = await serve(root, { plugins: [vitePlugin({ files: 'url' })] })
  expect((await server.ssrLoadModule('/main.js'))['all']).toEqual([true, 'string', '/add.onnx'])
  const codes: string[] = []
  for (const query of ['', '?t=1700000000000', '?import', '?v=4f3a2b1c&import', '?import&t=1&O=3'])
    codes.push((await server.transformRequest(`/add.onnx${query}`))?.code ?? '')
  // Those of a dependency that Vite counts by `?v=`, too; what `O` says is the default.
  const plain = codes.map((code) => code.replace(/[?&][tv]=\w+/g, ''))
  expect(plain[0]).toContain('add.onnx')
  expect(new Set(plain).size).toBe(1)
})
