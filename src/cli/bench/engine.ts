import type { Tensor } from '../../onnx/model.ts'
import type { Inputs } from '../data/inputs.ts'
import type { Lane } from '../../measure/rounds.ts'

/** Something that runs models, to be compared with others. */
export interface Engine {
  readonly name: EngineName
  /** @throws Error whose message says why this engine can't run the model here */
  load(model: string): Promise<LoadedModel>
}

export const engineNames = ['builtin', 'builtin-wasm', 'onnx-mlir', 'onnxruntime-node', 'onnxruntime-web'] as const
export type EngineName = (typeof engineNames)[number]

/** What the others are compared with: the first of these that is measured. */
const references: readonly EngineName[] = ['onnxruntime-node', 'onnxruntime-web']

/** @param measured engines that run the model */
export function referenceAmong(measured: Iterable<EngineName>): EngineName | undefined {
  const names = new Set(measured)
  return references.find((name) => names.has(name))
}

export interface LoadedModel {
  /** From a file to a model that is ready to run. What happens at build time is not part of it. */
  readonly loadMs: number
  /** Further facts for the result: versions, sizes. */
  readonly facts: Readonly<Record<string, unknown>>
  outputs(inputs: Inputs): Promise<ReadonlyMap<string, Tensor>>
  /** What there is to time; the first is the main one. Names: `runUs`, `asyncUs`. */
  lanes(inputs: Inputs): readonly Lane[]
  dispose(): Promise<void>
}

/** An engine that can't run a model here, and why. */
export interface EngineFailure {
  readonly error: string
}

/** The plain text of an error: its first line, and the next one where that only announces it (`Build failed with 1 error:`). */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  const [first = '', second] = text.split('\n').filter((line) => line.trim() !== '')
  return first.endsWith(':') && second !== undefined ? `${first} ${second.trim()}` : first
}
