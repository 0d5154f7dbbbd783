import type { Operand, Size, Trace } from './trace.ts'

/** The most negative float32, which masks are made of. */
export const lowest = -3.4028234663852886e38

/** `[batch, length, heads · size]` → `[batch, heads, length, size]`. */
export function splitHeads(t: Trace, x: string, sizes: readonly [Size, Size, number, number]): string {
  return t.transpose(t.view(x, sizes), 0, 2, 1, 3)
}

/** The same for keys as a product takes them: `[batch, heads, size, length]`; exporters make one of two transpositions. */
export function splitKeys(t: Trace, x: string, sizes: readonly [Size, Size, number, number]): string {
  return t.transpose(t.view(x, sizes), 0, 2, 3, 1)
}

/** `[batch, heads, length, size]` → `[batch, length, heads · size]`. */
export function joinHeads(t: Trace, x: string, sizes: readonly [Size, Size, number]): string {
  return t.view(t.transpose(x, 0, 2, 1, 3), sizes)
}

/**
 * `softmax(query · keys / divisor + mask) · values`
 * @param keys transposed already
 */
export function attend(
  t: Trace,
  query: string,
  keys: string,
  values: string,
  { divisor, mask }: { readonly divisor: Operand; readonly mask?: string },
): string {
  const scores = t.op('Div', [t.op('MatMul', [query, keys]), divisor])
  const shares = t.op('Softmax', [mask === undefined ? scores : t.op('Add', [scores, mask])], { axis: -1n })
  return t.op('MatMul', [shares, values])
}

/** What is added to scores so that tokens that the attention mask leaves out count nothing: `(1 - mask) · lowest`. */
export function paddingMask(t: Trace, attentionMask: string): string {
  const spread = t.op('Unsqueeze', [t.op('Unsqueeze', [attentionMask, [1n]]), [2n]])
  return t.op('Mul', [t.op('Sub', [1, t.op('Cast', [spread], { to: 1n })]), lowest])
}

/** Where the keys or values of the tokens before come from, and go to. */
export interface Cache {
  readonly past: string
  readonly present: string
  /** `[batch, heads, length, size]` of both. */
  readonly heads: number
  readonly size: number
}

/** A cache of the keys or values of one layer, whose past is an input of the graph from now on. */
export function cacheOf(t: Trace, name: string, heads: number, size: number): Cache {
  const past = t.input(`past_key_values.${name}`, 'float32', ['batch_size', heads, 'past_sequence_length', size])
  return { past, present: `present.${name}`, heads, size }
}

/** Keys or values of all tokens so far, which are an output of the graph, too. */
export function withPast(t: Trace, { past, present, heads, size }: Cache, now: string): string {
  const all = t.op('Concat', [past, now], { axis: -2n })
  t.output(present, all, 'float32', ['batch_size', heads, 'past_sequence_length + sequence_length', size])
  return all
}
