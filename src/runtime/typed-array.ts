import type { TypedArray } from './tensor.ts'

/**
 * What typed arrays and buffers really are: from the getters of the language itself, which see the object's own memory
 * whatever an own property or a subclass says, and run nobody's code.
 */
const prototype = Object.getPrototypeOf(Float32Array.prototype) as object

function getterOf<Result>(key: PropertyKey): (of: unknown) => Result {
  const { get } = Object.getOwnPropertyDescriptor(prototype, key)!
  return Function.prototype.call.bind(get!) as (of: unknown) => Result
}

/** `Float32Array` and the like, also of another realm (a `vm` context, a test runner); `undefined` for anything else. */
export const kindOf = getterOf<string | undefined>(Symbol.toStringTag)

/** Entries of a typed array now; 0 when its buffer was detached, or shrank below it. Throws for anything else. */
export const lengthOf = getterOf<number>('length')

export function isTypedArray<Other>(value: TypedArray | Other): value is TypedArray {
  return kindOf(value) !== undefined
}

const bufferOf = getterOf<ArrayBufferLike>('buffer')
const byteOffsetOf = getterOf<number>('byteOffset')
const byteLengthOf = getterOf<number>('byteLength')

/** The same memory as an array of another kind whose entries are as wide. */
export function viewAs(array: new (buffer: ArrayBufferLike, at: number, length: number) => TypedArray, of: TypedArray) {
  return new array(bufferOf(of), byteOffsetOf(of), lengthOf(of))
}

/** The bytes of a typed array. An array that lost its memory has none. */
export function bytesOf(array: TypedArray): Uint8Array {
  const length = byteLengthOf(array)
  return length > 0 ? new Uint8Array(bufferOf(array), byteOffsetOf(array), length) : new Uint8Array(0)
}
