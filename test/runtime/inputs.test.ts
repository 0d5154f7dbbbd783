import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { valueParts } from '../../src/runtime/every-part.ts'
import { newCheck } from '../../src/runtime/inputs.ts'
import type { ElementType, SignatureDim, SignatureEntry } from '../../src/runtime/index.ts'
import type { CheckedTensor } from '../../src/runtime/tensor-input.ts'

const input = (name: string, type: ElementType, shape: readonly SignatureDim[]): SignatureEntry => ({
  name,
  type,
  shape,
})
const check = (inputs: readonly SignatureEntry[], given: unknown) =>
  newCheck('m.onnx', inputs, valueParts)(given) as CheckedTensor[]
const checkOne = (type: ElementType, shape: readonly SignatureDim[], given: unknown) =>
  check([input('x', type, shape)], { x: given })[0]!
const f32 = (length: number) => new Float32Array(length)

describe('what may stand for an input', () => {
  it('takes a typed array as it is, without a copy', () => {
    const x = f32(6)
    expect(checkOne('float32', [2, 3], x)).toEqual({ data: x, dims: [2, 3] })
    expect(checkOne('float32', [2, 3], x).data).toBe(x)
    expect(checkOne('float32', [2, 3], { data: x, dims: [2, 3], type: 'float32' }).data).toBe(x)
  })

  it('takes typed arrays of another realm, as test runners make them', () => {
    const foreign: unknown = runInNewContext('new Float32Array([1, 2])')
    expect(foreign instanceof Float32Array).toBe(false)
    expect(checkOne('float32', [2], foreign).data).toBe(foreign)
  })

  it.each<[ElementType, unknown, unknown]>([
    ['float32', [0.5, -1], new Float32Array([0.5, -1])],
    ['int64', [1, 2n], new BigInt64Array([1n, 2n])],
    ['int64', [Number.MAX_SAFE_INTEGER, -(2n ** 63n)], new BigInt64Array([2n ** 53n - 1n, -(2n ** 63n)])],
    ['uint64', [2n ** 64n - 1n, 0], new BigUint64Array([2n ** 64n - 1n, 0n])],
    ['bool', [true, false], new Uint8Array([1, 0])],
    ['uint8', new Uint8ClampedArray([1, 255]), new Uint8Array([1, 255])],
    ['uint8', Buffer.from([1, 2]), Buffer.from([1, 2])],
    ['int4', [-8, 7], new Int8Array([-8, 7])],
    ['string', ['a', 'ü'], ['a', 'ü']],
  ])('%s from %o', (type, given, expected) => {
    expect(checkOne(type, [2], given).data).toEqual(expected)
  })

  it('takes a lone element for a scalar', () => {
    expect(checkOne('float32', [], 3)).toEqual({ data: new Float32Array([3]), dims: [] })
    expect(checkOne('int64', [], 3n)).toEqual({ data: new BigInt64Array([3n]), dims: [] })
    expect(checkOne('bool', [], true).data).toEqual(new Uint8Array([1]))
    expect(checkOne('string', [], 'a').data).toEqual(['a'])
  })

  it('takes bits or numbers for float16', () => {
    const { data } = checkOne('float16', [2], [1, -2])
    expect(Array.from(new Uint16Array((data as Uint16Array).buffer))).toEqual([0x3c00, 0xc000])
    const bits = new Uint16Array([0x3c00, 0x7c01])
    expect((checkOne('float16', [2], bits).data as Uint16Array).buffer).toBe(bits.buffer)
  })

  it('takes pairs for complex numbers', () => {
    expect(checkOne('complex64', [2], f32(4)).dims).toEqual([2])
    expect(checkOne('complex128', [null], new Float64Array(6)).dims).toEqual([3])
    expect(() => checkOne('complex64', [2], f32(2))).toThrow(RangeError)
  })
})

