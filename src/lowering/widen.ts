import type { Node, Value } from '../graph/graph.ts'
import type { Builder } from '../graph/operator.ts'
import { type ElementType, elementTypes } from '../onnx/element-type.ts'
import { isHalf, isNarrowFloat } from './c-text.ts'

/** `value` as elements of `type`. What was computed in float32 for float16 and bfloat16 is rounded where it is stored, see narrow-floats.ts. */
export function castTo(b: Builder, value: Value, type: ElementType): Value {
  if (value.type === type) return value
  const to = { to: elementTypes[type].code }
  return value.type === 'float32' && isHalf(type) ? b.op('Narrow', [value], to, 'om') : b.op('Cast', [value], to)
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
