import { type ElementType, elementTypes } from '../onnx/element-type.ts'

// Integers of ONNX in JavaScript, whatever their size; native/kernels has the same functions in C.

export function minimum(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}

export function maximum(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}

export function absolute(a: bigint): bigint {
  return a < 0n ? -a : a
}

/** The largest integer that divides both; never negative. */
export function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  let [x, y] = [absolute(a), absolute(b)]
  while (y !== 0n) [x, y] = [y, x % y]
  return x
}

/** a / b rounded towards zero; 0 where b is 0. */
export function truncDivide(a: bigint, b: bigint): bigint {
  return b === 0n ? 0n : a / b
}

/** The remainder with the sign of a, as in C; 0 where b is 0. */
export function remainder(a: bigint, b: bigint): bigint {
  return b === 0n ? 0n : a % b
}

/** ⌊a / b⌋; 0 where b is 0. */
export function floorDivide(a: bigint, b: bigint): bigint {
  const rest = remainder(a, b)
  return truncDivide(a, b) - (rest !== 0n && rest < 0n !== b < 0n ? 1n : 0n)
}

/** The remainder with the sign of b; 0 where b is 0. */
export function modulo(a: bigint, b: bigint): bigint {
  const rest = remainder(a, b)
  return rest !== 0n && rest < 0n !== b < 0n ? rest + b : rest
}

/** base^exponent modulo 2^64, by squaring; a negative exponent gives the fraction cut to a whole number. */
export function power(base: bigint, exponent: bigint): bigint {
  if (exponent < 0n) return base === 1n ? 1n : base === -1n ? (exponent % 2n === 0n ? 1n : -1n) : 0n
  let [result, square] = [1n, base]
  for (let left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) result = BigInt.asUintN(64, result * square)
    square = BigInt.asUintN(64, square * square)
  }
  return result
}

/** The nearest number that is an integer and exact: beyond 2^53 only the direction matters to sizes, bounds and axes. */
export function saturated(value: bigint): number {
  const limit = BigInt(Number.MAX_SAFE_INTEGER)
  return Number(minimum(maximum(value, -limit), limit))
}

/** The integer that is left of `value` in an integer type: its low bits, in two's complement for signed types. */
export function wrapTo(type: ElementType, value: bigint): bigint {
  const { bits } = elementTypes[type]
  return type.startsWith('u') ? BigInt.asUintN(bits, value) : BigInt.asIntN(bits, value)
}
