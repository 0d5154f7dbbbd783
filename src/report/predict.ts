import type { Model } from '../onnx/model.ts'
import type { NnpaLevel } from './nnpa-level.ts'
import { decompose } from './passes/decompose.ts'
import { fuseFor } from './passes/fuse.ts'
import { mergeSteps } from './passes/merge.ts'
import { prepareFor } from './passes/prepare.ts'
import { rewriteSteps } from './passes/rewrite.ts'
import { dropIdentities, foldConstants } from './passes/simplify.ts'
import { placeSteps } from './place.ts'
import { importProgram, type Program, type Step } from './program.ts'

/** Where a node of the model runs. `folded`: nowhere, as it was computed or removed at compile time. */
export type Device = 'nnpa' | 'cpu' | 'folded'

export interface Verdict {
  readonly device: Device
  /** Why (parts of) the node are not on NNPA, in the compiler's words where it has any. */
  readonly reasons: readonly string[]
}

export interface PredictOptions {
  /** Sizes for symbolic dimensions. */
  readonly dims?: ReadonlyMap<string, number>
  /** Whether the user put the node of this index on the CPU. */
  readonly isOnCpu?: (node: number) => boolean
}

/**
 * Where onnx-mlir would run each node of the model's main graph, in its order, by our own reading of its rules:
 * the passes are those of the compiler that decide it, in its order.
 */
export function predict(model: Model, level: NnpaLevel, options: PredictOptions = {}): Verdict[] {
  const program = importProgram(model, options.dims)
  for (const pass of [
    foldConstants,
    dropIdentities,
    mergeSteps,
    decompose,
    dropIdentities,
    mergeSteps,
    dropIdentities,
    prepareFor(level),
    fuseFor(level),
  ]) {
    rewriteSteps(program, pass)
  }
  const isOnCpu = (step: Step): boolean => [...step.origins].some((node) => options.isOnCpu?.(node) ?? false)
  return verdicts(model, program, placeSteps(program, level, isOnCpu))
}

function verdicts(model: Model, program: Program, placement: ReturnType<typeof placeSteps>): Verdict[] {
  const devices = new Map<number, Device>()
  const reasons = new Map<number, Set<string>>()
  for (const step of program.steps) {
    const { device, reason } = placement.get(step)!
    for (const node of step.origins) {
      // A node whose parts are on both runs on NNPA.
      if (device === 'nnpa' || !devices.has(node)) devices.set(node, device)
      if (reason !== '') reasons.set(node, (reasons.get(node) ?? new Set()).add(reason))
    }
  }
  return model.graph.nodes.map((_, node) => ({
    device: devices.get(node) ?? 'folded',
    reasons: [...(reasons.get(node) ?? [])],
  }))
}
