import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { Model, ModelFacts, SignatureEntry } from '../../src/runtime/index.ts'
import { createNodeModel } from '../../src/runtime/node.ts'
import { storage } from '../../src/runtime/storage.ts'
import type { TypedArray } from '../../src/runtime/tensor.ts'
import { compileModel, echoTypes, factsOf, signatures, testAddon } from '../native/libraries.ts'
import { makeFolder } from '../scratch.ts'
import { isTensor, type TensorEntry } from '../../src/runtime/signature.ts'
import { failBoth, runBoth } from './both-ways.ts'

const folder = makeFolder()
let addon: string
const libraries = new Map<string, string>()

beforeAll(async () => {
  addon = await testAddon()
  writeFileSync(join(folder, 'plain.constants.bin'), new Uint8Array(new Float32Array([7, 8]).buffer))
  for (const name of Object.keys(signatures)) libraries.set(name, await compileModel(folder, name))
  libraries.set('tagged', await compileModel(folder, 'plain', { TAG: 1 }, 'tagged.so'))
})

function open(name: keyof typeof signatures, library: string = name): Model {
  return createNodeModel(factsOf(name), { addon, library: libraries.get(library)! })
}

const f32 = (...values: number[]) => new Float32Array(values)

describe('a model with static shapes', () => {
  const x = Float32Array.from({ length: 60 }, (_, i) => i - 20)

  it('runs, and gives results of their own each time', async () => {
    const model = open('affine')
    const { y } = await runBoth(model, { x })
    expect(y).toEqual({ type: 'float32', dims: [3, 20], data: x.map((value) => 2 * value + 1) })
    const other = model.runSync({ x: new Float32Array(60) })['y']!
    expect(other.data[0]).toBe(1)
    expect(y!.data[0]).toBe(-39)
    expect((other.data as Float32Array).buffer.byteLength).toBe(240) // nothing else shares its buffer
  })

  it('states its facts', () => {
    const model = open('affine')
    const { name, inputs, outputs, target, compiler, report } = model
    const facts = { name: 'affine.onnx', ...signatures.affine, target: 'host' }
    expect({ name, inputs, outputs, target, compiler, report }).toEqual({
      ...facts,
      compiler: { name: 'builtin', version: 'test' },
      report: undefined,
    })
  })

  it('runs on bound buffers without a copy', () => {
    const bound = open('affine').bind()
    const [input, output] = [bound.inputs['x']!.data as Float32Array, bound.outputs['y']!.data as Float32Array]
    for (const value of [1, 5]) {
      input.fill(value)
      bound.run()
      expect(output.every((result) => result === 2 * value + 1)).toBe(true)
    }
    structuredClone(input.buffer, { transfer: [input.buffer as ArrayBuffer] })
    expect(() => bound.run()).toThrow('affine.onnx: the bound buffers were transferred elsewhere')
  })

  it('runs on no bound buffers that are disposed; the model goes on', () => {
    const model = open('affine')
    const [first, second] = [model.bind(), model.bind()]
    first.dispose()
    first[Symbol.dispose]()
    expect(() => first.run()).toThrow(
      expect.objectContaining({ code: 'RUN_DISPOSED', message: 'affine.onnx: it was disposed' }),
    )
    second.run()
    expect(model.runSync({ x })['y']!.data[0]).toBe(-39)
    model.dispose()
    expect(() => second.run()).toThrow('affine.onnx: it was disposed')
    second.dispose()
  })

  it('refuses wrong inputs, also when it runs asynchronously', async () => {
    const model = open('affine')
    expect(() => model.runSync({ x: f32(1) })).toThrow(RangeError)
    await expect(model.run({ y: x })).rejects.toThrow(TypeError)
  })

  it('refuses to run once it is disposed, and other copies go on', async () => {
    const [model, other] = [open('affine'), open('affine')]
    model.runSync({ x })
    other.runSync({ x })
    const running = model.run({ x })
    model.dispose()
    expect((await running)['y']!.data[0]).toBe(-39)
    expect((await failBoth(model, { x })).message).toBe('affine.onnx: it was disposed')
    expect(() => model.bind()).toThrow('disposed')
    expect(other.runSync({ x })['y']!.data[0]).toBe(-39)
    model[Symbol.dispose]()
  })

  it('takes every kind of memory', async () => {
    const model = open('affine')
    const shared = new Float32Array(new SharedArrayBuffer(240)).fill(3)
    expect((await runBoth(model, { x: shared }))['y']!.data[59]).toBe(7)
    const offset = new Float32Array(new ArrayBuffer(1000), 36, 60).fill(4)
    expect((await runBoth(model, { x: offset }))['y']!.data[59]).toBe(9)
    const detached = new Float32Array(60)
    structuredClone(detached, { transfer: [detached.buffer] })
    expect(() => model.runSync({ x: detached })).toThrow('so 60 elements for dims [3, 20], given Float32Array(0)')
  })
})

