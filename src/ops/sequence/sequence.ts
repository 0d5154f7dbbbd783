import { dimEquals } from '../../graph/dim.ts'
import type { Node, Value } from '../../graph/graph.ts'
import { listOf } from '../../graph/list.ts'
import { mergeLists } from '../../graph/list-info.ts'
import type { Builder } from '../../graph/operator.ts'
import { takes } from '../../graph/rules.ts'
import { elementTypeOf } from '../../onnx/element-type.ts'
import { inferRead, listInfo, writeInsert, writePosition, writeRead } from './list.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'

function sequenceOf(node: Node, b: Builder, type: Value['type'], elements: readonly Value[]): Value[] {
  for (const element of elements) checkElement(node, type, element)
  return [b.collection('sequence', type, elements)]
}

function checkElement(node: Node, type: Value['type'], element: Value): void {
  if (element.type !== type) throw node.error('MODEL_TYPES', `a sequence of ${type} can't hold ${element.type}`)
}

/**
 * A position in a sequence of `count`, by default `otherwise`; negative ones count from the end. `undefined`: only the run
 * knows it.
 */
function positionOf(node: Node, input: number, count: number, otherwise: number, most: number): number | undefined {
  if (!node.inputs[input]) return otherwise
  const given = node.input(input).contents?.[0]
  if (typeof given !== 'number') return undefined
  const position = given < 0 ? given + count : given
  if (position < 0 || position > most)
    throw node.error('MODEL_INDEX', `position ${given} is out of range for ${count} elements`)
  return position
}

/** One row of all elements, where they are of one shape. */
function elementFromData(node: Node, b: Builder, elements: readonly Value[]): Value | undefined {
  const [first, ...others] = elements
  const isLikeFirst = ({ rank, dims }: Value): boolean =>
    rank === first!.rank && dims.every((dim, axis) => dimEquals(dim, first!.dims[axis]!))
  if (!first || !others.every(isLikeFirst)) return undefined
  const stacked = b.op(
    'Concat',
    elements.map((element) => b.op('Unsqueeze', [element, b.ints([0])])),
    { axis: 0 },
  )
  return b.op('Gather', [stacked, b.op('Reshape', [node.input(1), b.ints([])])], { axis: 0 })
}

/** ONNX SequenceEmpty-11. */
const SequenceEmpty: LoweredOperator = {
  name: 'SequenceEmpty',
  rules: takes(''),
  infer: () => [],
  decompose(node, b) {
    const type = elementTypeOf(node.int('dtype', 1))
    if (!type) throw node.error('MODEL_ATTRIBUTE', 'dtype is no element type')
    return [b.collection('sequence', type, [])]
  },
}

/** ONNX SequenceConstruct-11. */
const SequenceConstruct: LoweredOperator = {
  name: 'SequenceConstruct',
  rules: takes('inputs+:T', { T: 'any' }),
  infer: () => [],
  decompose: (node, b) =>
    sequenceOf(
      node,
      b,
      node.input(0).type,
      node.inputs.map((_, i) => node.input(i)),
    ),
}

/** ONNX SequenceInsert-11: by default behind the last element. */
const SequenceInsert: LoweredOperator = {
  name: 'SequenceInsert',
  rules: takes('input_sequence:sequence tensor:any position?:index[.]'),
  decompose(node, b) {
    const { elements, type } = node.input(0)
    const position = elements && positionOf(node, 2, elements.length, elements.length, elements.length)
    if (position === undefined) return undefined
    return sequenceOf(node, b, type, elements!.toSpliced(position, 0, node.input(1)))
  },
  sizedBy: [2],
  infer(node) {
    const [{ type, list }, tensor] = [node.input(0), node.input(1)]
    checkElement(node, type, tensor)
    return [listInfo('sequence', type, mergeLists(list!, listOf(tensor)))]
  },
  control(node, c) {
    const [from, to, position] = [node.input(0), node.output(), node.inputs[2]]
    c.line('{')
    const at = position ? writePosition(c, from, position, true) : undefined
    c.takeOver(node, from, to)
    writeInsert(c, to, at ?? `${c.list(to)}->count`, node.input(1))
    c.line('}')
  },
}

/** ONNX SequenceErase-11: by default the last element. */
const SequenceErase: LoweredOperator = {
  name: 'SequenceErase',
  rules: takes('input_sequence:sequence position?:index[.]'),
  decompose(node, b) {
    const { elements, type } = node.input(0)
    const last = (elements?.length ?? 0) - 1
    if (last < 0 && elements) throw node.error('MODEL_INDEX', 'an empty sequence has nothing to erase')
    const position = elements && positionOf(node, 1, elements.length, last, last)
    return position === undefined ? undefined : sequenceOf(node, b, type, elements!.toSpliced(position, 1))
  },
  sizedBy: [1],
  infer: (node) => [listInfo('sequence', node.input(0).type, node.input(0).list!)],
  control(node, c) {
    const [from, to, position] = [node.input(0), node.output(), node.inputs[1]]
    c.line('{')
    const count = `${c.list(from)}->count`
    if (!position) c.failIf(`${count} < 1`, 'an empty sequence has nothing to erase')
    const last = c.name()
    if (!position) c.line(`const int64_t ${last} = ${count} - 1;`)
    const at = position ? writePosition(c, from, position, false) : last
    c.takeOver(node, from, to)
    c.line(`om_erase(${c.list(to)}, ${at});`)
    c.line('}')
  },
}

/** ONNX SequenceAt-11. */
const SequenceAt: LoweredOperator = {
  name: 'SequenceAt',
  rules: takes('input_sequence:sequence position:index[.]'),
  decompose(node, b) {
    const { elements } = node.input(0)
    if (!elements) return undefined
    const position = positionOf(node, 1, elements.length, 0, elements.length - 1)
    const element = position === undefined ? elementFromData(node, b, elements) : elements[position]
    return element && [element]
  },
  sizedBy: [1],
  infer: (node, context) => [inferRead(node, node.input(0), context)],
  control(node, c) {
    const list = node.input(0)
    c.line('{')
    const at = writePosition(c, list, node.input(1), false)
    writeRead(c, `${c.list(list)}->items[${at}]`, node.output())
    c.line('}')
  },
}

/** ONNX SequenceLength-11. */
const SequenceLength: LoweredOperator = {
  name: 'SequenceLength',
  rules: takes('input_sequence:sequence'),
  decompose: (node, b) => {
    const { elements } = node.input(0)
    return elements && [b.scalar(elements.length, 'int64')]
  },
  infer: () => [{ type: 'int64', shape: [] }],
  control(node, c) {
    c.allocate(node.output())
    c.line(`*${c.pointer(node.output())} = ${c.list(node.input(0))}->count;`)
  },
}

export const sequences: readonly LoweredOperator[] = [
  SequenceEmpty,
  SequenceConstruct,
  SequenceInsert,
  SequenceErase,
  SequenceAt,
  SequenceLength,
]
