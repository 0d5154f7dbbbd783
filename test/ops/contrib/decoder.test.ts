import { describe, expect, test } from 'vitest'
import { modelBytes, type ModelSource, tensorType } from '../../../src/onnx/build.ts'
import { tensorArray } from '../../../src/onnx/tensor.ts'
import { onnxruntime } from '../../onnxruntime.ts'
import { compileModel, f32, i64 } from '../harness.ts'
import { noise } from './against.ts'

// A layer of a language model as onnxruntime-genai's builder writes them: caches that grow by each call, and a mask that
// says how long each text is.

const runtime = onnxruntime()

const [HEADS, GROUPS, SIZE] = [4, 2, 16]
const HIDDEN = HEADS * SIZE
const angles = Array.from({ length: 32 * (SIZE / 2) }, (_, i) => Math.floor(i / 8) / 10 ** (i % 8))
const weights = (rows: number, columns: number, seed: number) => noise([rows, columns], seed, { scale: 0.3 })
const cache = (size: string) => tensorType('float32', ['batch', GROUPS, size, SIZE])

/** What says how long each text is, and the angles of its positions. */
const counts = ['seqlens_k', 'total_sequence_length', 'cos', 'sin']

const source: ModelSource = {
  opsets: { '': 21, 'com.microsoft': 1 },
  inputs: {
    input_ids: tensorType('int64', ['batch', 'sequence']),
    attention_mask: tensorType('int64', ['batch', 'total']),
    'past.key': cache('past'),
    'past.value': cache('past'),
  },
  outputs: {
    logits: tensorType('float32', ['batch', 'sequence', 10]),
    'present.key': cache('total'),
    'present.value': cache('total'),
  },
  initializers: {
    embeddings: weights(10, HIDDEN, 1),
    one: i64([1]),
    q: weights(HIDDEN, HIDDEN, 2),
    k: weights(HIDDEN, GROUPS * SIZE, 3),
    v: weights(HIDDEN, GROUPS * SIZE, 4),
    o: weights(HIDDEN, HIDDEN, 5),
    up: weights(HIDDEN, 24, 6),
    gate: weights(HIDDEN, 24, 7),
    down: weights(24, HIDDEN, 8),
    head: weights(HIDDEN, 10, 9),
    first: noise([HIDDEN], 10),
    second: noise([HIDDEN], 11),
    third: noise([HIDDEN], 12),
    cos: f32(angles.map(Math.cos), [32, SIZE / 2]),
    sin: f32(angles.map(Math.sin), [32, SIZE / 2]),
    axis: i64([1], []),
  },
  nodes: [
    { op: 'ReduceSum', inputs: ['attention_mask', 'one'], outputs: ['lengths'] },
    { op: 'Sub', inputs: ['lengths', 'one'], outputs: ['last'] },
    { op: 'Cast', inputs: ['last'], outputs: ['seqlens_k'], attributes: { to: 6n } },
    { op: 'Shape', inputs: ['attention_mask'], outputs: ['shape'] },
    { op: 'Gather', inputs: ['shape', 'axis'], outputs: ['width'] },
    { op: 'Cast', inputs: ['width'], outputs: ['total_sequence_length'], attributes: { to: 6n } },
    { op: 'Gather', inputs: ['embeddings', 'input_ids'], outputs: ['h'] },
    { op: 'SimplifiedLayerNormalization', inputs: ['h', 'first'], outputs: ['n'], attributes: { epsilon: 1e-6 } },
    { op: 'MatMul', inputs: ['n', 'q'], outputs: ['queries'] },
    { op: 'MatMul', inputs: ['n', 'k'], outputs: ['keys'] },
    { op: 'MatMul', inputs: ['n', 'v'], outputs: ['values'] },
    {
      op: 'GroupQueryAttention',
      domain: 'com.microsoft',
      inputs: ['queries', 'keys', 'values', 'past.key', 'past.value', ...counts],
      outputs: ['attended', 'present.key', 'present.value'],
      attributes: { num_heads: BigInt(HEADS), kv_num_heads: BigInt(GROUPS), do_rotary: 1n },
    },
    { op: 'MatMul', inputs: ['attended', 'o'], outputs: ['mixed'] },
    {
      op: 'SkipSimplifiedLayerNormalization',
      domain: 'com.microsoft',
      inputs: ['h', 'mixed', 'second'],
      outputs: ['m', '', '', 'residual'],
      attributes: { epsilon: 1e-6 },
    },
    { op: 'MatMul', inputs: ['m', 'gate'], outputs: ['g'] },
    { op: 'Sigmoid', inputs: ['g'], outputs: ['s'] },
    { op: 'Mul', inputs: ['g', 's'], outputs: ['silu'] },
    { op: 'MatMul', inputs: ['m', 'up'], outputs: ['u'] },
    { op: 'Mul', inputs: ['silu', 'u'], outputs: ['gated'] },
    { op: 'MatMul', inputs: ['gated', 'down'], outputs: ['d'] },
    {
      op: 'SkipSimplifiedLayerNormalization',
      domain: 'com.microsoft',
      inputs: ['residual', 'd', 'third'],
      outputs: ['f'],
      attributes: { epsilon: 1e-6 },
    },
    { op: 'MatMul', inputs: ['f', 'head'], outputs: ['logits'] },
  ],
}

describe.skipIf(!runtime)('a language model', () => {
  test('continues two texts for four tokens as onnxruntime does', { timeout: 120_000 }, async () => {
    const model = await compileModel(source)
    const session = await runtime!.InferenceSession.create(modelBytes(source), { logSeverityLevel: 4 })
    const batch = 2
    let total = 0
    let past: Record<string, { data: Float32Array; dims: readonly number[] }> = {
      key: { data: new Float32Array(), dims: [batch, GROUPS, 0, SIZE] },
      value: { data: new Float32Array(), dims: [batch, GROUPS, 0, SIZE] },
    }
    for (const ids of [
      [1, 2, 3, 7, 8, 9],
      [4, 5],
      [6, 0],
      [2, 2],
    ]) {
      total += ids.length / batch
      const texts = i64(ids, [batch, ids.length / batch])
      const mask = i64(Array<number>(batch * total).fill(1), [batch, total])
      const feeds = {
        input_ids: { data: tensorArray(texts) as BigInt64Array, dims: texts.dims },
        attention_mask: { data: tensorArray(mask) as BigInt64Array, dims: mask.dims },
        'past.key': past['key']!,
        'past.value': past['value']!,
      }
      const given = model.runSync(feeds)
      const expected = await session.run(
        Object.fromEntries(
          Object.entries(feeds).map(([name, { data, dims }]) => [
            name,
            new runtime!.Tensor(data instanceof Float32Array ? 'float32' : 'int64', data, dims),
          ]),
        ),
      )
      for (const [name, { data, dims }] of Object.entries(expected)) {
        expect(given[name]!.dims).toEqual([...dims])
        const wrong = [...data].findIndex(
          (value, i) => !(Math.abs((given[name]!.data as Float32Array)[i]! - value) < 1e-4),
        )
        expect(`${name} ${wrong}`).toBe(`${name} -1`)
      }
      past = Object.fromEntries(
        ['key', 'value'].map((name) => {
          const { data, dims } = given[`present.${name}`]!
          return [name, { data: data as Float32Array, dims }]
        }),
      )
    }
  })
})
