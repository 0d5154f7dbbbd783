import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { buildAddon } from '../builtin/addon.ts'
import { compileBuiltin } from '../builtin/index.ts'
import { elementTypes } from '../onnx/element-type.ts'
import type { Model, Tensor, ValueInfo } from '../onnx/model.ts'
import { readModel } from '../onnx/read.ts'
import { packSubBytes, tensorArray } from '../onnx/tensor.ts'
import { decodeValue } from '../onnx/test-data.ts'
import { createNodeModel } from '../runtime/node.ts'
import type { Model as RuntimeModel } from '../runtime/model.ts'
import type { Tensor as RuntimeTensor } from '../runtime/tensor.ts'
import { resolveTarget } from '../targets/index.ts'
import { difference } from './compare.ts'

export interface CaseResult {
  readonly status: 'pass' | 'fail' | 'skip'
  readonly reason?: string
}

export interface CaseOptions {
  /** Folder that keeps the compiled addon. */
  readonly addonDir: string
  readonly target: string
}

/** Compiles the model of a backend test folder, runs it on each of its data sets and compares the outputs. */
export async function runCase(folder: string, options: CaseOptions): Promise<CaseResult> {
  const model = await readModel(join(folder, 'model.onnx'))
  const target = resolveTarget(options.target)
  // The kernels' speed is not at stake: -O1 compiles several times faster.
  const built = await compileBuiltin(model, { target, optimize: 1, identity: 'conformance' })
  try {
    const addon = await buildAddon({ outDir: options.addonDir })
    const facts = {
      name: 'model',
      signature: built.signature,
      target: target.name,
      compiler: { name: 'builtin', version: '' },
    } as const
    const runnable = createNodeModel(facts, { addon, library: built.library })
    for (const set of (await readdir(folder)).filter((name) => name.startsWith('test_data_set_')).sort()) {
      const reason = await runDataSet(join(folder, set), model, runnable)
      if (reason) return { status: 'fail', reason: `${set}: ${reason}` }
    }
    return { status: 'pass' }
  } finally {
    await rm(built.folder, { recursive: true, force: true })
  }
}

async function runDataSet(folder: string, model: Model, runnable: RuntimeModel): Promise<string | undefined> {
  const inputs: Record<string, { data: unknown; dims: readonly number[] }> = {}
  for (const [i, info] of model.graph.inputs.entries()) {
    const tensor = await readTensor(join(folder, `input_${i}.pb`), info)
    inputs[info.name] = {
      data: tensor.type === 'string' ? [...(tensor.strings ?? [])] : tensorArray(tensor),
      dims: tensor.dims,
    }
  }
  const outputs = await runnable.run(inputs)
  for (const [i, info] of model.graph.outputs.entries()) {
    const expected = await readTensor(join(folder, `output_${i}.pb`), info)
    const actual = outputs[info.name]
    const reason = actual ? difference(plainTensor(actual), expected) : 'is missing'
    if (reason) return `output ${JSON.stringify(info.name)}: ${reason}`
  }
  return undefined
}

async function readTensor(path: string, info: ValueInfo): Promise<Tensor> {
  const value = decodeValue(await readFile(path), info.type ?? { kind: 'tensor', type: 'float32', shape: undefined })
  if (value && !Array.isArray(value)) return value
  throw new Error(`${path} holds no tensor, but a sequence or an empty optional`)
}

/** A result of the runtime in the form of the `onnx` room. */
function plainTensor({ type, dims, data }: RuntimeTensor): Tensor {
  if (type === 'string') return { type, dims, data: new Uint8Array(), strings: data as string[] }
  const view = data as Exclude<RuntimeTensor['data'], string[]>
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
  const { bits } = elementTypes[type]
  return { type, dims, data: bits < 8 ? packSubBytes(bytes, bits) : bytes }
}
