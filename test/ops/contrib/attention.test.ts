import { describe, expect, test } from 'vitest'
import type { Tensor } from '../../../src/onnx/model.ts'
import { close, f32, i64, importCase, runCase, runCases } from '../harness.ts'
import { type Compared, describeAgainst, i32, noise } from './against.ts'

const domain = 'com.microsoft'
const float = (value: number) => ({ kind: 'float', value }) as const

// Two texts of three tokens, two heads of four features.
const x = noise([2, 3, 8], 1)
const weights = noise([8, 24], 2)
const bias = noise([24], 3)
const attention = (label: string, inputs: Compared['inputs'], more: Partial<Compared> = {}): Compared => ({
  label,
  op: 'Attention',
  domain,
  inputs,
  constants: [1, 2],
  ...more,
  attributes: { num_heads: 2n, ...more.attributes },
})
const past = noise([2, 2, 2, 5, 4], 4)
describeAgainst('Attention', [
  attention('plain', [x, weights, bias]),
  attention('weights that come with the run', [x, weights, bias], { constants: [] }),
  attention('unidirectional', [x, weights, bias], { attributes: { unidirectional: 1n } }),
  attention('a scale', [x, weights, bias], { attributes: { scale: float(0.25) } }),
  attention('lengths', [x, weights, bias, i32([2, 3])]),
  attention('lengths, unidirectional', [x, weights, bias, i32([2, 3])], { attributes: { unidirectional: 1n } }),
  attention('ends and starts', [x, weights, bias, i32([3, 2, 1, 0])], { onlyStatic: true }),
  attention('a mask of keys', [x, weights, bias, i32([1, 1, 0, 1, 0, 1], [2, 3])]),
  attention('a mask that hides everything', [x, weights, bias, i32([0, 0, 0, 1, 0, 1], [2, 3])]),
  attention('a filter', [x, weights, bias, i32([1, 1, 0, 1, 0, 1], [2, 3])], {
    attributes: { mask_filter_value: float(-2) },
  }),
  attention('a mask of queries and keys', [
    x,
    weights,
    bias,
    i32([1, 0, 0, 1, 1, 0, 1, 1, 1, 1, 1, 1, 0, 1, 1, 0, 0, 1], [2, 3, 3]),
  ]),
  attention('an attention bias', [x, weights, bias, undefined, undefined, noise([2, 2, 3, 3], 5)]),
  attention('one attention bias for all texts', [x, weights, bias, undefined, undefined, noise([1, 2, 3, 3], 5)]),
  attention('a past', [x, weights, bias, undefined, past], { outputs: 2 }),
  attention('a past, unidirectional', [x, weights, bias, undefined, past], {
    outputs: 2,
    attributes: { unidirectional: 1n },
  }),
  attention(
    'a past and a mask',
    [
      x,
      weights,
      bias,
      i32(
        Array.from({ length: 16 }, (_, i) => Number(i % 5 > 0)),
        [2, 8],
      ),
      past,
    ],
    {
      outputs: 2,
      attributes: { unidirectional: 1n },
    },
  ),
  attention('values of another size', [x, noise([8, 28], 2), noise([28], 3)], {
    attributes: { qkv_hidden_sizes: [8n, 8n, 12n] },
  }),
])

const mha = (label: string, inputs: Compared['inputs'], more: Partial<Compared> = {}): Compared => ({
  label,
  op: 'MultiHeadAttention',
  domain,
  inputs,
  ...more,
  attributes: { num_heads: 2n, ...more.attributes },
})
const q = noise([2, 3, 8], 11)
const [k, v] = [noise([2, 5, 8], 12), noise([2, 5, 8], 13)]
const self = [q, noise([2, 3, 8], 12), noise([2, 3, 8], 13)]
const none = undefined
describeAgainst('MultiHeadAttention', [
  mha('more keys than queries', [q, k, v]),
  mha('a bias', [q, k, v, noise([24], 14)], { constants: [3] }),
  mha('values of another size', [q, k, noise([2, 5, 12], 13), noise([28], 14)]),
  mha('keys and values in heads', [q, noise([2, 2, 5, 4], 12), noise([2, 2, 5, 4], 13)]),
  mha('unidirectional', self, { attributes: { unidirectional: 1n } }),
  mha('lengths', [q, k, v, none, i32([4, 2])]),
  mha('a mask of keys', [q, k, v, none, i32([1, 1, 0, 1, 0, 1, 1, 0, 1, 1], [2, 5])]),
  mha('a mask of queries and keys', [
    q,
    k,
    v,
    none,
    i32(
      Array.from({ length: 30 }, (_, i) => Number(i % 4 > 0)),
      [2, 3, 5],
    ),
  ]),
  mha('an attention bias', [q, k, v, none, none, noise([2, 2, 3, 5], 5)]),
  mha('one attention bias for all heads', [q, k, v, none, none, noise([2, 1, 3, 5], 5)]),
  mha('one attention bias for all', [q, k, v, none, none, noise([1, 1, 3, 5], 5)]),
  mha('a past', [...self, none, none, none, noise([2, 2, 4, 4], 6), noise([2, 2, 4, 4], 7)], { outputs: 3 }),
  mha('a past, unidirectional', [...self, none, none, none, noise([2, 2, 4, 4], 6), noise([2, 2, 4, 4], 7)], {
    outputs: 3,
    attributes: { unidirectional: 1n, scale: float(0.3) },
  }),
  mha('scores, too', [q, k, v, none, i32([4, 2]), noise([2, 2, 3, 5], 5)], {
    outputs: 4,
    without: [1, 2],
    outputType: 'float32',
  }),
])

