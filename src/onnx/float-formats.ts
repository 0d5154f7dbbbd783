import type { ElementType } from './element-type.ts'

/** Floating-point element types that JavaScript has no number format for. */
export type SmallFloat = Extract<
  ElementType,
  | 'float16'
  | 'bfloat16'
  | 'float8e4m3fn'
  | 'float8e4m3fnuz'
  | 'float8e5m2'
  | 'float8e5m2fnuz'
  | 'float8e8m0'
  | 'float4e2m1'
>

/**
 * What the topmost codes of a format mean.
 * `ieee`: the highest exponent is infinity and NaN. `fn`: only all ones is NaN, there is no infinity.
 * `fnuz`: the code of minus zero is the only NaN. `finite`: every code is a number.
 */
type Specials = 'ieee' | 'fn' | 'fnuz' | 'finite'

interface Format {
  readonly exponentBits: number
  readonly mantissaBits: number
  readonly bias: number
  readonly specials: Specials
}

/** Source: docs/docsgen/source/technical/float8.md and float4.md of ONNX 1.22; IEEE 754 binary16. */
const formats: Record<Exclude<SmallFloat, 'float8e8m0'>, Format> = {
  float16: { exponentBits: 5, mantissaBits: 10, bias: 15, specials: 'ieee' },
  bfloat16: { exponentBits: 8, mantissaBits: 7, bias: 127, specials: 'ieee' },
  float8e4m3fn: { exponentBits: 4, mantissaBits: 3, bias: 7, specials: 'fn' },
  float8e4m3fnuz: { exponentBits: 4, mantissaBits: 3, bias: 8, specials: 'fnuz' },
  float8e5m2: { exponentBits: 5, mantissaBits: 2, bias: 15, specials: 'ieee' },
  float8e5m2fnuz: { exponentBits: 5, mantissaBits: 2, bias: 16, specials: 'fnuz' },
  float4e2m1: { exponentBits: 2, mantissaBits: 1, bias: 1, specials: 'finite' },
}

export function isSmallFloat(type: ElementType): type is SmallFloat {
  return type in formats || type === 'float8e8m0'
}

/** The number that `bits` stand for in a format; exact. */
export function decodeFloat(type: SmallFloat, bits: number): number {
  if (type === 'float8e8m0') return bits === 0xff ? NaN : 2 ** (bits - 127)
  const { exponentBits, mantissaBits, bias, specials } = formats[type]
  const signBit = 1 << (exponentBits + mantissaBits)
  const magnitude = bits & (signBit - 1)
  const sign = bits & signBit ? -1 : 1
  if (specials === 'fnuz' && bits === signBit) return NaN
  if (specials === 'fn' && magnitude === signBit - 1) return NaN
  const exponent = magnitude >> mantissaBits
  const mantissa = magnitude & ((1 << mantissaBits) - 1)
  if (specials === 'ieee' && exponent === (1 << exponentBits) - 1) return mantissa === 0 ? sign * Infinity : NaN
  if (exponent === 0) return sign * mantissa * 2 ** (1 - bias - mantissaBits)
  return sign * (mantissa + 2 ** mantissaBits) * 2 ** (exponent - bias - mantissaBits)
}

/** How `Cast` rounds to float8e8m0, a power of two. */
export type ScaleRounding = 'up' | 'down' | 'nearest'

/**
 * The code of a format that is nearest to `value`, ties to even, as ONNX's `Cast` says.
 *
 * @param saturate What is out of range, infinity included, becomes the largest number (default); otherwise infinity or, in
 * formats that have none, NaN. Only 8-bit formats are asked: 16-bit ones always overflow to infinity, float4e2m1 always saturates.
 * @param rounding Only for float8e8m0, which has no sign: the magnitude is what is rounded.
 */
export function encodeFloat(type: SmallFloat, value: number, saturate = true, rounding: ScaleRounding = 'up'): number {
  if (type === 'float8e8m0') return encodeScale(Math.abs(value), saturate, rounding)
  const { exponentBits, mantissaBits, bias, specials } = formats[type]
  const signBit = 1 << (exponentBits + mantissaBits)
  const infinity = ((1 << exponentBits) - 1) << mantissaBits
  const largest = { ieee: infinity - 1, fn: signBit - 2, fnuz: signBit - 1, finite: signBit - 1 }[specials]
  // For float4e2m1 float4.md says 6, but ONNX's reference and its Cast tests give minus zero, which we follow.
  const nan = { ieee: infinity | (1 << (mantissaBits - 1)), fn: signBit - 1, fnuz: signBit, finite: signBit }[specials]
  if (Number.isNaN(value)) return nan

  const sign = value < 0 || Object.is(value, -0) ? signBit : 0
  const magnitude = roundedMagnitude(Math.abs(value), mantissaBits, bias)
  if (magnitude > largest) {
    const saturates = specials === 'finite' || (saturate && exponentBits + mantissaBits === 7)
    if (saturates) return sign | largest
    if (specials === 'fnuz') return nan
    return sign | (specials === 'ieee' ? infinity : nan)
  }
  return specials === 'fnuz' && magnitude === 0 ? 0 : sign | magnitude
}

/**
 * Exponent and mantissa of a non-negative number as one integer, rounded to nearest, ties to even, and without an upper bound.
 * A mantissa that rounds up to the next power of two carries into the exponent by itself.
 */
function roundedMagnitude(value: number, mantissaBits: number, bias: number): number {
  if (value === Infinity) return Infinity
  const exponent = Math.max(exponentOf(value), 1 - bias)
  // Scaled so that one unit is the distance to the next code. A power of two scales exactly, as nothing here is that small.
  const units = value / 2 ** (exponent - mantissaBits)
  const floor = Math.floor(units)
  const rest = units - floor
  const rounded = rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor
  return (exponent + bias - 1) * 2 ** mantissaBits + rounded
}

/** float8e8m0: eight exponent bits and nothing else. Infinity and NaN are both NaN. Source: OCP Microscaling Formats 1.0. */
function encodeScale(value: number, saturate: boolean, rounding: ScaleRounding): number {
  if (!Number.isFinite(value)) return 0xff
  if (value <= 2 ** -127) return 0
  const exponent = exponentOf(value)
  const rest = value / 2 ** exponent
  const roundsUp = rounding === 'up' ? rest > 1 : rounding === 'nearest' && rest >= 1.5
  const code = exponent + 127 + Number(roundsUp)
  return code > 0xfe ? (saturate ? 0xfe : 0xff) : code
}

const scratch = new DataView(new ArrayBuffer(8))

/** Largest e with 2^e <= value, for a normal double; -1023 for zero and subnormal doubles, which are below every format here. */
function exponentOf(value: number): number {
  scratch.setFloat64(0, value)
  return ((scratch.getUint16(0) >> 4) & 0x7ff) - 1023
}