describe('dimensions', () => {
  const two = [input('x', 'float32', ['batch', 3]), input('y', 'float32', ['batch', 'n'])]

  it('follow from the length where one is unknown', () => {
    expect(checkOne('float32', ['batch', 3], f32(12)).dims).toEqual([4, 3])
    expect(checkOne('float32', [null], f32(0)).dims).toEqual([0])
  })

  it('follow from the symbols of inputs that state theirs, in either order', () => {
    expect(check(two, { x: f32(6), y: f32(8) }).map(({ dims }) => dims)).toEqual([
      [2, 3],
      [2, 4],
    ])
    expect(check(two.toReversed(), { x: { data: f32(6), dims: [2, 3] }, y: f32(8) })[0]!.dims).toEqual([2, 4])
  })

  it('must be stated where more than one is unknown', () => {
    expect(() => checkOne('float32', ['a', 'b'], f32(6))).toThrow(
      new TypeError(
        'm.onnx: input "x": expected float32 [a, b], which has 2 unknown dimensions: give { data, dims } instead of Float32Array(6)',
      ),
    )
  })

  it('must agree on symbols', () => {
    expect(() => check(two, { x: f32(6), y: { data: f32(8), dims: [4, 2] } })).toThrow(RangeError)
    const given = { x: { data: f32(6), dims: [2, 3] }, y: { data: f32(8), dims: [4, 2] } }
    expect(() => check(two, given)).toThrow(
      new RangeError('m.onnx: input "y": expected float32 [batch, n], given dims [4, 2], but batch is 2 in input "x"'),
    )
    expect(() => checkOne('float32', ['n', 'n'], { data: f32(6), dims: [2, 3] })).toThrow(/but n is 2 in input "x"/)
  })

  it('may come as bigints or a typed array', () => {
    expect(checkOne('float32', [null, null], { data: f32(6), dims: [2n, 3n] }).dims).toEqual([2, 3])
    expect(checkOne('float32', [null, null], { data: f32(6), dims: new Int32Array([2, 3]) }).dims).toEqual([2, 3])
  })
})

describe('a call after another', () => {
  const entries = [
    input('x', 'float32', ['batch', 3]),
    input('y', 'bool', ['batch', 'n']),
    input('z', 'float32', ['n']),
  ]
  const bits = (...values: number[]) => new Uint8Array(values)
  const [one, two] = [bits(1, 0), bits(1, 0, 0, 1)]
  const calls = [
    { x: f32(3), y: one, z: f32(2) },
    { x: f32(6), y: two, z: f32(2) },
    { x: [1, 2, 3], y: [true, false], z: [0, 0] },
    { x: f32(3), y: { data: one, dims: [1, 2] }, z: f32(2) },
    { x: f32(3), y: { data: one, dims: [2, 1] }, z: f32(2) },
    { x: f32(3), y: { data: one, dims: [1, 2] }, z: { data: f32(2), dims: [2n] } },
    { x: f32(3), y: { data: one, dims: [1, 2] }, z: { data: f32(2), dims: [2, 1] } },
    { x: f32(3), y: { data: one, dims: [-0, 2] }, z: f32(2) },
    { x: { data: f32(6), dims: [2, 3] }, y: { data: two, dims: [2, 2] }, z: f32(2) },
    { x: { data: f32(6), dims: [3, 2] }, y: { data: two, dims: [2, 2] }, z: f32(2) },
    { x: { data: f32(3), dims: [2, 3] }, y: { data: two, dims: [2, 2] }, z: f32(2) },
    { x: f32(3), y: bits(1, 2), z: f32(2) }, // 2 is no bool
    { x: f32(3), y: bits(1, 1), z: f32(2) },
    { x: f32(3), y: new Int8Array(2), z: f32(2) },
    { x: f32(3), y: { data: one, dims: [1, 2], type: 'uint8' }, z: f32(2) },
    { x: f32(3), y: one, z: f32(3) },
    { x: f32(0), y: bits(), z: f32(0) },
    { x: f32(0), y: { data: bits(), dims: [0, 5] }, z: f32(5) },
    { x: f32(3), y: bits(3, 1), z: { data: f32(2), dims: [2] } },
    { x: f32(3), y: one },
    { x: f32(3), y: one, z: f32(2), w: f32(1) },
  ]
  const outcome = (action: () => unknown): unknown => {
    try {
      return action()
    } catch (error) {
      return String(error)
    }
  }

  it('is judged as if it were the first', () => {
    const alone = calls.map((given) => outcome(() => check(entries, given)))
    expect(alone.filter((result) => typeof result === 'string').length).toBe(12)
    for (let i = 0; i < calls.length; i++)
      for (let k = 0; k < calls.length; k++) {
        const again = newCheck('m.onnx', entries, valueParts)
        outcome(() => again(calls[i]))
        expect(
          outcome(() => again(calls[k])),
          `call ${k} after call ${i}`,
        ).toEqual(alone[k])
      }
  })

  it('names the same input where several are wrong', () => {
    const two = [input('a', 'bool', ['n', 'm']), input('b', 'bool', ['n'])]
    const given = (...values: number[]) => ({
      a: { data: bits(values[0]!, 0, 0, 0), dims: [2, 2] },
      b: { data: bits(values[1]!, 0), dims: [2] },
    })
    const again = newCheck('m.onnx', two, valueParts)
    again(given(0, 1))
    expect(outcome(() => again(given(7, 9)))).toBe(outcome(() => check(two, given(7, 9))))
  })

  it('gives what this call gave, and what it changed', () => {
    const again = newCheck('m.onnx', entries, valueParts)
    const x = f32(3)
    again({ ...calls[0], x })
    const other = { ...calls[0]!, x: f32(3), y: bits(0, 1) }
    const [first, second] = again(other) as CheckedTensor[]
    expect(first!.data).toBe(other.x)
    expect(second!.data).toEqual(bits(0, 1))
    expect(second!.data).not.toBe(other.y) // a copy, that nobody changes after the check
  })
})

