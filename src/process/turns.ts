export interface TurnOptions {
  /** Aborting ends the wait; work that has begun is not ended by it. */
  readonly signal?: AbortSignal
  /** Called once, before a wait, with the names of what is going on. */
  readonly onWait?: (running: readonly string[]) => void
}

/** A counting semaphore: so much work at a time, and the rest waits in the order in which it came. */
export class Turns {
  private free: number
  private readonly running: string[] = []
  private readonly waiting: (() => void)[] = []

  /** @param atOnce pieces of work that may go on at the same time */
  constructor(atOnce: number) {
    this.free = atOnce
  }

  /**
   * Does `work` when its turn has come.
   *
   * @param name what the others are told that they wait for
   * @throws the signal's reason when aborted before the turn came
   */
  async take<Result>(name: string, work: () => Promise<Result>, options: TurnOptions = {}): Promise<Result> {
    options.signal?.throwIfAborted()
    if (this.free > 0) this.free--
    else {
      options.onWait?.([...this.running])
      await this.handedOver(options.signal)
    }
    this.running.push(name)
    try {
      return await work()
    } finally {
      this.running.splice(this.running.indexOf(name), 1)
      // Handed over instead of freed: whoever comes now must not overtake those who wait.
      const next = this.waiting.shift()
      if (next) next()
      else this.free++
    }
  }

  private handedOver(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const begin = (): void => {
        signal?.removeEventListener('abort', leave)
        resolve()
      }
      const leave = (): void => {
        this.waiting.splice(this.waiting.indexOf(begin), 1)
        reject(signal?.reason)
      }
      this.waiting.push(begin)
      signal?.addEventListener('abort', leave, { once: true })
    })
  }
}
