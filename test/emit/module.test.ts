import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { rolldown } from 'rolldown'
import { rollup } from 'rollup'
import { expect, onTestFinished, test } from 'vitest'
import { moduleSource } from '../../src/emit/module.ts'
import type { ModelFacts } from '../../src/runtime/model.ts'

/** Stands for the runtime: a model that says what it was made from and run with. */
const runtime = `export const [nativeLibraries, wasmModules] = ['native', 'wasm']
export const composeNodeModel = (facts, files, parts) => ({
  facts, files, parts, run: async (inputs) => ({ ran: inputs }), runSync: (inputs) => ({ ran: inputs }),
})`

/** The same on the web, with the parts that it may be composed of. */
const webRuntime = `export const composeWebModel = (facts, files, parts) => ({ facts, files, parts })
export const [float32, int64, dynamicShapes, callMemory, weightsBeside, fetched, expectBindable] = 'float32,int64,dynamicShapes,callMemory,weightsBeside,fetched,expectBindable'.split(',')`

const facts: ModelFacts = {
  name: '"; throw 1; //\u2028</script>.onnx',
  signature: {
    inputs: [{ name: '__proto__', type: 'float32', shape: ['batch', 3, null] }],
    outputs: [{ name: '*/`${', type: 'int64', shape: [] }],
  },
  target: 'x86-64-v3',
  compiler: { name: 'builtin', version: '0.1.0 gcc 12.2.0' },
  report: { nodes: [] },
  requires: { arch: 'x64', cpu: 'x86-64-v3', accelerator: 'NNPA' },
  sha256: { library: 'ab12', constants: 'cd34' },
  profiled: true,
  steadiness: { inputs: [0] },
}

const files = { addon: `new URL('./a.node', import.meta.url)`, library: `new URL('./m.so', import.meta.url)` }

async function folderWith(texts: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'onnx-mlir-module-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  for (const [path, text] of Object.entries(texts)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  return folder
}

test('the module gives the model, its parts and its facts', async () => {
  const source = moduleSource({
    platform: 'node',
    facts,
    runtime: './run "time".mjs',
    files: { ...files, constants: '"c.bin"' },
  })
  const folder = await folderWith({ 'model.mjs': source, 'run "time".mjs': runtime })
  const url = pathToFileURL(join(folder, 'model.mjs')).href
  const module = await import(/* @vite-ignore */ url)
  expect(module.default.facts).toStrictEqual(facts)
  expect(module.default.files).toStrictEqual({
    addon: new URL('./a.node', url),
    library: new URL('./m.so', url),
    constants: 'c.bin',
  })
  expect(module.inputs).toStrictEqual(facts.signature.inputs)
  expect(module.outputs).toStrictEqual(facts.signature.outputs)
  expect([module.target, module.compiler, module.report]).toStrictEqual([facts.target, facts.compiler, facts.report])
  const inputs = { x: 1 }
  expect((await module.run(inputs)).ran).toBe(inputs)
  expect(module.runSync(inputs).ran).toBe(inputs)
})

test('variants are in the words of the platform, and without any nothing is said of them', () => {
  const variants = [{ needs: ['relaxed-simd', 'threads'] as const, library: 'url()' }]
  const source = (platform: 'node' | 'browser', more = {}): string =>
    moduleSource({ platform, facts, runtime: './r.mjs', files: { library: 'base()', ...more } })
  expect(source('node', { variants })).toContain(
    '{ library: base(), variants: [{ needs: ["relaxed-simd", "threads"], library: url() }] }',
  )
  expect(source('browser', { variants, worker: 'w()' })).toContain(
    '{ module: base(), variants: [{ needs: ["relaxed-simd", "threads"], module: url() }], worker: w() }',
  )
  expect(source('browser')).not.toContain('variants')
})

test('a model without constants, report and requirements', async () => {
  const { report: _, requires: __, profiled: ___, ...bare } = facts
  const folder = await folderWith({
    'model.mjs': moduleSource({ platform: 'node', facts: bare, runtime: './r.mjs', files }),
    'r.mjs': runtime,
  })
  const module = await import(/* @vite-ignore */ pathToFileURL(join(folder, 'model.mjs')).href)
  expect(module.report).toBeUndefined()
  expect(Object.keys(module.default.files)).toEqual(['addon', 'library'])
  expect(module.default.facts).toStrictEqual({ ...bare, report: undefined })
})

/** Each bundler's output for `entry`, with the runtime outside. */
const bundlers = {
  async esbuild(entry: string) {
    const { outputFiles } = await build({
      entryPoints: [entry],
      external: ['runtime'],
      bundle: true,
      format: 'esm',
      write: false,
    })
    return outputFiles[0]?.text ?? ''
  },
  async rollup(entry: string) {
    const bundle = await rollup({ input: entry, external: ['runtime'] })
    return (await bundle.generate({ format: 'es' })).output[0].code
  },
  async rolldown(entry: string) {
    const bundle = await rolldown({ input: entry, external: ['runtime'] })
    return (await bundle.generate({ format: 'es' })).output[0].code
  },
}

test.each(Object.entries(bundlers))('%s drops the model where only facts are imported', async (_, bundle) => {
  const folder = await folderWith({
    'model.mjs': moduleSource({ platform: 'node', facts, runtime: 'runtime', files }),
    'facts.mjs': `import { inputs } from './model.mjs'\nconsole.log(inputs)`,
    'run.mjs': `import { run } from './model.mjs'\nconsole.log(run)`,
  })
  const factsOnly = await bundle(join(folder, 'facts.mjs'))
  expect(factsOnly).toContain('batch')
  expect(factsOnly).not.toMatch(/composeNodeModel\(|new URL|x86-64/)
  expect(await bundle(join(folder, 'run.mjs'))).toMatch(/composeNodeModel\(/)
})

test('a browser gets the model from the runtime of the web, with a module and its weights', async () => {
  const source = moduleSource({
    platform: 'browser',
    facts,
    runtime: './r.mjs',
    files: { library: '"m.wasm"', constants: 'async () => new Uint8Array(2)' },
  })
  const folder = await folderWith({
    'model.mjs': source,
    'r.mjs': webRuntime,
  })
  const module = await import(/* @vite-ignore */ pathToFileURL(join(folder, 'model.mjs')).href)
  const { steadiness: _, ...told } = facts // it runs nothing at once
  expect(module.default.facts).toStrictEqual(told)
  expect(module.default.files).toStrictEqual({ module: 'm.wasm', weights: expect.any(Function) })
  expect(module.default.parts).toStrictEqual({
    elements: { float32: 'float32', int64: 'int64' },
    dynamic: 'dynamicShapes',
    weights: 'weightsBeside',
    load: 'fetched',
    calls: 'callMemory',
    bind: 'expectBindable',
  })
})

test('on the web, a model that runs in a worker is made by another function, so that bundles have one of both', () => {
  const { addon: _, ...web } = { ...files, constants: '"w.bin"' }
  const source = (worker?: string) =>
    moduleSource({
      platform: 'browser',
      facts: { ...facts, bytes: { library: 5 } },
      runtime: 'r',
      files: { ...web, ...(worker && { worker }) },
    })
  expect(source()).toMatch(/^import { composeWebModel, .* } from "r"/)
  expect(source()).toMatch(/bytes: \{ ?"?library"?: ?5 ?\}/)
  expect(source('"./worker.js"')).toMatch(/^import { composeWorkerModel, .* } from "r"/)
  expect(source('"./worker.js"')).toMatch(/weights: "w\.bin", worker: "\.\/worker\.js" \}/)
})
