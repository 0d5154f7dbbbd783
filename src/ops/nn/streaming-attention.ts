import { broadcastShapes } from '../../graph/broadcast.ts'
import { broadcastTo } from '../../graph/demands.ts'
import { add, type Dim, dimEquals, multiply, product } from '../../graph/dim.ts'
import type { Node, Value } from '../../graph/graph.ts'
import type { PlainAttributes } from '../../graph/operator.ts'
import { type Agreement, sameSize, takes } from '../../graph/rules.ts'
import { literal } from '../../lowering/c-text.ts'
import { attentionScratchBytes, LARGEST_HEAD } from '../../lowering/kernel-shape.ts'
import type { KernelWriter, LoweredOperator } from '../../lowering/lowering.ts'
import { batchOffset } from '../math/matmul.ts'

/** What is done to scores between their scale and the softmax: a bias is added, or where `keep` is not `where`, they become `otherwise`. */
export type ScoreStep =
  { readonly bias: Value } | { readonly keep: Value; readonly where: boolean; readonly otherwise: number }

/** What `keeps` says of a step: it is a bias, or keeps scores where the mask is false, or where it is true. */
const KEEPS = { bias: 0, false: 1, true: 2 } as const

/** Inputs and attributes of a StreamingAttention that does these steps. */
export function stepsOf(steps: readonly ScoreStep[]): {
  readonly inputs: readonly Value[]
  readonly attributes: PlainAttributes
} {
  const fills = steps.map((step) => ('bias' in step ? 0 : step.otherwise))
  return {
    inputs: steps.map((step) => ('bias' in step ? step.bias : step.keep)),
    attributes: {
      keeps: steps.map((step) => ('bias' in step ? KEEPS.bias : KEEPS[`${step.where}`])),
      fills: { kind: 'floats', value: fills },
    },
  }
}

/** Whether the kernel takes heads of these sizes: its blocks are planned when compiling. */
export function streams(size: Dim, valueSize: Dim): boolean {
  return [size, valueSize].every((one) => typeof one === 'number' && one <= LARGEST_HEAD)
}

interface Sizes {
  /** Those that lie one after another and share keys and values: the last axis of the batch, or 1. */
  readonly heads: Dim
  readonly queries: Dim
  readonly keys: Dim
  readonly size: Dim
  readonly valueSize: Dim
  readonly batch: readonly Dim[]
}

function sizesOf(node: Node): Sizes {
  const [q, k, v] = [node.input(0), node.input(1), node.input(2)]
  const [queries, size] = q.dims.slice(-2) as [Dim, Dim]
  const keys = k.dims.at(hasRowsOfKeys(node) ? -2 : -1)!
  const batch = broadcastShapes(
    node,
    [q, k, v].map(({ dims }) => dims.slice(0, -2)),
  )
  return { heads: headsOf(batch, node), queries, keys, size, valueSize: v.dims.at(-1)!, batch }
}

function headsOf(batch: readonly Dim[], node: Node): Dim {
  const last = batch.at(-1) ?? 1
  const [q, k, v] = [0, 1, 2].map((input) => node.input(input).dims.at(-3) ?? 1)
  return dimEquals(q!, last) && k === 1 && v === 1 ? last : 1
}

/** Whether keys are [keys, size], and not [size, keys]. */
function hasRowsOfKeys(node: Node): boolean {
  return node.int('transB', 0) === 1
}

function agree(node: Node): Agreement[] {
  const { batch, queries, keys } = sizesOf(node)
  const stacks = [0, 1, 2].map((input) => ({ input, from: 0, dims: node.input(input).dims.slice(0, -2) }))
  const steps = node.inputs.slice(3).map((step, i) => ({ input: 3 + i, from: 0, dims: step!.dims }))
  return [
    sameSize(node, [1, hasRowsOfKeys(node) ? -1 : -2], [0, -1]),
    sameSize(node, [2, -2], [1, hasRowsOfKeys(node) ? -2 : -1]),
    ...broadcastTo(node, batch, stacks),
    ...broadcastTo(node, [...batch, queries, keys], steps),
  ]
}

/**
 * The compiler's own: softmax(scale · Q·Kᵀ, then its steps)·V per entry of the batch, without the scores in memory. What
 * operators and exporters write for attention becomes it, see passes/attention.ts.
 */
