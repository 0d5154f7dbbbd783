import { gelu } from './activations.ts'
import { joinHeads } from './attention.ts'
import { convolution } from './convolution.ts'
import { linear, linearOfRows, table } from './linear.ts'
import type { MadeModel } from './made-model.ts'
import { layerNorm } from './norms.ts'
import { normalised } from './random.ts'
import { type Size, Trace } from './trace.ts'

export interface VitSize {
  readonly layers: number
  readonly width: number
  readonly heads: number
  readonly patch: number
  /** Of the picture's side. */
  readonly pixels: number
  readonly classes: number
}

/** ViT (Dosovitskiy et al. 2020) as timm has it, exported by dynamo: norms and GELU are operators. */
export function vit(name: string, size: VitSize): MadeModel {
  const { layers, width, patch, pixels, classes } = size
  const t = new Trace(name, 'dynamo', 20)
  const image = t.input('x', 'float32', ['batch', 3, pixels, pixels])
  const batch = t.sizeOf(image, 0)
  const patches = (pixels / patch) ** 2
  const cut = convolution(t, 'patch_embed.proj', image, [3, width], {
    kernel: [patch, patch],
    strides: [patch, patch],
    gain: 1,
  })
  const rows = t.transpose(t.view(cut, [batch, width, patches]), 0, 2, 1)
  const first = t.op('Expand', [table(t, 'cls_token', [1, 1, width]), t.shape([batch, 1, width])])
  const all = t.op('Concat', [first, rows], { axis: 1n })
  let x = t.op('Add', [all, table(t, 'pos_embed', [1, patches + 1, width])])
  for (let i = 0; i < layers; i++) {
    x = t.within(`blocks.${i}`, () => {
      const normed = layerNorm(t, 'norm1', x, width, 1e-6)
      const attended = t.op('Add', [x, t.within('attn', () => attention(t, normed, batch, patches + 1, size))])
      const wide = gelu(t, linear(t, 'mlp.fc1', layerNorm(t, 'norm2', attended, width, 1e-6), [width, 4 * width]))
      return t.op('Add', [attended, linear(t, 'mlp.fc2', wide, [4 * width, width])])
    })
  }
  const token = t.op('Gather', [layerNorm(t, 'norm', x, width, 1e-6), 0n], { axis: 1n })
  t.output('logits', linearOfRows(t, 'head', token, [width, classes]), 'float32', ['batch', classes])
  const set = (count: number) => ({ x: normalised(`${name}/${count}`, [count, 3, pixels, pixels]) })
  return { source: t.source(), workloads: { '': [set(1), set(2)] } }
}

/** One product for queries, keys and values; both factors of the scores are scaled, as torch's attention is written out. */
function attention(t: Trace, x: string, batch: Size, length: number, { width, heads }: VitSize): string {
  const size = width / heads
  const apart = t.view(linear(t, 'qkv', x, [width, 3 * width]), [batch, length, 3, heads, size])
  const parts = t.ops('Split', 3, [t.transpose(apart, 2, 0, 3, 1, 4)], { axis: 0n, num_outputs: 3n })
  const [query, key, value] = parts.map((part) => t.op('Squeeze', [part, [0n]])) as [string, string, string]
  const scale = Math.fround(Math.sqrt(1 / Math.sqrt(size)))
  const keys = t.op('Mul', [t.transpose(key, 0, 1, 3, 2), scale])
  const scores = t.op('MatMul', [t.op('Mul', [query, scale]), keys])
  const mixed = t.op('MatMul', [t.op('Softmax', [scores], { axis: -1n }), value])
  return linear(t, 'proj', joinHeads(t, mixed, [batch, length, width]), [width, width])
}
