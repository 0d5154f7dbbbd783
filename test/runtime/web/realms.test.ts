import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createContext, runInContext } from 'node:vm'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { type ModuleFiles, moduleSource } from '../../../src/emit/module.ts'
import type { ElementType, Model, Signature, SignatureEntry } from '../../../src/runtime/index.ts'
import { createWebModel } from '../../../src/runtime/web.ts'
import { signatures } from '../../native/libraries.ts'
import { compileNative, factsFor } from './modules.ts'

const runtime = fileURLToPath(new URL('../../../src/runtime/web.ts', import.meta.url))
const modules = new Map<string, Uint8Array>()
beforeAll(async () => {
  for (const name of ['affine', 'words', 'rows']) modules.set(name, readFileSync((await compileNative(name)).library))
})
afterEach(() => void vi.unstubAllGlobals())

async function bundled(contents: string, format: 'esm' | 'iife'): Promise<string> {
  const resolveDir = fileURLToPath(new URL('.', import.meta.url))
  const { outputFiles } = await build({
    stdin: { contents, resolveDir },
    bundle: true,
    minify: true,
    format,
    write: false,
  })
  return outputFiles[0]!.text
}

describe('in a vm context, as test runners make them', () => {
  it('takes arrays of either side, strings, and wrong inputs', async () => {
    const { AbortController, TextDecoder, TextEncoder, crypto } = globalThis
    const context = createContext(
      { AbortController, TextDecoder, TextEncoder, crypto },
      { codeGeneration: { strings: false, wasm: true } },
    )
    const code = await bundled(
      `import * as runtime from ${JSON.stringify(runtime)}; globalThis.runtime = runtime`,
      'iife',
    )
    runInContext(code, context)
    const { createWebModel: create } = (context as { runtime: { createWebModel: typeof createWebModel } }).runtime
    const open = (name: 'affine' | 'words' | 'rows'): Model =>
      create(factsFor(name, signatures[name]), { module: () => modules.get(name)! })
    const theirs = (source: string): Record<string, unknown> => runInContext(`(${source})`, context)

    const affine = open('affine')
    for (const inputs of [
      { x: new Float32Array(60).fill(2) },
      theirs('{ x: new Float32Array(60).fill(2) }'),
      { x: Array(60).fill(2) },
    ])
      expect([...((await affine.run(inputs))['y']!.data as Float32Array)]).toEqual(Array(60).fill(5))
    const bound = affine.bind()
    ;(bound.inputs['x']!.data as Float32Array).fill(1)
    bound.run()
    expect(bound.outputs['y']!.data[59]).toBe(3)
    await expect(affine.run({ x: new Float64Array(60) })).rejects.toThrow(
      'affine.onnx: input "x": expected float32 [3, 20], as Float32Array or number[], given Float64Array(60)',
    )
    expect((await open('words').run({ words: ['zwölf'] }))['shouted']!.data[0]).toBe('ZWöLF')
    const unequal = theirs('{ x: { data: new Float32Array(3), dims: [1, 3] }, weight: new Float32Array(2) }')
    await expect(open('rows').run(unequal)).rejects.toThrow('so 1 elements for dims [1], given Float32Array(2)')
  })
})

