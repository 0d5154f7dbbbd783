import type { TestValue } from '../../onnx/test-data.ts'
import { UsageError } from '../../errors/index.ts'
import { valueToRuntime } from '../../conformance/runtime-tensor.ts'
import { randomNumbers } from '../../compilers/random-numbers.ts'
import type { Model } from '../../runtime/model.ts'
import type { SignatureEntry } from '../../runtime/signature.ts'
import type { Tensor as RuntimeTensor } from '../../runtime/tensor.ts'
import type { Sizes } from '../dims.ts'
import { randomValue } from './random.ts'

/** Values for all inputs of a model, by name. */
export type Inputs = ReadonlyMap<string, TestValue>

/** Random values for all inputs; the same for the same seed. */
export function randomInputs(entries: readonly SignatureEntry[], sizes: Sizes, seed: number): Inputs {
  const random = randomNumbers(seed)
  return new Map(entries.map((entry) => [entry.name, randomValue(entry, sizes, random)]))
}

/** The argument of a model's `run` and `runSync`. */
export function runArgument(inputs: Inputs): Readonly<Record<string, unknown>> {
  return Object.fromEntries([...inputs].map(([name, value]) => [name, valueToRuntime(value)]))
}

/** Runs a model once. @throws UsageError `USAGE_INPUT` if the inputs don't fit it, e.g. in their dimensions */
export function runChecked(
  model: Model,
  argument: Readonly<Record<string, unknown>>,
): Readonly<Record<string, RuntimeTensor>> {
  try {
    return model.runSync(argument)
  } catch (error) {
    // How the runtime says so; its messages begin with the model's name.
    const isAboutInputs = error instanceof TypeError || error instanceof RangeError
    if (isAboutInputs && error.message.startsWith(`${model.name}: `))
      throw new UsageError('USAGE_INPUT', error.message, { model: model.name }, { cause: error })
    throw error
  }
}
