// Prints coefficients.h, the numbers that the functions of <math.h> are made of: `node native/freestanding/coefficients.js`.
import {
  atan,
  exp,
  fixed,
  LN2,
  log,
  ONE,
  over,
  PI,
  ratio,
  remez,
  series,
  squareRoot,
  times,
  toDouble,
} from '../remez.js'

/** C writes doubles exactly in base 16. */
function hexadecimal(x) {
  if (x === 0) return '0.0'
  let exponent = Math.floor(Math.log2(Math.abs(x)))
  if (2 ** exponent > Math.abs(x)) exponent--
  const digits = ((Math.abs(x) / 2 ** exponent - 1) * 2 ** 52).toString(16).padStart(13, '0').replace(/0+$/, '')
  return `${x < 0 ? '-' : ''}0x1${digits === '' ? '' : `.${digits}`}p${exponent < 0 ? '' : '+'}${exponent}`
}

const lines = []
const lossOf = (worst) => Math.floor(Math.log2(worst) * 10) / 10

function polynomial(name, meaning, problem) {
  const { coefficients, worst } = remez(problem)
  lines.push(`/* ${meaning}: largest error 2^${lossOf(worst).toFixed(1)}. */`)
  table(name, coefficients.map(toDouble))
}

function table(name, values) {
  lines.push(`static const double om_${name}[] = {`)
  for (let i = 0; i < values.length; i += 4) {
    lines.push(
      `    ${values
        .slice(i, i + 4)
        .map(hexadecimal)
        .join(', ')},`,
    )
  }
  lines.push('};')
}

/** A number as a sum of doubles, the first ones of so many bits and the last of all that it has. */
function parts(name, value, ...bits) {
  let rest = value
  bits.forEach((count, i) => {
    const drop = BigInt(rest.toString(2).replace('-', '').length - count)
    const part = toDouble((rest >> drop) << drop)
    define(`${name}_${i + 1}`, part)
    rest -= fixed(part)
  })
  define(`${name}_${bits.length + 1}`, toDouble(rest))
}

function define(name, value) {
  lines.push(`#define OM_${name} ${hexadecimal(value)}`)
}

const TWO_OVER_ROOT_PI = over(2n * ONE, squareRoot(PI))

/** e^(x^2) erfc(x): what erf lacks, by Kummer's series; a continued fraction (Laplace) where that is lost in rounding. */
function scaledErfc(x) {
  if (x < 6n * ONE) {
    const square = 2n * times(x, x)
    return exp(times(x, x)) - series(times(TWO_OVER_ROOT_PI, x), (term, n) => times(term, square) / BigInt(2 * n + 3))
  }
  let value = 0n
  for (let n = 200n; n > 0n; n--) value = over((n * ONE) / 2n, x + value)
  return over(ONE, times(squareRoot(PI), x + value))
}

/** Sum of c(n) z^n. */
function powers(c, z) {
  let power = ONE
  let sum = 0n
  for (let n = 0; power > 1n || power < -1n; n++) {
    sum += times(c(n), power)
    power = times(power, z)
  }
  return sum
}

const arcsine = [ONE]
for (let n = 1n; n < 300n; n++) arcsine.push((arcsine.at(-1) * (2n * n - 1n)) / (2n * n))

const FAR = 3.75
const near = (x) => (x - FAR) / (x + FAR)

parts('LN2', LN2, 42)
parts('LOG2E', over(ONE, LN2), 26)
parts('LOG10E', over(ONE, log(10n * ONE)), 26)
parts('LOG10_2', over(LN2, log(10n * ONE)), 42)
define('LOG2E', toDouble(over(ONE, LN2)))
define('LOG10E', toDouble(over(ONE, log(10n * ONE))))
define('TWO_OVER_PI', toDouble(over(2n * ONE, PI)))
parts('QUARTER', PI / 2n, 33, 33, 33)
parts('HALF_PI', PI / 2n, 53)
parts('LN2_FULL', LN2, 53)

