/** Element types of ONNX tensors. A test holds this list equal to the one that `src/onnx/element-type.ts` derives from the schema. */
export type ElementType =
  | 'float32'
  | 'uint8'
  | 'int8'
  | 'uint16'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'string'
  | 'bool'
  | 'float16'
  | 'float64'
  | 'uint32'
  | 'uint64'
  | 'complex64'
  | 'complex128'
  | 'bfloat16'
  | 'float8e4m3fn'
  | 'float8e4m3fnuz'
  | 'float8e5m2'
  | 'float8e5m2fnuz'
  | 'uint4'
  | 'int4'
  | 'float4e2m1'
  | 'float8e8m0'
  | 'uint2'
  | 'int2'

/** One dimension of a graph input or output: a number, a symbol's name (`batch`), or `null` where nobody named it. */
export type SignatureDim = number | string | null

export interface SignatureEntry {
  readonly name: string
  readonly type: ElementType
  readonly shape: readonly SignatureDim[]
}

/** What a model takes and gives; types and run-time checks come from it, whichever compiler ran. */
export interface Signature {
  readonly inputs: readonly SignatureEntry[]
  readonly outputs: readonly SignatureEntry[]
}
