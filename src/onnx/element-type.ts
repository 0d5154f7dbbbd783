/**
 * Element types of ONNX tensors, under the names used everywhere in this package.
 * Source: onnx.proto3 `TensorProto.DataType` (ONNX 1.22).
 */
export type ElementType = keyof typeof elementTypes

interface ElementTypeInfo {
  /** `TensorProto.DataType`, also `OM_DATA_TYPE` of the onnx-mlir ABI. */
  readonly code: number
  /** Bits of one element in `raw_data`; strings have none. */
  readonly bits: number
  /** Type of one element in generated C; sub-byte types are unpacked to one byte each. */
  readonly c: string
  /** Name in an onnx-mlir signature. */
  readonly mlir: string
}

export const elementTypes = {
  float32: { code: 1, bits: 32, c: 'float', mlir: 'f32' },
  uint8: { code: 2, bits: 8, c: 'uint8_t', mlir: 'ui8' },
  int8: { code: 3, bits: 8, c: 'int8_t', mlir: 'i8' },
  uint16: { code: 4, bits: 16, c: 'uint16_t', mlir: 'ui16' },
  int16: { code: 5, bits: 16, c: 'int16_t', mlir: 'i16' },
  int32: { code: 6, bits: 32, c: 'int32_t', mlir: 'i32' },
  int64: { code: 7, bits: 64, c: 'int64_t', mlir: 'i64' },
  string: { code: 8, bits: 0, c: 'const char *', mlir: 'string' },
  bool: { code: 9, bits: 8, c: 'bool', mlir: 'i1' },
  float16: { code: 10, bits: 16, c: 'om_f16', mlir: 'f16' },
  float64: { code: 11, bits: 64, c: 'double', mlir: 'f64' },
  uint32: { code: 12, bits: 32, c: 'uint32_t', mlir: 'ui32' },
  uint64: { code: 13, bits: 64, c: 'uint64_t', mlir: 'ui64' },
  complex64: { code: 14, bits: 64, c: 'om_c64', mlir: 'complex<f32>' },
  complex128: { code: 15, bits: 128, c: 'om_c128', mlir: 'complex<f64>' },
  bfloat16: { code: 16, bits: 16, c: 'om_bf16', mlir: 'bf16' },
  float8e4m3fn: { code: 17, bits: 8, c: 'om_f8e4m3fn', mlir: 'f8E4M3FN' },
  float8e4m3fnuz: { code: 18, bits: 8, c: 'om_f8e4m3fnuz', mlir: 'f8E4M3FNUZ' },
  float8e5m2: { code: 19, bits: 8, c: 'om_f8e5m2', mlir: 'f8E5M2' },
  float8e5m2fnuz: { code: 20, bits: 8, c: 'om_f8e5m2fnuz', mlir: 'f8E5M2FNUZ' },
  uint4: { code: 21, bits: 4, c: 'om_u4', mlir: 'ui4' },
  int4: { code: 22, bits: 4, c: 'om_i4', mlir: 'i4' },
  float4e2m1: { code: 23, bits: 4, c: 'om_f4e2m1', mlir: 'f4E2M1FN' },
  float8e8m0: { code: 24, bits: 8, c: 'om_f8e8m0', mlir: 'f8E8M0FNU' },
  uint2: { code: 25, bits: 2, c: 'om_u2', mlir: 'ui2' },
  int2: { code: 26, bits: 2, c: 'om_i2', mlir: 'i2' },
} as const satisfies Record<string, ElementTypeInfo>

const byCode = new Map<number, ElementType>(
  (Object.keys(elementTypes) as ElementType[]).map((name) => [elementTypes[name].code, name]),
)

/** The element type with this `TensorProto.DataType` number, if it is one we know. */
export function elementTypeOf(code: number): ElementType | undefined {
  return byCode.get(code)
}

/** Bytes that `count` elements take in `raw_data`: sub-byte types are packed, low bits first. Strings: 0. */
export function packedBytes(type: ElementType, count: number): number {
  return Math.ceil((count * elementTypes[type].bits) / 8)
}

/** Bytes of one element in memory at run time: sub-byte types take one byte, strings a pointer. */
export function memoryBytes(type: ElementType): number {
  return type === 'string' ? 8 : Math.max(1, elementTypes[type].bits / 8)
}

export function isFloat(type: ElementType): boolean {
  return type.startsWith('float') || type === 'bfloat16'
}

/** The lowest and the highest finite number of a numeric type; of 8-bit floats and smaller ones, infinities are not cut off. */
export function limitsOf(type: ElementType): readonly [number | bigint, number | bigint] {
  if (isFloat(type)) {
    const largest = largestFloats[type] ?? Infinity
    return [-largest, largest]
  }
  const { bits } = elementTypes[type]
  return type.startsWith('u') ? [0n, 2n ** BigInt(bits) - 1n] : [-(2n ** BigInt(bits - 1)), 2n ** BigInt(bits - 1) - 1n]
}

/** (2 - 2^-p) · 2^e, for p bits of mantissa and the largest exponent e. */
const largestFloats: Readonly<Partial<Record<ElementType, number>>> = {
  float16: 65504,
  bfloat16: (2 - 2 ** -7) * 2 ** 127,
  float32: (2 - 2 ** -23) * 2 ** 127,
  float64: Number.MAX_VALUE,
}

export function isInteger(type: ElementType): boolean {
  return type.startsWith('int') || type.startsWith('uint')
}

/** Whether an element is an integer of 8 bits, as most quantised tensors have them. */
export function isByte(type: ElementType): type is 'uint8' | 'int8' {
  return type === 'uint8' || type === 'int8'
}
