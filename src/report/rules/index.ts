import type { Dim } from '../../graph/dim.ts'
import type { NnpaLevel } from '../nnpa-level.ts'
import { entryFor, type Step } from '../program.ts'
import { convolution } from './convolution.ts'
import { elementwise } from './elementwise.ts'
import { matmul } from './matmul.ts'
import { pooling } from './pooling.ts'
import { recurrent } from './recurrent.ts'
import { reduction } from './reduction.ts'
import { firstOf, type Rules, silent, withinLimits } from './rule.ts'
import { softmax } from './softmax.ts'

/** Every operator that the accelerator has. A new family is a file and a line here. */
const rules: Rules = {
  ...elementwise,
  ...matmul,
  ...convolution,
  ...pooling,
  ...reduction,
  ...recurrent,
  ...softmax,
}

/** Whether the accelerator has the operator of a step at all. */
export function hasRules(step: Step): boolean {
  return entryFor(rules, step) !== undefined
}

/**
 * Why a step may not run on NNPA, in the compiler's words; `''` where it says nothing, as of operators that the
 * accelerator hasn't; `undefined`: it may.
 */
export function refusal(step: Step, level: NnpaLevel): string | undefined {
  if (!hasRules(step) || (step.outputs.length > 1 && step.op === 'MaxPool')) return silent
  return withinLimits(shapesAfterSplit(step), level) ?? legality(step, level)
}

/** Shapes that have to be within the limits: a product is split along too many rows or columns (SplitLargeMatMulPattern). */
function shapesAfterSplit({ op, inputs: [a, b, ...others] }: Step): (readonly Dim[] | undefined)[] {
  const shapes = [a, b, ...others].map((input) => input?.shape)
  if (op !== 'MatMul' || ![2, 3].includes(a?.shape?.length ?? 0) || ![2, 3].includes(b?.shape?.length ?? 0))
    return shapes
  return [
    [...a!.dims.slice(0, -2), 1, a!.dims.at(-1)!],
    [...b!.dims.slice(0, -1), 1],
  ]
}

/** As `refusal`, without limits on dimensions: what the compiler asks before it fuses or rewrites. */
export function legality(step: Step, level: NnpaLevel): string | undefined {
  return firstOf(entryFor(rules, step) ?? [() => silent], (check) => check(step, level))
}
