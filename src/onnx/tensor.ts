import { endianness } from 'node:os'
import { elementTypes, type ElementType } from './element-type.ts'
import { decodeFloat, encodeFloat, isSmallFloat } from './float-formats.ts'
import type { Tensor } from './model.ts'

/** Number of elements of a shape; 1 for a scalar. */
export function elementsOf(dims: readonly number[]): number {
  return dims.reduce((count, dim) => count * dim, 1)
}

/** Values that make a tensor: numbers, bigints for 64-bit integers, booleans or text. Complex numbers are real, imaginary, …. */
export type TensorValues = ArrayLike<number | bigint | boolean> | readonly string[]

/**
 * A tensor from values in row-major order.
 * Floats are rounded to the nearest, and overflow to infinity or NaN; throws `RangeError` for a wrong count or an integer that the type can't hold.
 */
export function tensorFrom(type: ElementType, dims: readonly number[], values: TensorValues): Tensor {
  const count = elementsOf(dims)
  const perElement = type.startsWith('complex') ? 2 : 1
  if (values.length !== count * perElement) {
    throw new RangeError(
      `a ${type} tensor of shape [${dims.join(', ')}] takes ${count * perElement} values, not ${values.length}`,
    )
  }
  if (type === 'string') return { type, dims, data: new Uint8Array(), strings: Array.from(values, String) }
  if (type === 'float32' && endianness() === 'LE') {
    // Folded weights come by the million: one typed copy instead of a call per element.
    return { type, dims, data: new Uint8Array(Float32Array.from(values as ArrayLike<number>).buffer) }
  }
  const { bits } = elementTypes[type]
  const unpacked = new DataView(new ArrayBuffer(count * Math.max(1, bits / 8)))
  for (let i = 0; i < values.length; i++) writeScalar(unpacked, i, type, values[i]!)
  const bytes = new Uint8Array(unpacked.buffer)
  return { type, dims, data: bits < 8 ? packSubBytes(bytes, bits) : bytes }
}

/** A tensor whose bytes are made when they are first asked for: of most weights that fold, only the stored form ever is. */
export function lazyTensor(type: ElementType, dims: readonly number[], make: () => Uint8Array): Tensor {
  let data: Uint8Array | undefined
  return {
    type,
    dims,
    get data() {
      return (data ??= make())
    },
  }
}

/** The same elements in another shape. */
export function reshapedTensor(tensor: Tensor, dims: readonly number[]): Tensor {
  const { type, strings } = tensor
  return strings ? { ...tensor, dims } : lazyTensor(type, dims, () => tensor.data)
}

/** Elements of a tensor in row-major order: text, bigints for int64 and uint64, numbers for all else (bool: 0 and 1; complex: pairs). */
export function tensorValues(tensor: Tensor): readonly string[] | bigint[] | number[] {
  if (tensor.type === 'string') return tensor.strings ?? []
  const array = tensorArray(tensor)
  if (array instanceof BigInt64Array || array instanceof BigUint64Array) return Array.from(array)
  const { type } = tensor
  return isSmallFloat(type) ? Array.from(array, (bits) => decodeFloat(type, bits)) : Array.from(array)
}

/** Elements of a numeric tensor as numbers. Throws `RangeError` for text and for 64-bit integers beyond 2^53. */
export function tensorNumbers(tensor: Tensor): number[] {
  return Array.from<string | bigint | number, number>(tensorValues(tensor), (value) => {
    const number = typeof value === 'string' ? NaN : Number(value)
    if (typeof value !== 'number' && !Number.isSafeInteger(number))
      throw new RangeError(`${value} is not an exact number`)
    return number
  })
}

export type TensorArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array

/**
 * The elements of a numeric tensor as a typed array in this machine's byte order: a view of `data` where alignment and byte
 * order permit, else a copy. Floats without a JavaScript format are given as their bits, sub-byte types as one byte each
 * (int4 and int2 sign-extended), complex numbers as pairs.
 */
export function tensorArray(tensor: Tensor): TensorArray {
  if (tensor.type === 'string') throw new TypeError('a tensor of strings has no typed array')
  const bytes = elementTypes[tensor.type].bits < 8 ? unpackSubBytes(tensor) : tensor.data
  const View = arrayTypes[tensor.type]
  const width = View.BYTES_PER_ELEMENT
  const isView = endianness() === 'LE' && bytes.byteOffset % width === 0 && bytes.buffer instanceof ArrayBuffer
  const aligned = isView ? bytes : Uint8Array.from(bytes)
  if (endianness() === 'BE') swapBytes(aligned, width)
  return new View(aligned.buffer as ArrayBuffer, aligned.byteOffset, aligned.byteLength / width)
}

