import { tensorFrom } from '../../src/onnx/tensor.ts'
import { silu } from './activations.ts'
import { attend, type Cache, cacheOf, joinHeads, lowest, splitHeads, withPast } from './attention.ts'
import { embedding, linear } from './linear.ts'
import type { InputSet, MadeModel } from './made-model.ts'
import { rmsNorm } from './norms.ts'
import { normalised, positions, tokens } from './random.ts'
import { type Size, Trace } from './trace.ts'

export interface LlamaSize {
  readonly layers: number
  readonly width: number
  readonly heads: number
  /** Keys and values have fewer, each for a group of queries. */
  readonly groups: number
  readonly hidden: number
  readonly vocabulary: number
  readonly length: number
}

interface Run {
  readonly batch: Size
  readonly now: Size
  /** Tokens of the past and of now. */
  readonly all: string
}

interface Rotary {
  readonly cosine: string
  readonly sine: string
}

const noBias = { bias: false } as const

/** Llama (Touvron et al. 2023) with a cache: RMSNorm, rotary embedding, grouped heads, SwiGLU. */
export function llama(name: string, size: LlamaSize): MadeModel {
  const { layers, width, heads, groups, hidden, vocabulary } = size
  const t = new Trace(name, 'torchscript', 16)
  const ids = t.input('input_ids', 'int64', ['batch_size', 'sequence_length'])
  const places = t.input('position_ids', 'int64', ['batch_size', 'sequence_length'])
  const caches = Array.from({ length: layers }, (_, i) => ({
    keys: cacheOf(t, `${i}.key`, groups, width / heads),
    values: cacheOf(t, `${i}.value`, groups, width / heads),
  }))
  const batch = t.sizeOf(ids, 0)
  const now = t.sizeOf(ids, 1) as string
  let x = embedding(t, 'model.embed_tokens', ids, [vocabulary, width])
  const rotary = t.within('model.rotary_emb', () => rotaryTables(t, places, width / heads))
  const past = t.sizeOf('past_key_values.0.key', 2) as string
  const run = { batch, now, all: t.op('Add', [past, now]) }
  const mask = causalMask(t, past, run)
  for (const [i, cache] of caches.entries()) {
    x = t.within(`model.layers.${i}`, () => {
      const normed = rmsNorm(t, 'input_layernorm', x, width)
      const attended = t.op('Add', [
        x,
        t.within('self_attn', () => attention(t, normed, mask, rotary, cache, size, run)),
      ])
      const normedAgain = rmsNorm(t, 'post_attention_layernorm', attended, width)
      const fed = t.within('mlp', () => {
        const gate = silu(t, linear(t, 'gate_proj', normedAgain, [width, hidden], noBias))
        const wide = t.op('Mul', [gate, linear(t, 'up_proj', normedAgain, [width, hidden], noBias)])
        return linear(t, 'down_proj', wide, [hidden, width], noBias)
      })
      return t.op('Add', [attended, fed])
    })
  }
  const logits = linear(t, 'lm_head', rmsNorm(t, 'model.norm', x, width), [width, vocabulary], noBias)
  t.output('logits', logits, 'float32', ['batch_size', 'sequence_length', vocabulary])
  return { source: t.source(), workloads: workloads(name, size) }
}

/** Cosines and sines of each token's position times each frequency, for both halves of a head. */
function rotaryTables(t: Trace, places: string, size: number): Rotary {
  const rates = Array.from({ length: size / 2 }, (_, i) => 10000 ** ((-2 * i) / size))
  const frequencies = t.initializer('model.rotary_emb.inv_freq', tensorFrom('float32', [1, size / 2, 1], rates))
  const place = t.op('Cast', [t.op('Unsqueeze', [places, [1n]])], { to: 1n })
  const angles = t.transpose(t.op('MatMul', [frequencies, place]), 0, 2, 1)
  const both = t.op('Concat', [angles, angles], { axis: -1n })
  return {
    cosine: t.op('Unsqueeze', [t.op('Cos', [both]), [1n]]),
    sine: t.op('Unsqueeze', [t.op('Sin', [both]), [1n]]),
  }
}

