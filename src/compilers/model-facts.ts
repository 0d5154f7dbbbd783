import { prepareGraph } from '../builtin/index.ts'
import { isSteady } from '../builtin/work.ts'
import { OnnxMlirError } from '../errors/index.ts'
import type { Model } from '../onnx/model.ts'

export { modelSignature } from './model-signature.ts'
export { registryFor } from '../ops/index.ts'

/** Whether the time of a run is known to depend on nothing but the sizes of the inputs, whoever compiles the model. */
export function isSteadyModel(model: Model, dims: ReadonlyMap<string, number>): boolean {
  try {
    return isSteady(prepareGraph(model, { dims }))
  } catch (error) {
    if (error instanceof OnnxMlirError) return false // of what only others know
    throw error
  }
}
