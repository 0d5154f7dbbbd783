import type { IntName } from '../../graph/attributes.ts'
import type { Node } from '../../graph/graph.ts'
import { takes } from '../../graph/rules.ts'
import { type ElementType, elementTypeOf, limitsOf } from '../../onnx/element-type.ts'
import type { KernelWriter, LoweredOperator } from '../../lowering/lowering.ts'

// The compiler's own operators on rows of codes that are normalised, see native/kernels/byte-rows.h and passes/byte-rows.ts.

/** The type of what codes become: the attribute `to`. */
export const typeOf = (node: Node): ElementType => elementTypeOf(node.int('to', 0))!

/** Along the last axis; with a table, of e to the power of differences of codes. */
function ofRows(
  name: string,
  kernel: string,
  attributes: readonly IntName[],
  table: '' | ' table:uint32[256]',
): LoweredOperator {
  return {
    name,
    domain: 'om',
    rules: takes(`x:byte[..., _]${table}`),
    infer: (node) => [{ type: typeOf(node), shape: node.input(0).shape }],
    lower(node: Node, k: KernelWriter) {
      const { dims, type } = node.input(0)
      const sizes = [k.count(dims.slice(0, -1)), k.dim(dims.at(-1)!)]
      const given = [k.input(0), ...sizes, type === 'int8', ...(table ? [k.input(1)] : [])]
      const numbers = [...attributes, 'zero' as const].map((attribute) => node.int(attribute, 0))
      const codes = [...numbers, ...limitsOf(typeOf(node)).map(String), `(uint8_t *)${k.output()}`]
      k.include('byte-rows.h')
      k.line(`${kernel}(${[...given, ...codes].join(', ')});`)
    },
  }
}

export const byteRowOperators: readonly LoweredOperator[] = [
  ofRows('SoftmaxBytes', 'om_softmax_bytes', ['digits', 'power'], ' table:uint32[256]'),
  ofRows('LogSoftmaxBytes', 'om_log_softmax_bytes', ['x_unit', 'unit'], ' table:uint32[256]'),
  ofRows('L2Bytes', 'om_l2_bytes', ['pivot', 'bits'], ''),
]
