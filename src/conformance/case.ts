import { basename, join } from 'node:path'
import type { Model } from '../onnx/model.ts'
import { readModel } from '../onnx/read.ts'
import { difference, type Tolerances } from './compare.ts'
import type { Runnable } from './compiled.ts'
import { dataSetFolders, readDataSet } from './data-set.ts'

export interface CaseResult {
  readonly status: 'pass' | 'fail' | 'skip'
  readonly reason?: string
}

/** Compiles the model of a backend test folder, runs it on each of its data sets and compares the outputs. */
export async function runCase(
  folder: string,
  compile: (path: string) => Promise<Runnable>,
  tolerances: Tolerances,
): Promise<CaseResult> {
  const path = join(folder, 'model.onnx')
  const runnable = await compile(path)
  try {
    const model = await readModel(path)
    for (const set of await dataSetFolders(folder)) {
      const problem = await runDataSet(set, model, runnable, tolerances)
      if (problem) return { status: 'fail', reason: `${basename(set)}: ${problem}` }
    }
    return { status: 'pass' }
  } finally {
    await runnable.close()
  }
}

async function runDataSet(
  folder: string,
  model: Model,
  runnable: Runnable,
  tolerances: Tolerances,
): Promise<string | undefined> {
  const { inputs, outputs } = await readDataSet(folder, model)
  const results = await runnable.run(inputs)
  for (const [name, expected] of outputs) {
    const problem = results.has(name) ? difference(results.get(name), expected, tolerances) : 'is missing'
    if (problem) return `output ${JSON.stringify(name)}: ${problem}`
  }
  return undefined
}