describe('all element types', () => {
  it('travel unchanged, small and large', async () => {
    const inputs: Record<string, TypedArray> = {}
    for (const type of echoTypes) {
      const { code, array, lanes } = storage[type]
      const bytes = Uint8Array.from({ length: 4 * lanes * array!.BYTES_PER_ELEMENT }, (_, i) =>
        storage[type].expect ? i % 2 : i,
      )
      inputs[`t${code}`] = new array!(bytes.buffer)
    }
    inputs['large'] = Float32Array.from({ length: 100_000 }, (_, i) => i)
    const model = open('echo')
    const outputs = await runBoth(model, inputs)
    for (const [name, data] of Object.entries(inputs)) expect([name, outputs[name]!.data]).toEqual([name, data])

    const bound = model.bind()
    for (const [name, data] of Object.entries(inputs)) (bound.inputs[name]!.data as TypedArray).set(data as never)
    bound.run()
    for (const [name, data] of Object.entries(inputs)) expect([name, bound.outputs[name]!.data]).toEqual([name, data])
    expect(model.runSync(inputs)['large']!.data[99_999]).toBe(99_999)
  })
})

describe('a model with dynamic shapes', () => {
  it('gives outputs of the size that its inputs ask for', async () => {
    const model = open('rows')
    for (const batch of [1, 0, 5000, 2]) {
      const inputs = { x: new Float32Array(3 * batch).fill(1), weight: new Float32Array(batch).fill(2) }
      const { sums, doubled } = await runBoth(model, inputs)
      expect([sums!.dims, doubled!.dims]).toEqual([[batch], [batch, 3]])
      expect(sums!.data).toEqual(new Float32Array(batch).fill(6))
      expect(doubled!.data).toEqual(new Float32Array(3 * batch).fill(2))
    }
  })

  it('can not be bound', () => {
    expect(() => open('rows').bind()).toThrow(
      new TypeError('rows.onnx: bind() needs static shapes and no strings, but "x" is float32 [batch, 3]'),
    )
  })

  it('can be bound where the module knows the dimensions that the library leaves open', () => {
    const model = (batch: number) => {
      const fix = (entry: TensorEntry) => ({
        ...entry,
        shape: entry.shape.map((dim) => (dim === 'batch' ? batch : dim)),
      })
      const { inputs, outputs } = signatures.rows
      const signature = { inputs: inputs.filter(isTensor).map(fix), outputs: outputs.filter(isTensor).map(fix) }
      return createNodeModel({ ...factsOf('rows'), signature }, { addon, library: libraries.get('rows')! }).bind()
    }
    for (const batch of [2, 5000]) {
      const { inputs, outputs, run } = model(batch)
      ;(inputs['x']!.data as Float32Array).fill(2)
      ;(inputs['weight']!.data as Float32Array).fill(3)
      run()
      expect(outputs['sums']).toEqual({ type: 'float32', dims: [batch], data: new Float32Array(batch).fill(18) })
      expect(outputs['doubled']!.data).toEqual(new Float32Array(3 * batch).fill(4))
    }
  })

  it('keeps to the dimensions that the library knows and the module leaves open', async () => {
    const signature = {
      inputs: [{ ...signatures.affine.inputs[0], shape: ['n', 20] }],
      outputs: signatures.affine.outputs,
    }
    const facts = { ...factsOf('affine'), signature }
    const model = createNodeModel(facts as ModelFacts, { addon, library: libraries.get('affine')! })
    expect((await runBoth(model, { x: new Float32Array(60) }))['y']!.dims).toEqual([3, 20])
    expect((await failBoth(model, { x: new Float32Array(40) })).code).toBe('RUN_SHAPE')
  })

  it("reports the model's own errors and goes on", async () => {
    // Without the symbol the two inputs may disagree, and the model itself notices.
    const facts = factsOf('rows')
    const inputs = facts.signature.inputs.filter(isTensor).map((entry) => ({
      ...entry,
      shape: entry.shape.map((d) => (d === 'batch' ? null : d)),
    }))
    const signature = { ...facts.signature, inputs }
    const model = createNodeModel({ ...facts, signature }, { addon, library: libraries.get('rows')! })
    const error = await failBoth(model, { x: f32(1, 2, 3), weight: f32(1, 2) })
    expect([error.code, error.message]).toEqual(['RUN_SHAPE', 'rows.onnx: batch differs between x and weight'])
    expect((await runBoth(model, { x: f32(1, 2, 3), weight: f32(2) }))['sums']!.data).toEqual(f32(12))
  })
})

