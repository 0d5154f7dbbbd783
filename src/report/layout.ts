import type { Value } from '../graph/graph.ts'
import type { Neighbours } from './neighbours.ts'
import { fusedOps } from './passes/fuse.ts'
import type { Program, Step } from './program.ts'

// How the accelerator's operators lay tensors out, and where its number format is kept between them.

/** Operators of the accelerator whose tensors have channels innermost; others' layouts differ from theirs. */
export const imageOps: ReadonlySet<string> = new Set([
  'Conv',
  fusedOps.convolution,
  'MaxPool',
  'AveragePool',
  'ReduceMeanV13',
])

/** What lays its result out like its first operand. Source: ZHighLayoutPropagation.td. */
const layoutKeepers: ReadonlySet<string> = new Set([
  'Exp',
  'Log',
  'Relu',
  'Sigmoid',
  'Tanh',
  'Add',
  'Sub',
  'Mul',
  'Div',
])

/** The steps that would work on tensors with channels innermost, were they on the accelerator, as others are placed now. */
export function stepsOnImages(program: Program, neighbours: Neighbours): ReadonlySet<Step> {
  const images = new Set<Step>()
  // In execution order: what a step takes is known before it.
  for (const step of program.steps) {
    // Constants of commutative operators stand second.
    const first = step.inputs.find((input) => !program.isConstant(input)) ?? step.inputs[0]
    const producer = layoutKeepers.has(step.op) ? neighbours.producerOf(first) : undefined
    const isKept = producer !== undefined && neighbours.isOnNnpa(producer) && images.has(producer)
    if (isKept || imageOps.has(step.op)) images.add(step)
  }
  return images
}

/** What moves data and leaves it as it is; of these, what doesn't even move it. Source: `isDataMovementONNXOp`. */
const movingOps: ReadonlySet<string> = new Set(['Reshape', 'Transpose', 'Squeeze', 'Unsqueeze', 'Slice', 'Expand'])
const viewOps: ReadonlySet<string> = new Set(['Reshape', 'Squeeze', 'Unsqueeze'])

/**
 * Whether a result of the accelerator stays in its number format while other steps move it, to be converted only where
 * something else uses it: if that saves conversions. Source: `canDecomposeUnstick`, ZHighDecomposeStickUnstick.cpp.
 */
export function staysConverted(
  value: Value,
  program: Program,
  neighbours: Neighbours,
  images: ReadonlySet<Step>,
): boolean {
  const producer = neighbours.producerOf(value)
  if (!producer || !neighbours.isOnNnpa(producer) || images.has(producer)) return false
  const moves = new Set<Step>()
  let saved = 1
  let added = 0
  const left = [value]
  for (let moved = left.pop(); moved; moved = left.pop()) {
    for (const output of program.outputs) if (output === moved) added++
    for (const user of new Set(neighbours.usersOf(moved))) {
      if (neighbours.isOnNnpa(user)) saved += moved === value && !images.has(user) ? 0 : 1
      else if (!isMove(user)) added++
      else if (!moves.has(user)) {
        moves.add(user)
        left.push(user.output())
      }
    }
  }
  const moveNothing = [...moves].every(({ op }) => viewOps.has(op))
  if (moves.size === 0 || (moveNothing && saved === 1)) return false
  return added <= 1 || added < saved
}

export function isMove({ domain, op }: Step): boolean {
  return domain === '' && movingOps.has(op)
}

/** Where a value comes from, before steps that only move it. */
export function unmoved(value: Value | undefined, neighbours: Neighbours): Value | undefined {
  for (
    let producer = neighbours.producerOf(value);
    producer && isMove(producer);
    producer = neighbours.producerOf(value)
  )
    value = producer.inputs[0]
  return value
}
