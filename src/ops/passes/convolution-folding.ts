import { type Dim, dimEquals } from '../../graph/dim.ts'
import type { Node, Value } from '../../graph/graph.ts'
import type { Rewrite, RewriteContext } from '../../graph/rewrite.ts'

/**
 * What batch normalisation leaves behind a convolution, one factor and one offset per channel, goes into its weights
 * and bias: it costs nothing at run time then.
 */
export const convolutionFolding: readonly Rewrite[] = [foldChannelFactor, foldChannelOffset]

/** The convolution that alone makes `value` for this one use, with fixed weights. */
function convolutionOf(value: Value | undefined): Node | undefined {
  const node = value?.producer
  return node?.op === 'Conv2d' && node.domain === 'om' ? node : undefined
}

/** The one number per channel that a fixed operand stands for: [C] or [1, 1, 1, C]. */
function perChannel(value: Value | undefined, channels: Dim, b: RewriteContext): Value | undefined {
  if (!value || !b.isFixed(value) || value.dims.slice(0, -1).some((dim) => dim !== 1)) return undefined
  return value.rank > 0 && dimEquals(value.dims.at(-1)!, channels) ? value : undefined
}

/** Conv2d(x, w, bias) * factor = Conv2d(x, w * factor, bias * factor), the factor per output channel. */
function foldChannelFactor(node: Node, b: RewriteContext): readonly Value[] | undefined {
  const found = channelOperation(node, 'Mul', b)
  if (!found) return undefined
  const { conv, operand } = found
  const [x, w, bias] = conv.inputs as [Value, Value, Value | undefined]
  const factor = b.op('Reshape', [operand, b.ints([-1])])
  const scaled = b.op('Mul', [w, b.op('Reshape', [factor, b.ints([-1, 1, 1, 1])])])
  return [b.op('Conv2d', [x, scaled, bias && b.op('Mul', [bias, factor])], Object.fromEntries(conv.attributes), 'om')]
}

/** Conv2d(x, w, bias) + offset = Conv2d(x, w, bias + offset), the offset per output channel. */
function foldChannelOffset(node: Node, b: RewriteContext): readonly Value[] | undefined {
  const found = channelOperation(node, 'Add', b)
  if (!found) return undefined
  const { conv, operand } = found
  const [x, w, bias] = conv.inputs as [Value, Value, Value | undefined]
  const offset = b.op('Reshape', [operand, b.ints([-1])])
  return [
    b.op('Conv2d', [x, w, bias ? b.op('Add', [bias, offset]) : offset], Object.fromEntries(conv.attributes), 'om'),
  ]
}

function channelOperation(node: Node, op: string, b: RewriteContext): { conv: Node; operand: Value } | undefined {
  if (node.op !== op || node.domain !== '') return undefined
  for (const [value, other] of [
    [node.inputs[0], node.inputs[1]],
    [node.inputs[1], node.inputs[0]],
  ]) {
    const conv = convolutionOf(value)
    const operand = conv && perChannel(other, conv.output().dims[3]!, b)
    if (conv && operand && b.isUsedOnce(conv.output())) return { conv, operand }
  }
  return undefined
}
