import type { ElementType, SignatureDim } from './signature.ts'

/** `Float16Array` where the project's `lib` knows it; the raw bits in a `Uint16Array` on engines without it. */
export type Float16Data = typeof globalThis extends { Float16Array: { prototype: infer T } }
  ? T | Uint16Array
  : Uint16Array

/**
 * The JavaScript container of each element type, row-major and dense.
 *
 * - bool: one byte each, 0 or 1
 * - complex: pairs (real, imaginary), so twice as many numbers as elements
 * - bfloat16, float8*, float4*: the raw bits, one element per entry (4-bit floats in the low bits)
 * - int4, uint4, int2, uint2: the values, one element per entry
 */
export interface TensorDataTypes {
  float32: Float32Array
  uint8: Uint8Array
  int8: Int8Array
  uint16: Uint16Array
  int16: Int16Array
  int32: Int32Array
  int64: BigInt64Array
  string: string[]
  bool: Uint8Array
  float16: Float16Data
  float64: Float64Array
  uint32: Uint32Array
  uint64: BigUint64Array
  complex64: Float32Array
  complex128: Float64Array
  bfloat16: Uint16Array
  float8e4m3fn: Uint8Array
  float8e4m3fnuz: Uint8Array
  float8e5m2: Uint8Array
  float8e5m2fnuz: Uint8Array
  uint4: Uint8Array
  int4: Int8Array
  float4e2m1: Uint8Array
  float8e8m0: Uint8Array
  uint2: Uint8Array
  int2: Int8Array
}

export type TensorData<Type extends ElementType = ElementType> = TensorDataTypes[Type]

/** A result: `data` holds the product of `dims` elements (one for a scalar, whose `dims` is empty). */
export interface Tensor<Type extends ElementType = ElementType, Dims extends readonly number[] = readonly number[]> {
  readonly type: Type
  readonly dims: Dims
  readonly data: TensorData<Type>
}

/** Types whose raw bits have no plain number form here. */
type BitsType =
  'bfloat16' | 'float8e4m3fn' | 'float8e4m3fnuz' | 'float8e5m2' | 'float8e5m2fnuz' | 'float4e2m1' | 'float8e8m0'

/** A single element as JavaScript writes it, where it can. */
export type Scalar<Type extends ElementType> = Type extends 'string'
  ? string
  : Type extends 'bool'
    ? boolean
    : Type extends 'int64' | 'uint64'
      ? number | bigint
      : Type extends BitsType | 'complex64' | 'complex128'
        ? never
        : number

/** What may stand for an input's elements: its own container, or a plain array of numbers where that is exact. */
export type InputData<Type extends ElementType> =
  | TensorData<Type>
  | (Type extends 'uint8' ? Uint8ClampedArray : never)
  | (Type extends 'complex64' | 'complex128' ? readonly number[] : never)
  | readonly Scalar<Type>[]

/** An input that states its dimensions. A {@link Tensor} is one. */
export interface ShapedInput<Type extends ElementType, Dims extends readonly number[] = readonly number[]> {
  readonly data: InputData<Type>
  readonly dims: Dims
  readonly type?: Type
}

/**
 * An input whose dimensions follow from its length: at most one of them is unknown.
 * Inputs with more unknown dimensions take {@link ShapedInput} only.
 */
export type TensorInput<Type extends ElementType, Dims extends readonly number[] = readonly number[]> =
  InputData<Type> | ShapedInput<Type, Dims> | (Dims extends readonly [] ? Scalar<Type> : never)

/** An input that is a map: an object or a `Map`. Integer keys of an object are numbers, or text beyond 2^53. */
export type MapInput<Key extends 'string' | 'int64', Type extends ElementType> =
  | Readonly<Record<Key extends 'string' ? string : number, Scalar<Type>>>
  | ReadonlyMap<Key extends 'string' ? string : number | bigint, Scalar<Type>>

/** `readonly ['batch', 3]` as a result's dimensions: `readonly [number, 3]`. */
export type DimsOf<Shape extends readonly SignatureDim[]> = {
  readonly [Index in keyof Shape]: Shape[Index] extends number ? Shape[Index] : number
}

export type TypedArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array

/** What the runtime needs of a typed array's constructor. */
export interface TypedArrayConstructor {
  readonly name: string
  readonly BYTES_PER_ELEMENT: number
  new (length: number): TypedArray
  new (elements: TypedArray): TypedArray
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): TypedArray
}