describe('an engine that lacks something', () => {
  const real = (globalThis as { WebAssembly?: object }).WebAssembly!
  const fails = async (): Promise<unknown> => {
    const model = createWebModel(factsFor('affine', signatures.affine), { module: () => modules.get('affine')! })
    return model.load().catch((error: unknown) => error)
  }

  it.each([
    ['WebAssembly', undefined],
    [
      'its vector instructions',
      { ...real, validate: () => false, compile: () => Promise.reject(new Error('invalid value type')) },
    ],
  ])('%s', async (_, api) => {
    vi.stubGlobal('WebAssembly', api)
    expect(await fails()).toMatchObject({
      name: 'ModelLoadError',
      code: 'LOAD_MACHINE',
      message: expect.stringMatching(
        /^affine\.onnx: its module can't be compiled here: .*; it takes SIMD, which browsers since Safari 16\.4 have$/,
      ) as string,
    })
  })

  it.each([
    'WebAssembly.compile(): violates the following Content Security Policy directive because…', // Chromium
    'call to WebAssembly.compile() blocked by CSP', // Firefox
    "Refused to create a WebAssembly object because 'unsafe-eval' or 'wasm-unsafe-eval' is not an allowed source", // Safari
  ])('permission: %s', async (message) => {
    vi.stubGlobal('WebAssembly', { validate: () => true, compile: () => Promise.reject(new Error(message)) })
    expect(await fails()).toMatchObject({
      code: 'LOAD_CSP',
      message:
        "affine.onnx: the page's Content-Security-Policy forbids WebAssembly: add 'wasm-unsafe-eval' to its script-src",
    })
  })

  it('memory', async () => {
    class Instance {
      constructor() {
        throw new RangeError('Out of memory: Cannot allocate Wasm memory for new instance')
      }
    }
    const instantiate = () => new Instance()
    const Module = { customSections: () => [] }
    vi.stubGlobal('WebAssembly', { ...real, Module, compile: async () => ({}), instantiate })
    const model = createWebModel(factsFor('affine', signatures.affine), {
      module: () => modules.get('affine')!,
      weights: new Uint8Array(123_456),
    })
    await expect(model.load()).rejects.toMatchObject({
      code: 'LOAD_MEMORY',
      message: expect.stringContaining(
        'affine.onnx: there is no memory for 123456 bytes of weights and what it computes',
      ) as string,
    })
  })

  it('explicit resource management', () => {
    const model = createWebModel(factsFor('affine', signatures.affine), { module: '' })
    expect([typeof model[Symbol.dispose], typeof model[Symbol.asyncDispose]]).toEqual(['function', 'function'])
  })
})

describe('a bundle', () => {
  const tensor = (name: string, shape: (number | string)[], type: ElementType = 'float32'): SignatureEntry => ({
    name,
    type,
    shape,
  })
  const list: SignatureEntry = { name: 'words', type: 'sequence', element: { type: 'string', shape: [null] } }
  const plain: Signature = { inputs: [tensor('x', [1, 1, 28, 28])], outputs: [tensor('y', [1, 10])] }
  const open: Signature = { inputs: [tensor('x', ['n', 3])], outputs: [tensor('y', ['n'], 'int64')] }
  const sha256 = { library: '0123456789abcdef'.repeat(4), constants: 'fedcba9876543210'.repeat(4) }
  const bytes = { library: 60_000, constants: 2_000_000 }
  const files = { library: 'new URL("./m.wasm", import.meta.url).href' }
  /** As the plugin writes it, of a model that is run. */
  const page = (signature: Signature, more: Partial<ModuleFiles> = {}, isInside = false): string =>
    `${moduleSource({ facts: factsFor('m', signature, { sha256, bytes }), platform: 'browser', runtime, files: { ...files, ...more }, isInside })}
     globalThis.first = run({})`
  const inside = { library: 'async () => Uint8Array.from(atob(""), (byte) => byte.charCodeAt(0))' }

  // What is reached, and one part in a hundred. All is counted: facts, too.
  it.each([
    ['tensors of static shape', page(plain), 7_890],
    ['the module inside', page(plain, inside, true), 6_715],
    ['open sizes', page(open), 8_510],
    ['weights in a file', page(plain, { constants: '"m.bin"' }), 8_115],
    ['lists and strings', page({ ...plain, inputs: [list] }), 10_130],
    ['a worker', page(plain, { worker: '"w.js"' }), 6_685],
  ])('of a model with %s takes no more than it did, compressed', async (_, code, most) => {
    const { length } = gzipSync(await bundled(code, 'esm'), { level: 9 })
    expect(length).toBeLessThanOrEqual(most)
  })

  it('makes no code of texts, and imports nothing', async () => {
    const code = await bundled(page(plain), 'esm')
    expect(/\beval\(|new Function|\bimport\b(?!\.meta)|require\(/.test(code)).toBe(false)
  })
})
