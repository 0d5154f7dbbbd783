import { shapeEquals } from '../../graph/dim.ts'
import type { Step } from '../program.ts'
import { type Check, refuseIf, type Rules, since, valid } from './rule.ts'

/** Elementwise operators: the accelerator doesn't broadcast. Constants were expanded before (passes/prepare.ts). */
export const elementwise: Rules = {
  Add: [valid(0, 1), sameShape('input `A` and `B`')],
  Sub: [valid(0, 1), sameShape('input `A` and `B`')],
  Mul: [valid(0, 1), sameShape('input `A` and `B`')],
  Div: [valid(0, 1), sameShape('input `A` and `B`')],
  Min: [twoOperands(), valid(0, 1), sameShape('the first and second tensor of input `data_0`')],
  Max: [twoOperands(), valid(0, 1), sameShape('the first and second tensor of input `data_0`')],
  Relu: [valid(0)],
  Tanh: [valid(0)],
  Sigmoid: [valid(0)],
  Exp: [valid(0)],
  Log: [valid(0)],
  LeakyRelu: [since('z17'), valid(0)],
  Gelu: [since('z17'), valid(0)],
  Sqrt: [since('z17'), valid(0)],
}

function twoOperands(): Check {
  return refuseIf(
    ({ inputs }) => inputs.length !== 2,
    ({ inputs }) => `The number of operands is ${inputs.length}, not 2.`,
  )
}

/** Symbolic dimensions are the same where they are the same expression of the same symbols. */
function sameShape(what: string): Check {
  return refuseIf(
    (step) => !haveSameShape(step),
    `The dynamic dimension analysis couldn't identify ${what} have the same shape.`,
  )
}

function haveSameShape(step: Step): boolean {
  const [a, b] = [step.input(0).shape, step.input(1).shape]
  return a !== undefined && b !== undefined && shapeEquals(a, b)
}
