import { Worker } from 'node:worker_threads'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { tensorType } from '../../src/onnx/build.ts'
import { loadAddon } from '../../src/runtime/addon.ts'
import type { Model } from '../../src/runtime/index.ts'
import { testAddon } from '../native/libraries.ts'
import { compileModel } from '../ops/harness.ts'

/**
 * Callers whose objects answer differently each time, lie, or act while they are read. The model must compute on what was
 * read first, or there must be an error; never may it compute on anything else.
 */
const large = 5000 // elements: more than travel through the mailbox
let mixed: Model
let flags: Model
let nonZero: Model

beforeAll(async () => {
  mixed = await compileModel({
    opsets: { '': 21 },
    inputs: {
      x: tensorType('float32', [large]),
      z: tensorType('float32', ['n', 4]),
      s: tensorType('string', ['k']),
    },
    outputs: { nx: undefined, nz: undefined, ss: undefined },
    nodes: [
      { op: 'Neg', inputs: ['x'], outputs: ['nx'] },
      { op: 'Neg', inputs: ['z'], outputs: ['nz'] },
      { op: 'StringConcat', inputs: ['s', 's'], outputs: ['ss'] },
    ],
  })
  flags = await compileModel({
    opsets: { '': 21 },
    inputs: { b: tensorType('bool', [large]) },
    outputs: { y: tensorType('bool', [large]) },
    nodes: [{ op: 'Not', inputs: ['b'], outputs: ['y'] }],
  })
  nonZero = await compileModel({
    opsets: { '': 21 },
    inputs: { x: tensorType('float32', [300_000]) },
    outputs: { y: tensorType('int64', [1, 'k']) },
    nodes: [{ op: 'NonZero', inputs: ['x'], outputs: ['y'] }],
  })
})

const f32 = (length: number, value: number) => new Float32Array(length).fill(value)
const inputs = () => ({ x: f32(large, 1), z: f32(8, 2), s: ['a', 'b'] as unknown[] })

/** Detaches a buffer, and lets others have its memory. */
function detach({ buffer }: Float32Array): void {
  structuredClone(null, { transfer: [buffer as ArrayBuffer] })
  expect(buffer.byteLength).toBe(0)
}

/** What a run gives, as `value of x, value of z, strings`; or the error. Both ways to run must give the same. */
async function outcomes(make: () => unknown): Promise<string> {
  const show = (outputs: Awaited<ReturnType<Model['run']>>) => {
    const uniform = (data: unknown): unknown =>
      new Set(data as Float32Array).size === 1 ? (data as Float32Array)[0] : data
    return `${String(uniform(outputs['nx']!.data))} ${String(uniform(outputs['nz']!.data))} ${String(outputs['ss']!.data)}`
  }
  const name = (error: unknown) => `${(error as Error).constructor.name}: ${(error as Error).message}`
  let sync
  try {
    sync = show(mixed.runSync(make() as never))
  } catch (error) {
    sync = name(error)
  }
  expect(await mixed.run(make() as never).then(show, name)).toBe(sync)
  return sync
}

