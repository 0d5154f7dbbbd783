import { tensorFrom } from '../../src/onnx/tensor.ts'
import { gelu } from './activations.ts'
import { cacheOf, splitHeads, withPast } from './attention.ts'
import { convolution } from './convolution.ts'
import { embedding, linear, table } from './linear.ts'
import type { InputSet, MadeModel } from './made-model.ts'
import { layerNorm } from './norms.ts'
import { normalised, tokens } from './random.ts'
import { type Size, Trace } from './trace.ts'

export interface WhisperSize {
  readonly layers: number
  readonly width: number
  readonly heads: number
  readonly vocabulary: number
  /** Frames of the spectrogram; the encoder has half as many positions. */
  readonly frames: number
  /** Tokens before the one that is decoded. */
  readonly past: number
}

const bands = 80
const positions = 448

/** Whisper's encoder (Radford et al. 2022): two convolutions over a spectrogram, then a transformer. */
export function whisperEncoder(name: string, size: WhisperSize): MadeModel {
  const { layers, width, frames } = size
  const t = new Trace(name, 'torchscript', 14)
  const features = t.input('input_features', 'float32', ['batch_size', bands, frames])
  const first = gelu(t, convolution(t, 'conv1', features, [bands, width], { kernel: [3], pads: [1] }))
  const second = gelu(t, convolution(t, 'conv2', first, [width, width], { kernel: [3], pads: [1], strides: [2] }))
  let x = t.op('Add', [t.transpose(second, 0, 2, 1), table(t, 'embed_positions.weight', [frames / 2, width])])
  for (let i = 0; i < layers; i++) {
    x = t.within(`layers.${i}`, () => {
      const normed = layerNorm(t, 'self_attn_layer_norm', x, width)
      return feedForward(t, t.op('Add', [x, attention(t, 'self_attn', normed, ownKeys(t, normed, size), size)]), width)
    })
  }
  t.output('last_hidden_state', layerNorm(t, 'layer_norm', x, width), 'float32', ['batch_size', frames / 2, width])
  const set = (rows: number): InputSet => ({ input_features: normalised(`${name}/${rows}`, [rows, bands, frames]) })
  return { source: t.source(), workloads: { '': [set(1), set(2)] } }
}

/** Its decoder, with the keys and values of the tokens before and of the encoder as inputs. */
export function whisperDecoder(name: string, size: WhisperSize): MadeModel {
  const { layers, width, heads, vocabulary, frames } = size
  const t = new Trace(name, 'torchscript', 14)
  const ids = t.input('input_ids', 'int64', ['batch_size', 'sequence_length'])
  const caches = Array.from({ length: layers }, (_, i) => ({
    keys: cacheOf(t, `${i}.decoder.key`, heads, width / heads),
    values: cacheOf(t, `${i}.decoder.value`, heads, width / heads),
    encoded: ['key', 'value'].map((kind) =>
      t.input(`past_key_values.${i}.encoder.${kind}`, 'float32', ['batch_size', heads, frames / 2, width / heads]),
    ) as [string, string],
  }))
  const past = t.sizeOf('past_key_values.0.decoder.key', 2) as string
  const now = t.sizeOf(ids, 1) as string
  const rows = t.slice(
    table(t, 'embed_positions.weight', [positions, width]),
    0,
    t.op('Unsqueeze', [past, [0n]]),
    t.op('Unsqueeze', [t.op('Add', [past, now]), [0n]]),
  )
  let x = t.op('Add', [embedding(t, 'embed_tokens', ids, [vocabulary, width]), rows])
  const mask = causalMask(t, past, now)
  for (const [i, { keys, values, encoded }] of caches.entries()) {
    x = t.within(`layers.${i}`, () => {
      const normed = layerNorm(t, 'self_attn_layer_norm', x, width)
      const own = ownKeys(t, normed, size)
      const all = [withPast(t, keys, own[0]), withPast(t, values, own[1])] as const
      const attended = t.op('Add', [x, attention(t, 'self_attn', normed, all, size, mask)])
      const normedAgain = layerNorm(t, 'encoder_attn_layer_norm', attended, width)
      const crossed = t.op('Add', [attended, attention(t, 'encoder_attn', normedAgain, encoded, size)])
      return feedForward(t, crossed, width)
    })
  }
  const last = layerNorm(t, 'layer_norm', x, width)
  const logits = linear(t, 'proj_out', last, [width, vocabulary], { bias: false })
  t.output('logits', logits, 'float32', ['batch_size', 'sequence_length', vocabulary])
  return { source: t.source(), workloads: { '': [decoderInputs(name, size, 1, 1), decoderInputs(name, size, 2, 3)] } }
}

