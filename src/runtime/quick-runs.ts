import type { CheckedInput } from './input-port.ts'
import type { Result } from './results.ts'
import type { ModelSession } from './session.ts'
import { MOST_DECIDING, type Steadiness } from './steadiness.ts'
import type { CheckedTensor } from './tensor-input.ts'
import { inTurn } from './turns.ts'

/** Milliseconds in which a run is on its way to another thread and back: at best, and what counts of it at most. */
const QUICK = 0.05
const MOST_QUICK = 0.1

/** Runs elsewhere that have to be quick before one is made on the caller's thread. */
const TRUST = 4

/** What of the inputs decides how long a run takes. */
interface Case {
  readonly dims: readonly (readonly number[])[]
  /** Elements of those inputs that decide by them, copied; `undefined` where there are too many to look at. */
  readonly elements: readonly (CheckedTensor['data'] | undefined)[]
}

/**
 * Runs of a model whose time depends on nothing but what can be looked at before: the sizes of its inputs, and the elements of a
 * few. Where it is shorter than the way to another thread, they are done at once, which blocks nobody for longer than that way
 * would have taken. What is quick is measured: some runs elsewhere, and each that is done here.
 */
export class QuickRuns {
  readonly #deciding: readonly number[]
  readonly #grows: boolean
  /** Milliseconds that the way takes here, about: on virtual machines, and where the event loop is busy, more than at best. */
  #way = QUICK
  /** A run that was quick: others of the same elements are, too, whose sizes are the same, or smaller where larger take longer. */
  #quick: Case | undefined
  /** How many were quick since one was not that should have been. */
  #trust = 0

  constructor({ inputs = [], grows = false }: Steadiness) {
    this.#deciding = inputs
    this.#grows = grows
  }

  /**
   * @param asked when the run was asked for, by `performance.now()`: before its inputs were checked
   * @returns results, or a promise of them
   */
  run(
    session: ModelSession,
    inputs: readonly CheckedInput[],
    asked: number,
  ): Record<string, Result> | Promise<Record<string, Result>> {
    // Models whose time is known have tensors only.
    const tensors = inputs as readonly CheckedTensor[]
    const isKnown = this.#isWithin(tensors)
    if (this.#trust < TRUST || !isKnown) {
      const given = isKnown ? undefined : this.#caseOf(tensors)
      const start = performance.now()
      return session.run(inputs, (took) => {
        this.#learn(given, took)
        const way = performance.now() - start - took
        this.#way += (Math.min(Math.max(way, QUICK), MOST_QUICK) - this.#way) / 4
      })
    }
    const start = performance.now()
    const results = session.runSync(inputs)
    const end = performance.now()
    // One may have been interrupted: the next goes elsewhere and tells.
    if (end - start >= this.#way) this.#trust = TRUST - 1
    return inTurn(results, end - asked)
  }

  /**
   * Of a run elsewhere. One that was begun before runs here were trusted tells nothing new by having been slow: a thread that was
   * asleep has cold caches. `given`: what it was given, unless that was known to be quick.
   */
  #learn(given: Case | undefined, took: number): void {
    if (took < this.#way) {
      this.#trust++
      if (given) this.#quick = given
    } else if (!given && this.#trust < TRUST) {
      this.#trust = 0
      this.#quick = undefined
    }
  }

  /** As it is now: the caller may write to the inputs while they are run. */
  #caseOf(inputs: readonly CheckedTensor[]): Case {
    const elements = this.#deciding.map((i) => {
      const { data } = inputs[i]!
      return data.length > MOST_DECIDING ? undefined : data.slice()
    })
    return { dims: inputs.map(({ dims }) => dims), elements }
  }

  #isWithin(inputs: readonly CheckedTensor[]): boolean {
    const quick = this.#quick
    if (quick === undefined) return false
    for (let i = 0; i < inputs.length; i++) {
      const { dims } = inputs[i]!
      const most = quick.dims[i]!
      if (dims !== most && !dims.every((dim, axis) => (this.#grows ? dim <= most[axis]! : dim === most[axis])))
        return false
    }
    for (let k = 0; k < this.#deciding.length; k++)
      if (!areSame(inputs[this.#deciding[k]!]!.data, quick.elements[k])) return false
    return true
  }
}

/** Of arrays of one length. */
function areSame(data: CheckedTensor['data'], known: CheckedTensor['data'] | undefined): boolean {
  if (known === undefined) return false
  for (let i = 0; i < data.length; i++) if (!Object.is(data[i], known[i])) return false
  return true
}
