import { beforeAll, describe, expect, it } from 'vitest'
import type { Signature, SignatureEntry } from '../../../src/runtime/index.ts'
import { storage } from '../../../src/runtime/storage.ts'
import type { TypedArray } from '../../../src/runtime/tensor.ts'
import { weightsSection } from '../../../src/toolchains/cc.ts'
import { echoTypes, signatures } from '../../native/libraries.ts'
import { type BuiltModule, compileBody, compileNative, factsFor, ways } from './modules.ts'
import { failBoth, runBoth } from '../both-ways.ts'

const f32 = (...values: number[]) => new Float32Array(values)
const float = (name: string, shape: (number | string | null)[]): SignatureEntry => ({ name, type: 'float32', shape })
const int64 = (name: string, shape: (number | string | null)[]): SignatureEntry => ({ name, type: 'int64', shape })

const native = new Map<string, BuiltModule>()
beforeAll(async () => {
  for (const name of ['affine', 'rows', 'words', 'echo']) native.set(name, await compileNative(name))
})

describe.each(ways)('%s', (_, open) => {
  const openNative = (name: 'affine' | 'rows' | 'words' | 'echo') =>
    open(factsFor(name, signatures[name]), native.get(name)!)
  const openBody = async (signature: Signature, ...c: Parameters<typeof compileBody>) =>
    open(factsFor('own', signature), await compileBody(...c))

  describe('a model with static shapes', () => {
    const x = Float32Array.from({ length: 60 }, (_, i) => i - 20)

    it('runs, and gives results of their own each time', async () => {
      const model = await openNative('affine')
      const { y } = await runBoth(model, { x })
      expect(y).toEqual({ type: 'float32', dims: [3, 20], data: x.map((value) => 2 * value + 1) })
      const other = model.runSync({ x: new Float32Array(60) })['y']!
      expect([other.data[0], y!.data[0]]).toEqual([1, -39])
      expect((other.data as Float32Array).buffer.byteLength).toBe(240)
      expect(Object.isFrozen(y!.dims)).toBe(true)
    })

    it('draws other numbers in each instance, where no seed is given', async () => {
      const y: SignatureEntry = { name: 'y', type: 'uint64', shape: [] }
      const draw = async () => {
        const model = await openBody({ inputs: [], outputs: [y] }, '*(uint64_t *)out[0].data = om_next_seed();', {
          before: '#include "seed.h"',
        })
        return model.runSync({})['y']!.data[0]
      }
      expect(await draw()).not.toBe(await draw())
    })

    it('copies inputs before run() returns', async () => {
      const model = await openNative('affine')
      const mine = x.slice()
      const running = model.run({ x: mine })
      mine.fill(0)
      expect((await running)['y']!.data[0]).toBe(-39)
    })

    it('takes every kind of memory', async () => {
      const model = await openNative('affine')
      const shared = new Float32Array(new SharedArrayBuffer(240)).fill(3)
      expect((await runBoth(model, { x: shared }))['y']!.data[59]).toBe(7)
      const offset = new Float32Array(new ArrayBuffer(1000), 36, 60).fill(4)
      expect((await runBoth(model, { x: offset }))['y']!.data[59]).toBe(9)
      expect((await runBoth(model, { x: Array.from(offset) }))['y']!.data[59]).toBe(9)
      const detached = new Float32Array(60)
      structuredClone(detached, { transfer: [detached.buffer] })
      expect(() => model.runSync({ x: detached })).toThrow('so 60 elements for dims [3, 20], given Float32Array(0)')
      class Odd extends Float32Array {
        override get byteLength(): number {
          return 1e9
        }
      }
      expect((await runBoth(model, { x: new Odd(x) }))['y']!.data[0]).toBe(-39)
    })

    it('refuses wrong inputs as a native one does', async () => {
      const model = await openNative('affine')
      expect(() => model.runSync({ x: f32(1) })).toThrow(RangeError)
      await expect(model.run({ y: x })).rejects.toThrow(TypeError)
    })

    it('runs on bound buffers without a copy, of many bindings apart', async () => {
      const model = await openNative('affine')
      const [first, second] = [model.bind(), model.bind()]
      for (const value of [1, 5]) {
        for (const [i, bound] of [first, second].entries()) (bound.inputs['x']!.data as Float32Array).fill(value + i)
        for (const [i, { run, outputs }] of [first, second].entries()) {
          run()
          expect(outputs['y']).toEqual({
            type: 'float32',
            dims: [3, 20],
            data: new Float32Array(60).fill(2 * (value + i) + 1),
          })
        }
      }
      const { data } = first.inputs['x']!
      expect(first.inputs['x']!.data).toBe(data) // one view, as long as memory stays where it is
      expect(model.runSync({ x })['y']!.data[0]).toBe(-39)
      expect(data[0]).toBe(5)
      expect(() => Object.assign(first.inputs['x']!, { data: f32() })).toThrow(TypeError)
    })

    it('runs on no bound buffers that are disposed, whose memory is used again', async () => {
      const model = await openNative('affine')
      const bytes = (): number => (model.bind().inputs['x']!.data as Float32Array).buffer.byteLength
      const before = bytes()
      for (let i = 0; i < 20_000; i++) model.bind()[Symbol.dispose]() // of 500 bytes and more
      expect(bytes()).toBe(before)
      const [first, second] = [model.bind(), model.bind()]
      first.dispose()
      first.dispose()
      const message = 'affine.onnx: what was bound was disposed'
      for (const use of [() => first.run(), () => first.inputs['x']!.data])
        expect(use).toThrow(expect.objectContaining({ code: 'RUN_DISPOSED', message }))
      second.run()
      expect(model.runSync({ x })['y']!.data[0]).toBe(-39)
      model.dispose()
      second.dispose()
    })

    it('refuses to run once it is disposed, and other copies go on', async () => {
      const [model, other] = [await openNative('affine'), await openNative('affine')]
      model.runSync({ x })
      const bound = model.bind()
      const running = model.run({ x })
      model.dispose()
      expect((await running)['y']!.data[0]).toBe(-39)
      expect(await failBoth(model, { x })).toMatchObject({
        code: 'RUN_DISPOSED',
        message: 'affine.onnx: it was disposed',
      })
      for (const use of [() => model.bind(), () => bound.run()]) expect(use).toThrow('affine.onnx: it was disposed')
      await expect(model.load()).rejects.toThrow('affine.onnx: it was disposed')
      expect(other.runSync({ x })['y']!.data[0]).toBe(-39)
      model[Symbol.dispose]()
      await model[Symbol.asyncDispose]()
    })
  })

  it('carries every element type unchanged', async () => {
    const inputs: Record<string, TypedArray> = {}
    for (const type of echoTypes) {
      const { code, array, lanes } = storage[type]
      const length = 4 * lanes * array!.BYTES_PER_ELEMENT
      inputs[`t${code}`] = new array!(Uint8Array.from({ length }, (_, i) => (storage[type].expect ? i % 2 : i)).buffer)
    }
    inputs['large'] = Float32Array.from({ length: 100_000 }, (_, i) => i)
    const model = await openNative('echo')
    const outputs = await runBoth(model, inputs)
    for (const [name, data] of Object.entries(inputs)) expect([name, outputs[name]!.data]).toEqual([name, data])
    const bound = model.bind()
    for (const [name, data] of Object.entries(inputs)) (bound.inputs[name]!.data as TypedArray).set(data as never)
    bound.run()
    for (const [name, data] of Object.entries(inputs)) expect([name, bound.outputs[name]!.data]).toEqual([name, data])
    ;(bound.inputs['t9']!.data as Uint8Array)[2] = 7
    expect(() => bound.run()).toThrow('echo.onnx: input "t9": expected bool, element 2 is 7, not 0 or 1')
  })

  describe('a model with dynamic shapes', () => {
    it('gives outputs of the size that its inputs ask for', async () => {
      const model = await openNative('rows')
      for (const batch of [1, 0, 50_000, 2]) {
        const inputs = { x: new Float32Array(3 * batch).fill(1), weight: new Float32Array(batch).fill(2) }
        const { sums, doubled } = await runBoth(model, inputs)
        expect([sums!.dims, doubled!.dims]).toEqual([[batch], [batch, 3]])
        expect(sums!.data).toEqual(new Float32Array(batch).fill(6))
        expect(doubled!.data).toEqual(new Float32Array(3 * batch).fill(2))
      }
    })

    it('can not be bound', async () => {
      const model = await openNative('rows')
      expect(() => model.bind()).toThrow(
        new TypeError('rows.onnx: bind() needs static shapes and no strings, but "x" is float32 [batch, 3]'),
      )
    })

    it('leaves no memory behind, after errors neither', async () => {
      const body = `const int64_t n = in[0].dims[0];
        out[0].data = malloc((size_t)n + 1);
        out[0].dims[0] = n;
        if (!out[0].data) return OM_ERR_MEMORY;
        memset(out[0].data, 1, (size_t)n);
        if (n % 2) { message->sentence = "odd"; message->sizes = 1; message->expected = n + 1; message->given = n; return OM_ERR_SHAPE; }`
      const signature: Signature = {
        inputs: [{ name: 'x', type: 'int8', shape: ['n'] }],
        outputs: [{ name: 'y', type: 'int8', shape: ['n'] }],
      }
      const model = await openBody(signature, body)
      // 64 MB each time, of 2 GiB.
      for (let i = 0; i < 36; i++) {
        const x = new Int8Array((1 << 26) + (i % 2))
        if (i % 2 === 0) expect(model.runSync({ x })['y']!.data[5]).toBe(1)
        else
          expect(() => model.runSync({ x })).toThrow(`own.onnx: odd: expected ${(1 << 26) + 2}, given ${(1 << 26) + 1}`)
      }
    })
  })

  describe('strings', () => {
    it('go in and come out', async () => {
      const model = await openNative('words')
      const { shouted, pair } = await runBoth(model, { words: ['one', 'zwölf', '三', '\uFEFFbom', ''] })
      expect(shouted).toEqual({ type: 'string', dims: [5], data: ['ONE', 'ZWöLF', '三', '\uFEFFBOM', ''] })
      expect(pair).toEqual({ type: 'string', dims: [2], data: ['one', ''] })
      expect((await runBoth(model, { words: [] }))['pair']!.data).toEqual(['', ''])
      expect((await runBoth(model, { words: ['a\uD800', '\uDC00b'] }))['pair']!.data).toEqual(['a\uFFFD', '\uFFFDb'])
    })

    it('may be what a model fails on', async () => {
      const error = await failBoth(await openNative('words'), { words: ['one', 'fail', 'two'] })
      expect([error.code, error.message]).toEqual(['RUN_VALUE', 'words.onnx: a word is "fail"'])
    })
  })

  describe('what a model says of an error', () => {
    const signature: Signature = { inputs: [int64('kind', [])], outputs: [float('y', [2])] }
    const body = `const int64_t kind = *(int64_t *)in[0].data;
      if (kind < 10) return (int)kind;
      message->sentence = "grün";
      message->sizes = kind == 10 ? 0 : kind == 11 ? 1 : 2;
      message->expected = INT64_C(4294967297);
      message->given = kind == 13 ? -1 : INT64_C(12345678901);
      return OM_ERR_MEMORY;`

    it.each([
      [1, 'RUN_SHAPE', "the inputs' dimensions don't fit together"],
      [2, 'RUN_MEMORY', 'not enough memory'],
      [3, 'RUN_VALUE', "an input has a value it can't take"],
      [10, 'RUN_MEMORY', 'grün'],
      [11, 'RUN_MEMORY', 'grün: expected 4294967297, given 12345678901'],
      [12, 'RUN_MEMORY', 'grün: 12345678901 bytes'],
      [13, 'RUN_MEMORY', 'grün: more than any machine has'],
    ])('%i is %s', async (kind, code, message) => {
      const model = await openBody(signature, body)
      expect(await failBoth(model, { kind })).toMatchObject({ code, message: `own.onnx: ${message}` })
      expect((await runBoth(model, { kind: 0 }))['y']!.dims).toEqual([2])
    })
  })

  describe('a trap', () => {
    const signature: Signature = { inputs: [int64('kind', [])], outputs: [int64('runs', [])] }
    const before = `static int64_t runs;
      static int deep(int n) { volatile char room[1000]; room[0] = (char)n; return n == 0 ? room[0] : deep(n - 1) + room[0]; }`
    const body = `switch (*(int64_t *)in[0].data) {
      case 1: __builtin_trap();
      case 2: *(volatile int *)UINT32_C(0xfffffff0) = 1; break;
      case 3: runs = deep(1 << 30); break;
      }
      *(int64_t *)out[0].data = ++runs;`

    it.each([
      [1, 'unreachable'],
      [2, 'memory access out of bounds'],
      [3, ''],
    ])('%i ends the run, and the next one has a new instance', async (kind, why) => {
      const model = await openBody(signature, body, { before })
      expect(model.runSync({ kind: 0 })['runs']!.data).toEqual(new BigInt64Array([1n]))
      expect(model.runSync({ kind: 0 })['runs']!.data).toEqual(new BigInt64Array([2n]))
      const bound = model.bind()
      expect(() => model.runSync({ kind })).toThrow(
        expect.objectContaining({
          name: 'ModelRunError',
          code: expect.stringMatching(/^RUN_(FAILED|MEMORY)$/) as string,
          message: expect.stringContaining(`own.onnx: it ended with a trap: ${why}`) as string,
        }),
      )
      expect(() => bound.run()).toThrow(
        'own.onnx: an earlier run ended with a trap; what was bound has to be bound anew',
      )
      expect(model.runSync({ kind: 0 })['runs']!.data).toEqual(new BigInt64Array([1n]))
      await expect(model.run({ kind })).rejects.toThrow('it ended with a trap')
      expect((await model.run({ kind: 0 }))['runs']!.dims).toEqual([])
    })
  })

  describe('memory that is short', () => {
    it('names the bytes that were needed, and the next run goes on', async () => {
      const signature: Signature = { inputs: [float('x', ['n'])], outputs: [float('y', [1])] }
      const model = await openBody(signature, '*(float *)out[0].data = 4;')
      const room = model.runSync({ x: f32(1) })
      expect(room['y']!.data[0]).toBe(4)
      const x = new Float32Array(550_000_000) // zeros that nobody touches; WebAssembly has 2 GiB
      expect(() => model.runSync({ x })).toThrow(
        expect.objectContaining({ code: 'RUN_MEMORY', message: 'own.onnx: no memory for 2200000000 bytes of inputs' }),
      )
      expect(model.runSync({ x: f32(1) })['y']!.data[0]).toBe(4)
    })

    it('is noticed before anything runs', async () => {
      const signature: Signature = { inputs: [float('x', [50_000, 50_000])], outputs: [float('y', [1])] }
      const built = await compileBody('')
      await expect(open(factsFor('own', signature), built).then((model) => model.bind())).rejects.toMatchObject({
        code: 'RUN_MEMORY',
        message: expect.stringMatching(/no memory for 10000000\d+ bytes of inputs and outputs/) as string,
      })
    })
  })

  it('notices where bound buffers moved', async () => {
    const signature: Signature = { inputs: [int64('bytes', [])], outputs: [int64('y', [])] }
    const model = await openBody(
      signature,
      `const int64_t bytes = *(int64_t *)in[0].data;
       char *scratch = (char *)malloc((size_t)bytes + 1);
       if (!scratch) { message->sentence = "no memory for scratch"; message->sizes = 2; message->given = bytes; return OM_ERR_MEMORY; }
       memset(scratch, 1, (size_t)bytes);
       *(int64_t *)out[0].data = bytes;
       free(scratch);`,
    )
    const bound = model.bind()
    const held = bound.inputs['bytes']!.data as BigInt64Array
    held[0] = 100n
    bound.run()
    expect(bound.outputs['y']!.data).toEqual(new BigInt64Array([100n]))
    held[0] = 50_000_000n
    const moved = 'own.onnx: its memory grew, and the bound buffers moved: take `data` of its inputs and outputs anew'
    expect(() => bound.run()).toThrow(expect.objectContaining({ code: 'RUN_MOVED', message: moved }))
    expect(held).toHaveLength(0)
    expect(() => bound.run()).toThrow(moved) // until they are
    const fresh = bound.inputs['bytes']!.data as BigInt64Array
    expect(fresh).toEqual(new BigInt64Array([50_000_000n]))
    bound.run()
    expect(bound.outputs['y']!.data).toEqual(fresh)
    fresh[0] = 3_000_000_000n
    expect(() => bound.run()).toThrow(expect.objectContaining({ code: 'RUN_MEMORY' }))
  })

  it('has its weights from a file, after a trap too', async () => {
    const weights = Uint8Array.from({ length: 3 << 20 }, (_, i) => i % 251)
    const signature: Signature = { inputs: [int64('at', [])], outputs: [int64('sum', []), int64('runs', [])] }
    const built = await compileBody(
      `const int64_t at = *(int64_t *)in[0].data;
       if (at < 0) __builtin_trap();
       int64_t sum = 0;
       for (uint32_t i = 0; i <= at; i++) sum += om_weights[i];
       *(int64_t *)out[0].data = sum;
       *(int64_t *)out[1].data = ++runs;`,
      { weights, before: `static int64_t runs;\n${weightsSection(weights.length)}` },
    )
    expect(built.weights).toBeDefined()
    const model = await open(factsFor('own', signature), built)
    const sum = weights.reduce((total, value) => total + value, 0)
    for (const results of [model.runSync({ at: weights.length - 1 }), await model.run({ at: weights.length - 1 })])
      expect(results['sum']!.data).toEqual(new BigInt64Array([BigInt(sum)]))
    expect(() => model.runSync({ at: -1 })).toThrow('own.onnx: it ended with a trap: unreachable')
    await model.load() // on the web weights are not kept
    const { sum: second, runs } = model.runSync({ at: weights.length - 1 })
    expect([second!.data[0], runs!.data[0]]).toEqual([BigInt(sum), 1n])
  })
})
