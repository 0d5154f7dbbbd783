import { dimEquals } from '../../graph/dim.ts'
import type { Node, Value } from '../../graph/graph.ts'
import type { Rewrite, RewriteContext } from '../../graph/rewrite.ts'

/**
 * Squeeze and excite: a factor per image and channel before a convolution of one by one. The convolution multiplies with it while
 * it gathers its rows: Conv2d(x · gate, w, b) = Conv2d(x, w, b, gate).
 */
export const gates: readonly Rewrite[] = [gatedConvolution]

function gatedConvolution(node: Node, b: RewriteContext): readonly Value[] | undefined {
  if (node.operator !== 'om.Conv2d' || node.inputs[3] || !isPointwise(node)) return undefined
  const product = node.input(0).producer
  if (product?.operator !== 'Mul' || !b.isUsedOnce(node.input(0))) return undefined
  const [first, second] = [product.input(0), product.input(1)]
  for (const [x, gate] of [
    [first, second],
    [second, first],
  ] as const)
    if (isWhole(x, node.input(0)) && isGate(gate, x)) {
      const [, w, bias] = node.inputs
      return [b.op('Conv2d', [x, w, bias, gate], Object.fromEntries(node.attributes), 'om')]
    }
  return undefined
}

/** One by one, step by step, all channels of each pixel. */
function isPointwise(node: Node): boolean {
  const all = (name: 'strides' | 'pads', value: number): boolean =>
    (node.ints(name) ?? []).every((item) => item === value)
  return (
    node
      .input(1)
      .dims.slice(2)
      .every((dim) => dim === 1) &&
    node.int('group', 1) === 1 &&
    all('strides', 1) &&
    all('pads', 0)
  )
}

const isWhole = (x: Value, product: Value): boolean =>
  x.rank === 4 && x.dims.every((dim, axis) => dimEquals(dim, product.dims[axis]!))

/** [N, 1, 1, C] or [1, 1, 1, C]. */
function isGate({ dims }: Value, x: Value): boolean {
  if (dims.length !== 4 || dims[1] !== 1 || dims[2] !== 1 || !dimEquals(dims[3]!, x.dims[3]!)) return false
  return dims[0] === 1 || dimEquals(dims[0]!, x.dims[0]!)
}
