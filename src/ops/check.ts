import { takes } from '../graph/rules.ts'
import type { LoweredOperator } from './lowering.ts'

/** The compiler's own: what must hold for the nodes behind it, where only a run can tell (`Node.demands`). */
const Check: LoweredOperator = {
  name: 'Check',
  domain: 'om',
  rules: takes(''),
  infer: () => [],
  control: (node, c) => node.demands.forEach((demand) => c.demand(demand)),
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

export const checks: readonly LoweredOperator[] = [Check, Refined]
