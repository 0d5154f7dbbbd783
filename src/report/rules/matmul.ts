import type { Dim } from '../../graph/dim.ts'
import type { Value } from '../../graph/graph.ts'
import { numbersOf } from '../numbers.ts'
import type { NnpaLevel } from '../nnpa-level.ts'
import type { Step } from '../program.ts'
import { type Check, incompatible, printed, rankRefused, refuseIf, type Rules, silent, since, valid } from './rule.ts'

/** Matrix products. Stacks of more than three dimensions were laid flat before (passes/prepare.ts). */
export const matmul: Rules = {
  MatMul: [valid(0, 1), stackedProduct],
  Gemm: [
    valid(0, 1, 2),
    refuseIf(
      (step) => step.inputs.some((input) => input && input.type !== 'float32'),
      'Element type of `A` and `B` must be f32.',
    ),
    gemmRanks,
    refuseIf(
      (step) => step.float('alpha', 1) !== 1 || step.float('beta', 1) !== 1,
      (step) =>
        `\`alpha\` (${step.float('alpha', 1).toFixed(6)})  and \`beta\` (${step.float('beta', 1).toFixed(6)}) must be 1.`,
    ),
    biasOfColumns,
  ],
  MatMulInteger: [since('z17'), scalarZeroPoints, plainProduct(0, 1)],
  QLinearMatMul: [since('z17'), quantizedPerTensor, plainProduct(0, 3)],
}

function stackedProduct(step: Step, level: NnpaLevel): string | undefined {
  const a = step.input(0)
  const b = step.input(1)
  const isStatic = a.staticShape !== undefined && b.staticShape !== undefined
  const differ = (i: number, j: number): boolean => isStatic && a.shape![i] !== b.shape![j]
  const at = (value: Value, axis: number): string => printed(value.shape?.[axis])
  switch (`${a.rank}x${b.rank}`) {
    case '2x2':
      return differ(1, 0)
        ? `Unstacked case: the 2nd dim of A (${at(a, 1)}) and the 1st dim of B (${at(b, 0)}) are not the same.`
        : undefined
    case '3x3':
      return differ(0, 0) || differ(2, 1)
        ? `Stacked w/o bcast case: the 1st dim of A (${at(a, 0)}) and the 1st dim of B (${at(b, 0)}) are not the same, or the 3rd dim of A (${at(a, 2)}) and the 2nd dim of B (${at(b, 1)}) are not the same.`
        : undefined
    case '3x2':
      return differ(2, 0)
        ? `Stacked w/ bcast23 case: the 3rd dim of A (${at(a, 2)}) and the 1st dim of B (${at(b, 0)}) are not the same.`
        : undefined
    case '2x3':
      if (level === 'z16') return incompatible('--march=arch15')
      return differ(1, 1)
        ? `Stacked w/ bcast1 case: the 2nd dim of A (${at(a, 1)}) and the 2nd dim of B (${at(b, 1)}) are not the same.`
        : undefined
    default:
      return `Dim size of A(${a.rank}) and B(${b.rank}) is not supported.`
  }
}

function gemmRanks({ inputs: [a, b, c] }: Step): string | undefined {
  const [rankA, rankB, rankC] = [a?.rank, b?.rank, c?.rank]
  if (rankA === 2 && rankB === 2 && (rankC === undefined || rankC === 1 || rankC === 2)) return undefined
  const ofC = rankC === undefined ? '' : `The rank of C(${rankC}) must be 1 or 2.`
  return `The rank of A(${rankA}) and B (${rankB}) must be 2. ${ofC}`
}

function biasOfColumns(step: Step): string | undefined {
  const c = step.inputs[2]
  if (c?.rank !== 1) return undefined
  const [size] = c.dims
  const columns: Dim | undefined = step.input(1).dims[step.int('transB', 0) === 0 ? 1 : 0]
  if (typeof size !== 'number') return 'When the rank of C is 1, The first dim of `C` need to be static dim.'
  return size === columns
    ? undefined
    : 'When the rank of C is 1, The 2nd dim of B` must be the same as the first dim of `C`.'
}

/** Absent zero points are not scalars to the compiler, which then prints the text through its helper for levels. */
function scalarZeroPoints(step: Step, level: NnpaLevel): string | undefined {
  if (!isScalar(step.inputs[2])) return incompatible("A's zeropoint is not scalar", level)
  return isScalar(step.inputs[3]) ? undefined : incompatible("B's zeropoint is not scalar", level)
}

function quantizedPerTensor(step: Step): string | undefined {
  const [a, aScale, aZero, b, bScale, bZero, yScale] = step.inputs
  const isFloat = [aScale, bScale, yScale].every((scale) => scale?.type === 'float32')
  const isByte = [a, b, step.output()].every((value) => value?.type === 'int8' || value?.type === 'uint8')
  return isFloat && isByte && [aScale, aZero, bScale, bZero].every(isScalar) ? undefined : silent
}

/**
 * What the compiler says of a quantized product that goes to NNPA: with a known B of zero point 0 it computes the bias
 * beforehand, and the scales' part of that, on scalars, stays on the CPU. Source: `preComputeBias`, ONNXToZHigh.cpp.
 */
export function scalarsOnCpu({ op, inputs }: Step): string | undefined {
  const [b, zeroPoint] =
    op === 'QLinearMatMul' ? [inputs[3], inputs[5]] : op === 'MatMulInteger' ? [inputs[1], inputs[3]] : []
  // Unsigned bytes are shifted to signed ones.
  const zero = zeroPoint?.type === 'uint8' ? 128 : 0
  const isKnown = b?.constant && zeroPoint?.constant && numbersOf(zeroPoint.constant).every((value) => value === zero)
  return isKnown ? rankRefused(0) : undefined
}

function isScalar(value: Value | undefined): boolean {
  return value?.shape !== undefined && (value.shape.length === 0 || (value.shape.length === 1 && value.shape[0] === 1))
}

/** Two matrices, two stacks of the same height, or a stack and a matrix; said nothing of otherwise. */
function plainProduct(i: number, j: number): Check {
  return (step) => {
    const [a, b] = [step.inputs[i]?.shape, step.inputs[j]?.shape]
    if (!a || !b || !['2x2', '3x3', '3x2'].includes(`${a.length}x${b.length}`)) return silent
    if ([...a, ...b].some((dim) => typeof dim !== 'number')) return undefined
    const isSameStack = a.length === 2 || b.length === 2 || a[0] === b[0]
    return isSameStack && a.at(-1) === b.at(-2) ? undefined : silent
  }
}
