import { type Convert, type Operators, refuse } from '../call.ts'

/**
 * Sums, means or largest of the rows of `weight` that lists of indices name; the lists stand in one, which `offsets` parts. An
 * empty list gives zeros. Of the other outputs, which only training reads, none is made.
 */
const embeddingBag: Convert = (call) => {
  const { w } = call
  const [weight, indices, offsets] = [call.tensor('weight'), call.tensor('indices'), call.tensor('offsets')]
  const { type } = weight
  const mode = (['sum', 'mean', 'max'] as const)[call.int('mode', 0)] ?? refuse('its mode')
  if (call.has('padding_idx') && call.int('padding_idx') >= 0) return refuse('its padding_idx')
  if (indices.sizes.length !== 1) return refuse('its indices are no list')
  const begins = call.cast(offsets, 'int64')
  const starts = call.bool('include_last_offset', false) ? w.slice(begins, 0, 0, -1) : begins
  const bags = w.sizes(starts)

  // The bag of an element is the last one that begins at or before it.
  const [zero, one] = [w.scalar(0n, 'int64'), w.scalar(1n, 'int64')]
  const places = w.op('Range', [zero, w.squeeze(w.sizes(indices.name), 0), one])
  const isBehind = w.op('GreaterOrEqual', [w.unsqueeze(places, 1), w.unsqueeze(starts, 0)])
  const begun = w.op('ReduceSum', [w.cast(isBehind, 'bool', 'int64'), w.ints([1])], { keepdims: 1n })
  const bag = w.op('Sub', [begun, one])

  const named = w.op('Gather', [weight.name, indices.name])
  const weights = call.maybe('per_sample_weights')
  const rows = weights ? w.op('Mul', [named, w.unsqueeze(call.cast(weights, type), 1)]) : named
  const wide = w.concat([bags, w.sizes(weight.name, 1)], 0)
  const isMax = mode === 'max'
  const begin = w.op('Expand', [w.scalar(isMax ? -Infinity : 0, type), wide])
  const y = w.op('ScatterND', [begin, bag, rows], { reduction: isMax ? 'max' : 'add' })
  if (mode === 'sum') return [y]
  const ones = w.op('Expand', [w.scalar(1, type), w.sizes(indices.name)])
  const none = w.op('Expand', [w.scalar(0, type), bags])
  const counts = w.unsqueeze(w.op('ScatterND', [none, bag, ones], { reduction: 'add' }), 1)
  if (isMax) return [w.where(w.op('Equal', [counts, w.scalar(0, type)]), w.scalar(0, type), y)]
  return [w.op('Div', [y, w.op('Max', [counts, w.scalar(1, type)])])]
}

/** Make fresh memory. */
export const bags: Operators = {
  'aten.embedding_bag.default': embeddingBag,
  'aten.embedding_bag.padding_idx': embeddingBag,
  'aten._embedding_bag.default': embeddingBag,
  'aten._embedding_bag_forward_only.default': embeddingBag,
}
