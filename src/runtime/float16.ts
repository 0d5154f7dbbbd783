const word = new DataView(new ArrayBuffer(4))

/**
 * The 16 bits of IEEE 754 binary16 nearest to a number, ties to even; beyond ±65520 an infinity.
 * For engines without `Float16Array`, where float16 tensors are `Uint16Array`s of bits.
 */
export function toFloat16Bits(value: number): number {
  if (Number.isNaN(value)) return 0x7e00
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0
  const magnitude = Math.abs(value)
  if (magnitude >= 65520) return sign | 0x7c00
  // Numbers of one exponent lie 2^(exponent - 10) apart, subnormal ones 2^-24.
  const exponent = Math.max(-14, exponentOf(magnitude))
  const steps = roundToEven(magnitude * 2 ** (10 - exponent))
  // `steps` counts from 0 for subnormal and from 1024 for normal numbers; rounding up into the next exponent carries over.
  return sign | (((exponent + 14) << 10) + steps)
}

/** The number that 16 bits of IEEE 754 binary16 stand for. */
export function fromFloat16Bits(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction ? NaN : sign * Infinity
  return sign * (1024 + fraction) * 2 ** (exponent - 25)
}

/** Floor of the binary logarithm, exact for all numbers that binary32 calls normal; smaller ones give less than -126. */
function exponentOf(magnitude: number): number {
  word.setFloat32(0, magnitude)
  const rounded = ((word.getUint32(0) >>> 23) & 0xff) - 127
  return magnitude < 2 ** rounded ? rounded - 1 : rounded
}

function roundToEven(value: number): number {
  const floor = Math.floor(value)
  const rest = value - floor
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor
}
