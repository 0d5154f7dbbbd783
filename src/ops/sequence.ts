import { ceilDivide } from '../graph/dim.ts'
import type { Node, Value } from '../graph/graph.ts'
import type { Builder } from '../graph/operator.ts'
import { takes } from '../graph/rules.ts'
import { type ElementType, elementTypeOf } from '../onnx/element-type.ts'
import type { LoweredOperator } from './lowering.ts'
import { MOST_FOLLOWED, normalizeAxis } from './shape-contents.ts'
import { castTo } from './widen.ts'

/**
 * Sequences and optionals are lists of values at compile time: operators on them choose among the values, so nothing is
 * left of them in the compiled model. How long they are must therefore not depend on data.
 */
function listOperator(
  name: string,
  inputs: string,
  decompose: NonNullable<LoweredOperator['decompose']>,
): LoweredOperator {
  return {
    name,
    rules: takes(inputs, { T: 'any' }),
    infer: (node) => {
      throw node.error('UNSUPPORTED_SEQUENCE', 'this use of sequences or optionals depends on data')
    },
    decompose,
  }
}

function elementsOf(node: Node, input = 0): readonly Value[] {
  const { elements } = node.input(input)
  if (elements) return elements
  throw node.error('UNSUPPORTED_SEQUENCE', `input ${input} is no sequence or optional that is known at compile time`)
}

function sequenceLike(node: Node, b: Builder, elements: readonly Value[]): Value[] {
  const { type } = node.input(0)
  for (const element of elements) {
    if (element.type !== type) throw node.error('MODEL_TYPES', `a sequence of ${type} can't hold ${element.type}`)
  }
  return [b.collection('sequence', type, elements)]
}

function checkLength(node: Node, count: number): void {
  if (count > MOST_FOLLOWED)
    throw node.error('UNSUPPORTED_SIZE', `${count} parts are too many: each would be a value of its own`)
}

/** A position, by default behind the last element; negative ones count from the end. */
function positionOf(node: Node, input: number, otherwise: number, most: number): number {
  if (!node.inputs[input]) return otherwise
  const given = node.input(input).contents?.[0]
  const count = elementsOf(node).length
  if (typeof given !== 'number') throw node.error('UNSUPPORTED_DYNAMIC', 'the position must be known at compile time')
  const position = given < 0 ? given + count : given
  if (position < 0 || position > most)
    throw node.error('MODEL_INDEX', `position ${given} is out of range for ${count} elements`)
  return position
}

/** An element at a position that only the running model knows: one row of all of them, which must be of one shape. */
function elementFromData(node: Node, b: Builder, elements: readonly Value[]): Value {
  const stacked = b.op(
    'Concat',
    elements.map((element) => b.op('Unsqueeze', [element, b.ints([0])])),
    { axis: 0 },
  )
  return b.op('Gather', [stacked, b.op('Reshape', [node.input(1), b.ints([])])], { axis: 0 })
}

/** ONNX SplitToSequence-11: into parts of one size, of listed sizes, or of size 1. */
function splitToSequence(node: Node, b: Builder): Value[] {
  const x = node.input(0)
  const axis = normalizeAxis(node, node.int('axis', 0), x.rank)
  const size = x.dims[axis]!
  const split = node.inputs[1]
  if (split?.rank === 1) {
    const [count] = split.dims
    if (typeof count !== 'number')
      throw node.error('UNSUPPORTED_DYNAMIC', 'the number of parts must be known at compile time')
    checkLength(node, count)
    return sequenceLike(node, b, b.ops('Split', [x, castTo(b, split, 'int64')], count, { axis }))
  }
  const part = split ? split.contents?.[0] : 1
  const count = typeof part === 'number' && part > 0 ? ceilDivide(size, part) : undefined
  if (typeof part !== 'number' || typeof count !== 'number')
    throw node.error('UNSUPPORTED_DYNAMIC', 'the number of parts must be known at compile time')
  checkLength(node, count)
  const sizes = Array.from({ length: count }, (_, i) => Math.min(part, Number(size) - i * part))
  const parts = count === 0 ? [] : b.ops('Split', [x, b.ints(sizes)], count, { axis })
  const squeezes = !split && !node.int('keepdims', 1)
  return sequenceLike(node, b, squeezes ? parts.map((value) => b.op('Squeeze', [value, b.ints([axis])])) : parts)
}

