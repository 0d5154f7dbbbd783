import { entryFor, judging, type Program, type Step } from './program.ts'
import type { NnpaLevel } from './nnpa-level.ts'
import type { Placed, Placement } from './placed.ts'
import { Neighbours } from './neighbours.ts'
import { takeBackLoneSteps, takeWhatIsBetween } from './reconsider.ts'
import { vanish } from './vanish.ts'
import { fusedOps } from './passes/fuse.ts'
import { hasRules, refusal } from './rules/index.ts'
import { scalarsOnCpu } from './rules/matmul.ts'

const accelerated: ReadonlySet<string> = new Set(Object.values(fusedOps))

/**
 * Judges every step by itself, then looks at its neighbours.
 * @param isOnCpu whether a user put a step on the CPU
 */
export function placeSteps(program: Program, level: NnpaLevel, isOnCpu: (step: Step) => boolean): Placement {
  const placement: Placement = new Map(
    program.steps.map((step): [Step, Placed] => {
      if (isOnCpu(step)) return [step, { device: 'cpu', reason: '', note: 'The placement puts it on the CPU.' }]
      const reason = accelerated.has(step.op) ? undefined : judging(step, () => refusal(step, level))
      if (reason !== undefined) return [step, { device: 'cpu', reason, ...(reason === '' && { note: unsaid(step) }) }]
      return [step, { device: 'nnpa', reason: scalarsOnCpu(step) ?? '' }]
    }),
  )
  const neighbours = new Neighbours(program, placement)
  takeWhatIsBetween(program, placement, neighbours)
  takeBackLoneSteps(program, placement, neighbours)
  vanish(program, placement, neighbours)
  return placement
}

/** Why a step is on the CPU that the compiler says nothing of. */
function unsaid(step: Step): string {
  const { op, operator } = step
  const sibling = entryFor(older, step)
  if (sibling) return `onnx-mlir keeps ${sibling} on the CPU.`
  if (op === 'LSTM') return 'NNPA has no LSTM with sequence lengths.'
  return hasRules(step) ? `NNPA has no ${op} for these operands.` : `NNPA has no ${operator}.`
}

const older: Readonly<Record<string, string>> = {
  ReduceMaxV13: 'ReduceMax from before opset 18',
  ReduceMinV13: 'ReduceMin from before opset 18',
  ReduceMean: 'ReduceMean from opset 18 on',
  SoftmaxV11: 'Softmax from before opset 13 over more than the last dimension',
}
