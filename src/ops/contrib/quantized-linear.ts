import type { Node } from '../../graph/graph.ts'
import { type Agreement, sizeOrOne, takes } from '../../graph/rules.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'
import { normalizeAxis } from '../../graph/shape-contents.ts'
import { MICROSOFT } from './domain.ts'

const CODES = 'byte|int16|uint16|small'

/** Scale and zero point: one for all, or, where `axis` is given, one per index of it. */
function agree(node: Node): Agreement[] {
  return [1, 2].flatMap((input) => {
    const parameter = node.inputs[input]
    if (!parameter || parameter.rank === 0) return []
    const axis = node.has('axis') ? normalizeAxis(node, node.int('axis', 0), node.input(0).rank) : undefined
    if (axis === undefined) return [{ input, axis: 0, expected: 1, as: 'without an axis there can only be one' }]
    return [sizeOrOne(node, [input, 0], [0, axis])]
  })
}

/** ONNX's operators of the same names, from before they took types of 16 and of 4 bits. */
export const contribQuantizeLinear: readonly LoweredOperator[] = [
  {
    name: 'QuantizeLinear',
    domain: MICROSOFT,
    rules: takes(`x:F y_scale:F[*] y_zero_point?:${CODES}[*]`, { F: 'float16|float32' }, agree),
    infer: (node) => [{ type: node.inputs[2]?.type ?? 'uint8', shape: node.input(0).shape }],
    decompose: (node, b) => [b.op('QuantizeLinear', node.inputs, { axis: node.int('axis') })],
  },
  {
    name: 'DequantizeLinear',
    domain: MICROSOFT,
    rules: takes('x:T x_scale:float16|float32[*] x_zero_point?:T[*]', { T: `${CODES}|int32` }, agree),
    infer: (node) => [{ type: node.input(1).type, shape: node.input(0).shape }],
    decompose: (node, b) => [b.op('DequantizeLinear', node.inputs, { axis: node.int('axis') })],
  },
]
