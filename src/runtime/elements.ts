import type { ElementType } from './signature.ts'
import { toFloat16Bits } from './float16.ts'
import { shorten } from './shorten.ts'
import { storage, type TypedArray, type TypedArrayConstructor } from './tensor.ts'
import { kindOf, lengthOf } from './typed-array.ts'

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

/** What {@link takeElements} takes for a type, in words. */
export function containersOf(type: ElementType): string {
  const { array } = storage[type]
  if (array === undefined) return 'string[]'
  if (isRawBits(type)) return `${array.name} of raw bits`
  if (type === 'bool') return `${array.name} or boolean[]`
  return `${array.name} or ${type === 'int64' || type === 'uint64' ? 'bigint[] or ' : ''}number[]`
}

/** Why an element of a plain array can't be taken. */
export class ElementError extends Error {}

/**
 * The elements of an input in the container that `type` has, or `undefined` when they are of another kind. A typed array
 * is taken as it is. Of plain arrays everything is read once, into an array of our own: there may be getters and proxies
 * behind them, which answer differently the next time. Numbers are converted where that is exact (floats round).
 *
 * @throws ElementError naming the element that the type can't hold; and what a getter throws
 */
export function takeElements(type: ElementType, data: unknown): TypedArray | readonly string[] | undefined {
  const { array } = storage[type]
  const kind = kindOf(data)
  if (kind !== undefined) return array !== undefined && isContainer(type, kind) ? (data as TypedArray) : undefined
  if (!Array.isArray(data)) return undefined
  if (array === undefined) return strings(data)
  return isRawBits(type) ? undefined : fromPlain(type, array, data)
}

function isContainer(type: ElementType, kind: string): boolean {
  if (kind === storage[type].kind) return true
  return type === 'uint8' ? kind === 'Uint8ClampedArray' : type === 'float16' && kind === 'Uint16Array'
}

/** Strings cross the border to C, where a NUL ends them. */
function strings(data: readonly unknown[]): readonly string[] | undefined {
  const texts: string[] = []
  const count = data.length
  for (let index = 0; index < count; index++) {
    const text = data[index]
    if (typeof text !== 'string') return undefined
    if (text.includes('\0')) throw new ElementError(`element ${index} contains a NUL character`)
    texts.push(text)
  }
  return texts
}

/** Types whose containers hold more values than they have. */
export function isNarrow(type: ElementType): boolean {
  return type === 'bool' || /^u?int[24]$/.test(type)
}

/**
 * The elements of a type that is narrower than its container. C's bool has no other values than 0 and 1: compiled code may
 * do anything with a third.
 *
 * @throws ElementError
 */
export function checkNarrow(type: ElementType, data: TypedArray): void {
  const length = lengthOf(data)
  const [low, high] = integerRanges[type]!.map(Number) as [number, number]
  for (let index = 0; index < length; index++) {
    const value = Number(data[index])
    if (value >= low && value <= high) continue
    const wanted = type === 'bool' ? 'not 0 or 1' : `outside of ${type} (${low} to ${high})`
    throw new ElementError(`element ${index} is ${value}, ${wanted}`)
  }
}

function fromPlain(type: ElementType, array: TypedArrayConstructor, data: readonly unknown[]): TypedArray | undefined {
  const count = data.length
  const result = allocate(array, count)
  const range = integerRanges[type]
  const isBig = type === 'int64' || type === 'uint64'
  for (let index = 0; index < count; index++) {
    const value = data[index]
    if (
      typeof value === 'boolean' ? type !== 'bool' : typeof value !== 'number' && !(isBig && typeof value === 'bigint')
    )
      return undefined
    if (range !== undefined) {
      if (typeof value === 'number' && !Number.isSafeInteger(value))
        throw new ElementError(`element ${index} is ${value}, which is no exact ${type}`)
      const integer = BigInt(value as number | bigint | boolean)
      if (integer < range[0] || integer > range[1])
        throw new ElementError(
          `element ${index} is ${shorten(String(value))}, outside of ${type} (${range[0]} to ${range[1]})`,
        )
      result[index] = isBig ? integer : Number(integer)
    } else {
      result[index] =
        type === 'float16' && array === storage.uint16.array ? toFloat16Bits(value as number) : (value as number)
    }
  }
  return result
}

function allocate(array: TypedArrayConstructor, count: number): TypedArray {
  try {
    return new array(count)
  } catch {
    throw new ElementError(`given ${count} elements, for which there is no memory`)
  }
}