describe('what is read', () => {
  it('is read once: objects, tensors, arrays', async () => {
    const reads = new Map<string, number>()
    const counted = <T extends object>(target: T, name: string): T =>
      new Proxy(target, {
        get(of, key) {
          const path = `${name}.${String(key)}`
          if (key !== 'length') reads.set(path, (reads.get(path) ?? 0) + 1)
          return Reflect.get(of, key) as unknown
        },
      })
    const given = {
      x: counted(Array<number>(large).fill(1), 'x'),
      z: counted({ data: counted([2, 2, 2, 2], 'z.data'), dims: counted([1, 4], 'z.dims') }, 'z'),
      s: counted(['a', 'b'], 's'),
    }
    mixed.runSync(counted(given, 'inputs'))
    expect([...reads].filter(([, count]) => count !== 1)).toEqual([])
    expect(reads.size).toBe(3 + large + 3 + 4 + 2 + 2)
  })

  it.each<[string, (turn: () => number) => unknown]>([
    ['a string', (turn) => ['a', 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx', 7][turn()]],
    ['another type', (turn) => ['a', null, Symbol.iterator][turn()]],
  ])('may change afterwards: %s', async (_, answer) => {
    const result = await outcomes(() => {
      let reads = 0
      const given = inputs()
      Object.defineProperty(given.s, 0, { get: () => answer(() => Math.min(reads++, 2)) })
      return given
    })
    expect(result).toBe('-1 -2 aa,bb')
  })

  const acts: Record<string, (given: ReturnType<typeof inputs>) => void> = {
    'detaches a large input': ({ x }) => detach(x),
    'detaches a small input': ({ z }) => detach(z),
    'overwrites the inputs': ({ x, z }) => {
      x.fill(9)
      z.fill(9)
    },
    'runs the model': () => void mixed.runSync({ x: f32(large, 7), z: f32(80, 7), s: ['q'.repeat(9000)] }),
    'starts a run': () => void mixed.run({ x: f32(large, 7), z: f32(80, 7), s: ['q'.repeat(9000)] }),
    throws: () => {
      throw new RangeError('mine')
    },
  }
  const expected: Record<string, string> = {
    'detaches a large input':
      'RangeError: test.onnx: input "x": expected float32 [5000], so 5000 elements for dims [5000], given Float32Array(0)',
    'detaches a small input': '-1  aa,bb', // no rows
    'overwrites the inputs': '-9 -9 aa,bb',
    'runs the model': '-1 -2 aa,bb',
    'starts a run': '-1 -2 aa,bb',
    throws: 'RangeError: mine',
  }
  describe.each(Object.keys(acts))('while a getter %s', (act) => {
    it.each(['a string', 'an input', 'a tensor'])('of %s', async (where) => {
      const result = await outcomes(() => {
        const given = inputs()
        const actOnce = <T>(value: T): T => {
          acts[act]!(given)
          return value
        }
        if (where === 'a string') Object.defineProperty(given.s, 1, { get: () => actOnce('b') })
        if (where === 'an input')
          Object.defineProperty(given, 's', { enumerable: true, get: () => actOnce(['a', 'b']) })
        if (where === 'a tensor')
          Object.assign(given, {
            s: {
              data: ['a', 'b'],
              get dims() {
                return actOnce([2])
              },
            },
          })
        const { x, z, s } = Object.getOwnPropertyDescriptors(given)
        return Object.defineProperties({}, { x, z, s })
      })
      expect(result).toBe(expected[act])
    })
  })

  it('may dispose of the model', async () => {
    const model = await compileModel({
      opsets: { '': 21 },
      inputs: { s: tensorType('string', ['k']) },
      outputs: { t: undefined },
      nodes: [{ op: 'StringConcat', inputs: ['s', 's'], outputs: ['t'] }],
    })
    model.runSync({ s: ['a'] })
    const s = {
      get data() {
        model.dispose()
        return ['a']
      },
      dims: [1],
    }
    expect(() => model.runSync({ s })).toThrow('test.onnx: it was disposed')
    await expect(model.run({ s })).rejects.toThrow('test.onnx: it was disposed')
  })
})

describe('typed arrays that lie', () => {
  const lies: Record<string, unknown> = {
    length: 8,
    byteLength: 32,
    byteOffset: 4,
    buffer: new ArrayBuffer(1 << 20),
    constructor: Float64Array,
    BYTES_PER_ELEMENT: 1,
    data: [1],
    dims: [1e6],
    type: 'string',
    [Symbol.toStringTag]: 'Float64Array',
    [Symbol.iterator]: function* () {
      for (;;) yield 1
    },
    [Symbol.toPrimitive]: () => 1e9,
  }
  class Liar extends Float32Array {
    static get [Symbol.species]() {
      return BigInt64Array as unknown as Float32ArrayConstructor
    }
  }
  for (const key of Reflect.ownKeys(lies))
    Object.defineProperty(Liar.prototype, key, {
      get() {
        return lies[key as string]
      },
    })
  const own = (length: number, value: number): Float32Array => {
    const array = f32(length, value)
    for (const key of Reflect.ownKeys(lies)) Object.defineProperty(array, key, { value: lies[key as string] })
    return array
  }
  const subclassed = (length: number, value: number): Float32Array =>
    Float32Array.prototype.fill.call(new Liar(length), value) as Float32Array
  const prototypeless = (length: number, value: number): Float32Array => {
    const trap = () => expect.fail('a trap was called')
    return Object.setPrototypeOf(
      f32(length, value),
      new Proxy({}, { get: trap, has: trap, getPrototypeOf: trap }),
    ) as Float32Array
  }

  it.each([
    ['by own properties', own],
    ['by a subclass', subclassed],
    ['by their prototype', prototypeless],
  ])('%s count as what they are', async (_, make) => {
    expect(await outcomes(() => ({ ...inputs(), x: make(large, 3), z: make(12, 4) }))).toBe('-3 -4 aa,bb')
    expect(await outcomes(() => ({ ...inputs(), z: { data: make(12, 4), dims: [3, 4] } }))).toBe('-1 -4 aa,bb')
    for (const length of [8, large - 1, large + 1])
      expect(await outcomes(() => ({ ...inputs(), x: make(length, 3) }))).toBe(
        `RangeError: test.onnx: input "x": expected float32 [5000], so 5000 elements for dims [5000], given Float32Array(${length})`,
      )
  })

  it('about their type are of their type', async () => {
    const doubles = Object.defineProperty(new Float64Array(large), Symbol.toStringTag, { value: 'Float32Array' })
    Object.setPrototypeOf(doubles, Float32Array.prototype)
    const view = Object.defineProperty(new DataView(new ArrayBuffer(4 * large)), Symbol.toStringTag, {
      value: 'Float32Array',
    })
    Object.defineProperty(view, 'length', { value: large })
    const nothing = Object.create(Float32Array.prototype) as object
    for (const [x, given] of [
      [doubles, 'Float64Array(5000)'],
      [view, 'a DataView'],
      [nothing, 'an object with no keys'],
      [new Proxy(f32(1, 1), {}), 'an object with "0"'],
    ] as const)
      expect(await outcomes(() => ({ ...inputs(), x }))).toBe(
        `TypeError: test.onnx: input "x": expected float32 [5000], as Float32Array or number[], given ${given}`,
      )
  })

  it('because their buffer shrinks have the length that they have left', async () => {
    const resizable = (bytes: number): ArrayBuffer & { resize(bytes: number): void } =>
      Reflect.construct(ArrayBuffer, [bytes, { maxByteLength: 2 * bytes }]) as never
    for (const [buffer, length] of [
      [resizable(4 * large), undefined],
      [resizable(4 * large), large],
    ] as const) {
      const x = new Float32Array(buffer, 0, length).fill(6)
      expect(mixed.runSync({ ...inputs(), x })['nx']!.data[large - 1]).toBe(-6)
      const shrinking = {
        ...inputs(),
        x,
        get z() {
          buffer.resize(400)
          return f32(8, 2)
        },
      }
      expect(() => mixed.runSync(shrinking)).toThrow(
        `so 5000 elements for dims [5000], given Float32Array(${length === undefined ? 100 : 0})`,
      )
    }
  })
})

describe('memory that other threads write to', () => {
  it('is copied before the model reads it', async () => {
    const length = 300_000
    const x = new Float32Array(new SharedArrayBuffer(4 * length))
    const worker = new Worker(
      `const { workerData: x, parentPort } = require('node:worker_threads')
       parentPort.postMessage('ready')
       for (;;) { x.fill(0); x.fill(1) }`,
      { eval: true, workerData: x },
    )
    onTestFinished(() => void worker.terminate())
    await new Promise((resolve) => worker.once('message', resolve))
    let torn = 0
    for (let run = 0; run < 60; run++) {
      const indices = nonZero.runSync({ x })['y']!.data as BigInt64Array
      if (indices.length > 0 && indices.length < length) torn++
      // An index that does not ascend is memory that nobody wrote.
      let last = -1n
      for (const index of indices) {
        if (index <= last) expect.fail(`${index} after ${last}`)
        last = index
      }
    }
    expect(torn).toBeGreaterThan(0) // or the worker did not write in between, and nothing was tested
  })

  it('holds bools that are checked where they can not change', async () => {
    const b = new Uint8Array(new SharedArrayBuffer(large)).fill(1)
    expect(flags.runSync({ b })['y']!.data).toEqual(new Uint8Array(large))
    b[large - 1] = 2
    const message = `test.onnx: input "b": expected bool [5000], element 4999 is 2, not 0 or 1`
    expect(() => flags.runSync({ b })).toThrow(new RangeError(message))
    await expect(flags.run({ b })).rejects.toThrow(message)
  })
})

describe('bound buffers', () => {
  it('are refused with bools that are none', () => {
    const bound = flags.bind()
    const data = bound.inputs['b']!.data as Uint8Array
    bound.run()
    Object.defineProperty(data, 'length', { value: 0 })
    data[4000] = 255
    expect(() => bound.run()).toThrow(
      new RangeError('test.onnx: input "b": expected bool, element 4000 is 255, not 0 or 1'),
    )
    data[4000] = 1
    bound.run()
    expect(bound.outputs['y']!.data[4000]).toBe(0)
  })

  it('that were transferred are missed, whatever they say', () => {
    const bound = flags.bind()
    const { buffer } = bound.inputs['b']!.data as Uint8Array
    for (const [key, value] of Object.entries({ byteLength: 1e6, detached: false }))
      Object.defineProperty(buffer, key, { value })
    structuredClone(null, { transfer: [buffer as ArrayBuffer] })
    expect(() => bound.run()).toThrow('the bound buffers were transferred elsewhere')
  })
})

describe('setters on the prototypes of everything', () => {
  it('are not called with results', () => {
    let calls = 0
    Object.defineProperty(Object.prototype, 'nx', {
      configurable: true,
      set() {
        calls++
      },
    })
    onTestFinished(() => void Reflect.deleteProperty(Object.prototype, 'nx'))
    expect(Object.keys(mixed.runSync(inputs() as never))).toEqual(['nx', 'nz', 'ss'])
    expect(calls).toBe(0)
  })

  it('can not run a model out of its own run', async () => {
    const errors: unknown[] = []
    const turns = [
      () => mixed.runSync({ x: f32(large, 7), z: f32(80, 7), s: ['q'] }),
      () => void mixed.run({ x: f32(large, 7), z: f32(80, 7), s: ['q'] }).catch((error: unknown) => errors.push(error)),
    ]
    for (const turn of turns) {
      let result
      try {
        Object.defineProperty(Array.prototype, 0, {
          configurable: true,
          set(value: unknown) {
            Object.defineProperty(this, 0, { value, writable: true, enumerable: true, configurable: true })
            if (!(value instanceof ArrayBuffer)) return // the addon's list of large outputs
            try {
              turn()
            } catch (error) {
              errors.push(error)
            }
          },
        })
        result = mixed.runSync(inputs() as never)
      } finally {
        Reflect.deleteProperty(Array.prototype, 0)
      }
      expect(result['nx']!.data).toEqual(f32(large, -1))
      expect(result['nz']!.data).toEqual(f32(8, -2))
      expect(result['ss']!.data).toEqual(['aa', 'bb'])
    }
    await new Promise(setImmediate)
    expect(errors).toEqual(turns.map(() => expect.objectContaining({ code: 'RUN_BUSY' }) as unknown))
  })
})

describe('text', () => {
  it('of any characters and length comes back', () => {
    const texts = ['', '\ud800', '\udc00x', '😀'.repeat(1000), 'é'.repeat(3_000_000)]
    const { ss } = mixed.runSync({ ...inputs(), s: texts })
    const wellFormed = texts.map((text) => Buffer.from(text).toString())
    expect((ss!.data as string[]).every((text, i) => text === wellFormed[i]!.repeat(2))).toBe(true)
  })

  it('is cut short in messages, names too', async () => {
    const name = 'n'.repeat(1_000_000)
    const model = await compileModel({
      opsets: { '': 21 },
      inputs: { [name]: tensorType('float32', ['d'.repeat(300)]) },
      outputs: { y: undefined },
      nodes: [{ op: 'Neg', inputs: [name], outputs: ['y'], name }],
    })
    const attempts = [
      {},
      { [name]: name },
      { [name]: { data: f32(1, 1), dims: [2] } },
      { [name]: { data: f32(1, 1), dims: [1], type: name } },
      { [name]: { [name]: 1, [`a${name}`]: 2 } },
      { [`${name}x`]: 1 },
      { [name]: { data: f32(1, 1), dims: Array(100_000).fill(1) } },
      { [name]: { data: f32(1, 1), dims: [name] } },
      { [name]: [10n ** 1000n] },
      Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`input${i}`, 1])),
      name,
    ]
    for (const given of attempts) {
      let message = ''
      try {
        model.runSync(given as never)
      } catch (error) {
        ;({ message } = error as Error)
      }
      expect(message.length).toBeGreaterThan(20)
      expect(message.length).toBeLessThan(1000)
    }
  })
})

