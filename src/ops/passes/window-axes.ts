import type { Node } from '../../graph/graph.ts'
import type { PlainAttributes } from '../../graph/operator.ts'

/**
 * The attributes of a window, which a convolution, transposed or not, or a pool has, for the axes of another: places in their
 * lists; undefined: an axis that it leaves alone.
 */
export function windowOfAxes(node: Node, axes: readonly (number | undefined)[]): PlainAttributes {
  const of = (list: readonly number[] | undefined, otherwise: number): number[] | undefined =>
    list && axes.map((axis) => (axis === undefined ? otherwise : list[axis]!))
  const pads = node.ints('pads')
  const count = (pads?.length ?? 0) / 2
  return {
    auto_pad: node.string('auto_pad'),
    kernel_shape: of(node.ints('kernel_shape'), 1),
    strides: of(node.ints('strides'), 1),
    dilations: of(node.ints('dilations'), 1),
    pads: pads && [...of(pads.slice(0, count), 0)!, ...of(pads.slice(count), 0)!],
  }
}

/** The same with what else a pool has. */
export function poolOfAxes(node: Node, axes: readonly (number | undefined)[]): PlainAttributes {
  return {
    ...windowOfAxes(node, axes),
    ceil_mode: node.int('ceil_mode', 0),
    ...(node.op === 'AveragePool' && { count_include_pad: node.int('count_include_pad', 0) }),
  }
}
