import { takes } from '../../graph/rules.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'

/** The compiler's own: what must hold for the nodes behind it, where only a run can tell (`Node.demands`). */
const Check: LoweredOperator = {
  name: 'Check',
  domain: 'om',
  rules: takes(''),
  infer: () => [],
  control: (node, c) => node.demands.forEach((demand) => c.demand(demand)),
  flops: () => 0,
}

/** The compiler's own: ends the run unless a condition holds (`holds: 1`) or does not, in the words of `sentence`. */
const Require: LoweredOperator = {
  name: 'Require',
  domain: 'om',
  rules: takes('condition:bool'),
  infer: () => [],
  control: (node, c) =>
    c.failIf(`${node.int('holds') ? '!' : ''}*${c.pointer(node.input(0))}`, node.string('sentence', '')),
  flops: () => 0,
}

/** The compiler's own: a value whose sizes are better known, since a check went before. */
const Refined: LoweredOperator = {
  name: 'Refined',
  domain: 'om',
  rules: takes('x:any'),
  infer: (node) => node.outputs,
  alias: 0,
  flops: () => 0,
}

export const checks: readonly LoweredOperator[] = [Check, Require, Refined]
