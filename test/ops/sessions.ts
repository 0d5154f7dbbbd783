import { graphSource, prepareGraph } from '../../src/builtin/index.ts'
import type { ModelSource } from '../../src/onnx/build.ts'
import { modelBytes } from '../../src/onnx/build.ts'
import { fromRuntime, toRuntime } from '../../src/conformance/runtime-tensor.ts'
import type { ElementType } from '../../src/onnx/element-type.ts'
import type { Tensor } from '../../src/onnx/model.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { resolveTarget } from '../../src/targets/index.ts'
import { tensorFrom, tensorValues } from '../../src/onnx/tensor.ts'
import type { Onnxruntime } from '../onnxruntime.ts'
import { compileModel, type Result } from './harness.ts'

/** Inputs by name. */
export type Feeds = Readonly<Record<string, Tensor>>
/** Outputs by name. */
export type Outputs = Readonly<Record<string, Result>>

/** A model that was compiled once and loaded into onnxruntime, to be run by both as often as one likes. */
export interface Sessions {
  ours(feeds: Feeds): Outputs
  theirs(feeds: Feeds): Promise<Outputs>
}

/** onnxruntime does as the graph says, node by node: faults of its optimiser are not what we look for. */
const unoptimized = { graphOptimizationLevel: 'disabled', intraOpNumThreads: 1, logSeverityLevel: 4 }

/** Makes `source` ready in both. */
export async function sessionsOf(runtime: Onnxruntime, source: ModelSource, optimize: 0 | 3 = 0): Promise<Sessions> {
  const model = await compileModel(source, optimize)
  const session = await runtime.InferenceSession.create(modelBytes(source), unoptimized)
  return {
    ours: (feeds) => results(model.runSync(Object.fromEntries(names(feeds, toRuntime)))),
    theirs: async (feeds) => {
      const given = names(feeds, (tensor) => {
        const { data, dims } = toRuntime(tensor)
        return new runtime.Tensor(tensor.type, tensor.type === 'bool' ? Uint8Array.from(data as number[]) : data, dims)
      })
      return results(await session.run(Object.fromEntries(given)))
    },
  }
}

/** Values between -1 and 1, of which no two neighbours are alike. */
export function wave(dims: readonly number[], step: number): Tensor {
  const count = dims.reduce((a, b) => a * b, 1)
  return tensorFrom(
    'float32',
    dims,
    Array.from({ length: count }, (_, i) => Math.sin(1 + i * step)),
  )
}

function names<T>(feeds: Feeds, of: (tensor: Tensor) => T): [string, T][] {
  return Object.entries(feeds).map(([name, tensor]) => [name, of(tensor)])
}

/** Copies: what onnxruntime gave goes away with its session. */
function results(tensors: object): Outputs {
  return Object.fromEntries(
    Object.entries(tensors as Record<string, { type: ElementType; dims: readonly number[]; data: never }>).map(
      ([name, { type, dims, data }]) => {
        const values = tensorValues(fromRuntime({ type, dims, data }))
        return [name, { type, dims: [...dims], values: [...values] }]
      },
    ),
  )
}

/** The largest difference of two results; infinite where types or shapes differ, or one of two numbers is NaN. */
export function apart(a: Result, b: Result): number {
  if (a.type !== b.type || a.dims.join() !== b.dims.join()) return Infinity
  return a.values.reduce<number>((most, value, i) => {
    const other = b.values[i]!
    if (Object.is(value, other) || value === other) return most
    const difference = Math.abs(Number(value) - Number(other))
    return Number.isNaN(difference) ? Infinity : Math.max(most, difference)
  }, 0)
}

/** The same as a part of the largest number of `b`, or of 1 where that is less. */
export function apartOfLargest(a: Result, b: Result): number {
  return apart(a, b) / b.values.reduce<number>((most, value) => Math.max(most, Math.abs(Number(value))), 1)
}

/**
 * What a model gives for inputs `x` of these shapes where only the run knows sizes, and for the first of them where they are stated,
 * held against onnxruntime: what each result is, and how far it is from there.
 */
export async function comparedBothWays(
  runtime: Onnxruntime,
  { open, known }: { readonly open: ModelSource; readonly known: ModelSource },
  shapes: readonly (readonly number[])[],
  measure = apart,
): Promise<[string, number][]> {
  const [ofRun, stated] = [await sessionsOf(runtime, open, 3), await sessionsOf(runtime, known, 3)]
  const found: [string, number][] = []
  for (const shape of shapes) {
    const feeds = { x: wave(shape, 0.13) }
    const theirs = await ofRun.theirs(feeds)
    for (const ours of [ofRun.ours(feeds), ...(shape === shapes[0] ? [stated.ours(feeds)] : [])])
      for (const [name, result] of Object.entries(ours))
        found.push([`${name}, ${shape.join('x')}`, measure(result, theirs[name]!)])
  }
  return found
}

/** The C of a model, for AVX2. */
export function textOf(source: ModelSource): string {
  const graph = prepareGraph(decodeModel(modelBytes(source), { path: 'test.onnx' }))
  return graphSource(graph, { target: resolveTarget('x86-64-v3'), identity: 'test' }).text
}

/** Park and Miller's minimal standard generator: numbers in [-1, 1) that float32 has. */
export function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 48271) % 0x7fffffff
    return Math.fround((state / 0x7fffffff) * 2 - 1)
  }
}
