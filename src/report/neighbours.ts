import type { Value } from '../graph/graph.ts'
import { fusedOps } from './passes/fuse.ts'
import type { Placement } from './place.ts'
import type { Program, Step } from './program.ts'

/** Operators of the accelerator whose tensors have channels innermost; others' layouts differ from theirs. */
const imageOps: ReadonlySet<string> = new Set(['Conv', fusedOps.convolution, 'MaxPool', 'AveragePool', 'ReduceMeanV13'])

const sequenceOps: ReadonlySet<string> = new Set(['LSTM', 'GRU'])

/** Who makes and who uses each value, and where. */
export class Neighbours {
  private readonly placement: Placement
  private readonly producers = new Map<Value, Step>()
  private readonly users = new Map<Value, Step[]>()

  constructor({ steps }: Program, placement: Placement) {
    this.placement = placement
    for (const step of steps) {
      for (const output of step.outputs) this.producers.set(output, step)
      for (const input of step.inputs) if (input) this.usersOf(input).push(step)
    }
  }

  isOnNnpa(step: Step | undefined): step is Step {
    return step !== undefined && this.placement.get(step)?.device === 'nnpa'
  }

  producerOf(value: Value | undefined): Step | undefined {
    return value && this.producers.get(value)
  }

  usersOf(value: Value): Step[] {
    const users = this.users.get(value) ?? []
    this.users.set(value, users)
    return users
  }
}

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
  const comesFromCpu = (step: Step, value: Value | undefined): boolean => {
    if (value && program.inputs.has(value)) return false
    const producer = neighbours.producerOf(value)
    // Min and Max don't take over the layout of images.
    const isConverted = (step.op === 'Min' || step.op === 'Max') && producer !== undefined && imageOps.has(producer.op)
    return !neighbours.isOnNnpa(producer) || isConverted
  }
  // What comes from the CPU has not the layout of images, so that it is converted back before one.
  const goesToCpu = (value: Value): boolean =>
    neighbours.usersOf(value).every((user) => !neighbours.isOnNnpa(user) || imageOps.has(user.op))
  const lone = program.steps.filter(
    (step) =>
      neighbours.isOnNnpa(step) &&
      light.has(step.op) &&
      step.inputs.every((input) => comesFromCpu(step, input)) &&
      goesToCpu(step.output()),
  )
  const note = 'A light operation between operations on the CPU is not worth the way to NNPA.'
  for (const step of lone) placement.set(step, { device: 'cpu', reason: '', note })
}