const StreamingAttention: LoweredOperator = {
  name: 'StreamingAttention',
  domain: 'om',
  rules: takes('Q:float32[..., _, _] K:float32[..., _, _] V:float32[..., _, _] steps*:float32|bool', {}, agree),
  infer(node) {
    const { batch, queries, valueSize } = sizesOf(node)
    return [{ type: 'float32', shape: [...batch, queries, valueSize] }]
  },
  lower(node, k) {
    const sizes = sizesOf(node)
    const { heads, queries, keys, size, valueSize, batch } = sizes
    if (typeof size !== 'number' || typeof valueSize !== 'number')
      throw node.error('UNSUPPORTED_DYNAMIC', 'the sizes of the heads must be known at compile time')
    k.include('attention.h')
    const bytes = attentionScratchBytes(size, valueSize, k.shape)
    k.share([...batch, queries, keys, size + valueSize].reduce(multiply), bytes)
    const [kRow, kColumn] = hasRowsOfKeys(node) ? [`${size}`, '1'] : ['1', k.dim(keys)]
    const count = node.inputs.length - 3
    const shape =
      `.heads = ${k.dim(heads)}, .queries = ${k.dim(queries)}, .keys = ${k.dim(keys)}, .size = ${size}, .value_size = ${valueSize}, ` +
      `.q_row = ${size}, .k_row = ${kRow}, .k_column = ${kColumn}, .v_row = ${valueSize}, .y_row = ${valueSize}, ` +
      `.scale = ${literal('float32', node.float('scale', 1))}, .steps = ${count}`
    const at = (place: string, value: Value): string => `${place} + ${batchOffset(value, batch, k)}`
    // The kernel goes through heads that share keys and values by itself.
    const calls = heads === 1 ? batch : batch.with(-1, 1)
    calls.forEach((dim, axis) => k.line(`for (int64_t b${axis} = 0; b${axis} < ${k.dim(dim)}; b${axis}++)`))
    const [q, kk, v] = [0, 1, 2].map((i) => at(k.input(i), node.input(i)))
    k.line(`{
  const om_score_step steps[] = {${stepLiterals(node, k, sizes).join(', ') || '{0}'}};
  om_attention_f32(${q}, ${kk}, ${v}, steps, ${at(k.output(), node.output())},
                   (om_attention_shape){${shape}}, ${k.scratch(bytes, 'void')});
}`)
  },
  flops(node) {
    const { batch, queries, keys, size, valueSize } = sizesOf(node)
    // Both products, and a softmax.
    return product([...batch, queries, keys, add(multiply(2, add(size, valueSize)), 4)])
  },
}

/** Initialisers of `om_score_step`. */
function stepLiterals(node: Node, k: KernelWriter, { batch, heads, queries, keys }: Sizes): string[] {
  const keeps = node.ints('keeps') ?? []
  const fills = node.floats('fills') ?? []
  return node.inputs.slice(3).map((_, i) => {
    const step = node.input(3 + i)
    const [rows, columns] = [step.dims.at(-2) ?? 1, step.dims.at(-1) ?? 1]
    const head = stride(heads === 1 ? 1 : (step.dims.at(-3) ?? 1), heads, multiply(rows, columns), k)
    const row = stride(rows, queries, columns, k)
    const column = stride(columns, keys, 1, k)
    const place = `${k.input(3 + i)} + ${batchOffset(step, batch, k)}`
    const strides = `.head = ${head}, .row = ${row}, .column = ${column}`
    if (keeps[i] === KEEPS.bias) return `{.bias = ${place}, ${strides}}`
    const where = keeps[i] === KEEPS.true
    return `{.keep = ${place}, .where = ${where}, .otherwise = ${literal('float32', fills[i]!)}, ${strides}}`
  })
}

/** Elements between neighbours of an axis that may be broadcast to `to`. */
function stride(size: Dim, to: Dim, step: Dim, k: KernelWriter): string {
  if (size === 1) return '0'
  return dimEquals(size, to) ? k.dim(step) : `${k.dim(size)} == 1 ? 0 : ${k.dim(step)}`
}

export const streamingAttention: readonly LoweredOperator[] = [StreamingAttention]
