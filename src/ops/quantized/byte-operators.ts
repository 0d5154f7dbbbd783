import type { Node } from '../../graph/graph.ts'
import { product } from '../../graph/dim.ts'
import { takes } from '../../graph/rules.ts'
import { resultField } from './product-fields.ts'
import { type ElementType, elementTypeOf, limitsOf } from '../../onnx/element-type.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'

// The compiler's own operators on codes of 8 bits that need no floats, see native/kernels/bytes.h. The attribute `to` is the
// type of the result, `zero` its zero point. passes/integers-only.ts makes them for machines that have no unit for floats.

const typeOf = (node: Node): ElementType => elementTypeOf(node.int('to', 0))!

/** C: zero point, least and most code. */
function rangeText(node: Node): string {
  return [node.int('zero', 0), ...limitsOf(typeOf(node)).map(String)].join(', ')
}

/** Averages over all axes between the first and the last; what a sum is multiplied with, and moved by before it is rounded. */
const AverageBytes: LoweredOperator = {
  name: 'AverageBytes',
  domain: 'om',
  rules: takes('x:T[_, _, ...] x_zero:T[.] scale:float32[.] y_zero:byte[.] nudge?:float32[.]', { T: 'byte' }),
  infer(node) {
    const { dims } = node.input(0)
    return [{ type: typeOf(node), shape: dims.map((dim, axis) => (axis === 0 || axis === dims.length - 1 ? dim : 1)) }]
  },
  lower(node, k) {
    const { dims, type } = node.input(0)
    k.include('bytes.h')
    const fields = [
      `.n = ${k.dim(dims.at(-1)!)}`,
      `.a_signed = ${type === 'int8'}`,
      `.a_zero = ${k.input(1)}`,
      resultField(typeOf(node)),
      `.scale = ${k.input(2)}`,
      `.y_zero = ${k.input(3)}`,
      ...(node.inputs[4] ? [`.nudge = ${k.input(4)}`] : []),
      `.y = ${k.output()}`,
      `.y_row = ${k.dim(dims.at(-1)!)}`,
    ]
    const pixels = k.dim(product(dims.slice(1, -1)))
    k.line(`om_average_bytes(${k.input(0)}, ${k.dim(dims[0]!)}, ${pixels}, &(om_int_product){${fields.join(', ')}});`)
  },
}

/** Sums of two tensors of one shape, by tables of what their codes stand for in units of 2^-shift codes of the result. */
const SumBytes: LoweredOperator = {
  name: 'SumBytes',
  domain: 'om',
  rules: takes('a:T1[~] b:T2[~] a_table:int32[256] b_table:int32[256]', { T1: 'byte', T2: 'byte' }),
  infer: (node) => [{ type: typeOf(node), shape: node.input(0).shape }],
  lower(node, k) {
    k.include('bytes.h')
    const bytes = (value: string): string => `(const uint8_t *)${value}`
    const given = [bytes(k.input(0)), bytes(k.input(1)), k.input(2), k.input(3), k.count(node.input(0).dims)]
    const how = [node.int('shift', 0), node.int('even', 0), rangeText(node), `(uint8_t *)${k.output()}`]
    k.line(`om_sum_bytes(${[...given, ...how].join(', ')});`)
  },
}

/** Softmax along the last axis; the table is of e to the power of differences of codes. */
const SoftmaxBytes: LoweredOperator = {
  name: 'SoftmaxBytes',
  domain: 'om',
  rules: takes('x:byte[..., _] table:uint32[256]'),
  infer: (node) => [{ type: typeOf(node), shape: node.input(0).shape }],
  lower(node, k) {
    const { dims, type } = node.input(0)
    k.include('bytes.h')
    const given = [k.input(0), k.count(dims.slice(0, -1)), k.dim(dims.at(-1)!), type === 'int8', k.input(1)]
    const unit = [node.int('digits', 0), node.int('power', 0), rangeText(node), `(uint8_t *)${k.output()}`]
    k.line(`om_softmax_bytes(${[...given, ...unit].join(', ')});`)
  },
}

export const byteOperators: readonly LoweredOperator[] = [AverageBytes, SumBytes, SoftmaxBytes]