polynomial('expm1_terms', 'e^r = 1 + r + r^2 / 2 + r^3 p(r), |r| <= ln 2 / 2; relative to e^r - 1', {
  f: (r) => series(ONE / 6n, (term, n) => times(term, r) / BigInt(n + 4)),
  weight: (r) => times(r, r),
  from: -0.34667,
  to: 0.34667,
  degree: 9,
})
polynomial('log_terms', 'log(1 + r) = r - r^2 / 2 + r^3 p(r), |r| <= 1 / 64; relative', {
  f: (r) => powers((n) => ratio(n % 2 === 0 ? 1 : -1, n + 3), r),
  weight: (r) => times(r, r),
  from: -1 / 63,
  to: 1 / 63,
  degree: 7,
})
polynomial('sin_terms', 'sin(r) = r - r^3 / 6 + r z^2 p(z), z = r^2, |r| <= pi / 4; relative', {
  f: (z) => series(ONE / 120n, (term, n) => -times(term, z) / BigInt((2 * n + 6) * (2 * n + 7))),
  weight: (z) => times(z, z),
  from: 0,
  to: 0.6169,
  degree: 4,
})
polynomial('cos_terms', 'cos(r) = 1 - z / 2 + z^2 p(z)', {
  f: (z) => series(ONE / 24n, (term, n) => -times(term, z) / BigInt((2 * n + 5) * (2 * n + 6))),
  weight: (z) => times(z, z),
  from: 0,
  to: 0.6169,
  degree: 5,
})
polynomial('atan_terms', 'atan(t) = t + t z p(z), z = t^2, |t| <= 1 / 16; relative', {
  f: (z) => powers((n) => ratio(n % 2 === 0 ? -1 : 1, 2 * n + 3), z),
  weight: (z) => z,
  from: 0,
  to: 1 / 255,
  degree: 4,
})
polynomial('asin_terms', 'asin(x) = x + x z p(z), z = x^2, |x| <= 1 / 2; relative', {
  f: (z) => powers((n) => arcsine[n + 1] / BigInt(2 * n + 3), z),
  weight: (z) => z,
  from: 0,
  to: 0.25,
  degree: 12,
})
polynomial('sinh_terms', 'sinh(x) = x + x z p(z), z = x^2, |x| <= 0.35; relative', {
  f: (z) => series(ONE / 6n, (term, n) => times(term, z) / BigInt((2 * n + 4) * (2 * n + 5))),
  weight: (z) => z,
  from: 0,
  to: 0.125,
  degree: 4,
})
polynomial('erf_terms', 'erf(x) = 9/8 x - 3/8 x^3 + x p(z), z = x^2, |x| <= 0.65; relative', {
  f: (z) => {
    // The Maclaurin series, whose n-th term is (-z)^n / (n! (2n + 1)).
    let power = TWO_OVER_ROOT_PI
    let sum = 0n
    for (let n = 0n; power > 1n || power < -1n; n++) {
      sum += power / (2n * n + 1n)
      power = -times(power, z) / (n + 1n)
    }
    return sum - fixed(9 / 8) + times(fixed(3 / 8), z)
  },
  weight: () => ONE,
  from: 0,
  to: 0.423,
  degree: 10,
})
polynomial(
  'erfc_terms',
  '(1 + 2 x) e^(x^2) erfc(x) = 5/4 - t / 8 + p(t), t = (x - 3.75) / (x + 3.75), 0.65 <= x <= 28',
  {
    f: (t) => {
      const x = over(times(fixed(FAR), ONE + t), ONE - t)
      return times(ONE + 2n * x, scaledErfc(x)) - fixed(5 / 4) + t / 8n
    },
    weight: () => ONE,
    from: near(0.649),
    to: near(28),
    degree: 22,
  },
)

lines.push('/* atan(i / 8): high and low parts. */')
const angles = Array.from({ length: 9 }, (_, i) => (i === 0 ? 0n : atan(ratio(i, 8))))
table(
  'angles',
  angles.flatMap((angle) => [toDouble(angle), toDouble(angle - fixed(toDouble(angle)))]),
)

// Intervals of 1/64 of a mantissa in [11/16, 11/8): the two that meet at 1 have 1 itself, so that log(1) is 0.
lines.push('/* 1 / c for the middle c of 64 intervals, in 9 bits, and log(c): high and low parts. */')
const inverses = Array.from({ length: 64 }, (_, i) => {
  const from = i < 40 ? 0.6875 + i / 128 : 1 + (i - 40) / 64
  const width = i < 40 ? 1 / 128 : 1 / 64
  return i === 39 || i === 40 ? 1 : Math.round(256 / (from + width / 2)) / 256
})
table(
  'log_table',
  inverses.flatMap((inverse) => {
    const value = inverse === 1 ? 0n : log(over(ONE, fixed(inverse)))
    return [inverse, toDouble(value), toDouble(value - fixed(toDouble(value)))]
  }),
)

lines.push('/* 2 / pi in base 2^64, behind a point and one digit 0. */')
lines.push('static const uint64_t om_two_over_pi_digits[] = {')
lines.push('    0x0,')
// The other numbers have 256 bits; this one needs all the exponents that a double has.
const digits = (2n << 3200n) / machin(1600n)
for (let i = 1n; i <= 20n; i++)
  lines.push(`    0x${((digits >> (1600n - 64n * i)) & 0xffffffffffffffffn).toString(16)},`)
lines.push('};')

/** pi 2^bits, by J. Machin's formula (1706), with bits to spare. */
function machin(bits) {
  const spare = 64n
  const one = 1n << (bits + spare)
  const inverseTangent = (n) => {
    let power = one / n
    let sum = 0n
    for (let k = 1n; power > 0n; k += 2n) {
      sum += k % 4n === 1n ? power / k : -power / k
      power /= n * n
    }
    return sum
  }
  return (4n * (4n * inverseTangent(5n) - inverseTangent(239n))) >> spare
}

console.log(`/* Made by coefficients.js. Polynomials have their lowest power first; numbers in parts are sums of doubles. */
#ifndef OM_FREESTANDING_COEFFICIENTS_H
#define OM_FREESTANDING_COEFFICIENTS_H

#include <stdint.h>

${lines.join('\n')}

#endif`)
