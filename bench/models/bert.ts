import { gelu } from './activations.ts'
import { attend, joinHeads, paddingMask, splitHeads, splitKeys } from './attention.ts'
import { embedding, linear, linearOfRows } from './linear.ts'
import type { InputSet, MadeModel } from './made-model.ts'
import { layerNorm } from './norms.ts'
import { int64, maskOf, tokens } from './random.ts'
import { type Size, Trace } from './trace.ts'

export interface BertSize {
  readonly layers: number
  readonly width: number
  readonly heads: number
  readonly vocabulary: number
  /** Tokens of the sequence that is timed. */
  readonly length: number
}

const positions = 512

/** BERT (Devlin et al. 2018) as transformers exports it: last hidden state and pooler. */
export function bert(name: string, size: BertSize): MadeModel {
  const t = new Trace(name, 'torchscript', 14)
  const hidden = encoder(t, size)
  const first = t.op('Gather', [hidden, 0n], { axis: 1n })
  const pooled = t.within('pooler', () => t.op('Tanh', [linearOfRows(t, 'dense', first, [size.width, size.width])]))
  t.output('last_hidden_state', hidden, 'float32', ['batch_size', 'sequence_length', size.width])
  t.output('pooler_output', pooled, 'float32', ['batch_size', size.width])
  return { source: t.source(), workloads: { '': inputs(name, size) } }
}

/** A sentence embedding (all-MiniLM-L6): BERT, the mean of the tokens that are there, made a unit vector. */
export function sentenceEmbedding(name: string, size: BertSize): MadeModel {
  const t = new Trace(name, 'torchscript', 17)
  const hidden = encoder(t, size)
  const column = t.op('Unsqueeze', ['attention_mask', [-1n]])
  const there = t.op('Cast', [t.op('Expand', [column, t.op('Shape', [hidden])])], { to: 1n })
  const sum = t.reduce('ReduceSum', t.op('Mul', [hidden, there]), [1], false)
  const count = t.op('Clip', [t.reduce('ReduceSum', there, [1], false), 1e-9])
  const mean = t.op('Div', [sum, count])
  const length = t.op('Clip', [t.reduce('ReduceL2', mean, [1]), 1e-12])
  const unit = t.op('Div', [mean, t.op('Expand', [length, t.op('Shape', [mean])])])
  t.output('token_embeddings', hidden, 'float32', ['batch_size', 'sequence_length', size.width])
  t.output('sentence_embedding', unit, 'float32', ['batch_size', size.width])
  return { source: t.source(), workloads: { '': inputs(name, size) } }
}

function encoder(t: Trace, size: BertSize): string {
  const { layers, width, vocabulary } = size
  const ids = t.input('input_ids', 'int64', ['batch_size', 'sequence_length'])
  const attentionMask = t.input('attention_mask', 'int64', ['batch_size', 'sequence_length'])
  const types = t.input('token_type_ids', 'int64', ['batch_size', 'sequence_length'])
  const batch = t.sizeOf(ids, 0)
  const length = t.sizeOf(ids, 1)
  const mask = paddingMask(t, attentionMask)
  let x = t.within('embeddings', () => {
    const counted = int64(
      [1, positions],
      Array.from({ length: positions }, (_, i) => i),
    )
    const all = t.initializer('embeddings.position_ids', counted)
    const places = t.slice(all, 1, [0n], t.shape([length]))
    const words = embedding(t, 'word_embeddings', ids, [vocabulary, width])
    const kinds = embedding(t, 'token_type_embeddings', types, [2, width])
    const where = embedding(t, 'position_embeddings', places, [positions, width])
    return layerNorm(t, 'LayerNorm', t.op('Add', [t.op('Add', [words, kinds]), where]), width, 1e-12)
  })
  for (let i = 0; i < layers; i++)
    x = t.within(`encoder.layer.${i}`, () => layer(t, x, mask, { ...size, batch, length }))
  return x
}

/** Attention and two Linears, each normalised after it is added. */
function layer(
  t: Trace,
  x: string,
  mask: string,
  { width, heads, batch, length }: Pick<BertSize, 'width' | 'heads'> & { readonly batch: Size; readonly length: Size },
): string {
  const size = width / heads
  const project = (name: string): string => linear(t, name, x, [width, width])
  const mixed = t.within('attention', () => {
    const query = splitHeads(t, project('query'), [batch, length, heads, size])
    const keys = splitKeys(t, project('key'), [batch, length, heads, size])
    const values = splitHeads(t, project('value'), [batch, length, heads, size])
    return joinHeads(t, attend(t, query, keys, values, { divisor: Math.sqrt(size), mask }), [batch, length, width])
  })
  const attended = layerNorm(
    t,
    'attention.LayerNorm',
    t.op('Add', [linear(t, 'attention.output', mixed, [width, width]), x]),
    width,
    1e-12,
  )
  const wide = gelu(t, linear(t, 'intermediate', attended, [width, 4 * width]))
  return layerNorm(
    t,
    'output.LayerNorm',
    t.op('Add', [linear(t, 'output', wide, [4 * width, width]), attended]),
    width,
    1e-12,
  )
}

function inputs(name: string, { vocabulary, length }: BertSize): InputSet[] {
  const set = (rows: number, columns: number, there: number): InputSet => ({
    input_ids: tokens(`${name}/${rows}x${columns}`, [rows, columns], vocabulary),
    attention_mask: maskOf([rows, columns], there),
    token_type_ids: maskOf([rows, columns], 0),
  })
  return [set(1, length, length), set(2, 11, 7)]
}
