import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { byElement } from '../../conformance/by-element.ts'
import { dataSetFolders, hasOutputs, readDataSet, readInputs } from '../../conformance/data-set.ts'
import type { Tensor } from '../../onnx/model.ts'
import { readModel } from '../../formats/read.ts'
import type { Invocation } from '../command.ts'
import type { Inputs } from '../data/inputs.ts'
import { extensions, filters, stemOf } from '../../request/extensions.ts'

/** What ONNX's test layout calls a model. */
const TEST_MODEL = 'model.onnx'

/** A model that is measured or verified, under the name that it goes by. */
export interface ModelEntry {
  readonly name: string
  readonly path: string
}

/** Inputs to run a model on, and what it should give for them where somebody says so. */
export interface InputSet {
  readonly inputs: Inputs
  readonly expected?: ReadonlyMap<string, Tensor>
}

/**
 * The models of a folder: its files of a model's name, and its folders in ONNX's test layout (model.onnx beside test_data_set_N); or the
 * one model of a folder in that layout.
 *
 * @throws UsageError where there are none
 */
export async function modelsIn(folder: string, usage: Invocation['usage']): Promise<ModelEntry[]> {
  if (!existsSync(folder)) throw usage(`there is no folder ${folder}`)
  const entries = await readdir(folder, { withFileTypes: true })
  if (entries.some(({ name }) => name === TEST_MODEL))
    return [{ name: basename(resolve(folder)), path: join(resolve(folder), TEST_MODEL) }]
  const models = entries.flatMap((entry): ModelEntry[] => {
    const path = join(resolve(folder), entry.name)
    if (entry.isDirectory()) {
      const model = join(path, TEST_MODEL)
      return existsSync(model) ? [{ name: entry.name, path: model }] : []
    }
    return filters.path.test(entry.name) ? [{ name: stemOf(entry.name), path }] : []
  })
  if (models.length === 0)
    throw usage(`${folder} holds no models (${extensions.map((extension) => `.${extension}`).join(', ')})`)
  return models.sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** The data sets beside a model that has a folder of its own; they may hold inputs alone. */
export async function dataSetsOf({ path }: ModelEntry): Promise<InputSet[]> {
  const folders = basename(path) === TEST_MODEL ? await dataSetFolders(dirname(path)) : []
  if (folders.length === 0) return []
  const model = await readModel(path)
  const sets: InputSet[] = []
  for (const folder of folders) {
    if (hasOutputs(folder)) {
      const { inputs, outputs } = await readDataSet(folder, model)
      sets.push({ inputs, expected: byElement(outputs) })
    } else sets.push({ inputs: await readInputs(folder, model) })
  }
  return sets
}
