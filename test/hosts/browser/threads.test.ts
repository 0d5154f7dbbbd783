import { readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { beforeAll, describe, expect, test } from 'vitest'
import esbuildPlugin from '../../../src/esbuild.ts'
import { modelBytes, tensorType } from '../../../src/onnx/build.ts'
import { tensorFrom } from '../../../src/onnx/tensor.ts'
import { expectClose, onnxruntime, randomInputs, reference } from '../../onnxruntime.ts'
import { chromium } from '../../report/browser.ts'
import { filesBelow, writeFiles } from '../app.ts'
import { makeFolder } from '../../scratch.ts'
import { addModel } from '../models.ts'
import { openPage, serveSite, strictPolicy } from './site.ts'

// `threads=` in pages: of which only those that are isolated from other origins get several.

const ort = onnxruntime()
const isolated = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }
const signature = {
  inputs: [{ name: 'x', type: 'float32', shape: [60, 200] }],
  outputs: [{ name: 'y', type: 'float32', shape: [60, 300] }],
} as const
/** 3.6 million multiplications; `columns` decides whether its weights are a part of the module. */
const layer = (columns: number): Uint8Array =>
  modelBytes({
    opsets: { '': 21 },
    inputs: { x: tensorType('float32', [60, 200]) },
    outputs: { y: tensorType('float32', [60, columns]) },
    initializers: {
      w: tensorFrom(
        'float32',
        [200, columns],
        Array.from({ length: 200 * columns }, (_, i) => Math.fround(((i * 37) % 101) / 500 - 0.1)),
      ),
    },
    nodes: [{ op: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] }],
  })

let root: string
beforeAll(async () => {
  root = makeFolder()
  await writeFiles(root, {
    'package.json': '{}',
    'main.js': `
      import one from './layer.onnx'
      import several from './layer.onnx?threads=auto'
      import inWorker from './layer.onnx?threads=2&worker=true'
      import large from './large.onnx?threads=2'
      import largeAlone from './large.onnx'
      const models = { one, several, inWorker }
      globalThis.results = async (name, x, runs = 1) => {
        const results = []
        for (let i = 0; i < runs; i++) results.push([...(await models[name].run({ x: Float32Array.from(x) })).y.data])
        if (new Set(results.map(String)).size > 1) throw new Error('runs differ')
        return results[0]
      }
      globalThis.sameOfLarge = async (x) => {
        for (let i = 0; i < 10; i++) {
          const [a, b] = await Promise.all([large, largeAlone].map((model) => model.run({ x: Float32Array.from(x) })))
          if (a.y.data.buffer instanceof SharedArrayBuffer) return 'shared'
          const most = Math.max(...a.y.data.map((value, at) => Math.abs(value - b.y.data[at])))
          if (!(most < 1e-5)) return most
        }
        return 'same'
      }
      globalThis.bound = async (x) => {
        await several.load()
        const { inputs, outputs, run } = several.bind()
        inputs.x.data.set(x)
        run()
        return [...outputs.y.data]
      }
      globalThis.end = async () => {
        const models = [several, inWorker, large]
        for (const model of models) model.dispose()
        return Promise.all(models.map((model) => model.run({ x: new Float32Array(12000) }).catch(({ code }) => code)))
      }`,
    'alone.js': `import add from './add.onnx'\nglobalThis.add = add`,
    'add.onnx': addModel(10),
    'layer.onnx': layer(300),
    'large.onnx': layer(1500),
  })
  for (const entry of ['main.js', 'alone.js'])
    await build({
      entryPoints: [join(root, entry)],
      outdir: join(root, 'out'),
      absWorkingDir: root,
      bundle: true,
      minify: true,
      logLevel: 'silent',
      plugins: [esbuildPlugin({ root })],
    })
  await writeFiles(root, {
    'out/index.html': '<!doctype html><title>test</title><script defer src="main.js"></script>',
  })
})

