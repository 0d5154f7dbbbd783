// Minimax polynomials by E. Remez's exchange algorithm (1934): the polynomial p of a degree whose largest weighted error
// |p(x) - f(x)| * w(x) over an interval is least, found by levelling the error on degree + 2 points and moving these to
// the error's extrema until they stay. Numbers are BigInts of 256 bits behind the point, so that nothing is lost before
// the coefficients are rounded.

export const BITS = 256n
export const ONE = 1n << BITS

/** A double, exactly. */
export function fixed(x) {
  let scale = 0
  while (!Number.isInteger(x)) {
    x *= 2
    scale++
  }
  return (BigInt(x) << BITS) >> BigInt(scale)
}

export const ratio = (a, b) => (BigInt(a) << BITS) / BigInt(b)
export const times = (a, b) => (a * b) >> BITS
export const over = (a, b) => (a << BITS) / b
const size = (a) => (a < 0n ? -a : a)

/** The nearest double: a quotient of integers of 60 bits and a power of two would round twice, so by hand. */
export function toDouble(a) {
  const magnitude = size(a)
  const shift = magnitude.toString(2).length - 53
  const cut = BigInt(Math.max(shift, 0))
  let whole = magnitude >> cut
  const rest = magnitude - (whole << cut)
  const half = cut > 0n ? 1n << (cut - 1n) : 1n
  if (rest > half || (rest === half && whole % 2n === 1n)) whole += 1n
  const value = Number(whole) * 2 ** Number(cut - BITS)
  return a < 0n ? -value : value
}

export function squareRoot(a) {
  const n = a << BITS
  let root = 1n << BigInt((n.toString(2).length + 1) >> 1)
  for (;;) {
    const next = (root + n / root) >> 1n
    if (next >= root) return root
    root = next
  }
}

/** Sum of terms until they vanish; `next(term, n)` is the term after the n-th. */
export function series(first, next) {
  let sum = 0n
  let term = first
  for (let n = 0; size(term) > 1n; n++) {
    sum += term
    term = next(term, n)
  }
  return sum
}

export function exp(x) {
  const halvings = 8n
  let value = series(ONE, (term, n) => (times(term, x) >> halvings) / BigInt(n + 1))
  for (let i = 0n; i < halvings; i++) value = times(value, value)
  return value
}

/** The sum of x^n / n from n = 1 on, every second of them. */
function oddPowers(x, sign) {
  const square = times(x, x) * sign
  let power = x
  let sum = 0n
  for (let n = 1n; size(power) > 0n; n += 2n) {
    sum += power / n
    power = times(power, square)
    if (power === -1n) break
  }
  return sum
}

/** log(x) = 2 atanh((x - 1) / (x + 1)), of roots that are near to 1. */
export function log(x) {
  let root = x
  for (let i = 0; i < 4; i++) root = squareRoot(root)
  return 32n * oddPowers(over(root - ONE, root + ONE), 1n)
}

/** By halving the angle. */
export function atan(x) {
  let t = x
  for (let i = 0; i < 4; i++) t = over(t, ONE + squareRoot(ONE + times(t, t)))
  return 16n * oddPowers(t, -1n)
}

export const PI = 4n * atan(ONE)
export const LN2 = log(2n * ONE)

/** Solves the square system by elimination with pivoting. */
function solve(rows, right) {
  const n = rows.length
  const m = rows.map((row, i) => [...row, right[i]])
  for (let i = 0; i < n; i++) {
    let pivot = i
    for (let r = i + 1; r < n; r++) if (size(m[r][i]) > size(m[pivot][i])) pivot = r
    ;[m[i], m[pivot]] = [m[pivot], m[i]]
    for (let r = 0; r < n; r++) {
      if (r === i) continue
      const factor = over(m[r][i], m[i][i])
      for (let c = i; c <= n; c++) m[r][c] -= times(factor, m[i][c])
    }
  }
  return m.map((row, i) => over(row[n], row[i]))
}

const horner = (coefficients, x) => coefficients.reduceRight((sum, c) => times(sum, x) + c, 0n)

/**
 * Coefficients, lowest power first, and the levelled error. `f` and `weight` take and give fixed-point numbers, `from` and
 * `to` are doubles or fixed-point numbers.
 */
export function remez({ f, weight, from, to, degree, samples = 1500 }) {
  const [low, high] = [from, to].map((x) => (typeof x === 'bigint' ? x : fixed(x)))
  // Denser to the ends, where extrema are.
  const grid = Array.from({ length: samples + 1 }, (_, i) => {
    const cosine = fixed(Math.round(Math.cos((Math.PI * i) / samples) * 2 ** 50) / 2 ** 50)
    return (low + high - times(high - low, cosine)) / 2n
  })
  const values = grid.map(f)
  // Where a weight vanishes, the error there is of no interest, but has to stay finite.
  const weights = grid.map((x) => size(weight(x)) + (ONE >> 60n))
  const count = degree + 2
  let points = Array.from({ length: count }, (_, i) => Math.round((i * samples) / (count - 1)))
  let coefficients = []
  let errors = []
  for (let round = 0; round < 30; round++) {
    const rows = points.map((at, i) => {
      const row = [ONE]
      for (let d = 1; d <= degree; d++) row.push(times(row[d - 1], grid[at]))
      return [...row, over(i % 2 === 0 ? ONE : -ONE, weights[at])]
    })
    coefficients = solve(
      rows,
      points.map((at) => values[at]),
    ).slice(0, -1)
    errors = grid.map((x, i) => times(horner(coefficients, x) - values[i], weights[i]))
    // Between two sign changes of the error lies one extremum: take the largest sample of each stretch.
    const extrema = []
    for (const [i, error] of errors.entries()) {
      const last = extrema.at(-1)
      if (last === undefined || error > 0n !== errors[last] > 0n) extrema.push(i)
      else if (size(error) > size(errors[last])) extrema[extrema.length - 1] = i
    }
    while (extrema.length > count) {
      if (size(errors[extrema[0]]) < size(errors[extrema.at(-1)])) extrema.shift()
      else extrema.pop()
    }
    if (extrema.length < count || extrema.every((at, i) => at === points[i])) break
    points = extrema
  }
  const worst = errors.reduce((most, error) => (size(error) > most ? size(error) : most), 0n)
  return { coefficients, worst: toDouble(worst) }
}
