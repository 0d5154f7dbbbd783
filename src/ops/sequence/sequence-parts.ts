import { ceilDivide, product } from '../../graph/dim.ts'
import type { Node, Value } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'
import { takes } from '../../graph/rules.ts'
import { dimsOf, elementBytes, inferRead, listInfo } from './list.ts'
import type { ControlWriter, LoweredOperator } from '../../lowering/lowering.ts'
import { MOST_FOLLOWED, normalizeAxis } from '../../graph/shape-contents.ts'
import { castTo } from '../../lowering/widen.ts'

/** Into how many parts, where that is known and they are few enough for each to be a value of its own. */
function knownCount(node: Node, axis: number): number | undefined {
  const split = node.inputs[1]
  const part = split ? split.contents?.[0] : 1
  const isEqual = split?.rank !== 1 && typeof part === 'number' && part > 0
  const count = split?.rank === 1 ? split.dims[0] : isEqual && ceilDivide(node.input(0).dims[axis]!, part)
  return typeof count === 'number' && count <= MOST_FOLLOWED ? count : undefined
}

function squeezes(node: Node): boolean {
  return !node.inputs[1] && !node.int('keepdims', 1)
}

function axisOf(node: Node): number {
  return normalizeAxis(node, node.int('axis', 0), node.input(0).rank)
}

function splitParts(node: Node, b: Builder): Value[] | undefined {
  const x = node.input(0)
  const axis = axisOf(node)
  const count = knownCount(node, axis)
  if (count === undefined) return undefined
  const split = node.inputs[1]
  if (split?.rank === 1)
    return [b.collection('sequence', x.type, b.ops('Split', [x, castTo(b, split, 'int64')], count, { axis }))]
  const part = Number(split?.contents?.[0] ?? 1)
  const sizes = Array.from({ length: count }, (_, i) => Math.min(part, Number(x.dims[axis]) - i * part))
  const parts = count === 0 ? [] : b.ops('Split', [x, b.ints(sizes)], count, { axis })
  const elements = squeezes(node) ? parts.map((value) => b.op('Squeeze', [value, b.ints([axis])])) : parts
  return [b.collection('sequence', x.type, elements)]
}

/** ONNX SplitToSequence-11, -24: into parts of one size, of listed sizes, or of size 1. */
const SplitToSequence: LoweredOperator = {
  name: 'SplitToSequence',
  rules: takes('input:any[_, ...] split?:index[*]'),
  decompose: splitParts,
  sizedBy: [1],
  infer(node) {
    const { type, dims } = node.input(0)
    const axis = axisOf(node)
    const split = node.inputs[1]
    const shape = dims.map((dim) => (typeof dim === 'number' ? dim : undefined))
    const part = squeezes(node) ? [] : [split ? undefined : 1]
    return [listInfo('sequence', type, { shape: shape.toSpliced(axis, 1, ...part) })]
  },
  control(node, c) {
    const split = node.inputs[1]
    const size = c.dim(node.input(0).dims[axisOf(node)]!)
    const [start, length] = [c.name(), c.name()]
    c.line(`om_clear_list(${c.list(node.output())});`)
    c.line(`${c.list(node.output())}->given = 1;`)
    c.line('{')
    c.line(`int64_t ${start} = 0;`)
    if (split?.rank === 1) {
      const i = c.name()
      c.line(`for (int64_t ${i} = 0; ${i} < ${c.dim(split.dims[0]!)}; ${i}++) {`)
      c.line(`const int64_t ${length} = (${c.pointer(split)})[${i}];`)
      c.failIf(`${length} < 0 || ${length} > ${size} - ${start}`, 'the parts do not fit into the axis')
    } else {
      const part = c.name()
      c.line(`const int64_t ${part} = ${split ? `*${c.pointer(split)}` : '1'};`)
      c.failIf(`${part} < 1`, 'the size of the parts is less than 1')
      c.failIf(`(${size} - 1) / ${part} >= OM_MOST_PARTS`, 'there are more than 16777216 parts')
      c.line(`while (${start} < ${size}) {`)
      c.line(`const int64_t ${length} = om_dim_min(${part}, ${size} - ${start});`)
    }
    writePart(node, c, start, length)
    c.line(`${start} += ${length};`)
    c.line('}')
    if (split?.rank === 1) c.failIf(`${start} != ${size}`, 'the parts do not add up to the size of the axis')
    c.line('}')
  },
}

