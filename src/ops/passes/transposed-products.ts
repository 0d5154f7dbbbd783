import type { Node, Value } from '../../graph/graph.ts'
import type { Rewrite, RewriteContext } from '../../graph/rewrite.ts'
import { operatorOf } from '../index.ts'
import { multiplied } from '../math/transposed-product.ts'
import { permutationOf } from '../tensor/transpose.ts'

/** Products whose right side is a transpose read it as it was before: q·kᵀ of attention. */
export const transposedProducts: readonly Rewrite[] = [productOfTranspose]

function productOfTranspose(node: Node, b: RewriteContext): readonly Value[] | undefined {
  if (node.op !== 'MatMul' || node.domain !== '') return undefined
  const [x, y] = [node.input(0), node.input(1)]
  // What is the same in every run is packed once, however it lies.
  if (x.type !== 'float32' || x.rank < 2 || b.isFixed(y)) return undefined
  const turned = swapped(y, b)
  return turned && [multiplied(b, x, turned, { transB: true })]
}

/**
 * A value whose matrices are the transposed ones of `value`, where that spares work: its transpose goes away, or leaves rows
 * together. Between the two there may be a scale, as PyTorch's exporter has it for scaled_dot_product_attention.
 */
function swapped(value: Value, b: RewriteContext): Value | undefined {
  const node = value.producer
  if (!node) return undefined
  if (node.op === 'Transpose' && node.domain === '') {
    const [x, perm] = [node.input(0), permutationOf(node)]
    const last = perm.length - 1
    if (perm[last - 1] !== last) return undefined
    const kept = [...perm.slice(0, -2), perm[last]!, last]
    const moves = kept.some((axis, i) => axis !== i)
    if (!moves) return x
    return b.isUsedOnce(value) ? b.op('Transpose', [x], { perm: kept }) : undefined
  }
  if (!operatorOf(node).scalar || node.outputs.length > 1 || !b.isUsedOnce(value)) return undefined
  const from = node.inputs.findIndex((input) => input?.rank === value.rank && !isOne(input))
  if (from < 0 || !node.inputs.every((input, i) => input && (i === from || isOne(input)))) return undefined
  const turned = swapped(node.input(from), b)
  return turned && b.op(node.op, node.inputs.with(from, turned), Object.fromEntries(node.attributes), node.domain)
}

/** Whether it has one element, and no more axes than would be seen in a result. */
function isOne(value: Value): boolean {
  return value.dims.every((dim) => dim === 1)
}
