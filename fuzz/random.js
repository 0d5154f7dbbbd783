/** Numbers that look random and are the same on every run: mulberry32 (public domain, Tommy Ettinger). */
export class Random {
  /** @param {...number} parts what the sequence is a function of, such as seed and case number */
  constructor(...parts) {
    this.state = 0x9e3779b9
    for (const part of parts) {
      this.state = (this.state ^ part) | 0
      this.state = Math.imul(this.#next() ^ Math.floor(part / 2 ** 32), 0x85ebca6b)
    }
  }

  /** A whole number from 0 to `count - 1`; 0 where `count` is. */
  below(count) {
    return count > 0 ? this.#next() % count : 0
  }

  /** A whole number from `low` to `high`, both included. */
  between(low, high) {
    return low + this.below(high - low + 1)
  }

  /** A number from 0 to 1, 1 excluded. */
  unit() {
    return this.#next() / 2 ** 32
  }

  chance(probability) {
    return this.unit() < probability
  }

  /** An element of a list; `undefined` of an empty one. */
  pick(list) {
    return list[this.below(list.length)]
  }

  /** The elements of a list in another order. */
  shuffle(list) {
    const left = [...list]
    return list.map(() => left.splice(this.below(left.length), 1)[0])
  }

  #next() {
    this.state = (this.state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
}
