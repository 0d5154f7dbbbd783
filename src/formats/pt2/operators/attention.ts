import { type Convert, type Operators, refuse, type Value } from '../call.ts'

/**
 * softmax(Q · Kᵀ · scale + mask) · V over the last two axes; scale is 1/√E unless it is given. A mask of bools is true where a
 * key is kept, another is added; `is_causal` keeps keys up to the query's own position. With `enable_gqa`, K and V have fewer
 * heads (axis −3), each of which stands for as many queries in turn.
 * Source: torch.nn.functional.scaled_dot_product_attention, whose documentation has it in Python.
 */
const attention: Convert = (call) => {
  const { w } = call
  const [q, k, v] = [call.tensor('query'), call.tensor('key'), call.tensor('value')]
  const { type } = q
  const mask = call.maybe('attn_mask')
  if (call.float('dropout_p', 0) !== 0) return refuse('it is exported for training; call model.eval() before')
  const rank = q.sizes.length
  const size = q.sizes[rank - 1] ?? refuse('its embedding has no fixed size')
  const [queries, keys] = [q.sizes[rank - 2], k.sizes[k.sizes.length - 2]]
  const scale = w.scalar(call.float('scale', 1 / Math.sqrt(size)), type)
  const repeats = call.bool('enable_gqa', false) ? headsPer(q.sizes[rank - 3], k.sizes[rank - 3]) : 1
  const spread = (x: string): string => (repeats === 1 ? x : repeatHeads(x))
  const repeatHeads = (x: string): string => {
    const axis = rank - 2
    const times = Array.from({ length: rank + 1 }, (_, i) => (i === axis ? repeats : 1))
    const tiled = w.op('Tile', [w.unsqueeze(x, axis), w.ints(times)])
    const shape = w.concat([w.sizes(x, 0, rank - 3), w.ints([q.sizes[rank - 3]!]), w.sizes(x, rank - 2)], 0)
    return w.op('Reshape', [tiled, shape], { allowzero: 1n })
  }
  const perm = Array.from({ length: rank }, (_, axis) => (axis < rank - 2 ? axis : 2 * rank - 3 - axis))
  const scores = w.op('MatMul', [w.op('Mul', [q.name, scale]), w.transpose(spread(k.name), perm)])
  const masked = (x: string): string => {
    const low = w.scalar(-Infinity, type)
    if (call.bool('is_causal', false)) {
      if ((queries ?? 1) * (keys ?? 1) > 1e7) return refuse('its causal mask is too large')
      const places = (of: Value): string => {
        const [axis, size] = [of.sizes.length - 2, of.sizes[of.sizes.length - 2]]
        const end =
          size === undefined ? w.squeeze(w.sizes(of.name, axis, axis + 1), 0) : w.scalar(BigInt(size), 'int64')
        return w.op('Range', [w.scalar(0n, 'int64'), end, w.scalar(1n, 'int64')])
      }
      return w.where(w.op('LessOrEqual', [places(k), w.unsqueeze(places(q), 1)]), x, low)
    }
    if (!mask) return x
    return mask.type === 'bool' ? w.where(mask.name, x, low) : w.op('Add', [x, call.cast(mask, type)])
  }
  const weights = w.op('Softmax', [masked(scores)], { axis: -1n })
  // A query that may see no key gets zeros, where a softmax of nothing is NaN.
  const safe = mask?.type === 'bool' ? w.where(w.op('IsNaN', [weights]), w.scalar(0, type), weights) : weights
  return w.op('MatMul', [safe, spread(v.name)])
}

function headsPer(queries: number | undefined, keys: number | undefined): number {
  if (queries === undefined || keys === undefined || keys < 1 || queries % keys !== 0)
    return refuse('its heads are not in a fixed proportion')
  return queries / keys
}

export const attentions: Operators = {
  'aten.scaled_dot_product_attention.default': attention,
}
