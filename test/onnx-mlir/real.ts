import { writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { modelBytes, type ModelSource } from '../../src/onnx/build.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { createPipeline, type PluginOptions } from '../../src/pipeline/index.ts'
import { runnableModel } from '../../src/plugin/runnable.ts'
import type { Model as RuntimeModel } from '../../src/runtime/index.ts'
import type { Values } from '../onnxruntime.ts'
import { mlpSource, workshop } from './installed.ts'

/** Where the tests with a real onnx-mlir write; they share what it compiled. */
export const { fresh, remove } = workshop('onnx-mlir-real')
const cache = fresh()

export interface Loaded {
  readonly model: RuntimeModel
  readonly built: Awaited<ReturnType<ReturnType<typeof createPipeline>['build']>>
  readonly warnings: readonly string[]
  readonly lines: readonly string[]
}

/** Builds a model as a host does, and loads what was built. */
export async function load(id: string, options: PluginOptions = {}, mode: 'build' | 'dev' = 'build'): Promise<Loaded> {
  const [warnings, lines]: [string[], string[]] = [[], []]
  const built = await createPipeline({ cache, compiler: 'onnx-mlir', ...options }).build(id, {
    mode,
    log: (line) => lines.push(line),
    warn: (line) => warnings.push(line),
  })
  return { model: await runnableModel(basename(id), built), built, warnings, lines }
}

export function write(source: ModelSource, name = 'm.onnx'): string {
  const path = join(fresh(), name)
  writeFileSync(path, modelBytes(source))
  return path
}

export const wave = (...dims: number[]) => {
  const count = dims.reduce((product, dim) => product * dim, 1)
  return tensorFrom(
    'float32',
    dims,
    Float32Array.from({ length: count }, (_, i) => Math.sin(i)),
  )
}
export const mlp: ModelSource = {
  ...mlpSource,
  initializers: { w1: wave(32, 64), b1: wave(64), w2: wave(64, 4), b2: wave(4) },
}
/** Rows of numbers, as many as a batch has. */
export const rows = (batch: number) => ({
  data: Float32Array.from({ length: batch * 32 }, (_, i) => Math.cos(i)),
  dims: [batch, 32],
})
export const plain = (outputs: Awaited<ReturnType<RuntimeModel['run']>>): Values =>
  Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, Array.from(data as Float32Array)]))
