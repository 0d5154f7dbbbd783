import { basename, join } from 'node:path'
import type { Model } from '../onnx/model.ts'
import { readModel } from '../formats/read.ts'
import { canonicalQuery } from '../request/index.ts'
import { difference, type Tolerances } from './compare.ts'
import type { Runnable } from './compiled.ts'
import { dataSetFolders, readDataSet } from './data-set.ts'

export interface CaseResult {
  readonly status: 'pass' | 'fail' | 'skip'
  readonly reason?: string
}

/**
 * Compiles the model of a backend test folder, runs it on each of its data sets and compares the outputs.
 *
 * @param compile is given the model's path, and the ranks (`dims=`) of inputs that state none: they are the data's
 */
export async function runCase(
  folder: string,
  compile: (id: string) => Promise<Runnable>,
  tolerances: Tolerances,
): Promise<CaseResult> {
  const path = join(folder, 'model.onnx')
  const model = await readModel(path)
  const sets = await dataSetFolders(folder)
  const ranks = sets.length > 0 ? await missingRanks(sets[0]!, model) : {}
  const runnable = await compile(Object.keys(ranks).length > 0 ? `${path}?${canonicalQuery({ dims: ranks })}` : path)
  try {
    for (const set of sets) {
      const problem = await runDataSet(set, model, runnable, tolerances)
      if (problem) return { status: 'fail', reason: `${basename(set)}: ${problem}` }
    }
    return { status: 'pass' }
  } finally {
    await runnable.close()
  }
}

async function missingRanks(set: string, model: Model): Promise<Record<string, number>> {
  const without = model.graph.inputs.filter(({ type }) => type?.kind === 'tensor' && type.shape === undefined)
  if (without.length === 0) return {}
  const { inputs } = await readDataSet(set, model)
  const ranks = without.map(({ name }) => {
    const value = inputs.get(name)
    return value !== undefined && 'dims' in value ? [[`rank(${name})`, value.dims.length] as const] : []
  })
  return Object.fromEntries(ranks.flat())
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
