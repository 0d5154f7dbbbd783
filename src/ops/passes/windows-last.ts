import { type Dim, isStatic, product, shapeEquals } from '../../graph/dim.ts'
import type { Node, Value } from '../../graph/graph.ts'
import type { PlainAttributes } from '../../graph/operator.ts'
import type { Rewrite, RewriteContext } from '../../graph/rewrite.ts'
import { toNchw, toNhwc, unshaped } from './channels-last.ts'
import { AXES_OF_LINE, toImage, toLine } from './lines.ts'
import { windowOfAxes } from './window-axes.ts'

/**
 * Transposed convolutions, channels last: the pixels are the rows of their product, whose weights are packed when compiling, and
 * what goes under a window is summed by whole pixels.
 */
export const windowRules: readonly Rewrite[] = [windowsChannelsLast]

/** With fewer filters a vector is not filled, and planes of pixels are summed faster. */
const LEAST_FILTERS = 8

/** What src/ops/nn/convolution-transpose.ts has made a product of matrices and `AddWindows` of, over one axis or two. */
function windowsChannelsLast(node: Node, b: RewriteContext): readonly Value[] | undefined {
  if (node.operator !== 'om.AddWindows' || node.int('group', 1) !== 1 || node.output().type !== 'float32')
    return undefined
  const [batch, share, ...spatial] = node.input(0).dims as [Dim, Dim, ...Dim[]]
  const columns = unshaped(node.input(0)).producer
  const filters = node.int('filters', 0)
  if (columns?.operator !== 'MatMul' || spatial.length > 2 || filters < LEAST_FILTERS) return undefined
  const [turned, x] = [columns.input(0), columns.input(1)]
  if (!b.isFixed(turned) || b.isFixed(x) || !isStatic(turned.dims) || typeof share !== 'number') return undefined
  const channels = turned.dims.at(-1)!
  const isLine = spatial.length === 1
  const image = shaped(x, [batch, channels, ...spatial], b)
  const last = toNhwc(b, isLine ? toImage(b, image) : image)
  const taps = product(node.ints('kernel_shape')!) as number
  const weights = b.op('Transpose', [b.reshape(turned, [filters, taps, channels])], { perm: [2, 1, 0] })
  const rows = b.op('MatMul', [last, b.reshape(weights, [channels, share])])
  const attributes = isLine ? ofLine(node) : Object.fromEntries(node.attributes)
  const sums = b.op('AddWindows2d', [rows, node.inputs[1]], { ...attributes, filters }, 'om')
  return [isLine ? toLine(b, toNchw(b, sums)) : toNchw(b, sums)]
}

/** The attributes over one axis, for two. */
function ofLine(node: Node): PlainAttributes {
  const [padding, size] = [node.ints('output_padding'), node.ints('output_shape')?.at(-1)]
  const output_shape = size === undefined ? undefined : [1, size]
  return { ...windowOfAxes(node, AXES_OF_LINE), output_padding: padding && [0, ...padding], output_shape }
}

/** A value in this shape: as it was before others had it in theirs, or reshaped once more. */
function shaped(value: Value, dims: readonly Dim[], b: RewriteContext): Value {
  for (let before = value; ; before = before.producer.input(0)) {
    if (shapeEquals(before.dims, dims)) return before
    if (before.producer?.operator !== 'Reshape') return b.reshape(value, dims)
  }
}