const rotary = (label: string, inputs: Compared['inputs'], more: Partial<Compared> = {}): Compared => ({
  label,
  op: 'RotaryEmbedding',
  domain,
  inputs,
  constants: [2, 3],
  ...more,
})
const angles = Array.from({ length: 32 }, (_, i) => Math.floor(i / 2) / (1 + 9 * (i % 2)))
const [cos, sin] = [f32(angles.map(Math.cos), [16, 2]), f32(angles.map(Math.sin), [16, 2])]
const half = (tensor: Tensor, seed: number): Tensor => noise(tensor.dims, seed, { type: 'float16' })
describeAgainst('RotaryEmbedding', [
  rotary('the first position', [x, i64([3]), cos, sin]),
  rotary('positions', [x, i64([0, 1, 2, 7, 8, 15], [2, 3]), cos, sin]),
  rotary('num_heads', [x, i64([0, 1, 2, 7, 8, 15], [2, 3]), cos, sin], {
    attributes: { num_heads: 2n },
  }),
  rotary('interleaved', [x, i64([1]), cos, sin], { attributes: { interleaved: 1n } }),
  rotary('heads', [noise([2, 2, 3, 4], 1), i64([0, 1, 2, 7, 8, 15], [2, 3]), cos, sin]),
  rotary('some of the features', [noise([2, 3, 16], 1), i64([2]), cos, sin], {
    attributes: { num_heads: 2n, rotary_embedding_dim: 4n },
  }),
  rotary('float16', [half(x, 1), i64([3]), half(cos, 2), half(sin, 3)]),
])

