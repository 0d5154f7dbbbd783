import type { Node, Value } from '../graph/graph.ts'
import type { Builder } from '../graph/operator.ts'
import { type ElementType, elementTypes } from '../onnx/element-type.ts'
import { isNarrowFloat } from './c-text.ts'

/** `value` as elements of `type`. */
export function castTo(b: Builder, value: Value, type: ElementType): Value {
  return value.type === type ? value : b.op('Cast', [value], { to: elementTypes[type].code })
}

/** A decomposition for operators whose kernels are for float32: narrower floats are cast there and back. */
export function widenNarrowFloats(node: Node, b: Builder): readonly Value[] | undefined {
  const type = node.inputs[0]?.type
  if (!type || !isNarrowFloat(type)) return undefined
  const inputs = node.inputs.map((input) => (input && isNarrowFloat(input.type) ? castTo(b, input, 'float32') : input))
  return b
    .ops(node.op, inputs, node.outputCount, Object.fromEntries(node.attributes), node.domain)
    .map((output) => (output.type === 'float32' ? castTo(b, output, type) : output))
}