/** ONNX SequenceMap-17: the body once for each element; inputs that are no sequences are the same every time. */
function sequenceMap(node: Node, b: Builder): Value[] {
  const lists = node.inputs.map((_, i) => node.input(i))
  const { length } = elementsOf(node)
  if (lists.some(({ elements }) => elements && elements.length !== length))
    throw node.error('MODEL_SHAPE', 'the sequences are of different lengths')
  const results = Array.from({ length }, (_, i) =>
    b.inline(
      'body',
      lists.map((value) => value.elements?.[i] ?? value),
    ),
  )
  return Array.from({ length: node.outputCount }, (_, output) =>
    b.collection(
      'sequence',
      results[0]?.[output]?.type ?? lists[0]!.type,
      results.map((values) => values[output]!),
    ),
  )
}

/** ONNX ConcatFromSequence-11: joins along an axis, or along a new one. */
function concatFromSequence(node: Node, b: Builder): Value[] {
  const elements = elementsOf(node)
  if (!elements[0]) throw node.error('MODEL_SHAPE', 'an empty sequence has nothing to join')
  const joined = node.int('new_axis', 0)
  const axis = normalizeAxis(node, node.int('axis', 0), elements[0].rank + joined)
  return [
    b.op('Concat', joined ? elements.map((element) => b.op('Unsqueeze', [element, b.ints([axis])])) : elements, {
      axis,
    }),
  ]
}

/** ONNX Optional-15: of a value, or empty. */
function optional(node: Node, b: Builder): Value[] {
  const value = node.inputs[0]
  if (value) return [b.collection('optional', value.type, [value])]
  return [b.collection('optional', elementTypeOfAttribute(node) ?? 'float32', [])]
}

function elementTypeOfAttribute(node: Node): ElementType | undefined {
  const info = node.attributes.get('type')
  if (info?.kind !== 'type') return undefined
  let { value } = info
  while (value.kind === 'sequence' || value.kind === 'optional') value = value.element
  return value.kind === 'tensor' ? value.type : undefined
}

export const sequences: readonly LoweredOperator[] = [
  listOperator('SequenceEmpty', '', (node, b) => {
    const type = elementTypeOf(node.int('dtype', 1))
    if (!type) throw node.error('MODEL_ATTRIBUTE', 'dtype is no element type')
    return [b.collection('sequence', type, [])]
  }),
  listOperator('SequenceConstruct', 'inputs+:T', (node, b) =>
    sequenceLike(
      node,
      b,
      node.inputs.map((_, i) => node.input(i)),
    ),
  ),
  listOperator('SequenceInsert', 'input_sequence:sequence tensor:any position?:index[.]', (node, b) => {
    const elements = elementsOf(node)
    return sequenceLike(
      node,
      b,
      elements.toSpliced(positionOf(node, 2, elements.length, elements.length), 0, node.input(1)),
    )
  }),
  listOperator('SequenceErase', 'input_sequence:sequence position?:index[.]', (node, b) => {
    const elements = elementsOf(node)
    return sequenceLike(node, b, elements.toSpliced(positionOf(node, 1, elements.length - 1, elements.length - 1), 1))
  }),
  listOperator('SequenceAt', 'input_sequence:sequence position:index[.]', (node, b) => {
    const elements = elementsOf(node)
    if (!node.input(1).contents && elements.length > 0) return [elementFromData(node, b, elements)]
    return [elements[positionOf(node, 1, 0, elements.length - 1)]!]
  }),
  listOperator('SequenceLength', 'input_sequence:sequence', (node, b) => [b.scalar(elementsOf(node).length, 'int64')]),
  listOperator('SplitToSequence', 'input:any[_, ...] split?:index', splitToSequence),
  listOperator('ConcatFromSequence', 'input_sequence:sequence', concatFromSequence),
  listOperator('SequenceMap', 'input_sequence:sequence additional_inputs*:value', sequenceMap),
  listOperator('Optional', 'input?:value', optional),
  // Since version 18 whatever is no optional has an element, and an input left out has none.
  listOperator('OptionalHasElement', 'input?:value', (node, b) => {
    const value = node.inputs[0]
    return [b.scalar(value && (value.kind !== 'optional' || value.elements!.length > 0) ? 1 : 0, 'bool')]
  }),
  listOperator('OptionalGetElement', 'input:value', (node) => {
    const value = node.input(0)
    if (value.kind !== 'optional') return [value]
    if (value.elements![0]) return [value.elements![0]]
    throw node.error('MODEL_OPTIONAL', 'the optional is empty')
  }),
]
