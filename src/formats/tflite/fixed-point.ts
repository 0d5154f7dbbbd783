// Sigmoid and tanh of TensorFlow Lite's integer LSTMs: functions of 16 bits to 16 bits that are up to 12 units off the true ones
// (measured over all arguments), so that nothing but the same steps gives the same codes. They are those of gemmlowp's fixedpoint.h, as
// LiteRT's kernels/internal/portable_tensor_utils.cc (`PortableApplySigmoid`, `PortableApplyTanh`) calls it.

/** A number of 16 bits with that many before the point, and one sign: `raw` / 2^(15 − bits). */
function constant(value: number, bits = 0): number {
  return Math.round(value * 2 ** (15 - bits))
}

const ONE = 32767 // of no bits before the point

/** The product of two, in the bits of both together: rounded to the nearest, halves up. */
function times(a: number, b: number): number {
  const product = a * b
  return Math.trunc((product + (product >= 0 ? 1 << 14 : 1 - (1 << 14))) / 32768)
}

/** By 2^power: divided it is rounded, halves away from zero; multiplied, it stays within 16 bits. */
export function scaled(value: number, power: number): number {
  if (power >= 0) return Math.max(-32768, Math.min(value * 2 ** power, 32767))
  const exact = value * 2 ** power
  return Math.sign(exact) * Math.floor(Math.abs(exact) + 0.5)
}

/** e^a of a in [−1/4, 0), by the polynomial of e^(a + 1/8) around 0. */
function exponentialOfQuarter(a: number): number {
  const x = a + constant(1 / 8)
  const square = times(x, x)
  const cube = times(square, x)
  const fourth = times(square, square)
  const higher = times(scaled(fourth, -2) + cube, constant(1 / 3)) + square
  return Math.min(constant(Math.exp(-1 / 8)) + times(constant(Math.exp(-1 / 8)), x + scaled(higher, -1)), ONE)
}

/** e^a of a ≤ 0 with `bits` before the point: that of its part below 1/4, times e^-2^k for each bit above. */
function exponential(a: number, bits: number): number {
  if (a === 0) return ONE
  const quarter = 2 ** (13 - bits)
  const low = (a & (quarter - 1)) - quarter
  let result = exponentialOfQuarter(scaled(low, bits))
  const high = low - a
  for (let power = -2; power < bits; power++)
    if (high & (2 ** (15 - bits + power))) result = times(result, constant(Math.exp(-(2 ** power))))
  return result
}

/** 2 / (1 + a) of a in [0, 1], with two bits before the point: three of Newton's steps. */
function reciprocal(a: number): number {
  const half = Math.trunc((a + ONE + 1) / 2)
  let x = constant(48 / 17, 2) + times(half, constant(-32 / 17, 2))
  for (let step = 0; step < 3; step++) x += scaled(times(x, constant(1, 2) - times(half, x)), 2)
  return x
}

/** 32768 / (1 + e^(−a / 4096)) of a ≥ 0. */
export function sigmoid(a: number): number {
  return a === 0 ? 1 << 14 : scaled(reciprocal(exponential(-a, 3)), 1)
}

/** 32768 · tanh(a / 2^(15 − bits)) of a ≥ 0. */
export function tanh(a: number, bits: number): number {
  // e^(−2a): the same digits, with one more before the point.
  return a === 0 ? 0 : scaled(reciprocal(exponential(-a, bits + 1)) - constant(1, 2), 2)
}
