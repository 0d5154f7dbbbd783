import { type Dim, dimEquals, shapeEquals } from '../../graph/dim.ts'
import type { Value } from '../../graph/graph.ts'
import { elementTypeOf } from '../../onnx/element-type.ts'
import { elementsOf } from '../../onnx/tensor.ts'
import { numbersOf } from '../numbers.ts'
import { entryFor, producerOf, type Step } from '../program.ts'
import type { Rewrite } from './rewrite.ts'

/** Steps that compute constants, and shapes that are known, happen at compile time. */
export const foldConstants: Rewrite = (step, program) => {
  if (!step.outputs.every((output) => program.isConstant(output))) return undefined
  program.fold(step)
  return []
}

/** Steps whose output is their input. Source: the elimination patterns of onnx-mlir Canonicalize.td and ConstProp.td. */
export const dropIdentities: Rewrite = (step, program, uses) => {
  const [input] = step.inputs
  const identity = entryFor(identities, step)
  if (!input || !identity || step.outputs.slice(1).some((output) => uses.has(output))) return undefined
  if (identity(step, input)) return input
  // Of two that undo each other the second vanishes, and the first with its last use.
  const inverse = entryFor(inverses, step)
  if (step.op === 'Reshape') return reshapedBack(step)
  const before = inverse && producerOf(input, inverse)
  return before && axesKey(before) === axesKey(step) ? before.input(0) : undefined
}

/** What a Reshape takes, where another one or the same shape was before it. */
function reshapedBack(step: Step): Value | undefined {
  for (let before = producerOf(step.input(0), 'Reshape'); before; before = producerOf(before.input(0), 'Reshape')) {
    if (isSameShape(before.input(0).shape, step.output().shape)) return before.input(0)
  }
  return undefined
}

/** The axes of a Transpose's input in the order of its output; nothing where its rank is unknown. */
export function permutationOf(step: Step): readonly number[] | undefined {
  const rank = step.input(0).shape?.length
  return step.ints('perm') ?? (rank === undefined ? undefined : Array.from({ length: rank }, (_, i) => rank - 1 - i))
}

const inverses: Readonly<Record<string, string>> = { Squeeze: 'Unsqueeze', Unsqueeze: 'Squeeze' }

function axesKey(step: Step): string {
  const axes = step.ints('axes') ?? (step.inputs[1]?.constant && numbersOf(step.inputs[1].constant))
  return axes ? axes.join() : `unknown ${step.origin}`
}

const identities: Readonly<Record<string, (step: Step, input: Value) => boolean>> = {
  Identity: () => true,
  Dropout: () => true,
  Cast: (step, input) => elementTypeOf(step.int('to', 0)) === input.type,
  Reshape: (step, input) => isSameShape(input.shape, step.output().shape),
  Transpose: (step) => permutationOf(step)?.every((axis, i) => axis === i) ?? false,
  Tile: (step, input) => isSameShape(input.shape, step.output().shape),
  Concat: (step) => step.inputs.length === 1,
  Sum: (step) => step.inputs.length === 1,
  Squeeze: () => false,
  Unsqueeze: () => false,
  Add: (step, input) => isNeutral(0, step, input, step.inputs[1]),
  Sub: (step, input) => isNeutral(0, step, input, step.inputs[1]),
  Mul: (step, input) => isNeutral(1, step, input, step.inputs[1]),
  Div: (step, input) => isNeutral(1, step, input, step.inputs[1]),
}

/** One dimension may be unknown: with all others equal, it is equal too. */
function isSameShape(a: readonly Dim[] | undefined, b: readonly Dim[] | undefined): boolean {
  if (!a || !b || a.length !== b.length) return false
  const bothStatic = a.every((dim, i) => (typeof dim === 'number') === (typeof b[i] === 'number'))
  return bothStatic && a.filter((dim, i) => dimEquals(dim, b[i]!)).length >= a.length - 1 && sameNumbers(a, b)
}

function sameNumbers(a: readonly Dim[], b: readonly Dim[]): boolean {
  return a.every((dim, i) => typeof dim !== 'number' || dim === b[i])
}

/** Whether a step adds 0 to its input or multiplies it by 1. onnx-mlir puts the constants of Add and Mul second. */
function isNeutral(neutral: number, step: Step, value: Value, constant: Value | undefined): boolean {
  const tensor = constant?.constant
  const { shape } = step.output()
  if (!tensor || !shape || !value.shape || !shapeEquals(shape, value.shape) || tensor.type === 'string') return false
  // Only what is small can be a neutral element that someone left in.
  return elementsOf(tensor.dims) <= 4096 && numbersOf(tensor).every((element) => element === neutral)
}