/** Keys, which have no bias in Whisper, and values of a layer's own tokens: `[batch, heads, length, size]`. */
function ownKeys(t: Trace, x: string, { width, heads }: WhisperSize): [string, string] {
  const sizes = [t.sizeOf(x, 0), -1, heads, width / heads] as const
  return t.within('self_attn', () => [
    splitHeads(t, linear(t, 'k_proj', x, [width, width], { bias: false }), sizes),
    splitHeads(t, linear(t, 'v_proj', x, [width, width]), sizes),
  ])
}

/** Attention by `bmm`, which takes heads and rows as one axis; the query is scaled before. */
function attention(
  t: Trace,
  name: string,
  x: string,
  [keys, values]: readonly [string, string],
  { width, heads }: WhisperSize,
  mask?: string,
): string {
  return t.within(name, () => {
    const size = width / heads
    const batch = t.sizeOf(x, 0)
    const length = t.sizeOf(x, 1)
    const many = t.op('Mul', [batch as string, BigInt(heads)])
    const scaled = t.op('Mul', [linear(t, 'q_proj', x, [width, width]), 1 / Math.sqrt(size)])
    const query = t.view(splitHeads(t, scaled, [batch, length, heads, size]), [many, -1, size])
    const scores = t.op('MatMul', [query, t.transpose(t.view(keys, [many, -1, size]), 0, 2, 1)])
    const shares = t.op(
      'Softmax',
      [mask === undefined ? scores : masked(t, scores, mask, batch, many, heads, length)],
      {
        axis: -1n,
      },
    )
    const mixed = t.op('MatMul', [shares, t.view(values, [many, -1, size])])
    const apart = t.transpose(t.view(mixed, [batch, heads, length, size]), 0, 2, 1, 3)
    return linear(t, 'out_proj', t.view(apart, [batch, length, width]), [width, width])
  })
}

function masked(t: Trace, scores: string, mask: string, batch: Size, many: Size, heads: number, length: Size): string {
  const added = t.op('Add', [t.view(scores, [batch, heads, length, -1]), mask])
  return t.view(added, [many, length, -1])
}

function feedForward(t: Trace, x: string, width: number): string {
  const normed = layerNorm(t, 'final_layer_norm', x, width)
  const wide = gelu(t, linear(t, 'fc1', normed, [width, 4 * width]))
  return t.op('Add', [x, linear(t, 'fc2', wide, [4 * width, width])])
}

/** `[1, 1, now, past + now]`: nothing for the past, minus infinity above the diagonal of now. */
function causalMask(t: Trace, past: string, now: string): string {
  const filled = (sizes: readonly Size[], value: number): string =>
    t.op('ConstantOfShape', [t.shape(sizes)], { value: tensorFrom('float32', [1], [value]) })
  const triangle = t.op('Trilu', [filled([now, now], -Infinity), 1n], { upper: 1n })
  const both = t.op('Concat', [filled([now, past], 0), triangle], { axis: -1n })
  return t.op('Unsqueeze', [t.op('Unsqueeze', [both, [0n]]), [1n]])
}

function decoderInputs(name: string, size: WhisperSize, rows: number, now: number): InputSet {
  const { layers, width, heads, vocabulary, frames, past } = size
  const caches = Array.from({ length: layers }, (_, i) =>
    ['decoder', 'encoder'].flatMap((side) =>
      ['key', 'value'].map((kind) => {
        const cache = `past_key_values.${i}.${side}.${kind}`
        const length = side === 'decoder' ? past : frames / 2
        return [cache, normalised(`${name}/${cache}`, [rows, heads, length, width / heads])] as const
      }),
    ),
  )
  return { input_ids: tokens(`${name}/${now}`, [rows, now], vocabulary), ...Object.fromEntries(caches.flat()) }
}
