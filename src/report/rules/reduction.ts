import { numbersOf } from '../numbers.ts'
import type { Step } from '../program.ts'
import { type Check, refuseIf, type Rules, since, valid } from './rule.ts'

/** The mean over height and width, from before opset 18 (GlobalAveragePool becomes one). Later ones stay on the CPU unsaid. */
const meanOfImages: readonly Check[] = [
  valid(0),
  refuseIf(
    (step) => step.input(0).rank !== 4 || step.int('keepdims', 1) === 0 || !step.has('axes'),
    (step) =>
      `The rank of \`data\` (${step.input(0).rank}) must be 4 and \`keepdims\`(${step.int('keepdims', 1)}) must be 1.`,
  ),
  refuseIf(
    (step) => axes(step).length !== 2,
    (step) => `The size of \`axes\`(${axes(step).length}) must be 2.`,
  ),
  refuseIf(
    (step) => axes(step)[0] !== 2 || axes(step)[1] !== 3,
    (step) => `The \`axes\`[0] (${axes(step)[0]}) must be 2, and \`axes\`[1] (${axes(step)[1]}) must be 3.`,
  ),
  refuseIf(
    (step) => spatial(step).some((dim) => typeof dim !== 'number'),
    'Height or Width dimension must be static dimension.',
  ),
  refuseIf(
    (step) => spatial(step).some((dim) => Number(dim) > 1024),
    (step) =>
      `Height (${String(spatial(step)[0])}) or Width (${String(spatial(step)[1])}) dimension must be less than or equal to 1024.`,
  ),
]

/** The maximum or minimum along the last dimension, from opset 18 on. Earlier ones stay on the CPU unsaid. */
const extremeOfRows: readonly Check[] = [
  since('z17'),
  valid(0),
  refuseIf((step) => !step.inputs[1], 'Does not support reduction over all axes.'),
  refuseIf(
    (step) => step.int('noop_with_empty_axes', 0) === 1 || step.int('keepdims', 1) === 0,
    (step) =>
      `\`noop_with_empty_axes\` (${step.int('noop_with_empty_axes', 0)}) must be 0 and \`keepdims\` (${step.int('keepdims', 1)}) must be 1.`,
  ),
  refuseIf((step) => countOfAxes(step) !== 1, 'Does not support multiple reduction axes.'),
  refuseIf((step) => axis(step) === undefined, 'Reduction axis is unknown at compile time.'),
  refuseIf(
    (step) => axis(step)! < -step.input(0).rank || axis(step)! >= step.input(0).rank,
    'Reduction axis is out of the accepted range which is [-r, r-1]',
  ),
  refuseIf(
    (step) => axis(step) !== -1 && axis(step) !== step.input(0).rank - 1,
    'Reduction axis must be the innermost dimension. ',
  ),
]

export const reduction: Rules = {
  ReduceMeanV13: meanOfImages,
  ReduceMax: extremeOfRows,
  ReduceMin: extremeOfRows,
}

function axes(step: Step): readonly number[] {
  return step.ints('axes') ?? []
}

function spatial(step: Step) {
  return step.input(0).dims.slice(2)
}

function countOfAxes(step: Step): number {
  const { constant, shape } = step.input(1)
  return constant ? numbersOf(constant).length : Number(shape?.[0] ?? 1)
}

function axis(step: Step): number | undefined {
  const { constant } = step.input(1)
  return constant && numbersOf(constant)[0]
}
