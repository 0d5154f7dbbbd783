import type { CheckedInput } from './input-port.ts'
import type { BoundModel } from './model.ts'
import type { Result } from './results.ts'

/** A model that is loaded, whatever runs it: inputs that were checked in, results by name out. */
export interface ModelSession {
  /** On this thread. Throws a ModelRunError. */
  runSync(inputs: readonly CheckedInput[]): Record<string, Result>
  /**
   * On another thread. What it needs of the inputs is copied before it returns.
   *
   * @param took is told how many milliseconds the run itself took
   */
  run(inputs: readonly CheckedInput[], took?: (milliseconds: number) => void): Promise<Record<string, Result>>
  /** Of a model that passes `expectBindable`. */
  bind(): BoundModel
  /** Writes what the model measured since the last time to its profile file; false if it measures nothing. */
  printProfile(): boolean
  dispose(): void
}