const wide = Array.from({ length: 128 }, (_, i) => Math.floor(i / 8) / (1 + 4 * (i % 8)))
const [wideCos, wideSin] = [f32(wide.map(Math.cos), [16, 8]), f32(wide.map(Math.sin), [16, 8])]
const gqa = (label: string, inputs: Compared['inputs'], more: Partial<Compared> = {}): Compared => ({
  label,
  op: 'GroupQueryAttention',
  domain,
  inputs,
  outputs: 3,
  ...more,
  attributes: { num_heads: 4n, kv_num_heads: 2n, ...more.attributes },
})
// Prompts of three tokens, four heads of sixteen features: onnxruntime takes multiples of that only.
const prompt = [noise([2, 3, 64], 1), noise([2, 3, 32], 2), noise([2, 3, 32], 3)]
const packed = noise([2, 3, 128], 1)
const whole = [i32([2, 2]), i32([3], [1])]
const empty = [noise([2, 2, 0, 16]), noise([2, 2, 0, 16])]
const step = [noise([2, 1, 64], 1), noise([2, 1, 32], 2), noise([2, 1, 32], 3)]
const pasts = (batch: number, rows: number): Tensor[] => [
  noise([batch, 2, rows, 16], 4),
  noise([batch, 2, rows, 16], 5),
]
const next = [i32([5, 5]), i32([6], [1])]
const turned = { do_rotary: 1n }
const rope = { attributes: turned }
const long = [noise([1, 8, 64], 1), noise([1, 8, 32], 2), noise([1, 8, 32], 3), none, none, i32([7]), i32([8], [1])]
const more = [noise([1, 3, 64], 1), noise([1, 3, 32], 2), noise([1, 3, 32], 3)]
describeAgainst('GroupQueryAttention', [
  gqa('a prompt', [...prompt, none, none, ...whole]),
  gqa('a prompt with an empty past', [...prompt, ...empty, ...whole]),
  gqa('a prompt, packed', [packed, none, none, none, none, ...whole]),
  gqa('a prompt, turned', [...prompt, none, none, ...whole, wideCos, wideSin], rope),
  gqa('a prompt, packed and turned', [packed, none, none, none, none, ...whole, wideCos, wideSin], rope),
  gqa('a prompt, turned and interleaved', [...prompt, none, none, ...whole, wideCos, wideSin], {
    ...rope,
    attributes: { ...turned, rotary_interleaved: 1n },
  }),
  gqa('a step', [...step, ...pasts(2, 5), ...next]),
  gqa('a step, turned', [...step, ...pasts(2, 5), ...next, wideCos, wideSin], rope),
  gqa('texts of unequal length', [...step, ...pasts(2, 5), i32([3, 5]), i32([6], [1]), wideCos, wideSin], rope),
  gqa('a longer cache', [...step, ...pasts(2, 9), ...next]),
  gqa('several tokens behind a past', [...more, ...pasts(1, 5), i32([7]), i32([8], [1])]),
  gqa('a window', long, { attributes: { local_window_size: 3n } }),
  gqa('a window, and a past', [...more, ...pasts(1, 5), i32([7]), i32([8], [1])], {
    attributes: { local_window_size: 2n },
  }),
  gqa('softcap', long, { attributes: { softcap: float(0.5) } }),
  gqa('a scale', long, { attributes: { scale: float(0.125) } }),
  gqa('smooth softmax', long, { attributes: { smooth_softmax: 1n } }),
  gqa('sinks', [...long, none, none, none, none, noise([4], 9)]),
  gqa('positions', [...prompt, none, none, ...whole, wideCos, wideSin, i64([0, 1, 2, 0, 1, 2], [2, 3])], rope),
  gqa('an attention bias', [...long, none, none, none, noise([1, 4, 8, 8], 9)]),
  gqa('scores, too', [...step, ...pasts(2, 5), ...next], {
    outputs: 4,
    attributes: { qk_output: 1n },
    outputType: 'float32',
  }),
  gqa('weights, too', [...step, ...pasts(2, 5), ...next], {
    outputs: 4,
    attributes: { qk_output: 2n },
    outputType: 'float32',
  }),
  gqa('scores of a prompt, too', [...long, none, none, none, noise([1, 4, 8, 8], 9)], {
    outputs: 4,
    attributes: { qk_output: 1n, softcap: float(0.5) },
    outputType: 'float32',
  }),
  gqa('float16', [half(prompt[0]!, 1), half(prompt[1]!, 2), half(prompt[2]!, 3), none, none, ...whole]),
])

