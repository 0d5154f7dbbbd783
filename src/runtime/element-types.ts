import { toFloat16Bits } from './float16.ts'
import { shorten } from './shorten.ts'
import type { ElementType } from './signature.ts'
import type { TypedArray, TypedArrayConstructor } from './tensor.ts'
import { bytesOf, kindOf, lengthOf, viewAs } from './typed-array.ts'

// One constant per element type: a bundle has those that its model's generated module names, and what they need.

/** An error that names the input, for what is wrong with what was given. */
export type Wrong = (given: string) => Error

/** Says of an element that it can't be taken, and why: `is 3, not 0 or 1`. */
export type Refuse = (why: string) => never

/** How tensors of an element type are kept, and what else is taken for them; see `TensorDataTypes`. */
export interface Elements {
  readonly type: ElementType
  /** `TensorProto.DataType` of ONNX. */
  readonly code: number
  /** Absent for strings. */
  readonly array: TypedArrayConstructor | undefined
  /** What the language calls those arrays (`Float32Array`); '' for strings. */
  readonly kind: string
  /** Of other arrays that are taken as well. */
  readonly alias?: string
  /** Entries of the array per element: complex numbers are pairs. */
  readonly lanes: number
  /** All that is taken, in words. */
  readonly containers: string
  /**
   * The entry that a value of a plain array stands for, where that is exact (floats round); `undefined` for a value of another
   * kind. Absent where a plain value can't be an element: entries are raw bits.
   */
  entryOf?(value: unknown, refuse: Refuse): number | bigint | string | undefined
  /** A typed array as the model takes it, where that is not always as it is given. */
  settle?(data: TypedArray, wrong: Wrong): TypedArray
  /** Of a type that is narrower than its container: throws for entries that it doesn't have. */
  expect?(data: TypedArray, wrong: Wrong): void
}

type Options = Pick<Elements, 'alias' | 'entryOf' | 'settle' | 'expect'>

function elements(
  type: ElementType,
  code: number,
  array: TypedArrayConstructor,
  plain: string,
  options: Options,
  lanes = 1,
): Elements {
  return { type, code, array, kind: array.name, lanes, containers: array.name + plain, ...options }
}

const numeric = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined)

function floats(type: ElementType, code: number, array: TypedArrayConstructor, lanes?: number): Elements {
  return elements(type, code, array, ' or number[]', { entryOf: numeric }, lanes)
}

function bits(type: ElementType, code: number, array: TypedArrayConstructor): Elements {
  return elements(type, code, array, ' of raw bits', {})
}

/** Values of some kinds, within a range. BigInts and numbers compare, but slowly: numbers do with numbers. */
function integer(
  type: ElementType,
  kinds: string,
  low: number | bigint,
  high: number | bigint,
): (value: unknown, refuse: Refuse) => number | bigint | undefined {
  const [least, most] = [Number(low), Number(high)]
  return (value, refuse) => {
    if (!kinds.includes(typeof value)) return undefined
    const integer = value as number | bigint // of a boolean 0 or 1, as soon as it is compared or stored
    if (typeof value === 'number' && !Number.isSafeInteger(value)) refuse(`is ${value}, which is no exact ${type}`)
    const isWithin =
      typeof integer === 'bigint' ? integer >= low && integer <= high : integer >= least && integer <= most
    if (!isWithin) refuse(`is ${shorten(String(value))}, outside of ${type} (${low} to ${high})`)
    return integer
  }
}

function integers(
  type: ElementType,
  code: number,
  array: TypedArrayConstructor,
  low: number,
  high: number,
  options?: Options,
): Elements {
  return elements(type, code, array, ' or number[]', { entryOf: integer(type, 'number', low, high), ...options })
}

/** How the elements of a type are looked at that is narrower than its container. */
function narrow(
  array: TypedArrayConstructor,
  low: number,
  high: number,
  wanted: string,
  /** A quick look that may say yes. */
  areFine?: (data: TypedArray) => boolean,
): Options {
  const expect: Elements['expect'] = (data, wrong) => {
    if (areFine?.(data)) return
    const length = lengthOf(data)
    for (let index = 0; index < length; index++) {
      const entry = data[index] as number
      if (entry < low || entry > high) throw wrong(`element ${index} is ${entry}, ${wanted}`)
    }
  }
  return {
    expect,
    settle(data, wrong) {
      const copy = new array(lengthOf(data)) // which no other thread changes after the check
      copy.set(data as never)
      expect(copy, wrong)
      return copy
    },
  }
}

function narrowIntegers(
  type: ElementType,
  code: number,
  array: TypedArrayConstructor,
  low: number,
  high: number,
): Elements {
  const wanted = `outside of ${type} (${low} to ${high})`
  return integers(type, code, array, low, high, narrow(array, low, high, wanted))
}

/** Arrays of another kind are taken, too, for the memory that they have. */
function aliased(array: TypedArrayConstructor, alias: string): Options {
  return {
    alias,
    settle(data) {
      if (kindOf(data) === array.name) return data
      return lengthOf(data) > 0 ? viewAs(array, data) : new array(0)
    },
  }
}

