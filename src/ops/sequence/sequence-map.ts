import type { Node, Value, ValueInfo } from '../../graph/graph.ts'
import { describeValue, listOf } from '../../graph/list.ts'
import type { Builder } from '../../graph/operator.ts'
import { takes } from '../../graph/rules.ts'
import { inferRead, listInfo, writeAppend, writeRead } from './list.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'

/** The body written once for each element, where all sequences are known. */
function unfolded(node: Node, b: Builder): Value[] | undefined {
  const values = node.inputs.map((_, i) => node.input(i))
  const sequences = values.filter(({ kind }) => kind === 'sequence')
  const length = sequences[0]!.elements?.length
  if (length === undefined || length === 0 || !sequences.every(({ elements }) => elements)) return undefined
  if (sequences.some(({ elements }) => elements!.length !== length))
    throw node.error('MODEL_SHAPE', 'the sequences are of different lengths')
  const results = Array.from({ length }, (_, i) =>
    b.inline(
      'body',
      values.map((value) => value.elements?.[i] ?? value),
    ),
  )
  return Array.from({ length: node.outputCount }, (_, output) => {
    const elements = results.map((outputs) => outputs[output]!)
    return b.collection('sequence', elements[0]!.type, elements)
  })
}

/** ONNX SequenceMap-17: the body for each element; inputs that are no sequences are the same every time. */
const SequenceMap: LoweredOperator = {
  name: 'SequenceMap',
  rules: takes('input_sequence:sequence additional_inputs*:value'),
  decompose: unfolded,
  infer(node, context) {
    const inputs = node.inputs.map((_, i): ValueInfo => {
      const value = node.input(i)
      if (value.kind === 'sequence') return inferRead(node, value, context)
      return { type: value.type, shape: value.dims }
    })
    const body = context.subgraph('body', inputs)
    return body.outputs.map((output) => {
      if (output.kind === 'tensor') return listInfo('sequence', output.type, listOf(output))
      throw node.error('MODEL_TYPES', `its body gives a ${describeValue(output)} where a tensor should be`)
    })
  },
  control(node, c) {
    const body = node.graphs.get('body')!
    const [count, i] = [c.name(), c.name()]
    const pairs = body.inputs.map((inner, k) => ({ inner, outer: node.input(k) }))
    const plain = pairs.filter(({ outer }) => outer.kind === 'tensor')
    const sequences = pairs.filter(({ outer }) => outer.kind !== 'tensor')
    c.line('{')
    c.line(`const int64_t ${count} = ${c.list(node.input(0))}->count;`)
    for (const { outer } of sequences.slice(1))
      c.failUnlessEqual(`${c.list(outer)}->count`, count, 'the sequences are of different lengths')
    for (const output of node.outputs) {
      c.line(`om_clear_list(${c.list(output)});`)
      c.line(`${c.list(output)}->given = 1;`)
    }
    for (const { inner, outer } of plain) {
      c.allocate(inner)
      c.copy(outer, inner)
    }
    c.line(`for (int64_t ${i} = 0; ${i} < ${count}; ${i}++) {`)
    for (const { inner, outer } of sequences) writeRead(c, `${c.list(outer)}->items[${i}]`, inner)
    c.graph(body)
    node.outputs.forEach((output, k) => writeAppend(c, output, body.outputs[k]!))
    c.line('}')
    c.line('}')
  },
}

export const sequenceMaps: readonly LoweredOperator[] = [SequenceMap]
