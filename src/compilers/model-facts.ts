import { prepareGraph } from '../builtin/index.ts'
import { steadinessOf } from '../builtin/steadiness.ts'
import { OnnxMlirError } from '../errors/index.ts'
import type { Model } from '../onnx/model.ts'
import type { Steadiness } from '../runtime/steadiness.ts'

export { modelSignature } from './model-signature.ts'
export { registryFor } from '../ops/index.ts'

/** What the time of a run depends on, where that is known, whoever compiles the model. */
export function modelSteadiness(model: Model, dims: ReadonlyMap<string, number>): Steadiness | undefined {
  try {
    return steadinessOf(prepareGraph(model, { dims }))
  } catch (error) {
    if (error instanceof OnnxMlirError) return undefined // of what only others know
    throw error
  }
}
