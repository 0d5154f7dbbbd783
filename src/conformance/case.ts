import { basename, join } from 'node:path'
import type { Model } from '../onnx/model.ts'
import { readModel } from '../onnx/read.ts'
import type { Pipeline } from '../pipeline.ts'
import { runnableModel } from '../plugin/runnable.ts'
import type { Model as RuntimeModel } from '../runtime/model.ts'
import { deviation } from './compare.ts'
import { dataSetFolders, readDataSet } from './data-set.ts'
import { fromRuntime, toRuntime } from './runtime-tensor.ts'

export interface CaseResult {
  readonly status: 'pass' | 'fail' | 'skip'
  readonly reason?: string
}

/** Compiles the model of a backend test folder, runs it on each of its data sets and compares the outputs. */
export async function runCase(folder: string, pipeline: Pipeline): Promise<CaseResult> {
  const path = join(folder, 'model.onnx')
  const built = await pipeline.build(path, { mode: 'build', log: () => {}, warn: () => {} })
  const model = await readModel(path)
  const runnable = await runnableModel(path, built)
  for (const set of await dataSetFolders(folder)) {
    const problem = await runDataSet(set, model, runnable)
    if (problem) return { status: 'fail', reason: `${basename(set)}: ${problem}` }
  }
  return { status: 'pass' }
}

async function runDataSet(folder: string, model: Model, runnable: RuntimeModel): Promise<string | undefined> {
  const { inputs, outputs } = await readDataSet(folder, model)
  const results = await runnable.run(Object.fromEntries([...inputs].map(([name, tensor]) => [name, toRuntime(tensor)])))
  for (const [name, expected] of outputs) {
    const actual = results[name]
    const problem = actual ? deviation(fromRuntime(actual), expected).problem : 'is missing'
    if (problem) return `output ${JSON.stringify(name)}: ${problem}`
  }
  return undefined
}
