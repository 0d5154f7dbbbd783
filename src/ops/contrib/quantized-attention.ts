import { floorDivide } from '../../graph/dim.ts'
import { multipleOf, sameSize, sizeOrOne, takes } from '../../graph/rules.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'
import { multiplier, productOfIntegers } from '../quantized/quantized-products.ts'
import { castTo } from '../../lowering/widen.ts'
import { agreePastOfBoth, attention, scoresOf, splitParts } from './attention.ts'
import { MICROSOFT } from './domain.ts'
import { agreeMask } from './masks.ts'

const INPUT = { scale: 3, weightScale: 4, mask: 5, zero: 6, weightZero: 7, past: 8 } as const

/** com.microsoft.Attention whose input and weights are quantised: their product is one of integers, all behind it of floats. */
const QAttention: LoweredOperator = {
  name: 'QAttention',
  domain: MICROSOFT,
  rules: takes(
    'input:T1[b, _, i] weight:T2[i, w] bias:T3[w] input_scale:T3[.] weight_scale:T3 mask_index?:int32[_, ...] ' +
      'input_zero_point?:T1[.] weight_zero_point?:T2 past?:T3[2, b, _, _, _]',
    { T1: 'byte', T2: 'byte', T3: 'float16|float32' },
    (node) => {
      const scores = scoresOf(node, INPUT.past)
      const features = floorDivide(node.input(1).dims[1]!, 3)
      return [
        multipleOf(node, [1, 1], 3 * Number(scores.heads), `${scores.heads} heads of Q, K and V need`),
        ...[INPUT.weightScale, INPUT.weightZero].flatMap((input) => {
          const parameter = node.inputs[input]
          if (!parameter || parameter.rank === 0) return []
          return parameter.rank === 1 ? [sizeOrOne(node, [input, 0], [1, 1])] : [sameSize(node, [input, 1], [1, 1])]
        }),
        ...agreeMask(node, INPUT.mask, scores, { starts: true, square: true }),
        ...agreePastOfBoth(node, scores, features, features, INPUT.past),
      ]
    },
  ),
  infer: (node) => [{ type: node.input(2).type, shape: node.input(0).shape }],
  decompose(node, b) {
    const { type } = node.input(2)
    const scale = multiplier(b, node.input(INPUT.scale), node.input(INPUT.weightScale), b.scalar(1, 'float32'))
    const operands = [node.input(0), node.input(1), node.inputs[INPUT.zero], node.inputs[INPUT.weightZero]] as const
    const all = productOfIntegers(b, operands, { to: 'float32', scale, bias: castTo(b, node.input(2), 'float32') })
    if (!all) throw node.error('MODEL_SHAPE', 'weight_scale and weight_zero_point should be scalars or vectors')
    const third = floorDivide(node.input(1).dims[1]!, 3)
    const parts = splitParts(b, all, [third, third, third])
    const beside = { past: node.inputs[INPUT.past], mask: node.inputs[INPUT.mask] }
    return attention(node, b, parts, scoresOf(node, INPUT.past), beside).map((value) => castTo(b, value, type))
  },
}

export const quantizedAttention: readonly LoweredOperator[] = [QAttention]
