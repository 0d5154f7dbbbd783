import type { Value } from '../graph/graph.ts'
import { imageOps, staysConverted, stepsOnImages, unmoved } from './layout.ts'
import type { Neighbours } from './neighbours.ts'
import type { Placement } from './placed.ts'
import type { Program, Step } from './program.ts'

// What the compiler changes in a placement once it sees who stands beside whom.

const sequenceOps: ReadonlySet<string> = new Set(['LSTM', 'GRU'])

/**
 * What stands between two operators of the accelerator that lay tensors out alike is done there too, where it can be
 * written with its operators: the compiler's report line of it stays true all the same. Source: ZHighStick.td of onnx-mlir.
 */
export function takeWhatIsBetween(program: Program, placement: Placement, neighbours: Neighbours): void {
  for (const step of program.steps) {
    const group = writable(step, neighbours)
    const first = group?.[0]
    if (!group || !first || !group.every((part) => placement.get(part)?.device === 'cpu')) continue
    const from = neighbours.producerOf(first.inputs[0])
    const isOnWay =
      from !== undefined &&
      neighbours.isOnNnpa(from) &&
      neighbours.usersOf(step.output()).some((user) => neighbours.isOnNnpa(user) && fits(step, from, user))
    if (isOnWay) for (const part of group) placement.set(part, { ...placement.get(part)!, device: 'nnpa' })
  }
}

/** The steps up to this one that the accelerator's operators can do together, if there are any. */
function writable(step: Step, neighbours: Neighbours): readonly Step[] | undefined {
  if (step.domain !== '') return undefined
  const isStatic = step.output().staticShape !== undefined
  if (step.op === 'Softplus' || (step.op === 'LeakyRelu' && step.float('alpha', 0.01) > 0))
    return isStatic ? [step] : undefined
  if (step.op === 'Reciprocal') {
    const root = neighbours.producerOf(step.inputs[0])
    return root?.op === 'Sqrt' && isStatic ? [root, step] : undefined
  }
  return step.op === 'Squeeze' ? [step] : undefined
}

/** Sequences lose the dimension of their directions on the way; all else needs one layout on both sides. */
function fits(step: Step, from: Step, user: Step): boolean {
  // A Softmax of matrices is one of a stack of one matrix: what puts it there and back is in between.
  if ([from, user].some(({ op, inputs }) => op === 'Softmax' && inputs[0]?.shape?.length === 2)) return false
  if (step.op === 'Squeeze') return sequenceOps.has(from.op) && step.output().shape?.length === 3
  return imageOps.has(from.op) === imageOps.has(user.op)
}

/** Light operators that the CPU does as fast as the way to the accelerator and back. */
const light: ReadonlySet<string> = new Set(['Add', 'Sub', 'Mul', 'Min', 'Max', 'Relu'])

/**
 * A light operator all of whose operands come from the CPU and whose result goes there stays on the CPU; except for
 * operands that are inputs of the model. Source: ZHighToONNX.td of onnx-mlir.
 */
export function takeBackLoneSteps(program: Program, placement: Placement, neighbours: Neighbours): void {
  const images = stepsOnImages(program, neighbours)
  const comesFromCpu = (step: Step, value: Value | undefined): boolean => {
    if (value && program.inputs.has(value)) return false
    const origin = unmoved(value, neighbours)
    if (origin && origin !== value && staysConverted(origin, program, neighbours, images)) return false
    const producer = neighbours.producerOf(value)
    // One layout is converted to the other on the CPU.
    return !producer || !neighbours.isOnNnpa(producer) || images.has(producer) !== images.has(step)
  }
  const goesToCpu = (value: Value, step: Step): boolean =>
    neighbours.usersOf(value).every((user) => !neighbours.isOnNnpa(user) || images.has(user) !== images.has(step)) &&
    !staysConverted(value, program, neighbours, images)
  const lone = program.steps.filter(
    (step) =>
      neighbours.isOnNnpa(step) &&
      light.has(step.op) &&
      step.inputs.every((input) => comesFromCpu(step, input)) &&
      goesToCpu(step.output(), step),
  )
  const note = 'A light operation between operations on the CPU is not worth the way to NNPA.'
  for (const step of lone) placement.set(step, { device: 'cpu', reason: '', note })
}