/** `x · cos + (−x₂, x₁) · sin` */
function rotate(t: Trace, x: string, { cosine, sine }: Rotary): string {
  const half = t.op('Unsqueeze', [t.op('Div', [t.sizeOf(x, 3) as string, 2n]), [0n]])
  const first = t.slice(x, 3, [0n], half)
  const second = t.slice(x, 3, half, [2n ** 63n - 1n])
  const turned = t.op('Concat', [t.op('Neg', [second]), first], { axis: -1n })
  return t.op('Add', [t.op('Mul', [x, cosine]), t.op('Mul', [turned, sine])])
}

/** `[now, past + now]`, lowest where a key comes after its query. */
function causalMask(t: Trace, past: string, { now, all }: Run): string {
  const rows = t.op('Add', [t.op('Unsqueeze', [t.op('Range', [0n, now as string, 1n]), [1n]]), past])
  const columns = t.op('Unsqueeze', [t.op('Range', [0n, all, 1n]), [0n]])
  const zeros = t.op('ConstantOfShape', [t.shape([now, all])], { value: tensorFrom('float32', [1], [0]) })
  return t.op('Where', [t.op('Greater', [columns, rows]), lowest, zeros])
}

function attention(
  t: Trace,
  x: string,
  mask: string,
  rotary: Rotary,
  cache: { readonly keys: Cache; readonly values: Cache },
  { width, heads, groups }: LlamaSize,
  { batch, now, all }: Run,
): string {
  const size = width / heads
  const project = (name: string, count: number): string =>
    splitHeads(t, linear(t, name, x, [width, count * size], noBias), [batch, now, count, size])
  const query = rotate(t, project('q_proj', heads), rotary)
  const keys = withPast(t, cache.keys, rotate(t, project('k_proj', groups), rotary))
  const values = withPast(t, cache.values, project('v_proj', groups))
  const repeated = (cached: string): string => {
    const spread = t.op('Expand', [
      t.op('Unsqueeze', [cached, [2n]]),
      expandShape(t, [batch, groups, heads / groups, all, size]),
    ])
    return t.view(spread, [batch, heads, all, size])
  }
  const mixed = attend(t, query, t.transpose(repeated(keys), 0, 1, 3, 2), repeated(values), {
    divisor: Math.sqrt(size),
    mask,
  })
  return linear(t, 'o_proj', joinHeads(t, mixed, [batch, now, width]), [width, width], noBias)
}

/** The shape of `x.expand(…)`: the exporter has a one for what would be -1, for "as it is". */
function expandShape(t: Trace, sizes: readonly Size[]): string {
  const wanted = t.op('Reshape', [t.shape(sizes), [-1n]], { allowzero: 0n })
  const ones = t.op('ConstantOfShape', [t.op('Shape', [wanted])], { value: tensorFrom('int64', [1], [1n]) })
  return t.op('Where', [t.op('Equal', [wanted, t.op('Mul', [ones, -1n])]), ones, wanted])
}

function workloads(name: string, { layers, width, heads, groups, vocabulary, length }: LlamaSize) {
  const set = (rows: number, now: number, past: number): InputSet => ({
    input_ids: tokens(`${name}/${now}`, [rows, now], vocabulary),
    position_ids: positions([rows, now], past),
    ...Object.fromEntries(
      Array.from({ length: layers }, (_, i) => ['key', 'value'].map((kind) => `${i}.${kind}`))
        .flat()
        .map((cache) => [
          `past_key_values.${cache}`,
          normalised(`${name}/${cache}`, [rows, groups, past, width / heads]),
        ]),
    ),
  })
  return { '': [set(1, 1, length), set(2, 3, 5)], '-prompt': [set(1, length, 0)] }
}
