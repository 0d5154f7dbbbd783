/** A round of runs lasts this long at least, in milliseconds: browsers round their clocks, some to a whole millisecond. */
const longEnough = 5
const rounds = 9

/** Times what takes microseconds with clocks that don't know them: rounds of many runs, and the median of the last rounds. */
export class Stopwatch {
  private readonly times: number[] = []
  private perRound = 1

  /** How many runs the median is over. */
  get runs(): number {
    return this.times.length * this.perRound
  }

  /** One more round; the median time of a run, in milliseconds. */
  time(run: () => void): number {
    for (;;) {
      const start = performance.now()
      for (let nth = 0; nth < this.perRound; nth++) run()
      const elapsed = performance.now() - start
      if (elapsed >= longEnough) {
        this.times.push(elapsed / this.perRound)
        break
      }
      // Rounds of different lengths are not compared.
      this.perRound *= 2
      this.times.length = 0
    }
    if (this.times.length > rounds) this.times.shift()
    return this.times.toSorted((a, b) => a - b)[Math.floor(this.times.length / 2)] ?? NaN
  }
}