describe('strings', () => {
  it('go in and come out', async () => {
    const { shouted, pair } = await runBoth(open('words'), { words: ['one', 'zwölf', '三'] })
    expect(shouted).toEqual({ type: 'string', dims: [3], data: ['ONE', 'ZWöLF', '三'] })
    expect(pair).toEqual({ type: 'string', dims: [2], data: ['one', '三'] })
    expect((await runBoth(open('words'), { words: [] }))['pair']!.data).toEqual(['', ''])
  })

  it('may be what a model fails on', async () => {
    const error = await failBoth(open('words'), { words: ['one', 'fail', 'two'] })
    expect([error.code, error.message]).toEqual(['RUN_VALUE', 'words.onnx: a word is "fail"'])
  })
})

it('says so where a library has lost its file of constants', () => {
  const elsewhere = mkdtempSync(join(tmpdir(), 'onnx-mlir-no-constants-'))
  onTestFinished(() => rmSync(elsewhere, { recursive: true }))
  copyFileSync(libraries.get('tagged')!, join(elsewhere, 'tagged.so'))
  const model = createNodeModel(factsOf('plain'), { addon, library: join(elsewhere, 'tagged.so') })
  expect(() => model.runSync({ x: f32(1) })).toThrow(
    expect.objectContaining({
      code: 'LOAD_CONSTANTS',
      message: expect.stringContaining(`its constants file can't be opened in ${elsewhere}`),
    }),
  )
})

describe.each(['plain', 'tagged'])("a library with onnx-mlir's plain ABI: %s", (library) => {
  it('runs; outputs that alias an input or a constant are copies', async () => {
    const model = open('plain', library)
    const x = f32(1, 2, 3)
    const { alias, constant, owned } = await runBoth(model, { x })
    expect([alias!.data, owned!.data]).toEqual([f32(1, 2, 3), f32(2, 4, 6)])
    ;(alias!.data as Float32Array)[0] = 50
    ;(constant!.data as Float32Array)[0] = 50
    expect(x[0]).toBe(1)
    expect(model.runSync({ x })['constant']!.data[0]).not.toBe(50)
  })

  it("finds its file of constants in its own folder, and leaves the process's environment alone", async () => {
    const { constant } = await runBoth(open('plain', library), { x: f32(1) })
    expect(constant).toEqual({ type: 'float32', dims: [2], data: f32(7, 8) })
    expect(process.env['OM_CONSTANT_PATH']).toBeUndefined()
  })

  it('runs on bound buffers, where its results have the shape that the module knows', () => {
    const fix = (entry: SignatureEntry) => ({ ...(entry as TensorEntry), shape: [3] })
    const { inputs, outputs } = signatures.plain
    const bind = (constant: SignatureEntry) => {
      const signature = { inputs: inputs.map(fix), outputs: [fix(outputs[0]!), constant, fix(outputs[2]!)] }
      return createNodeModel({ ...factsOf('plain'), signature }, { addon, library: libraries.get(library)! }).bind()
    }
    const bound = bind(outputs[1]!)
    ;(bound.inputs['x']!.data as Float32Array).set([1, 2, 3])
    bound.run()
    expect(bound.outputs['owned']!.data).toEqual(f32(2, 4, 6))
    expect(() => bind(fix(outputs[1]!)).run()).toThrow('plain.onnx: output "constant" has dims [2] instead of [3]')
  })

  it.each([
    [-22, 'RUN_SHAPE', 'it refused the inputs'],
    [-12, 'RUN_MEMORY', 'not enough memory'],
    [-33, 'RUN_VALUE', 'an input has a value'],
    [-1, 'RUN_MACHINE', 'accelerator (NNPA)'],
    [-28, 'RUN_FAILED', 'No space left'],
    [100, 'RUN_OUTPUT', 'it gave 2 outputs instead of 3'],
    [101, 'RUN_OUTPUT', "output 2 has not the type of the model's signature"],
  ])('turns its failure %i into %s', async (value, code, message) => {
    const error = await failBoth(open('plain', library), { x: f32(value, 1) })
    expect(error.code).toBe(code)
    expect(error.message).toContain(`plain.onnx: `)
    expect(error.message).toContain(message)
  })
})
