import type { Node, Value } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'
import type { Rewrite } from '../../graph/rewrite.ts'
import { isHalf } from '../../lowering/c-text.ts'
import { operatorOf } from '../index.ts'
import { castTo } from '../../lowering/widen.ts'

/**
 * Graphs of float16 and bfloat16 are computed in float32 from one end to the other, as onnxruntime does on CPUs: results
 * are rounded where they are stored, which is at outputs, in loops and behind casts of the model's own, and not between
 * nodes. Nothing overflows on the way that would fit, fast kernels and fusions apply, and no time goes into conversions.
 */
export const narrowFloatRules: readonly Rewrite[] = [cancelRounding, widenElementwise, sinkRounding]

/** The float32 value that `value` is the rounding of. */
function wideSource(value: Value | undefined): Value | undefined {
  const node = value?.producer
  return node?.op === 'Narrow' && node.domain === 'om' && node.input(0).type === 'float32' ? node.input(0) : undefined
}

/** Cast(Narrow(x)) to float32 is x; Narrow(Cast(x)) of the narrow x is x. */
function cancelRounding(node: Node): readonly Value[] | undefined {
  if (node.op === 'Cast' && node.domain === '' && node.output().type === 'float32') {
    const source = wideSource(node.input(0))
    return source && [source]
  }
  if (node.op !== 'Narrow' || node.domain !== 'om') return undefined
  const cast = node.input(0).producer
  const isWidening = cast?.op === 'Cast' && cast.domain === '' && cast.input(0).type === node.output().type
  return isWidening ? [cast.input(0)] : undefined
}

/** An elementwise operator of narrow floats is one of float32, which is what C computes it in anyway. */
function widenElementwise(node: Node, b: Builder): readonly Value[] | undefined {
  if (!operatorOf(node).scalar || ['Cast', 'Narrow'].includes(node.op) || node.outputs.length !== 1) return undefined
  return node.inputs.some((input) => input && isHalf(input.type)) ? inFloat32(node, b) : undefined
}

/** Operators that only move elements, of as many inputs as are floats. */
const MOVES: ReadonlySet<string> = new Set([
  'Compress',
  'Concat',
  'DepthToSpace',
  'Expand',
  'Flatten',
  'Gather',
  'GatherElements',
  'GatherND',
  'Identity',
  'Pad',
  'Refined',
  'Reshape',
  'ReverseSequence',
  'Slice',
  'SpaceToDepth',
  'Split',
  'Squeeze',
  'Tile',
  'Transpose',
  'Unsqueeze',
])

/** op(Narrow(x)) = Narrow(op(x)), where op only moves elements. */
function sinkRounding(node: Node, b: Builder): readonly Value[] | undefined {
  if (!MOVES.has(node.op) || !['', 'om'].includes(node.domain)) return undefined
  return node.inputs.some(wideSource) ? inFloat32(node, b) : undefined
}

/** The node with its narrow floats in float32, and its results rounded to what they were. */
function inFloat32(node: Node, b: Builder): readonly Value[] {
  const inputs = node.inputs.map((input) => (input && isHalf(input.type) ? castTo(b, input, 'float32') : input))
  const types = node.outputs.map(({ type }) => (isHalf(type) ? 'float32' : type))
  const results = b.retyped(node, inputs, types)
  return results.map((result, i) => castTo(b, result, node.outputs[i]!.type))
}