describe('dimensions', () => {
  const z = f32(8, 2)
  const refused: readonly (readonly [unknown, string])[] = [
    [[NaN, 4], 'given 2 dims [NaN, 4]'],
    [[Infinity, 0], 'given 2 dims [Infinity, 0]'],
    [[2 ** 53, 0], 'given 2 dims [9007199254740992, 0]'],
    [[-1, 8], 'given 2 dims [-1, 8]'],
    [[1.5, 4], 'given 2 dims [1.5, 4]'],
    [[null, 4], 'given 2 dims [null, 4]'],
    [['2', 4], 'given 2 dims ["2", 4]'],
    [[[2], 4], 'given 2 dims [Array(1) of number, 4]'],
    [[-(2n ** 64n), 4n], 'given 2 dims [-18446744073709552000, 4]'],
    [[2n ** 64n, 4n], 'given 2 dims [18446744073709552000, 4]'],
    [[{ valueOf: () => expect.fail('it was asked') }, 4], 'given 2 dims [an object with "valueOf", 4]'],
    [[2, 4, 1], 'given 3 dims [2, 4, 1]'],
    [[8], 'given 1 dims [8]'],
    [{ length: 2, 0: 2, 1: 4 }, 'given dims an object with "0", "1", "length"'],
    ['24', 'given dims "24"'],
    [new Float64Array([2, NaN]), 'given 2 dims [2, NaN]'],
    [new DataView(new ArrayBuffer(8)), 'given dims a DataView'],
    [new Proxy([], { get: (_, key) => (key === 'length' ? 2 ** 40 : 1) }), 'given 1099511627776 dims [1, 1,'],
    [[2 ** 52, 4], 'so 18014398509481984 elements'],
  ]
  it('that are none are refused', () => {
    for (const [dims, message] of refused)
      expect(() => mixed.runSync({ ...inputs(), z: { data: z, dims } })).toThrow(message)
  })

  it.each([[[2n, 4n]], [new Int32Array([2, 4])], [new BigInt64Array([2n, 4n])], [Object.assign([2, 4], { map: 1 })]])(
    '%s are taken',
    (dims) => expect(mixed.runSync({ ...inputs(), z: { data: z, dims } })['nz']!.dims).toEqual([2, 4]),
  )

  it('of -0 are 0', () => {
    const { nz } = mixed.runSync({ ...inputs(), z: { data: f32(0, 0), dims: [-0, 4] } })
    expect(nz!.dims).toEqual([0, 4])
    expect(Object.is(nz!.dims[0], 0)).toBe(true)
  })
})

it("the addon refuses what is not the runtime's", async () => {
  const { load } = loadAddon(await testAddon(), 'test') as unknown as { load(...given: unknown[]): unknown }
  const spec = {
    cpu: '',
    nnpa: false,
    constantsFolder: '',
    inputs: [],
    outputs: [],
    staticLimit: 1,
    dynamicLimit: 1,
    threads: 1,
    processors: 1,
  }
  const attempts: unknown[][] = [[], [1], ['/x'], ['/x', null], ['/x', {}], ['/x', { ...spec, inputs: 1 }]]
  for (const key of Object.keys(spec)) attempts.push(['/x', { ...spec, [key]: Symbol.iterator }])
  attempts.push(['/x', { ...spec, inputs: [{ type: 1, dims: 'no' }] }], ['/x', spec])
  for (const given of attempts) expect(() => load(...given)).toThrow()
})