async function open(headers: Readonly<Record<string, string>>, policy?: string) {
  const site = await serveSite(join(root, 'out'), '/deep/', policy, headers)
  return { site, page: await openPage(site.url) }
}

const [x] = [randomInputs({ ...signature, outputs: [] }, 3)['x']!]
const given = JSON.stringify(x)

test('only bundles of models with threads have what runs them', async () => {
  const texts = await Promise.all(['main.js', 'alone.js'].map((name) => readFile(join(root, 'out', name), 'utf8')))
  expect(texts.map((text) => text.includes('om_memory'))).toEqual([true, false])
  const files = await filesBelow(join(root, 'out'))
  expect(files.filter((file) => /^layer-threads.*\.wasm$/.test(file))).toHaveLength(2)
  expect(files.filter((file) => /^onnx-mlir.*\.js$/.test(file))).toHaveLength(1)
})

describe.skipIf(!chromium)('in Chromium', () => {
  test('an isolated page takes the module for threads, in workers, too, and gets the same', async () => {
    const { site, page } = await open(isolated)
    expect(await page.evaluate('crossOriginIsolated')).toBe(true)
    const one = (await page.evaluate(`results('one', ${given})`)) as number[]
    expect(await page.evaluate(`results('several', ${given}, 50)`)).toEqual(one)
    expect(await page.evaluate(`bound(${given})`)).toEqual(one)
    expect(await page.evaluate(`results('inWorker', ${given}, 50)`)).toEqual(one)
    expect(await page.evaluate(`sameOfLarge(${given})`)).toBe('same')
    if (ort) {
      const expected = await reference(ort, join(root, 'layer.onnx'), signature, [{ x }])
      expectClose({ layer: [{ y: one }] }, { layer: expected })
    }
    const modules = site.served.filter((file) => /^layer.*\.wasm$/.test(file))
    expect(modules.filter((file) => file.startsWith('layer-threads'))).not.toEqual([])
    if (availableParallelism() > 1) expect(site.served).toContainEqual(expect.stringMatching(/^onnx-mlir.*\.js$/))
    expect(await page.evaluate('end()')).toEqual(Array(3).fill('RUN_DISPOSED'))
    expect(page.problems).toEqual([])
  })

  test('another page runs on one thread, and asks for nothing of threads', async () => {
    const { site, page } = await open({})
    expect(await page.evaluate('crossOriginIsolated')).toBe(false)
    const one = (await page.evaluate(`results('one', ${given})`)) as number[]
    expect(await page.evaluate(`results('several', ${given}, 3)`)).toEqual(one)
    expect(site.served.filter((file) => /threads|onnx-mlir/.test(file))).toEqual([])
    expect(await page.evaluate(`results('inWorker', ${given}, 3)`)).toEqual(one)
    expect(site.served.filter((file) => /threads/.test(file))).toEqual([])
    expect(page.problems).toEqual([])
  })

  test.skipIf(availableParallelism() < 2)(
    'where workers are forbidden, one thread does all, with a warning',
    async () => {
      const { page } = await open(isolated, strictPolicy.replace("worker-src 'self'", "worker-src 'none'"))
      await page.evaluate('globalThis.warned = []; console.warn = (text) => warned.push(text)')
      const one = (await page.evaluate(`results('one', ${given})`)) as number[]
      expect(await page.evaluate(`results('several', ${given}, 20)`)).toEqual(one)
      expect(await page.evaluate(`new Promise((done) => setTimeout(done, 200)).then(() => warned)`)).toEqual([
        expect.stringContaining('onnx-mlir: models run on fewer threads'),
      ])
      expect(await page.evaluate(`results('several', ${given}, 20)`)).toEqual(one)
    },
  )

  test('a page that is left while its models run leaves nothing behind', async () => {
    const { page } = await open(isolated)
    await page.evaluate(`void (async () => { for (;;) await results('inWorker', ${given}) })()`)
    await page.evaluate(`results('several', ${given}, 5)`)
    await page.reload()
    expect(await page.evaluate(`results('several', ${given}, 5)`)).toHaveLength(18000)
  })
})
