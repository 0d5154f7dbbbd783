import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { UsageError } from '../errors/index.ts'
import type { Model, Tensor, ValueInfo } from '../onnx/model.ts'
import { decodeValue, type TestValue } from '../onnx/test-data.ts'

/** Inputs of a model and the outputs that they should give, by name. */
export interface DataSet {
  readonly inputs: ReadonlyMap<string, TestValue>
  readonly outputs: ReadonlyMap<string, TestValue>
}

/** The data sets in a folder: its `test_data_set_N` in order, or the folder itself where it holds the files. */
export async function dataSetFolders(folder: string): Promise<string[]> {
  if (hasOutputs(folder)) return [folder]
  const names = existsSync(folder) ? await readdir(folder) : []
  return names
    .filter((name) => /^test_data_set_\d+$/.test(name))
    .sort((a, b) => Number(a.slice(14)) - Number(b.slice(14)))
    .map((name) => join(folder, name))
}

/** Reads `input_K.pb`, one for each input of the model. */
export function readInputs(folder: string, { graph }: Model): Promise<ReadonlyMap<string, TestValue>> {
  return readValues(folder, 'input', graph.inputs)
}

/** Whether a data set says what the model should give. */
export function hasOutputs(folder: string): boolean {
  return existsSync(join(folder, 'output_0.pb'))
}

/** Reads `input_K.pb` and `output_K.pb`, one for each input and output of the model. */
export async function readDataSet(folder: string, model: Model): Promise<DataSet> {
  return {
    inputs: await readInputs(folder, model),
    outputs: await readValues(folder, 'output', model.graph.outputs),
  }
}

async function readValues(folder: string, role: string, infos: readonly ValueInfo[]): Promise<Map<string, TestValue>> {
  const values = new Map<string, TestValue>()
  for (const [i, info] of infos.entries()) values.set(info.name, await readValue(join(folder, `${role}_${i}.pb`), info))
  return values
}

async function readValue(path: string, info: ValueInfo): Promise<TestValue> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'ENOENT' ? 'there is no such file' : error.message
    throw new UsageError(
      'USAGE_DATA',
      `Can't read ${path}: ${why}. The model has a value ${JSON.stringify(info.name)}.`,
    )
  })
  const value = decodeValue(bytes, info.type ?? { kind: 'tensor', type: 'float32', shape: undefined }, { path })
  return isDeclaredScalar(info, value) ? { ...value, dims: [] } : value
}

/**
 * Whether what the model declares a scalar is a list of one in the file: `numpy.ascontiguousarray`, which writers of data
 * sets call, makes that of a scalar. The model's word counts.
 */
function isDeclaredScalar({ type }: ValueInfo, value: TestValue): value is Tensor {
  const isScalar = type?.kind === 'tensor' && type.shape?.length === 0
  return isScalar && value !== undefined && 'dims' in value && value.dims.length === 1 && value.dims[0] === 1
}
