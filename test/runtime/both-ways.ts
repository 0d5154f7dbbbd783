import { expect } from 'vitest'
import { type Model, ModelRunError, type Tensor } from '../../src/runtime/index.ts'

/** Both ways to run must give the same. */
export async function runBoth(
  model: Model,
  inputs: Record<string, unknown>,
): Promise<Readonly<Record<string, Tensor>>> {
  const sync = model.runSync(inputs)
  expect(await model.run(inputs)).toEqual(sync)
  return sync
}

/** Both must fail alike. */
export async function failBoth(model: Model, inputs: Record<string, unknown>): Promise<ModelRunError> {
  const error = await model.run(inputs).then(
    () => expect.fail('it ran'),
    (reason: unknown) => reason as ModelRunError,
  )
  expect(() => model.runSync(inputs)).toThrow(error.message)
  expect(error).toBeInstanceOf(ModelRunError)
  return error
}
