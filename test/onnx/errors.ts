import { ModelError } from '../../src/errors/index.ts'

/** The `ModelError` that `run` throws; anything else it does fails the test. */
export function modelErrorOf(run: () => unknown): ModelError {
  try {
    run()
  } catch (error) {
    if (error instanceof ModelError) return error
    throw error
  }
  throw new Error('expected a ModelError, and nothing was thrown')
}
