import type { Node, Value } from '../../graph/graph.ts'
import { isNested, listInfoOf } from '../../graph/list.ts'
import type { Builder } from '../../graph/operator.ts'
import { takes } from '../../graph/rules.ts'
import { inferRead, listInfo, writeRead } from './list.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'

function madeOptional(node: Node, b: Builder): Value[] {
  const value = node.inputs[0]
  if (value?.kind === 'optional') throw node.error('MODEL_TYPES', 'an optional of an optional is none of ONNX’s types')
  if (value) return [b.collection('optional', value.type, [value])]
  const attribute = node.attributes.get('type')
  // The attribute may be the type of the optional, or of what it holds.
  const stated = attribute?.kind === 'type' ? attribute.value : undefined
  const info = stated && listInfoOf(stated.kind === 'optional' ? stated : { kind: 'optional', element: stated })
  if (!info)
    throw node.error('MODEL_ATTRIBUTE', 'without an input it needs a type: of a tensor, or a sequence of tensors')
  return [b.collection('optional', info.type, [], { ...info.list, shape: 'none' })]
}

/** ONNX Optional-15: of a value, or empty. */
const Optional: LoweredOperator = {
  name: 'Optional',
  rules: takes('input?:value'),
  infer: () => [],
  decompose: madeOptional,
}

/** ONNX OptionalHasElement-15, -18: since 18 whatever is no optional has an element, and an input left out has none. */
const OptionalHasElement: LoweredOperator = {
  name: 'OptionalHasElement',
  rules: takes('input?:value'),
  decompose(node, b) {
    const value = node.inputs[0]
    if (value?.kind === 'optional' && !value.elements) return undefined
    const has = value && (value.kind !== 'optional' || value.elements!.length > 0)
    return [b.scalar(Number(has ?? false), 'bool')]
  },
  infer: () => [{ type: 'bool', shape: [] }],
  control(node, c) {
    c.allocate(node.output())
    c.line(`*${c.pointer(node.output())} = ${c.list(node.input(0))}->given;`)
  },
}

/** ONNX OptionalGetElement-15, -18. */
const OptionalGetElement: LoweredOperator = {
  name: 'OptionalGetElement',
  rules: takes('input:value'),
  decompose(node) {
    const value = node.input(0)
    if (value.kind !== 'optional') return [value]
    if (!value.elements) return undefined
    if (value.elements[0]) return [value.elements[0]]
    throw node.error('MODEL_OPTIONAL', 'the optional is empty')
  },
  infer(node, context) {
    const value = node.input(0)
    if (!isNested(value)) return [inferRead(node, value, context)]
    return [listInfo('sequence', value.type, { ...value.list!, isNested: false })]
  },
  control(node, c) {
    const [optional, output] = [node.input(0), node.output()]
    c.line('{')
    c.failIf(`!${c.list(optional)}->given`, 'the optional is empty')
    if (output.kind === 'tensor') writeRead(c, `${c.list(optional)}->items[0]`, output)
    else c.takeOver(node, optional, output)
    c.line('}')
  },
}

export const optionals: readonly LoweredOperator[] = [Optional, OptionalHasElement, OptionalGetElement]
