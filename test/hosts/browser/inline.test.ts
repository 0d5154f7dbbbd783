import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { describe, expect, test } from 'vitest'
import esbuildPlugin from '../../../src/esbuild.ts'
import { chromium } from '../../report/browser.ts'
import { execute, filesBelow, moveElsewhere, temporaryFolder, writeFiles } from '../app.ts'
import { oneOfEach } from '../hosts.ts'
import { addModel } from '../models.ts'
import { oneOfEachWeb } from './hosts.ts'
import { denseModel, width } from './models.ts'
import { openPage, serveSite, strictPolicy } from './site.ts'

const app = {
  'package.json': '{}',
  'main.js': `
    import add from './add.onnx?files=inline'
    import dense from './dense.onnx?files=inline'
    globalThis.results = async () => {
      const sum = await add.run({ x: new Float32Array([1, 2, 3]) })
      const product = await dense.run({ x: new Float32Array(${width}) })
      return [...sum.y.data, product.y.data.every((value) => value === 0)]
    }`,
  'add.onnx': addModel(10),
  'dense.onnx': denseModel(7),
}

describe.skipIf(!chromium).each(oneOfEachWeb)('$name', (host) => {
  test('files=inline: modules and weights are in the JavaScript, and a strict policy lets them pass', async () => {
    const root = await temporaryFolder()
    await writeFiles(root, app)
    await host.build({ root, outDir: join(root, 'out') })
    const moved = await moveElsewhere(join(root, 'out'))
    expect((await filesBelow(moved)).filter((file) => !/\.(html|m?js|map)$/.test(file))).toEqual([])
    const page = await openPage((await serveSite(moved, host.under)).url)
    expect(await page.evaluate('results()')).toEqual([11, 12, 13, true])
    expect(page.problems).toEqual([])
  })
})

const inWorker = {
  'package.json': '{}',
  'main.js': `
    import add from './add.onnx?files=inline&worker=true'
    import dense from './dense.onnx?files=inline&worker=true'
    globalThis.started = 0
    globalThis.Worker = class extends Worker { constructor(...all) { super(...all); started++ } }
    globalThis.results = async () => {
      const sum = await add.run({ x: new Float32Array([1, 2, 3]) })
      const product = await dense.run({ x: new Float32Array(${width}) })
      return [...sum.y.data, product.y.data.every((value) => value === 0), started]
    }
    globalThis.refused = () => add.run({ x: new Float32Array(3) }).catch(({ code, message }) => [code, message])`,
  'add.onnx': addModel(10),
  'dense.onnx': denseModel(7),
}

describe.skipIf(!chromium).each(oneOfEachWeb)('$name', (host) => {
  test('files=inline with worker=true: the worker is in the JavaScript, too, once for all models', async () => {
    const root = await temporaryFolder()
    await writeFiles(root, inWorker)
    await host.build({ root, outDir: join(root, 'out') })
    const moved = await moveElsewhere(join(root, 'out'))
    const files = await filesBelow(moved)
    expect(files.filter((file) => !/\.(html|m?js|map)$/.test(file))).toEqual([])
    expect(files.filter((file) => file.endsWith('js'))).toHaveLength(1)
    const policy = strictPolicy.replace("worker-src 'self'", 'worker-src blob:')
    const page = await openPage((await serveSite(moved, host.under, policy)).url)
    expect(await page.evaluate('results()')).toEqual([11, 12, 13, true, 1])
    expect(page.problems).toEqual([])
  })
})

test.skipIf(!chromium)('a policy that forbids workers of text is named, each time', async () => {
  const root = await temporaryFolder()
  await writeFiles(root, inWorker)
  const host = oneOfEachWeb.find(({ name }) => name.startsWith('esbuild'))!
  await host.build({ root, outDir: join(root, 'out') })
  const page = await openPage((await serveSite(join(root, 'out'), '/')).url)
  const refused = [
    'LOAD_CSP',
    "add.onnx: the page's Content-Security-Policy forbids workers of text, as files=inline has them: add blob: to its worker-src, or build with files=url",
  ]
  expect(await page.evaluate('refused()')).toEqual(refused)
  expect(await page.evaluate('refused()')).toEqual(refused)
})

test.skipIf(!chromium)('files=inline runs from a file', async () => {
  const root = await temporaryFolder()
  await writeFiles(root, { ...app, 'out/index.html': '<!doctype html><script src="main.js"></script>' })
  await build({
    entryPoints: [join(root, 'main.js')],
    outdir: join(root, 'out'),
    bundle: true,
    logLevel: 'silent',
    plugins: [esbuildPlugin({ root })],
  })
  const page = await openPage(pathToFileURL(join(root, 'out/index.html')).href)
  expect(await page.evaluate('results()')).toEqual([11, 12, 13, true])
  expect(page.problems).toEqual([])
})

test.each(oneOfEach)(
  '$name: native libraries are in the JavaScript, too, where the import asks for inline',
  async (host) => {
    const root = await temporaryFolder()
    await writeFiles(root, {
      'main.js': `
      import model from './add.onnx?files=inline'
      model.run({ x: new Float32Array([1, 2, 3]) }).then(({ y }) => console.log(JSON.stringify([...y.data])))`,
      'add.onnx': addModel(10),
    })
    const { file } = await host.build({ root, entries: { main: 'main.js' }, outDir: join(root, 'out') })
    expect((await filesBelow(join(root, 'out'))).filter((name) => /\.(so|node)$/.test(name))).toEqual([])
    expect(await execute(join(root, 'out', file('main')))).toEqual([11, 12, 13])
  },
)

const imported = {
  'main.js': `export { default } from './add.onnx?files=module'`,
  'add.onnx': addModel(10),
}

test('esbuild, files=module: the output imports the module, which stands beside it', async () => {
  const root = await temporaryFolder()
  await writeFiles(root, imported)
  await build({
    entryPoints: [join(root, 'main.js')],
    outdir: join(root, 'out'),
    bundle: true,
    format: 'esm',
    logLevel: 'silent',
    plugins: [esbuildPlugin({ root })],
  })
  const [wasm, ...rest] = await filesBelow(join(root, 'out'))
  expect([wasm, ...rest]).toEqual([expect.stringMatching(/^add-\w{8}\.wasm$/), 'main.js'])
  expect(await readFile(join(root, 'out/main.js'), 'utf8')).toMatch(new RegExp(`import \\w+ from "\\./${wasm}"`))
})

test('a host without modules of WebAssembly says so', async () => {
  const root = await temporaryFolder()
  await writeFiles(root, imported)
  const host = oneOfEachWeb.find(({ name }) => name.startsWith('webpack'))!
  await expect(host.build({ root, outDir: join(root, 'out') })).rejects.toThrow(/add\.onnx: files=module/)
})
