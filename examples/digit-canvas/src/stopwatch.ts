/** A round of runs lasts this long at least, in milliseconds: browsers round their clocks, some to a whole millisecond. */
const longEnough = 4

/** Times what takes microseconds with clocks that don't know them: rounds of many runs, and the median of the last rounds. */
export class Stopwatch {
  private readonly times: number[] = []
  private perRound = 16

  /** Of what the time is the median, in words. */
  get over(): string {
    return `median of ${this.times.length} rounds of ${this.perRound} runs`
  }

  /** Five more rounds; the median time of a run over the last fifteen, in milliseconds. */
  time(run: () => void): number {
    for (let more = 5; more > 0;) {
      const start = performance.now()
      for (let nth = 0; nth < this.perRound; nth++) run()
      const elapsed = performance.now() - start
      if (elapsed < longEnough) {
        // Rounds of different lengths are not compared.
        this.perRound *= 2
        this.times.length = 0
        more = 5
      } else {
        this.times.push(elapsed / this.perRound)
        more--
      }
    }
    this.times.splice(0, this.times.length - 15)
    return this.times.toSorted((a, b) => a - b)[Math.floor(this.times.length / 2)] ?? NaN
  }
}
