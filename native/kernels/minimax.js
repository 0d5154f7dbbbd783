// Prints the polynomials of elementary.h and its siblings, and the bits of 1 / (2 pi) in elementary-angles.h:
// `node native/kernels/minimax.js`.
// Remez's exchange algorithm (E. Remez, 1934) in double: the polynomial p of a degree whose largest weighted error
// |p(x) - f(x)| * w(x) over an interval is least, found by levelling the error on degree + 2 points and moving these to
// the error's extrema until they stay.

/** Solves the square system by elimination with pivoting. */
function solve(rows, right) {
  const n = rows.length
  const m = rows.map((row, i) => [...row, right[i]])
  for (let i = 0; i < n; i++) {
    let pivot = i
    for (let r = i + 1; r < n; r++) if (Math.abs(m[r][i]) > Math.abs(m[pivot][i])) pivot = r
    ;[m[i], m[pivot]] = [m[pivot], m[i]]
    for (let r = 0; r < n; r++) {
      if (r === i) continue
      const factor = m[r][i] / m[i][i]
      for (let c = i; c <= n; c++) m[r][c] -= factor * m[i][c]
    }
  }
  return m.map((row, i) => row[n] / row[i])
}

const horner = (coefficients, x) => coefficients.reduceRight((sum, c) => sum * x + c, 0)

/** Coefficients, lowest power first, and the levelled error. Solved for powers of x / scale, which are of one size. */
function remez({ f, weight, from, to, degree, samples = 20_000 }) {
  const scale = Math.max(-from, to)
  const count = degree + 2
  let points = Array.from(
    { length: count },
    (_, i) => (from + to) / 2 - ((to - from) / 2) * Math.cos((Math.PI * i) / (count - 1)),
  )
  let coefficients = []
  for (let round = 0; round < 30; round++) {
    const rows = points.map((x, i) => [
      ...Array.from({ length: degree + 1 }, (_, d) => (x / scale) ** d),
      (-1) ** i / weight(x),
    ])
    coefficients = solve(rows, points.map(f))
      .slice(0, -1)
      .map((c, d) => c / scale ** d)
    const error = (x) => (horner(coefficients, x) - f(x)) * weight(x)
    // Between two sign changes of the error lies one extremum: take the largest sample of each stretch.
    const extrema = []
    for (let i = 0; i <= samples; i++) {
      const x = from + ((to - from) * i) / samples
      const last = extrema.at(-1)
      if (last === undefined || Math.sign(error(x)) !== Math.sign(error(last))) extrema.push(x)
      else if (Math.abs(error(x)) > Math.abs(error(last))) extrema[extrema.length - 1] = x
    }
    if (extrema.length < count) break
    while (extrema.length > count) {
      if (Math.abs(error(extrema[0])) < Math.abs(error(extrema.at(-1)))) extrema.shift()
      else extrema.pop()
    }
    points = extrema
  }
  let worst = 0
  for (let i = 0; i <= 20_000; i++) {
    const x = from + ((to - from) * i) / 20_000
    worst = Math.max(worst, Math.abs((horner(coefficients, x) - f(x)) * weight(x)))
  }
  return { coefficients, worst }
}

/** Sum of a power series in x from the power `first` on. */
function series(term, x, first) {
  let sum = 0
  for (let n = first + 60; n >= first; n--) sum = sum * x + term(n)
  return sum
}