/** A tensor of elements as `tensorArray` gives them: a view of `array` where byte order permits, else a copy. */
export function tensorOfArray(
  type: Exclude<ElementType, 'string'>,
  dims: readonly number[],
  array: TensorArray,
): Tensor {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
  const data = endianness() === 'LE' ? bytes : Uint8Array.from(bytes)
  if (endianness() === 'BE') swapBytes(data, array.BYTES_PER_ELEMENT)
  return { type, dims, data }
}

const arrayTypes = {
  float32: Float32Array,
  float64: Float64Array,
  complex64: Float32Array,
  complex128: Float64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  float8e4m3fn: Uint8Array,
  float8e4m3fnuz: Uint8Array,
  float8e5m2: Uint8Array,
  float8e5m2fnuz: Uint8Array,
  float8e8m0: Uint8Array,
  float4e2m1: Uint8Array,
  uint4: Uint8Array,
  int4: Int8Array,
  uint2: Uint8Array,
  int2: Int8Array,
} as const satisfies Record<Exclude<ElementType, 'string'>, unknown>

/** One byte per element → packed, the first element in the low bits. Source: `TensorProto.raw_data` in onnx.proto. */
export function packSubBytes(elements: Uint8Array, bits: number): Uint8Array {
  const perByte = 8 / bits
  const packed = new Uint8Array(Math.ceil(elements.length / perByte))
  const mask = (1 << bits) - 1
  for (let i = 0; i < elements.length; i++) {
    packed[Math.floor(i / perByte)]! |= (elements[i]! & mask) << ((i % perByte) * bits)
  }
  return packed
}

/** The elements of a tensor of a type below 8 bits, one byte each; int4 and int2 sign-extended. */
export function unpackSubBytes({ type, dims, data }: Tensor): Uint8Array {
  const { bits } = elementTypes[type]
  const perByte = 8 / bits
  const spare = 32 - bits
  const elements = new Uint8Array(elementsOf(dims))
  for (let i = 0; i < elements.length; i++) {
    const atTop = (data[Math.floor(i / perByte)]! >> ((i % perByte) * bits)) << spare
    elements[i] = type.startsWith('int') ? atTop >> spare : atTop >>> spare
  }
  return elements
}

/** Reverses the bytes of every element, in place: little-endian ↔ big-endian. */
export function swapBytes(bytes: Uint8Array, width: number): void {
  for (let i = 0; i < bytes.length; i += width) bytes.subarray(i, i + width).reverse()
}

function writeScalar(
  view: DataView,
  index: number,
  type: Exclude<ElementType, 'string'>,
  value: number | bigint | boolean | string,
) {
  if (typeof value === 'string') throw new TypeError(`${JSON.stringify(value)} is no ${type}`)
  if (type === 'float32' || type === 'complex64') return view.setFloat32(index * 4, Number(value), true)
  if (type === 'float64' || type === 'complex128') return view.setFloat64(index * 8, Number(value), true)
  if (type === 'bool') return view.setUint8(index, Number(Boolean(value)))
  const { bits } = elementTypes[type]
  const code = isSmallFloat(type) ? encodeFloat(type, Number(value), false) : checkInteger(type, bits, value)
  if (bits === 64) view.setBigUint64(index * 8, BigInt.asUintN(64, BigInt(code)), true)
  else if (bits === 32) view.setUint32(index * 4, Number(code), true)
  else if (bits === 16) view.setUint16(index * 2, Number(code), true)
  else view.setUint8(index, Number(code))
}

function checkInteger(type: ElementType, bits: number, value: number | bigint | boolean): number | bigint {
  const number = typeof value === 'boolean' ? Number(value) : value
  const exact = typeof number === 'bigint' || Number.isSafeInteger(number)
  const integer = exact ? BigInt(number) : 0n
  const inRange = type.startsWith('u') ? BigInt.asUintN(bits, integer) : BigInt.asIntN(bits, integer)
  if (!exact || inRange !== integer) throw new RangeError(`${value} is no ${type}`)
  return number
}
