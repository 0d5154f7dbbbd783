import type { CheckedInput } from './input-port.ts'
import type { Result } from './results.ts'
import type { ModelSession } from './session.ts'

/** Milliseconds in which a run is on its way to another thread and back, at best. */
const QUICK = 0.05

/** Runs elsewhere that have to be quick before one is made on the caller's thread. */
const TRUST = 4

/**
 * Milliseconds of runs that are done at once in succession. An answer from elsewhere comes through the event loop, so that a loop
 * that awaits one run after the other lets others have their turn this often.
 */
const SPELL = 1

/**
 * Runs of a model whose time depends on nothing but the sizes of its inputs. Where it is shorter than the way to another
 * thread, they are done at once, which blocks nobody for longer than that way would have taken. What is quick is measured:
 * some runs elsewhere, and each that is done here.
 */
export class QuickRuns {
  /** Dimensions of a run that was quick: others that are as large at most are, too. */
  #quick: readonly (readonly number[])[] | undefined
  /** How many were quick since one was not that should have been. */
  #trust = 0
  /** What runs took here since the last one elsewhere. */
  #spent = 0

  /** @returns results, or a promise of them */
  run(
    session: ModelSession,
    inputs: readonly CheckedInput[],
  ): Record<string, Result> | Promise<Record<string, Result>> {
    if (this.#trust < TRUST || this.#spent > SPELL || !this.#isWithin(inputs)) {
      this.#spent = 0
      return session.run(inputs, (took) => this.#learn(inputs, took))
    }
    const start = performance.now()
    const results = session.runSync(inputs)
    const took = performance.now() - start
    this.#spent += took
    if (took >= QUICK) this.#doubt()
    return results
  }

  /** Of a run elsewhere. */
  #learn(inputs: readonly CheckedInput[], took: number): void {
    const isKnown = this.#isWithin(inputs)
    if (took >= QUICK) return isKnown ? this.#doubt() : undefined
    this.#trust++
    if (!isKnown) this.#quick = inputs.map(dimsOf)
  }

  #doubt(): void {
    this.#trust = 0
    this.#quick = undefined
  }

  /** Whether no input is larger than it was in the run that was quick, in any dimension. */
  #isWithin(inputs: readonly CheckedInput[]): boolean {
    const quick = this.#quick
    if (quick === undefined) return false
    for (let i = 0; i < inputs.length; i++) {
      const dims = dimsOf(inputs[i]!)
      const most = quick[i]!
      if (dims !== most && !dims.every((dim, axis) => dim <= most[axis]!)) return false
    }
    return true
  }
}

/** Models whose time is known have tensors only. */
function dimsOf(input: CheckedInput): readonly number[] {
  return (input as { readonly dims?: readonly number[] }).dims ?? []
}