/** erfc in double: Maclaurin series of erf below 2, Lentz's continued fraction above. */
function erfc(x) {
  if (x < 2) {
    let term = x
    let sum = x
    for (let n = 1; n < 80; n++) {
      term *= (-x * x) / n
      sum += term / (2 * n + 1)
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * sum
  }
  let fraction = 0
  for (let n = 120; n > 0; n--) fraction = n / 2 / (x + fraction)
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / (x + fraction)
}

const factorials = [1]
for (let n = 1; n < 140; n++) factorials.push(n * factorials[n - 1])
const factorial = (n) => factorials[n]

const wanted = {
  // e^r = 1 + r + r^2 p(r), |r| <= ln 2 / 2; weighted to the relative error of e^r - 1.
  expm1: {
    f: (r) => series((n) => 1 / factorial(n), r, 2),
    weight: (r) => Math.abs(r) + 1e-9,
    from: -Math.LN2 / 2 - 1e-4,
    to: Math.LN2 / 2 + 1e-4,
    degree: 4,
  },
  // log(1 + f) = f - f^2 / 2 + f^3 p(f), 2/3 <= 1 + f < 4/3.
  log: {
    f: (f) =>
      Math.abs(f) < 0.05 ? series((n) => (-1) ** (n + 1) / n, f, 3) : (Math.log1p(f) - f + (f * f) / 2) / f ** 3,
    weight: (f) => f * f + 1e-9,
    from: 2 / 3 - 1,
    to: 1 / 3,
    degree: 7,
  },
  // log(1 + u) = 2 atanh(s) = 2 s + s^3 p(s^2), s = u / (2 + u), 0 <= u <= 1; weighted to the relative error.
  atanh: {
    f: (square) => series((n) => 2 / (2 * n + 1), square, 1),
    weight: (square) => square / 2 + 1e-9,
    from: 0,
    to: 1 / 9,
    degree: 3,
  },
  // log(erfc(a)) = a p(a), 0 <= a <= 4, where erf(a) rounds to 1 beyond; weighted to the relative error of erf(a).
  erf: {
    f: (a) => (a < 1e-4 ? -2 / Math.sqrt(Math.PI) - (2 / Math.PI) * a : Math.log(erfc(a)) / a),
    weight: (a) => (a < 1e-4 ? Math.sqrt(Math.PI) / 2 : (a * erfc(a)) / (1 - erfc(a))),
    from: 0,
    to: 4,
    degree: 8,
  },
  // sin(r) = r + r z p(z), z = r^2, |r| <= pi / 4; weighted to the relative error.
  sin: {
    f: (z) => series((n) => (-1) ** n / factorial(2 * n + 1), z, 1),
    weight: (z) => z + 1e-9,
    from: 0,
    to: (Math.PI / 4) ** 2 + 1e-4,
    degree: 2,
  },
  // cos(r) = 1 - z / 2 + z^2 p(z), z = r^2, |r| <= pi / 4.
  cos: {
    f: (z) => series((n) => (-1) ** n / factorial(2 * n), z, 2),
    weight: (z) => z * z + 1e-9,
    from: 0,
    to: (Math.PI / 4) ** 2 + 1e-4,
    degree: 2,
  },
  // atan(t) = t + t z p(z), z = t^2, |t| <= tan(pi / 8).
  atan: {
    f: (z) => series((n) => (-1) ** n / (2 * n + 1), z, 1),
    weight: (z) => z + 1e-9,
    from: 0,
    to: Math.tan(Math.PI / 8) ** 2,
    degree: 3,
  },
  // asin(s) = s + s z p(z), z = s^2, |s| <= 1 / 2.
  asin: {
    f: (z) => series((n) => factorial(2 * n) / (4 ** n * factorial(n) ** 2 * (2 * n + 1)), z, 1),
    weight: (z) => z + 1e-9,
    from: 0,
    to: 1 / 4,
    degree: 4,
  },
  // sinh(x) = x + x z p(z), z = x^2, |x| <= 1.
  sinh: {
    f: (z) => series((n) => 1 / factorial(2 * n + 1), z, 1),
    weight: (z) => z + 1e-9,
    from: 0,
    to: 1,
    degree: 2,
  },
  // log2(m) = s p(s^2), s = (m - 1) / (m + 1), 1 / sqrt(2) <= m <= sqrt(2).
  log2: {
    f: (z) => (2 / Math.LN2) * series((n) => 1 / (2 * n + 1), z, 0),
    weight: () => Math.LN2 / 2,
    from: 0,
    to: ((Math.SQRT2 - 1) / (Math.SQRT2 + 1)) ** 2,
    degree: 4,
    samples: 2000, // of more, the error between two differs by less than its rounding
    double: true,
  },
  // 2^f, |f| <= 1 / 2.
  exp2: {
    f: (f) => 2 ** f,
    weight: (f) => 2 ** -f,
    from: -1 / 2,
    to: 1 / 2,
    degree: 6,
    double: true,
  },
}

for (const [name, problem] of Object.entries(wanted)) {
  const { coefficients, worst } = remez(problem)
  console.log(`${name}: largest weighted error ${worst.toExponential(2)} = 2^${Math.log2(worst).toFixed(1)}`)
  const rounded = problem.double ? (value) => value : Math.fround
  for (const [power, value] of coefficients.entries()) console.log(`  x^${power} ${rounded(value)}`)
}

/** atan(1 / n) in units of 2^-bits, by its series. */
function arctangentOfInverse(n, bits) {
  let [sum, power] = [0n, (1n << bits) / n]
  for (let k = 1n; power !== 0n; k += 2n) {
    sum += (k % 4n === 1n ? power : -power) / k
    power /= n * n
  }
  return sum
}

// Words of 2^-10 / (2 pi), in units of 2^-32, 2^-64 and so on. Pi by Machin's formula (1706).
const bits = 256n
const pi = 4n * (4n * arctangentOfInverse(5n, bits) - arctangentOfInverse(239n, bits))
const turn = (1n << (2n * bits - 10n)) / (2n * pi)
const words = Array.from({ length: 6 }, (_, i) => BigInt.asUintN(32, turn >> (bits - 32n * BigInt(i + 1))))
console.log(`turns: ${words.map((word) => `0x${word.toString(16)}`).join(' ')}`)