describe('attention', () => {
  test('gives what can be told by hand: equal scores mix values evenly', async () => {
    const zeros = f32([0, 0], [1, 1, 2])
    const keys = f32([1, 0, 0, 1], [1, 2, 2])
    const values = f32([2, 4, 6, 8], [1, 2, 2])
    const [result] = await runCase({
      op: 'MultiHeadAttention',
      domain,
      inputs: [zeros, keys, values],
      attributes: { num_heads: 1n },
    })
    expect(close(result!.values, [4, 6])).toBe(true)
  })

  test('in forms that onnxruntime takes on GPUs only, or not without a bias, is as in those that it takes', async () => {
    const all = noise([2, 3, 2, 3, 4], 12)
    const { values } = (await runCase({ op: 'Identity', inputs: [all] }))[0]!
    /** Part `which` of the three that each head has, as [batch, sequence, heads × size]. */
    const part = (which: number): Tensor =>
      f32(
        values.map(Number).filter((_, i) => Math.floor(i / 4) % 3 === which),
        [2, 3, 8],
      )
    const both = f32(
      values.map(Number).filter((_, i) => Math.floor(i / 4) % 3 > 0),
      [2, 3, 2, 2, 4],
    )
    const square = i32(
      [1, 0, 0, 1, 1, 0, 1, 1, 0].flatMap((value, i) => (i % 3 === 2 ? [value, 1] : [value])).concat([0, 0, 0, 0]),
      [1, 1, 4, 4],
    )
    const flat = i32([1, 0, 0, 1, 1, 0, 1, 1, 0], [1, 3, 3])
    const one = noise([1, 3, 8], 1)
    const results = await runCases([
      mha('', [part(0), part(1), part(2)]),
      mha('', [all]),
      mha('', [part(0), both]),
      attention('', [x, weights, f32(Array<number>(24).fill(0))]),
      attention('', [x, weights], { constants: [1] }),
      attention('', [one, weights, bias, flat]),
      attention('', [one, weights, bias, square]),
    ])
    const [separate, packed, pairs, zeros, none, three, four] = results.map(([result]) => result!.values.map(Number))
    expect(close(packed!, separate!)).toBe(true)
    expect(close(pairs!, separate!)).toBe(true)
    expect(close(none!, zeros!)).toBe(true)
    expect(close(four!, three!)).toBe(true)
  })

  test('continues a cache: earlier rows, new ones, and room behind them', async () => {
    const results = await runCase({
      op: 'GroupQueryAttention',
      domain,
      inputs: [
        f32([0, 0], [1, 1, 2]),
        f32([9, 9], [1, 1, 2]),
        f32([7, 7], [1, 1, 2]),
        f32([1, 1, 2, 2, 3, 3], [1, 1, 3, 2]),
        f32([4, 4, 5, 5, 6, 6], [1, 1, 3, 2]),
        i32([1]),
        i32([2], []),
      ],
      attributes: { num_heads: 1n, kv_num_heads: 1n },
      outputs: 3,
    })
    // One token was there before: the value of the new one and of the first row count half each.
    expect(results.map(({ values }) => values)).toEqual([
      [5.5, 5.5],
      [1, 1, 9, 9, 0, 0],
      [4, 4, 7, 7, 0, 0],
    ])
  })

  test.each([
    ['the first one', i64([-1])],
    ['the first one, of which the others are none', i64([-2])],
    ['one of them', i64([0, 1, 2, 7, -8, 15], [2, 3])],
    ['one of them behind the last', i64([0, 1, 2, 7, 16, 15], [2, 3])],
  ])('turns by no position before the first or behind the last: %s', async (_what, positions) => {
    await expect(runCase(rotary('', [x, positions, cos, sin]))).rejects.toThrow(/an index is out of range/)
  })

  const cached = { op: 'GroupQueryAttention', domain, attributes: { num_heads: 4n, kv_num_heads: 2n }, outputs: 3 }
  test.each([
    ['more than the past has', [...step, ...pasts(2, 5), i32([7, 5]), i32([8], [1])], 'more rows than the past has'],
    ['a length below nothing', [...step, ...pasts(2, 5), i32([-2, 5]), i32([6], [1])], 'more rows than the past has'],
    [
      'a text that is longer than the longest',
      [...step, ...pasts(2, 5), i32([5, 5]), i32([4], [1])],
      'beyond total_sequence_length',
    ],
    ['a negative total', [...step, ...pasts(2, 5), i32([5, 5]), i32([-4], [1])], 'is negative'],
  ])('is refused in the run: %s', async (_what, inputs, message) => {
    await expect(runCases([{ ...cached, inputs }])).rejects.toThrow(message)
  })

  test.each([
    [
      'heads that share unevenly',
      {
        ...cached,
        attributes: { num_heads: 4n, kv_num_heads: 3n },
        inputs: gqa('', [...prompt, none, none, ...whole]).inputs,
      },
      "can't share",
    ],
    [
      'keys without values',
      { ...cached, inputs: [prompt[0], prompt[1], none, none, none, ...whole] },
      'input value is required',
    ],
    [
      'quantised caches',
      {
        ...cached,
        attributes: { ...cached.attributes, k_quant_type: 'PER_TENSOR' },
        inputs: [...prompt, none, none, ...whole],
      },
      'quantised caches',
    ],
    ['no heads', { op: 'Attention', domain, inputs: [x, weights] }, 'num_heads is required'],
    [
      'features that make no heads',
      { op: 'MultiHeadAttention', domain, inputs: [q, k, v], attributes: { num_heads: 3n } },
      '3 heads need',
    ],
    ['a mask of another size', mha('', [q, k, v, none, i32([1, 1, 1, 1], [2, 2])]), 'key_padding_mask'],
    ['a bias of another size', mha('', [q, k, v, noise([23])]), 'bias'],
    [
      'a past of other heads',
      mha('', [...self, none, none, none, noise([2, 3, 4, 4]), noise([2, 3, 4, 4])]),
      'past_key',
    ],
    [
      'rotary in Attention',
      { ...attention('', [x, weights]), attributes: { num_heads: 2n, do_rotary: 1n } },
      'do_rotary is not supported',
    ],
  ])('refuses %s', (_what, one, message) => {
    expect(() => importCase(one)).toThrow(message)
  })
})
