import type { Attribute } from '../../onnx/model.ts'
import { numbersOf } from '../numbers.ts'
import type { Value, ValueInfo } from '../../graph/graph.ts'
import { judging, type Program, Step } from '../program.ts'

/**
 * What becomes of a step: other steps whose last ones produce its outputs, a value that stands for its one output, or
 * `undefined`: it stays as it is.
 */
export type Rewrite = (step: Step, program: Program, uses: Uses) => readonly Step[] | Value | undefined

/** Chains of thousands of nodes that would all become one stay in pieces: each step keeps the nodes that it stands for. */
const mostOrigins = 256

/** How often steps and the graph's outputs use a value. */
export type Uses = ReadonlyMap<Value, number>

/** Tries `rewrite` on every step once, in execution order, on inputs that are rewritten already; drops what nobody uses then. */
export function rewriteSteps(program: Program, rewrite: Rewrite): void {
  const uses = countUses(program)
  const replaced = new Map<Value, Value>()
  const current = <T extends Value | undefined>(value: T): T | Value => (value && replaced.get(value)) ?? value
  program.steps = program.steps.flatMap((step) => {
    step.inputs = step.inputs.map(current)
    const result = judging(step, () => rewrite(step, program, uses))
    if (result === undefined) return [step]
    if (isSteps(result)) {
      if (result.every(({ origins, absorbed }) => origins.size + absorbed.size <= mostOrigins)) return result
      for (const output of step.outputs) output.producer = step
      return [step]
    }
    // Outputs of the graph keep their name, but the step that made them is gone all the same.
    replaced.set(step.output(), result)
    return []
  })
  program.outputs = program.outputs.map(current)
  removeDeadSteps(program)
}

function isSteps(result: readonly Step[] | Value): result is readonly Step[] {
  return Array.isArray(result)
}

export function countUses(program: Program): Map<Value, number> {
  const uses = new Map<Value, number>()
  const use = (value: Value | undefined): void => {
    if (value) uses.set(value, (uses.get(value) ?? 0) + 1)
  }
  program.outputs.forEach(use)
  for (const step of program.steps) step.inputs.forEach(use)
  return uses
}

function removeDeadSteps(program: Program): void {
  const live = new Set(program.outputs)
  const kept: Step[] = []
  for (const step of [...program.steps].reverse()) {
    if (!step.outputs.some((output) => live.has(output))) continue
    step.inputs.forEach((input) => input && live.add(input))
    kept.push(step)
  }
  program.steps = kept.reverse()
}

/** A step that computes a part of what `source` does. `output` is a new value where only its type and shape are given. */
export function part(
  program: Program,
  source: Step,
  op: string,
  inputs: (Value | undefined)[],
  output: Value | ValueInfo,
  attributes: Readonly<Record<string, number | readonly number[]>> = {},
): Step {
  const result = 'producer' in output ? output : program.value(output)
  const { name, origin, origins, absorbed } = source
  return new Step(
    { domain: '', op, version: 26, name, origin, origins, absorbed, inputs, attributes: integerAttributes(attributes) },
    [result],
  )
}

function integerAttributes(values: Readonly<Record<string, number | readonly number[]>>): Map<string, Attribute> {
  return new Map(
    Object.entries(values).map(([name, value]): [string, Attribute] => [
      name,
      typeof value === 'number' ? { kind: 'int', value: BigInt(value) } : { kind: 'ints', value: value.map(BigInt) },
    ]),
  )
}

/** Whether every element of a small constant is `number`. */
export function isNumber(value: Value | undefined, number: number): boolean {
  const tensor = value?.constant
  if (!tensor || tensor.type === 'string' || tensor.data.length > 4096) return false
  const numbers = numbersOf(tensor)
  return numbers.length > 0 && numbers.every((element) => Math.abs(element - number) < 1e-6)
}

/** The indices of two operands, in the order in which they stand and in the other. */
export const eitherOrder = [
  [0, 1],
  [1, 0],
] as const
