import { tensorFrom } from '../../src/onnx/tensor.ts'
import { geluNew } from './activations.ts'
import { type Cache, cacheOf, joinHeads, lowest, paddingMask, splitHeads, withPast } from './attention.ts'
import { embedding } from './linear.ts'
import type { InputSet, MadeModel } from './made-model.ts'
import { layerNorm } from './norms.ts'
import { maskOf, normalised, tokens } from './random.ts'
import { type Size, Trace } from './trace.ts'

export interface Gpt2Size {
  readonly layers: number
  readonly width: number
  readonly heads: number
  readonly vocabulary: number
  readonly positions: number
  /** Tokens of the prompt, and of the past of the token after it. */
  readonly length: number
}

/** Rows and tokens of the run. */
interface Run {
  readonly batch: Size
  readonly now: Size
}

/** GPT-2 (Radford et al. 2019) as optimum exports it: one decoder for the prompt and for each token after it. */
export function gpt2(name: string, size: Gpt2Size): MadeModel {
  const { layers, width, heads, vocabulary, positions } = size
  const t = new Trace(name, 'torchscript', 14)
  const given = t.input('input_ids', 'int64', ['batch_size', 'sequence_length'])
  const attentionMask = t.input('attention_mask', 'int64', ['batch_size', 'past_sequence_length + sequence_length'])
  const caches = Array.from({ length: layers }, (_, i) => ({
    keys: cacheOf(t, `${i}.key`, heads, width / heads),
    values: cacheOf(t, `${i}.value`, heads, width / heads),
  }))
  const run = { batch: t.sizeOf(given, 0), now: t.sizeOf(given, 1) }
  const logits = t.within('transformer', () => {
    const past = t.sizeOf('past_key_values.0.key', 2) as string
    const range = t.op('Range', [past, t.op('Add', [past, run.now as string]), 1n])
    const places = t.view(t.op('Unsqueeze', [range, [0n]]), [-1, run.now])
    const mask = paddingMask(t, t.view(attentionMask, [run.batch, -1]))
    const words = embedding(t, 'wte', t.view(given, [-1, run.now]), [vocabulary, width])
    let x = t.op('Add', [words, embedding(t, 'wpe', places, [positions, width])])
    for (const [i, cache] of caches.entries()) {
      x = t.within(`h.${i}`, () => {
        const normed = layerNorm(t, 'ln_1', x, width)
        const attended = t.op('Add', [t.within('attn', () => attention(t, normed, mask, cache, size, run)), x])
        const normedAgain = layerNorm(t, 'ln_2', attended, width)
        return t.op('Add', [attended, t.within('mlp', () => perceptron(t, normedAgain, width, run))])
      })
    }
    const last = t.view(layerNorm(t, 'ln_f', x, width), [-1, run.now, width])
    // Tied to the words in the code; the exporter folds its transposition, so that the file has both.
    return t.op('MatMul', [last, t.weight('lm_head.weight_T', [width, vocabulary], { std: 1 / Math.sqrt(width) })])
  })
  t.output('logits', logits, 'float32', ['batch_size', 'sequence_length', vocabulary])
  return { source: t.source(), workloads: workloads(name, size) }
}

/** GPT-2's Linear (`Conv1D`): rows through a Gemm. */
function projection(t: Trace, name: string, x: string, [from, to]: readonly [number, number], run: Run): string {
  return t.within(name, () => {
    const weight = t.weight('weight', [from, to], { std: 1 / Math.sqrt(from) })
    const rows = t.op('Gemm', [t.view(x, [-1, from]), weight, t.weight('bias', [to], { std: 0.05 })], {
      alpha: 1,
      beta: 1,
    })
    return t.view(rows, [run.batch, run.now, to])
  })
}

function attention(
  t: Trace,
  x: string,
  mask: string,
  cache: { readonly keys: Cache; readonly values: Cache },
  { width, heads, positions }: Gpt2Size,
  run: Run,
): string {
  const size = width / heads
  const all = projection(t, 'c_attn', x, [width, 3 * width], run)
  const parts = t.ops('Split', 3, [all, [width, width, width].map(BigInt)], { axis: 2n })
  const [query, key, value] = parts.map((part) => splitHeads(t, part, [run.batch, run.now, heads, size])) as [
    string,
    string,
    string,
  ]
  const keys = withPast(t, cache.keys, key)
  const values = withPast(t, cache.values, value)
  const scores = t.op('MatMul', [query, t.transpose(keys, 0, 1, 3, 2)])
  const scaled = t.op('Div', [scores, t.op('Pow', [t.op('Cast', [lastSize(t, values, -1)], { to: 1n }), 0.5])])

  // The rows of a triangle that belong to the tokens of now.
  const end = lastSize(t, keys, -2)
  const start = t.op('Sub', [end, lastSize(t, query, -2)])
  const triangle = t.initializer(`transformer.h.attn.bias`, triangleOf(positions))
  const rows = t.slice(triangle, 2, t.op('Unsqueeze', [start, [0n]]), t.op('Unsqueeze', [end, [0n]]))
  const causal = t.slice(rows, 3, [0n], t.op('Unsqueeze', [end, [0n]]))
  const masked = t.op('Add', [t.op('Where', [causal, scaled, lowest]), mask])
  const mixed = t.op('MatMul', [t.op('Softmax', [masked], { axis: -1n }), values])
  return projection(t, 'c_proj', joinHeads(t, mixed, [run.batch, run.now, width]), [width, width], run)
}

function perceptron(t: Trace, x: string, width: number, run: Run): string {
  const wide = geluNew(t, projection(t, 'c_fc', x, [width, 4 * width], run))
  return projection(t, 'c_proj', wide, [4 * width, width], run)
}

/** `x.size(axis)` of an axis that is counted from the end. */
function lastSize(t: Trace, x: string, axis: -1 | -2): string {
  const end = axis === -1 ? 2n ** 63n - 1n : BigInt(axis + 1)
  const part = t.op('Slice', [t.op('Shape', [x]), [BigInt(axis)], [end], [0n]])
  return t.op('Squeeze', [part, [0n]])
}

function triangleOf(positions: number) {
  const isVisible = Array.from({ length: positions ** 2 }, (_, i) => i % positions <= Math.floor(i / positions))
  return tensorFrom('bool', [1, 1, positions, positions], isVisible)
}

function workloads(name: string, { layers, width, heads, vocabulary, length }: Gpt2Size) {
  const set = (rows: number, now: number, past: number): InputSet => ({
    input_ids: tokens(`${name}/${now}`, [rows, now], vocabulary),
    attention_mask: maskOf([rows, past + now]),
    ...Object.fromEntries(
      Array.from({ length: layers }, (_, i) => ['key', 'value'].map((kind) => `${i}.${kind}`))
        .flat()
        .map((cache) => [
          `past_key_values.${cache}`,
          normalised(`${name}/${cache}`, [rows, heads, past, width / heads]),
        ]),
    ),
  })
  return { '': [set(1, 1, length), set(2, 3, 5)], '-prompt': [set(1, length, 0)] }
}