describe('wrong inputs', () => {
  it.each(['toString', 'constructor', '__proto__', 'valueOf'])(
    'an input called %s is missing where it is not given, though every object has it',
    (name) => {
      const entries = [input(name, 'float32', [2])]
      expect(() => check(entries, {})).toThrow(`m.onnx: input "${name}": expected float32 [2], given nothing`)
      const given = Object.fromEntries([[name, f32(2)]])
      expect(check(entries, given)[0]!.data).toBe(given[name])
      expect(check(entries, Object.fromEntries([[name, [1, 2]]]))[0]!.data).toEqual(new Float32Array([1, 2]))
    },
  )

  const shape = [2, 3]
  it.each<[string, unknown, typeof TypeError | typeof RangeError, string]>([
    ['length', f32(5), RangeError, 'expected float32 [2, 3], so 6 elements for dims [2, 3], given Float32Array(5)'],
    [
      'type',
      new Float64Array(6),
      TypeError,
      'expected float32 [2, 3], as Float32Array or number[], given Float64Array(6)',
    ],
    ['kind', 'abc', TypeError, 'expected float32 [2, 3], as Float32Array or number[], given "abc"'],
    ['scalar', 1, TypeError, 'expected float32 [2, 3], as Float32Array or number[], given 1'],
    ['view', new DataView(new ArrayBuffer(24)), TypeError, 'given a DataView'],
    ['elements', [1, 2, 3, 4, 5, '6'], TypeError, 'given Array(6) of number, string'],
    [
      'nested',
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      TypeError,
      'given Array(2) of object',
    ],
    ['shape', { data: f32(6), dims: [3, 2] }, RangeError, 'given dims [3, 2]'],
    ['rank', { data: f32(6), dims: [6] }, RangeError, 'given 1 dims [6]'],
    ['negative', { data: f32(6), dims: [-2, -3] }, RangeError, 'given 2 dims [-2, -3]'],
    ['dims', { data: f32(6), dims: 6 }, TypeError, 'given dims 6'],
    ['tensor type', { data: f32(6), dims: [2, 3], type: 'int8' }, TypeError, 'given a tensor of type "int8"'],
    ['object', { values: f32(6) }, TypeError, 'given an object with "values"'],
    ['nothing', undefined, TypeError, 'given nothing'],
    ['null', null, TypeError, 'given nothing'],
  ])('%s', (_, given, Kind, message) => {
    const error = caught(() => checkOne('float32', shape, given))
    expect(error).toBeInstanceOf(Kind)
    expect(error.message).toContain(message)
    expect(error.message).toContain('m.onnx: input "x": ')
  })

  it.each<[ElementType, unknown, string]>([
    ['int64', [1.5], 'element 0 is 1.5, which is no exact int64'],
    ['int64', [2 ** 53], 'element 0 is 9007199254740992, which is no exact int64'],
    ['int64', [2n ** 63n], 'outside of int64'],
    ['uint8', [256], 'element 0 is 256, outside of uint8 (0 to 255)'],
    ['uint64', [-1], 'outside of uint64'],
    ['int4', [8], 'outside of int4 (-8 to 7)'],
    ['bool', new Uint8Array([2]), 'element 0 is 2, not 0 or 1'],
    ['int4', new Int8Array([100]), 'element 0 is 100, outside of int4 (-8 to 7)'],
    ['uint4', new Uint8Array([16]), 'element 0 is 16, outside of uint4 (0 to 15)'],
    ['int2', new Int8Array([-3]), 'element 0 is -3, outside of int2 (-2 to 1)'],
    ['uint2', new Uint8Array([4]), 'element 0 is 4, outside of uint2 (0 to 3)'],
    ['string', ['a\0b'], 'element 0 contains a NUL character'],
  ])('%s from %o is out of range', (type, given, message) => {
    const error = caught(() => checkOne(type, [1], given))
    expect(error).toBeInstanceOf(RangeError)
    expect(error.message).toContain(message)
  })

  it.each([
    ['among sixteen, which are looked at together', 0, 21, 4],
    ['behind those', 0, 39, 128],
    ['where words of memory do not begin', 1, 17, 2],
  ])('a bool that is none, %s', (_, before, at, value) => {
    const given = Uint8Array.from({ length: 40 + before }, (_, i) => i % 2).subarray(before)
    expect(checkOne('bool', [40], given).data).toEqual(given)
    given[at] = value
    expect(() => checkOne('bool', [40], given)).toThrow(`element ${at} is ${value}, not 0 or 1`)
  })

  it.each<[ElementType, unknown]>([
    ['int32', [1n]],
    ['float32', [1n]],
    ['float32', [true]],
    ['bfloat16', [1]],
    ['float8e4m3fn', [1]],
    ['string', [1]],
    ['string', new Uint8Array(1)],
    ['int64', new Float64Array(1)],
    ['int64', new BigUint64Array(1)],
    ['float32', new Uint16Array(1)],
  ])('%s does not take %o', (type, given) => expect(() => checkOne(type, [1], given)).toThrow(TypeError))

  it('names: says which, and which was meant', () => {
    const inputs = [input('image', 'float32', [1]), input('threshold', 'float32', [1])]
    const messages = [
      { image: f32(1) },
      { image: f32(1), treshold: f32(1) },
      { image: f32(1), threshold: f32(1), extra: f32(1) },
      { image: f32(1), threshold: f32(1), Image: f32(1) },
      'image',
    ].map((given) => caught(() => check(inputs, given)).message)
    expect(messages).toEqual([
      'm.onnx: input "threshold": expected float32 [1], given nothing',
      'm.onnx: there is no input "treshold"; did you mean "threshold"?',
      'm.onnx: there is no input "extra"; it takes "image", "threshold"',
      'm.onnx: there is no input "Image"; did you mean "image"?',
      'm.onnx: run() takes an object with "image", "threshold", given "image"',
    ])
  })

  it('names that objects have anyway are names like others', () => {
    const inputs = [input('__proto__', 'float32', [1]), input('constructor', 'float32', [1])]
    expect(() => check(inputs, {})).toThrow(TypeError)
    const given = Object.fromEntries(inputs.map(({ name }) => [name, f32(1)]))
    expect(check(inputs, given).length).toBe(2)
  })
})

function caught(action: () => unknown): Error {
  try {
    action()
  } catch (error) {
    if (error instanceof Error) return error
  }
  throw new Error('nothing was thrown')
}
