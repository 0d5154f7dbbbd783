import type { Value } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'
import { takes } from '../../graph/rules.ts'
import type { LoweredOperator } from '../lowering.ts'
import { sameAsFirst } from './activations.ts'
import { MICROSOFT } from './domain.ts'

// Operators whose channels come last; the transposes around them meet those of their neighbours and go away.

function channelsFirst(b: Builder, x: Value): Value {
  return b.op('Transpose', [x], { perm: [0, 3, 1, 2] })
}

function channelsLast(b: Builder, x: Value): Value {
  return b.op('Transpose', [x], { perm: [0, 2, 3, 1] })
}

/** MaxPool of integers below nine bits. */
const NhwcMaxPool: LoweredOperator = {
  name: 'NhwcMaxPool',
  domain: MICROSOFT,
  rules: takes('x:byte[_, _, _, _]'),
  infer: sameAsFirst,
  decompose: (node, b) => [
    channelsLast(b, b.op('MaxPool', [channelsFirst(b, node.input(0))], Object.fromEntries(node.attributes))),
  ],
}

/** Conv of weights of [filters, height, width, channels / group]. */
const NhwcConv: LoweredOperator = {
  name: 'NhwcConv',
  domain: MICROSOFT,
  rules: takes('X:T[_, _, _, _] W:T[m, _, _, _] B?:T[m]', { T: 'float' }),
  infer: sameAsFirst,
  decompose(node, b) {
    const operands = [channelsFirst(b, node.input(0)), channelsFirst(b, node.input(1)), node.inputs[2]]
    return [channelsLast(b, b.op('Conv', operands, Object.fromEntries(node.attributes)))]
  },
}

export const contribImages: readonly LoweredOperator[] = [NhwcMaxPool, NhwcConv]
