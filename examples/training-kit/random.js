/**
 * Seeded random numbers, so that the same seed gives the same data, the same weights and the same model file.
 * Only `Math.log`, `Math.exp` and `Math.sqrt` are used: JavaScript engines may round `sin`, `cos` and `pow` differently.
 */
export class Random {
  #state

  /** @param {number} seed any 32-bit integer */
  constructor(seed) {
    this.#state = seed >>> 0
  }

  /** Uniform in [0, 1): Tommy Ettinger's mulberry32. */
  uniform() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let bits = this.#state
    bits = Math.imul(bits ^ (bits >>> 15), bits | 1)
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61)
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32
  }

  /** True with the given probability. @param {number} probability */
  chance(probability) {
    return this.uniform() < probability
  }

  /** A whole number in [low, high]. @param {number} low @param {number} high */
  integer(low, high) {
    return low + Math.floor(this.uniform() * (high - low + 1))
  }

  /** Standard normal, by Marsaglia's polar method. */
  normal() {
    for (;;) {
      const x = 2 * this.uniform() - 1
      const y = 2 * this.uniform() - 1
      const square = x * x + y * y
      if (square > 0 && square < 1) return x * Math.sqrt((-2 * Math.log(square)) / square)
    }
  }

  /** Log-normal with the given median; `spread` is the standard deviation of its logarithm. @param {number} median @param {number} spread */
  logNormal(median, spread) {
    return median * Math.exp(spread * this.normal())
  }

  /** Exponential with the given mean. @param {number} mean */
  exponential(mean) {
    return -mean * Math.log(1 - this.uniform())
  }

  /** Index of one of the weights, each as likely as its share of the sum. @param {readonly number[]} weights */
  weighted(weights) {
    let left = this.uniform() * weights.reduce((sum, weight) => sum + weight, 0)
    return Math.max(
      0,
      weights.findIndex((weight) => (left -= weight) < 0),
    )
  }

  /** Fisher–Yates, in place. @param {Uint32Array} items */
  shuffle(items) {
    for (let last = items.length - 1; last > 0; last--) {
      const other = this.integer(0, last)
      const item = /** @type {number} */ (items[last])
      items[last] = /** @type {number} */ (items[other])
      items[other] = item
    }
    return items
  }
}