/** The range is in digits: what compiles for ES2019, as Nitro 2 does, warns of literals of BigInt. */
function bigIntegers(
  type: ElementType,
  code: number,
  array: TypedArrayConstructor,
  low: string,
  high: string,
): Elements {
  const exact = integer(type, 'number bigint', BigInt(low), BigInt(high))
  const entryOf: Elements['entryOf'] = (value, refuse) => {
    const entry = exact(value, refuse)
    return entry === undefined ? undefined : BigInt(entry)
  }
  return elements(type, code, array, ' or bigint[] or number[]', { entryOf })
}

/** C's bool has no other values than 0 and 1: compiled code may do anything with a third. */
function booleans(type: ElementType, code: number): Elements {
  return elements(type, code, Uint8Array, ' or boolean[]', {
    entryOf: integer(type, 'number boolean', 0, 1),
    ...narrow(Uint8Array, 0, 1, 'not 0 or 1', areBits),
  })
}

/** Whether bytes are 0 or 1, sixteen at a time: one by one, 65,536 took 60 µs, and take 8. */
function areBits(data: TypedArray): boolean {
  const bytes = bytesOf(data)
  if (bytes.byteOffset % 4 !== 0) return false
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, (bytes.length >>> 4) * 4)
  let [a, b, c, d] = [0, 0, 0, 0]
  for (let i = 0; i < words.length; i += 4) {
    a |= words[i]!
    b |= words[i + 1]!
    c |= words[i + 2]!
    d |= words[i + 3]!
  }
  for (let i = words.length * 4; i < bytes.length; i++) a |= bytes[i]!
  return ((a | b | c | d) & 0xfefe_fefe) === 0
}

function bytes(type: ElementType, code: number): Elements {
  return integers(type, code, Uint8Array, 0, 255, aliased(Uint8Array, 'Uint8ClampedArray'))
}

/** Strings cross the border to C, where a NUL ends them. */
function strings(type: ElementType, code: number): Elements {
  return {
    type,
    code,
    array: undefined,
    kind: '',
    lanes: 1,
    containers: 'string[]',
    entryOf(value, refuse) {
      if (typeof value !== 'string') return undefined
      if (value.includes('\0')) refuse('contains a NUL character')
      return value
    },
  }
}

function halves(type: ElementType, code: number): Elements {
  const array = (globalThis.Float16Array ?? Uint16Array) as unknown as TypedArrayConstructor
  const entryOf: Elements['entryOf'] = (value) =>
    typeof value === 'number' && (array as unknown) === Uint16Array ? toFloat16Bits(value) : numeric(value)
  return elements(type, code, array, ' or number[]', { entryOf, ...aliased(array, 'Uint16Array') })
}

export const float32: Elements = /* @__PURE__ */ floats('float32', 1, Float32Array)
export const uint8: Elements = /* @__PURE__ */ bytes('uint8', 2)
export const int8: Elements = /* @__PURE__ */ integers('int8', 3, Int8Array, -128, 127)
export const uint16: Elements = /* @__PURE__ */ integers('uint16', 4, Uint16Array, 0, 0xffff)
export const int16: Elements = /* @__PURE__ */ integers('int16', 5, Int16Array, -0x8000, 0x7fff)
export const int32: Elements = /* @__PURE__ */ integers('int32', 6, Int32Array, -0x8000_0000, 0x7fff_ffff)
export const int64: Elements = /* @__PURE__ */ bigIntegers(
  'int64',
  7,
  BigInt64Array,
  '-9223372036854775808',
  '9223372036854775807',
)
export const string: Elements = /* @__PURE__ */ strings('string', 8)
export const bool: Elements = /* @__PURE__ */ booleans('bool', 9)
export const float16: Elements = /* @__PURE__ */ halves('float16', 10)
export const float64: Elements = /* @__PURE__ */ floats('float64', 11, Float64Array)
export const uint32: Elements = /* @__PURE__ */ integers('uint32', 12, Uint32Array, 0, 0xffff_ffff)
export const uint64: Elements = /* @__PURE__ */ bigIntegers('uint64', 13, BigUint64Array, '0', '18446744073709551615')
export const complex64: Elements = /* @__PURE__ */ floats('complex64', 14, Float32Array, 2)
export const complex128: Elements = /* @__PURE__ */ floats('complex128', 15, Float64Array, 2)
export const bfloat16: Elements = /* @__PURE__ */ bits('bfloat16', 16, Uint16Array)
export const float8e4m3fn: Elements = /* @__PURE__ */ bits('float8e4m3fn', 17, Uint8Array)
export const float8e4m3fnuz: Elements = /* @__PURE__ */ bits('float8e4m3fnuz', 18, Uint8Array)
export const float8e5m2: Elements = /* @__PURE__ */ bits('float8e5m2', 19, Uint8Array)
export const float8e5m2fnuz: Elements = /* @__PURE__ */ bits('float8e5m2fnuz', 20, Uint8Array)
export const uint4: Elements = /* @__PURE__ */ narrowIntegers('uint4', 21, Uint8Array, 0, 15)
export const int4: Elements = /* @__PURE__ */ narrowIntegers('int4', 22, Int8Array, -8, 7)
export const float4e2m1: Elements = /* @__PURE__ */ bits('float4e2m1', 23, Uint8Array)
export const float8e8m0: Elements = /* @__PURE__ */ bits('float8e8m0', 24, Uint8Array)
export const uint2: Elements = /* @__PURE__ */ narrowIntegers('uint2', 25, Uint8Array, 0, 3)
export const int2: Elements = /* @__PURE__ */ narrowIntegers('int2', 26, Int8Array, -2, 1)
