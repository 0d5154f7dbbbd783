import { dirname } from 'node:path'
import { dataSetFolders, readInputs } from '../../conformance/data-set.ts'
import { valueToRuntime } from '../../conformance/runtime-tensor.ts'
import { OnnxMlirError } from '../../errors/index.ts'
import type { Model } from '../../onnx/model.ts'
import type { Model as RunnableModel } from '../../runtime/model.ts'
import { isTensor } from '../../runtime/signature.ts'
import { probeInputs } from '../probe.ts'

export type Inputs = Readonly<Record<string, unknown>>

/** Random inputs on which results are compared. */
const SEEDS = [0, 1, 2]

/**
 * Inputs that a model runs on: those of data sets beside it, which have the sizes that its user has, then random ones. Data
 * sets of other models are left out, and random ones that it doesn't take, too.
 *
 * @throws the error of the model's run where there are none
 */
export async function inputsFor(model: Model, runnable: RunnableModel): Promise<Inputs[]> {
  const { inputs, outputs } = runnable
  const isRandom = inputs.every(isTensor)
  const candidates = [
    ...(await beside(model)),
    ...(isRandom ? SEEDS.map((seed): Inputs => probeInputs({ inputs, outputs }, seed)) : []),
  ]
  let problem: unknown = new TypeError('its inputs are not all tensors, and no data set is beside it')
  const taken = candidates.filter((candidate) => {
    try {
      runnable.runSync(candidate)
      return true
    } catch (error) {
      problem = error
      return false
    }
  })
  if (taken.length === 0) throw problem
  return taken
}

async function beside(model: Model): Promise<Inputs[]> {
  const found: Inputs[] = []
  for (const folder of await dataSetFolders(dirname(model.path))) {
    try {
      const values = await readInputs(folder, model)
      found.push(Object.fromEntries([...values].map(([name, value]) => [name, valueToRuntime(value)])))
    } catch (error) {
      if (!(error instanceof OnnxMlirError)) throw error // UsageError, ModelError: of another model
    }
  }
  return found
}
