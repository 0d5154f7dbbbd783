import type { Node, Value } from '../graph/graph.ts'
import type { Builder } from '../graph/operator.ts'
import { elementTypes } from '../onnx/element-type.ts'
import { isNarrowFloat } from './c-text.ts'

/** A decomposition for operators whose kernels are for float32: narrower floats are cast there and back. */
export function widenNarrowFloats(node: Node, b: Builder): readonly Value[] | undefined {
  const type = node.inputs[0]?.type
  if (!type || !isNarrowFloat(type)) return undefined
  const inputs = node.inputs.map((input) =>
    input && isNarrowFloat(input.type) ? b.op('Cast', [input], { to: elementTypes.float32.code }) : input,
  )
  return b
    .ops(node.op, inputs, node.outputCount, Object.fromEntries(node.attributes), node.domain)
    .map((output) => (output.type === 'float32' ? b.op('Cast', [output], { to: elementTypes[type].code }) : output))
}
