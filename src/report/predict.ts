import type { NnpaLevel } from './nnpa-level.ts'
import { decompose } from './passes/decompose.ts'
import { fuseFor } from './passes/fuse.ts'
import { mergeSteps, reshapeLast } from './passes/merge.ts'
import { prepareFor } from './passes/prepare.ts'
import { rewriteSteps } from './passes/rewrite.ts'
import { dropIdentities, foldConstants } from './passes/simplify.ts'
import { placeSteps } from './place.ts'
import type { Device, Placement } from './placed.ts'
import type { Program, Step } from './program.ts'

export interface Verdict {
  readonly device: Device
  /** Why (parts of) the node are not on NNPA, in the compiler's words, where it has any. */
  readonly reasons: readonly string[]
  /** What the compiler doesn't say, in ours. */
  readonly note?: string
  /** Other nodes that are one operation with this one, at most 32. */
  readonly partners: readonly number[]
}

export interface PredictOptions {
  /** Whether the user put the node of this index on the CPU. */
  readonly isOnCpu?: (node: number) => boolean
}

/**
 * Where onnx-mlir would run each node of a program that was just imported, by our own reading of its rules: the passes
 * are those of the compiler that decide it, in its order. They change the program.
 */
export function predict(program: Program, level: NnpaLevel, options: PredictOptions = {}): Verdict[] {
  const nodes = program.steps
  for (const pass of [
    foldConstants,
    dropIdentities,
    mergeSteps,
    decompose,
    dropIdentities,
    mergeSteps,
    dropIdentities,
    reshapeLast,
    prepareFor(level),
    reshapeLast,
    prepareFor(level),
    fuseFor(level),
  ]) {
    rewriteSteps(program, pass)
  }
  const isOnCpu = (step: Step): boolean => [...step.origins].some((node) => options.isOnCpu?.(node) ?? false)
  return verdicts(nodes, program, placeSteps(program, level, isOnCpu))
}

/** Of thousands of nodes that are one operation, naming all others for each would take all memory. */
const mostPartners = 32

function verdicts(nodes: readonly Step[], program: Program, placement: Placement): Verdict[] {
  const devices = new Map<number, Device>()
  const reasons = new Map<number, Set<string>>()
  const notes = new Map<number, string>()
  const partners = new Map<number, ReadonlySet<number>>()
  for (const step of program.steps) {
    const { device, reason, note } = placement.get(step)!
    const together = [...step.origins, ...step.absorbed]
    const shown = new Set(together.slice(0, mostPartners + 1))
    for (const node of together) {
      const others = partners.get(node)
      partners.set(node, others ? new Set([...others, ...shown]) : shown)
    }
    for (const node of step.origins) {
      // A node whose parts are on both runs on NNPA.
      if (device === 'nnpa' || (device === 'cpu' && !devices.has(node))) devices.set(node, device)
      if (reason !== '') reasons.set(node, (reasons.get(node) ?? new Set()).add(reason))
      if (note) notes.set(node, note)
    }
  }
  return nodes.map((_, node): Verdict => {
    const device = devices.get(node) ?? 'folded'
    const note = notes.get(node)
    return {
      device,
      reasons: [...(reasons.get(node) ?? [])],
      ...(note && device === 'cpu' && !reasons.has(node) && { note }),
      partners: [...(partners.get(node) ?? [])].filter((other) => other !== node).slice(0, mostPartners),
    }
  })
}