function writePart(node: Node, c: ControlWriter, start: string, length: string): void {
  const x = node.input(0)
  const source = `${c.address(x)}, ${elementBytes(x.type)}, ${x.rank}, ${dimsOf(c, x)}`
  const part = `${axisOf(node)}, ${start}, ${length}, ${squeezes(node)}`
  c.needsMemory(`om_append_part(${c.list(node.output())}, ${source}, ${part})`)
}

/** ONNX ConcatFromSequence-11: joins along an axis, or along a new one. */
const ConcatFromSequence: LoweredOperator = {
  name: 'ConcatFromSequence',
  rules: takes('input_sequence:sequence'),
  decompose(node, b) {
    const { elements } = node.input(0)
    if (!elements) return undefined
    if (!elements[0]) throw node.error('MODEL_SHAPE', 'an empty sequence has nothing to join')
    const joined = node.int('new_axis', 0)
    const axis = normalizeAxis(node, node.int('axis', 0), elements[0].rank + joined)
    const parts = joined ? elements.map((element) => b.op('Unsqueeze', [element, b.ints([axis])])) : elements
    return [b.op('Concat', parts, { axis })]
  },
  sizedBy: [],
  infer(node, context) {
    const { type, shape: dims = [] } = inferRead(node, node.input(0), context)
    const joined = node.int('new_axis', 0)
    const axis = normalizeAxis(node, node.int('axis', 0), dims.length + joined)
    return [{ type, shape: dims.toSpliced(axis, 1 - joined, context.freshDim()) }]
  },
  control(node, c) {
    const [list, output] = [node.input(0), node.output()]
    const joined = node.int('new_axis', 0)
    const axis = normalizeAxis(node, node.int('axis', 0), output.rank)
    const parts = output.dims.toSpliced(axis, 1).map((dim, i) => ({ dim, at: joined || i < axis ? i : i + 1 }))
    const [first, each, k, sum] = [c.name(), c.name(), c.name(), c.name()]
    c.line('{')
    c.failIf(`${c.list(list)}->count < 1`, 'an empty sequence has nothing to join')
    c.line(`const om_item *${first} = ${c.list(list)}->items[0];`)
    c.line(`int64_t ${sum} = 0;`)
    c.line(`for (int64_t ${k} = 0; ${k} < ${c.list(list)}->count; ${k}++) {`)
    c.line(`const om_item *${each} = ${c.list(list)}->items[${k}];`)
    const rank = output.rank - joined
    c.failUnlessEqual(`${each}->rank`, String(rank), 'the rank of an element is not what the model says')
    parts.forEach(({ dim, at }) => {
      const expected = typeof dim === 'number' ? String(dim) : `${first}->dims[${at}]`
      c.failUnlessEqual(`${each}->dims[${at}]`, expected, `axis ${at} of an element differs from the others`)
    })
    c.line(`${sum} = om_dim_add(${sum}, ${joined ? '1' : `${each}->dims[${axis}]`});`)
    c.line('}')
    parts.forEach(({ dim, at }) => {
      if (typeof dim !== 'number') c.line(`${c.symbol(dim)} = ${first}->dims[${at}];`)
    })
    c.failIf(`!om_valid_dim(${sum})`, 'the elements are too large together')
    c.line(`${c.symbol(output.dims[axis]!)} = ${sum};`)
    c.allocate(output)
    const [outer, inner] = [output.dims.slice(0, axis), output.dims.slice(axis + 1)].map((dims) => c.dim(product(dims)))
    const step = `om_dim_mul(${inner}, ${elementBytes(output.type)})`
    c.line(`om_join(${c.address(output)}, ${c.list(list)}, ${outer}, ${joined ? -1 : axis}, ${step});`)
    c.line('}')
  },
}

export const sequenceParts: readonly LoweredOperator[] = [SplitToSequence, ConcatFromSequence]
