import type { ElementType } from './signature.ts'
import { toFloat16Bits } from './float16.ts'
import { storage, type TypedArray } from './tensor.ts'

/** Least and greatest value of the integer types; bool counts as 0 and 1. */
const integerRanges: Partial<Record<ElementType, readonly [bigint, bigint]>> = {
  bool: [0n, 1n],
  uint2: [0n, 3n],
  int2: [-2n, 1n],
  uint4: [0n, 15n],
  int4: [-8n, 7n],
  uint8: [0n, 0xffn],
  int8: [-0x80n, 0x7fn],
  uint16: [0n, 0xffffn],
  int16: [-0x8000n, 0x7fffn],
  uint32: [0n, 0xffff_ffffn],
  int32: [-0x8000_0000n, 0x7fff_ffffn],
  uint64: [0n, 2n ** 64n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
}

/** Types of which a plain number can't be an element: their entries are raw bits. */
function isRawBits(type: ElementType): boolean {
  return type === 'bfloat16' || type === 'float4e2m1' || type.startsWith('float8')
}

/** What {@link toElements} takes for a type, in words. */
export function containersOf(type: ElementType): string {
  const { array } = storage[type]
  if (array === undefined) return 'string[]'
  if (isRawBits(type)) return `${array.name} of raw bits`
  if (type === 'bool') return `${array.name} or boolean[]`
  return `${array.name} or ${type === 'int64' || type === 'uint64' ? 'bigint[] or ' : ''}number[]`
}

/** The kind of a typed array, also of one from another realm (a `vm` context, a test runner); '' for anything else. */
export function arrayKind(value: unknown): string {
  return ArrayBuffer.isView(value) ? ((value as { [Symbol.toStringTag]?: string })[Symbol.toStringTag] ?? '') : ''
}

/**
 * The elements of an input in the container that `type` has, or `undefined` when they are of another kind.
 * A typed array is taken as it is and never copied. Plain arrays are converted where that is exact (floats round).
 *
 * @throws RangeError naming the element that the type can't hold.
 */
export function toElements(type: ElementType, data: unknown): TypedArray | readonly string[] | undefined {
  const { array } = storage[type]
  if (array === undefined) return Array.isArray(data) ? strings(data) : undefined
  const kind = arrayKind(data)
  if (kind === array.name) return type === 'bool' ? booleans(data as Uint8Array) : (data as TypedArray)
  if (kind === 'Uint8ClampedArray' && type === 'uint8') return data as Uint8ClampedArray
  if (kind === 'Uint16Array' && type === 'float16') {
    const bits = data as Uint16Array
    return new array(bits.buffer, bits.byteOffset, bits.length)
  }
  return Array.isArray(data) && !isRawBits(type) ? fromPlain(type, data) : undefined
}

/** Strings cross the border to C, where a NUL ends them. */
function strings(data: readonly unknown[]): readonly string[] | undefined {
  for (const [index, text] of data.entries()) {
    if (typeof text !== 'string') return undefined
    if (text.includes('\0')) throw new RangeError(`element ${index} contains a NUL character`)
  }
  return data as readonly string[]
}

/** C's bool has no other values than 0 and 1: compiled code may do anything with a third. */
function booleans(data: Uint8Array): Uint8Array {
  for (let index = 0; index < data.length; index++)
    if (data[index]! > 1) throw new RangeError(`element ${index} is ${data[index]}, not 0 or 1`)
  return data
}

function fromPlain(type: ElementType, data: readonly unknown[]): TypedArray | undefined {
  const { array } = storage[type]
  if (array === undefined) return undefined
  const result = new array(data.length)
  const range = integerRanges[type]
  const isBig = type === 'int64' || type === 'uint64'
  for (let index = 0; index < data.length; index++) {
    const value = data[index]
    if (
      typeof value === 'boolean' ? type !== 'bool' : typeof value !== 'number' && !(isBig && typeof value === 'bigint')
    )
      return undefined
    if (range !== undefined) {
      if (typeof value === 'number' && !Number.isSafeInteger(value))
        throw new RangeError(`element ${index} is ${value}, which is no exact ${type}`)
      const integer = BigInt(value as number | bigint | boolean)
      if (integer < range[0] || integer > range[1])
        throw new RangeError(`element ${index} is ${String(value)}, outside of ${type} (${range[0]} to ${range[1]})`)
      result[index] = isBig ? integer : Number(integer)
    } else {
      result[index] =
        type === 'float16' && array === storage.uint16.array ? toFloat16Bits(value as number) : (value as number)
    }
  }
  return result
}
