import { entryFor, type Program, type Step } from './program.ts'
import type { Value } from '../graph/graph.ts'
import type { NnpaLevel } from './nnpa-level.ts'
import { fusedOps } from './passes/fuse.ts'
import { hasRules, refusal } from './rules/index.ts'
import { scalarsOnCpu } from './rules/matmul.ts'

/** Where a step ends up. */
export interface Placed {
  readonly device: 'nnpa' | 'cpu'
  /** What the compiler says of it; empty where it says nothing. */
  readonly reason: string
  /** What we say where the compiler says nothing. */
  readonly note?: string
}

export type Placement = Map<Step, Placed>

const accelerated: ReadonlySet<string> = new Set(Object.values(fusedOps))

/**
 * Judges every step by itself, then takes back what isn't worth the way to the accelerator.
 * @param isOnCpu whether a user put a step on the CPU
 */
export function placeSteps(program: Program, level: NnpaLevel, isOnCpu: (step: Step) => boolean): Placement {
  const placement: Placement = new Map(
    program.steps.map((step): [Step, Placed] => {
      if (isOnCpu(step)) return [step, { device: 'cpu', reason: '', note: 'The placement puts it on the CPU.' }]
      const reason = accelerated.has(step.op) ? undefined : refusal(step, level)
      if (reason !== undefined) return [step, { device: 'cpu', reason, ...(reason === '' && { note: unsaid(step) }) }]
      return [step, { device: 'nnpa', reason: scalarsOnCpu(step) ?? '' }]
    }),
  )
  takeBackLoneSteps(program, placement)
  keepLayouts(program, placement)
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

/** Light operators that the CPU does as fast as the way to the accelerator and back. */
const light: ReadonlySet<string> = new Set(['Add', 'Sub', 'Mul', 'Min', 'Max', 'Relu'])

/** Operators of the accelerator whose tensors have channels innermost; others' layouts differ from theirs. */
const imageOps: ReadonlySet<string> = new Set(['Conv', fusedOps.convolution, 'MaxPool', 'AveragePool', 'ReduceMeanV13'])

/**
 * A light operator all of whose operands come from the CPU and whose result goes there stays on the CPU; except for
 * operands that are inputs of the model. Source: ZHighToONNX.td of onnx-mlir.
 */
function takeBackLoneSteps(program: Program, placement: Placement): void {
  const { producers, users } = neighbours(program)
  const isOnNnpa = (step: Step | undefined): step is Step =>
    step !== undefined && placement.get(step)?.device === 'nnpa'
  const comesFromCpu = (step: Step, value: Value | undefined): boolean => {
    if (value && program.inputs.has(value)) return false
    const producer = value && producers.get(value)
    // Min and Max don't take over the layout of images.
    return !isOnNnpa(producer) || ((step.op === 'Min' || step.op === 'Max') && imageOps.has(producer.op))
  }
  const goesToCpu = (value: Value): boolean =>
    (users.get(value) ?? []).every((user) => !isOnNnpa(user) || (imageOps.has(user.op) && !followsImages(value)))
  const followsImages = (value: Value): boolean =>
    producers.get(value)?.inputs.some((input) => input && isOnNnpa(producers.get(input))) ?? false
  const lone = program.steps.filter(
    (step) =>
      isOnNnpa(step) &&
      light.has(step.op) &&
      step.inputs.every((input) => comesFromCpu(step, input)) &&
      goesToCpu(step.output()),
  )
  for (const step of lone)
    placement.set(step, {
      device: 'cpu',
      reason: '',
      note: 'A light operation between operations on the CPU is not worth the way to NNPA.',
    })
}

/** A change of shape between two operators of the accelerator that keep sequences alike happens in its layout. */
function keepLayouts(program: Program, placement: Placement): void {
  const { producers, users } = neighbours(program)
  for (const step of program.steps) {
    const from = step.inputs[0] && producers.get(step.inputs[0])
    const isMovement = step.op === 'Squeeze' || step.op === 'Reshape'
    if (!isMovement || !from || !sequenceOps.has(from.op) || placement.get(from)?.device !== 'nnpa') continue
    const next = users.get(step.output()) ?? []
    const isKept =
      next.length > 0 &&
      next.every((user) => placement.get(user)?.device === 'nnpa') &&
      step.output().shape?.length === 3
    if (isKept) placement.set(step, { device: 'nnpa', reason: '' })
  }
}

const sequenceOps: ReadonlySet<string> = new Set(['LSTM', 'GRU'])

function neighbours({ steps }: Program): { producers: Map<Value, Step>; users: Map<Value, Step[]> } {
  const producers = new Map<Value, Step>()
  const users = new Map<Value, Step[]>()
  for (const step of steps) {
    for (const output of step.outputs) producers.set(output, step)
    for (const input of step.inputs) if (input) users.set(input, [...(users.get(input) ?? []), step])
  }
  return { producers, users }
}
