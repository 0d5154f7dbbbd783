import type { WasmMemoryObject, WasmModule } from './api.ts'

/** A worker's place in a model: an instance of its own on the model's memory. */
export interface Seat {
  /** Of the model. */
  readonly key: number
  readonly number: number
  readonly module: WasmModule
  readonly memory: WasmMemoryObject
  /** Addresses: where the worker's stack ends and where it begins, growing downwards; and its variables. */
  readonly stack: readonly [end: number, top: number]
  readonly variables: number
}

/** What a worker is told: to have a model at hand, to work for it until it is dismissed, to forget it. */
export interface Order {
  readonly seat?: Seat
  readonly enter?: number
  readonly leave?: number
}

export interface PoolWorker {
  order(order: Order): void
  stop(): void
}

/** Starts a worker. `gone` is called when it ended by itself, and why. */
export type StartPoolWorker = (gone: (why: string) => void) => PoolWorker

/** A model that workers work for. */
export interface Team {
  readonly key: number
  readonly seats: readonly Seat[]
  /** Lets its workers come, or has them go. */
  dismiss(isDismissed: boolean): void
}

/**
 * The workers of one thread of JavaScript, for all of its models: these run one at a time, so the workers are always with the
 * model that ran last. They start with the first model, and end with the last one. Nobody waits for one: a model runs with
 * those that are there.
 */
export class Pool {
  readonly #start: StartPoolWorker
  readonly #teams = new Set<Team>()
  /** `undefined`: it ended, or could not be started. */
  #workers: (PoolWorker | undefined)[] = []
  #current: Team | undefined
  #hasWarned = false

  constructor(start: StartPoolWorker) {
    this.#start = start
  }

  enter(team: Team): void {
    this.#teams.add(team)
    while (this.#workers.length < team.seats.length) this.#begin()
    for (const seat of team.seats) this.#workers[seat.number]?.order({ seat })
    this.use(team)
  }

  /** Brings the workers to a model. They come when they come. */
  use(team: Team): void {
    if (this.#current === team) return
    this.#current?.dismiss(true)
    this.#current = team
    team.dismiss(false)
    for (const { number, key } of team.seats) this.#workers[number]?.order({ enter: key })
  }

  leave(team: Team): void {
    if (!this.#teams.delete(team)) return
    if (this.#current === team) this.#current = undefined
    team.dismiss(true)
    for (const { number, key } of team.seats) this.#workers[number]?.order({ leave: key })
    if (this.#teams.size > 0) return
    const workers = this.#workers
    this.#workers = []
    for (const worker of workers) worker?.stop()
  }

  #begin(): void {
    const workers = this.#workers
    const number = workers.length
    workers.push(undefined)
    try {
      workers[number] = this.#start((why) => {
        workers[number] = undefined
        if (workers === this.#workers) this.#warn(why)
      })
    } catch (error) {
      this.#warn(String(error))
    }
  }

  #warn(why: string): void {
    if (!this.#hasWarned) console.warn(`onnx-mlir: models run on fewer threads, a worker ended: ${why}`)
    this.#hasWarned = true
  }
}
