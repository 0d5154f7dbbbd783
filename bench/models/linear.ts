import { randomTensor } from './random.ts'
import type { Trace } from './trace.ts'

export interface LinearOptions {
  readonly bias?: boolean
  /** Of the output's spread to the input's. */
  readonly gain?: number
}

/**
 * `nn.Linear` on sequences: exporters fold the transposition of its weight into a nameless initializer, and give the bias
 * as the first operand of the addition.
 */
export function linear(
  t: Trace,
  name: string,
  x: string,
  [from, to]: readonly [number, number],
  { bias = true, gain = 1 }: LinearOptions = {},
): string {
  return t.within(name, () => {
    const product = t.op('MatMul', [x, t.weight('weight_T', [from, to], { std: gain / Math.sqrt(from) })])
    if (!bias) return product
    const added = t.weight('bias', [to], { std: 0.05 })
    return t.exporter === 'dynamo' ? t.op('Add', [product, added]) : t.op('Add', [added, product])
  })
}

/** `nn.Linear` on rows, which is a Gemm with the weight as it is. */
export function linearOfRows(
  t: Trace,
  name: string,
  x: string,
  [from, to]: readonly [number, number],
  { gain = 1 }: Pick<LinearOptions, 'gain'> = {},
): string {
  return t.within(name, () => {
    const weight = t.weight('weight', [to, from], { std: gain / Math.sqrt(from) })
    return t.op('Gemm', [x, weight, t.weight('bias', [to], { std: 0.05 })], { alpha: 1, beta: 1, transB: 1n })
  })
}

/** `nn.Embedding`: rows of a table by token or position. */
export function embedding(t: Trace, name: string, ids: string, [rows, width]: readonly [number, number]): string {
  return t.within(name, () => t.op('Gather', [t.weight('weight', [rows, width], { std: 0.7 }), ids]))
}

/** A table that is no parameter, such as positions that are added to all rows. */
export function table(t: Trace, name: string, dims: readonly number[]): string {
  return t.initializer(name, randomTensor(name, dims, { std: 0.3 }))
}
