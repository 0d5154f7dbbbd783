import type { IntsName } from '../../graph/attributes.ts'
import { type Dim, subtract } from '../../graph/dim.ts'
import type { Node, Value } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'
import { type Agreement, sameSize, takes } from '../../graph/rules.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'
import { normalizeAxis } from '../../graph/shape-contents.ts'

/** How one Scan walks: inputs of the node are states, then what is scanned. */
interface Walk {
  readonly states: readonly Value[]
  readonly scanned: readonly Value[]
  readonly outputs: number
}

/** The only element of a 1-D tensor of one dimension, as a scalar. */
function scalarOf(b: Builder, dim: Dim): Value {
  return b.op('Reshape', [b.dims([dim]), b.ints([])])
}

/** Runs the body along `axes` of what is scanned: final states, then results stacked along their first axis. */
function walk(
  node: Node,
  b: Builder,
  { states, scanned, outputs }: Walk,
  axes: readonly number[],
  reversed: readonly number[],
): Value[] {
  const lengths = scanned.map((value, i) => value.dims[axes[i]!]!)
  const [length] = lengths
  if (length === undefined) throw node.error('MODEL_SHAPE', 'what is scanned has no axis to go along')
  const values = b.loop(scalarOf(b, length), states, outputs, (inner, i, carried) => {
    const elements = scanned.map((value, at) => {
      const index = reversed[at] ? inner.op('Sub', [scalarOf(inner, subtract(lengths[at]!, 1)), i]) : i
      return inner.op('Gather', [value, index], { axis: axes[at]! })
    })
    return inner.inline('body', [...carried, ...elements])
  })
  // A loop does not know how often it runs, but this one does.
  return values.map((value, i) =>
    i < states.length ? value : b.op('Reshape', [value, b.dims([length, ...value.dims.slice(1)])], { allowzero: 1 }),
  )
}

function splitInputs(node: Node, first: number): Walk {
  const count = node.int('num_scan_inputs', 0)
  const inputs = node.inputs.slice(first).map((_, i) => node.input(first + i))
  if (count < 1 || count > inputs.length)
    throw node.error('MODEL_ATTRIBUTE', `num_scan_inputs is ${count}, but should be from 1 to ${inputs.length}`)
  return {
    states: inputs.slice(0, inputs.length - count),
    scanned: inputs.slice(inputs.length - count),
    outputs: node.outputCount,
  }
}

/** One flag or axis per item, 0 where the attribute is left out. */
function perItem(node: Node, attribute: IntsName, count: number): readonly number[] {
  const given = node.ints(attribute) ?? Array<number>(count).fill(0)
  if (given.length === count) return given
  throw node.error('MODEL_ATTRIBUTE', `${attribute} has ${given.length} entries, not ${count}`)
}

/** A result stacked along its first axis, in the order and along the axis asked for. */
function placed(node: Node, b: Builder, value: Value, axis: number, reversed: number): Value {
  const turned = reversed
    ? b.op('Slice', [value, b.ints([-1]), b.ints([-Number.MAX_SAFE_INTEGER]), b.ints([0]), b.ints([-1])])
    : value
  const to = normalizeAxis(node, axis, value.rank)
  const perm = value.dims.map((_, i) => i).slice(1)
  perm.splice(to, 0, 0)
  return to === 0 ? turned : b.op('Transpose', [turned], { perm })
}

/** Axes of a Scan-9 that are scanned. */
function scannedAxes(node: Node): number[] {
  const { scanned } = splitInputs(node, 0)
  return perItem(node, 'scan_input_axes', scanned.length).map((axis, i) => normalizeAxis(node, axis, scanned[i]!.rank))
}

/** Scanned axes are of one length. */
function agreeLengths(node: Node, first: number, axes: readonly number[]): Agreement[] {
  const places = axes.map((axis, i) => [first + i, axis] as const)
  return places.slice(1).map((place) => sameSize(node, place, places[0]!))
}

/** ONNX Scan-9 … 25, as the loop that its page spells out. */
const Scan: LoweredOperator = {
  name: 'Scan',
  since: 9,
  rules: takes('initial_state_and_scan_inputs+:any', {}, (node) =>
    agreeLengths(node, splitInputs(node, 0).states.length, scannedAxes(node)),
  ),
  infer: (node) => [node.input(0)],
  decompose(node, b) {
    const parts = splitInputs(node, 0)
    const { states, scanned } = parts
    const values = walk(node, b, parts, scannedAxes(node), perItem(node, 'scan_input_directions', scanned.length))
    const results = values.length - states.length
    const [outputAxes, directions] = [
      perItem(node, 'scan_output_axes', results),
      perItem(node, 'scan_output_directions', results),
    ]
    return values.map((value, i) => {
      const at = i - states.length
      return at < 0 ? value : placed(node, b, value, outputAxes[at]!, directions[at]!)
    })
  },
}

/** Of a batch whose items each get a loop of their own. */
const MOST_ITEMS = 1024

/** ONNX Scan-8: every input has a batch axis in front, and each batch item is scanned by itself. */
const Scan8: LoweredOperator = {
  name: 'Scan',
  rules: takes('sequence_lens?:int64[b] initial_state_and_scan_inputs+:any[b, ...]', {}, (node) => {
    const { states, scanned } = splitInputs(node, 1)
    return agreeLengths(
      node,
      1 + states.length,
      scanned.map(() => 1),
    )
  }),
  infer: (node) => [node.input(0)],
  decompose(node, b) {
    if (node.inputs[0]) throw node.error('UNSUPPORTED_INPUT', 'sequence_lens of Scan-8 is not supported')
    const { states, scanned, outputs } = splitInputs(node, 1)
    const batch = scanned[0]?.dims[0]
    if (typeof batch !== 'number')
      throw node.error('UNSUPPORTED_DYNAMIC', 'the batch size must be known at compile time')
    if (batch > MOST_ITEMS)
      throw node.error(
        'UNSUPPORTED_SIZE',
        `a batch of ${batch} is more than the ${MOST_ITEMS} items that are scanned one by one`,
      )
    const directions = perItem(node, 'directions', scanned.length)
    const items = Array.from({ length: batch }, (_, i) => {
      const pick = (value: Value): Value => b.op('Gather', [value, b.scalar(i, 'int64')], { axis: 0 })
      return walk(
        node,
        b,
        { states: states.map(pick), scanned: scanned.map(pick), outputs },
        scanned.map(() => 0),
        directions,
      )
    })
    return Array.from({ length: outputs }, (_, i) =>
      b.op(
        'Concat',
        items.map((values) => b.op('Unsqueeze', [values[i]!, b.ints([0])])),
        { axis: 0 },
      ),
    )
  },
}

export const scans: readonly LoweredOperator[] = [Scan, Scan8]
