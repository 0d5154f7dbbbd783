import { describe, it } from 'vitest'
import { f32, t } from '../../ops/harness.ts'
import { type Case, expectCases, out } from './cases.ts'
import { float, ramp } from './writer.ts'

// Expected numbers are computed here in plain JavaScript by the definitions in PyTorch's documentation of each function.

const wave = (dims: readonly number[], step = 0.7) =>
  f32(
    ramp(dims).map((i) => Math.fround(Math.sin(i * step))),
    dims,
  )
const valuesOf = (x: ReturnType<typeof f32>): number[] => Array.from(new Float32Array(x.data.slice().buffer))

interface Window {
  readonly stride: number
  readonly pad: number
  readonly dilation: number
  readonly groups: number
}

/** Cross-correlation of [1, C, H, W] with [O, C / groups, k, k]; `pad` begins, the end is as far as `size` outputs need. */
function conv(
  x: number[],
  [c, h, w]: readonly [number, number, number],
  weight: number[],
  [o, i, k]: readonly [number, number, number],
  bias: number[],
  { stride, pad, dilation, groups }: Window,
  size: number,
): number[] {
  const result: number[] = []
  for (let to = 0; to < o; to++)
    for (let row = 0; row < size; row++)
      for (let column = 0; column < size; column++) {
        let sum = bias[to] ?? 0
        for (let from = 0; from < i; from++)
          for (let a = 0; a < k; a++)
            for (let b = 0; b < k; b++) {
              const [y, z] = [row * stride - pad + a * dilation, column * stride - pad + b * dilation]
              const channel = Math.floor(to / (o / groups)) * (c / groups) + from
              if (y >= 0 && y < h && z >= 0 && z < w)
                sum += x[(channel * h + y) * w + z]! * weight[((to * i + from) * k + a) * k + b]!
            }
        result.push(sum)
      }
  return result
}

function convCase(
  target: string,
  args: Case['args'],
  { groups = 1, stride = 1, pad = 0, dilation = 1 }: Partial<Window>,
  k: number,
  size: number,
): Case {
  const [input, weight] = [wave([1, 4, 6, 6]), wave([2, 4 / groups, k, k], 0.3)]
  const values = conv(
    valuesOf(input),
    [4, 6, 6],
    valuesOf(weight),
    [2, 4 / groups, k],
    [0.5, -0.5],
    { groups, stride, pad, dilation },
    size,
  )
  return {
    target,
    args: { input, weight, bias: f32([0.5, -0.5]), ...args },
    out: [out('float32', [1, 2, size, size], values)],
  }
}

const product = (a: number[], b: number[], n: number, k: number, m: number): number[] =>
  Array.from({ length: n * m }, (_, at) => {
    const [row, column] = [Math.floor(at / m), at % m]
    return Array.from({ length: k }, (__, i) => a[row * k + i]! * b[i * m + column]!).reduce((x, y) => x + y, 0)
  })
const transposed = (x: number[], n: number, m: number): number[] =>
  Array.from({ length: n * m }, (_, i) => x[(i % n) * m + Math.floor(i / n)]!)

const softmaxOf = (row: number[]): number[] => {
  const most = Math.max(...row)
  const exps = row.map((x) => Math.exp(x - most))
  const sum = exps.reduce((a, b) => a + b, 0)
  return exps.map((x) => x / sum)
}
const rowsOf = (x: number[], size: number): number[][] =>
  Array.from({ length: x.length / size }, (_, i) => x.slice(i * size, (i + 1) * size))
const mean = (x: number[]): number => x.reduce((a, b) => a + b, 0) / x.length
const normalized = (x: number[], eps: number): number[] => {
  const m = mean(x)
  const v = mean(x.map((value) => (value - m) ** 2))
  return x.map((value) => (value - m) / Math.sqrt(v + eps))
}

describe('network layers of ATen', { timeout: 120_000 }, () => {
  it('products', () => {
    const [a, b, c] = [wave([2, 3]), wave([3, 4], 0.3), wave([2, 4], 0.2)]
    const ab = product(valuesOf(a), valuesOf(b), 2, 3, 4)
    const weight = f32(
      transposed(valuesOf(b), 3, 4).map((_, i, all) => all[i]!),
      [4, 3],
    )
    return expectCases([
      { target: 'aten.mm.default', args: { self: a, mat2: b }, out: [out('float32', [2, 4], ab)] },
      { target: 'aten.matmul.default', args: { self: a, other: b }, out: [out('float32', [2, 4], ab)] },
      {
        target: 'aten.addmm.default',
        args: { self: c, mat1: a, mat2: b, beta: 2, alpha: float(0.5) },
        out: [
          out(
            'float32',
            [2, 4],
            ab.map((x, i) => 0.5 * x + 2 * valuesOf(c)[i]!),
          ),
        ],
      },
      {
        target: 'aten.linear.default',
        args: { input: a, weight },
        out: [out('float32', [2, 4], product(valuesOf(a), transposed(valuesOf(weight), 4, 3), 2, 3, 4))],
      },
      {
        target: 'aten.linear.default',
        args: { input: f32(valuesOf(a), [1, 2, 3]), weight, bias: f32([1, 2, 3, 4]) },
        out: [
          out(
            'float32',
            [1, 2, 4],
            product(valuesOf(a), transposed(valuesOf(weight), 4, 3), 2, 3, 4).map((x, i) => x + 1 + (i % 4)),
          ),
        ],
      },
      {
        target: 'aten.bmm.default',
        args: { self: f32(valuesOf(a), [1, 2, 3]), mat2: f32(valuesOf(b), [1, 3, 4]) },
        out: [out('float32', [1, 2, 4], ab)],
      },
      {
        target: 'aten.baddbmm.default',
        args: {
          self: f32([1], [1, 1, 1]),
          batch1: f32(valuesOf(a), [1, 2, 3]),
          batch2: f32(valuesOf(b), [1, 3, 4]),
          alpha: 2,
        },
        out: [
          out(
            'float32',
            [1, 2, 4],
            ab.map((x) => 2 * x + 1),
          ),
        ],
      },
    ])
  })

  it('convolutions', () =>
    expectCases([
      convCase('aten.conv2d.default', {}, {}, 3, 4),
      convCase('aten.conv2d.default', { stride: [2, 2], padding: [1, 1] }, { stride: 2, pad: 1 }, 3, 3),
      convCase('aten.conv2d.default', { dilation: [2], padding: [2] }, { dilation: 2, pad: 2 }, 3, 6),
      convCase('aten.conv2d.default', { groups: 2 }, { groups: 2 }, 3, 4),
      convCase('aten.conv2d.padding', { padding: 'same' }, { pad: 1 }, 3, 6),
      // Of an even kernel the odd pad is at the end.
      convCase('aten.conv2d.padding', { padding: 'same' }, { pad: 1 }, 4, 6),
      convCase('aten.conv2d.padding', { padding: 'valid' }, {}, 4, 3),
      convCase(
        'aten.convolution.default',
        { stride: [1, 1], padding: [1, 1], dilation: [1, 1], transposed: false, output_padding: [0, 0], groups: 1 },
        { pad: 1 },
        3,
        6,
      ),
      {
        target: 'aten.conv1d.default',
        args: { input: f32([1, 2, 3, 4], [1, 1, 4]), weight: f32([1, 10], [1, 1, 2]), bias: null, stride: [2] },
        out: [out('float32', [1, 1, 2], [21, 43])],
      },
      {
        target: 'aten.conv1d.default',
        args: { input: f32([1, 2, 3, 4], [1, 4]), weight: f32([1, 10], [1, 1, 2]) },
        out: [out('float32', [1, 3], [21, 32, 43])],
      },
      {
        // Each input adds its kernel at stride 2; output_padding adds one more at the end.
        target: 'aten.conv_transpose2d.input',
        args: {
          input: f32([1, 2], [1, 1, 1, 2]),
          weight: f32([1, 2, 3], [1, 1, 1, 3]),
          stride: [1, 2],
          padding: [0, 1],
          output_padding: [0, 1],
        },
        out: [out('float32', [1, 1, 1, 4], [2, 3 + 2, 4, 6])],
      },
      {
        target: 'aten.convolution.default',
        args: {
          input: f32([1, 2], [1, 1, 2]),
          weight: f32([1, 2], [1, 1, 2]),
          bias: null,
          stride: [1],
          padding: [0],
          dilation: [1],
          transposed: true,
          output_padding: [0],
          groups: 1,
        },
        out: [out('float32', [1, 1, 3], [1, 4, 4])],
      },
    ]))

  it('normalisation', () => {
    const x = wave([2, 4, 3])
    const channels = (values: number[]): number[] => values.map((_, i) => Math.floor(i / 3) % 4)
    const [m, v] = [
      [0.1, 0.2, 0.3, 0.4],
      [1, 2, 0.5, 0.25],
    ]
    const batch = valuesOf(x).map(
      (value, i) => (value - m![channels(valuesOf(x))[i]!]!) / Math.sqrt(v![channels(valuesOf(x))[i]!]! + 1e-3),
    )
    const stats = { running_mean: f32(m!), running_var: f32(v!), momentum: float(0.1), eps: float(1e-3) }
    const layer = rowsOf(valuesOf(x), 3).flatMap((row) => normalized(row, 1e-5))
    const group = rowsOf(valuesOf(x), 6).flatMap((row) => normalized(row, 1e-5))
    const scale = [1, 2, 3, 4]
    return expectCases([
      {
        target: 'aten.batch_norm.default',
        args: { input: x, weight: null, bias: null, ...stats, training: false, cudnn_enabled: true },
        out: [out('float32', [2, 4, 3], batch)],
      },
      {
        target: 'aten._native_batch_norm_legit_no_training.default',
        args: { input: x, weight: f32(scale), bias: f32([1, 1, 1, 1]), ...stats },
        out: [
          out(
            'float32',
            [2, 4, 3],
            batch.map((value, i) => value * scale[channels(batch)[i]!]! + 1),
          ),
        ],
      },
      {
        target: 'aten.layer_norm.default',
        args: { input: x, normalized_shape: [3] },
        out: [out('float32', [2, 4, 3], layer)],
        tolerance: 1e-4,
      },
      {
        target: 'aten.layer_norm.default',
        args: {
          input: x,
          normalized_shape: [4, 3],
          weight: f32(Array<number>(12).fill(2), [4, 3]),
          bias: f32(Array<number>(12).fill(1), [4, 3]),
          eps: float(1e-5),
        },
        out: [
          out(
            'float32',
            [2, 4, 3],
            rowsOf(valuesOf(x), 12).flatMap((row) => normalized(row, 1e-5).map((value) => value * 2 + 1)),
          ),
        ],
        tolerance: 1e-4,
      },
      {
        target: 'aten.group_norm.default',
        args: { input: x, num_groups: 2, weight: f32(scale), bias: f32([0, 0, 0, 1]) },
        out: [
          out(
            'float32',
            [2, 4, 3],
            group.map((value, i) => value * scale[channels(group)[i]!]! + (channels(group)[i] === 3 ? 1 : 0)),
          ),
        ],
        tolerance: 1e-4,
      },
      {
        // Numbers of torch 2.13.
        target: 'aten._native_batch_norm_legit.no_stats',
        args: {
          input: f32([1, 3, 2, 6, 5, 7, 0, 4], [2, 2, 2]),
          weight: f32([2, 3]),
          bias: f32([1, -1]),
          training: true,
          momentum: float(0.1),
          eps: float(1e-5),
        },
        out: [
          out('float32', [2, 2, 2], [-1.683279, 0.105574, -2.341639, 3.024919, 1.894426, 3.683279, -5.024918, 0.34164]),
          out('float32', [2], [4, 3]),
          out('float32', [2], [0.447213, 0.447213]),
        ],
      },
      {
        target: 'aten.instance_norm.default',
        args: {
          input: f32([1, 3, 2, 6], [1, 2, 2]),
          weight: f32([2, 3]),
          bias: f32([1, -1]),
          running_mean: f32([1, 2]),
          running_var: f32([4, 1]),
          use_input_stats: false,
          eps: float(0),
        },
        out: [out('float32', [1, 2, 2], [1, 3, -1, 11])],
      },
      {
        target: 'aten.instance_norm.default',
        args: {
          input: x,
          weight: null,
          bias: null,
          running_mean: null,
          running_var: null,
          use_input_stats: true,
          eps: float(1e-5),
        },
        out: [out('float32', [2, 4, 3], layer)],
        tolerance: 1e-4,
      },
      {
        target: 'aten.rms_norm.default',
        args: { input: x, normalized_shape: [3], weight: f32([1, 2, 3]), eps: float(1e-5) },
        out: [
          out(
            'float32',
            [2, 4, 3],
            rowsOf(valuesOf(x), 3).flatMap((row) =>
              row.map((value, i) => (value / Math.sqrt(mean(row.map((one) => one * one)) + 1e-5)) * (i + 1)),
            ),
          ),
        ],
      },
      {
        target: 'aten.softmax.int',
        args: { self: x, dim: -1 },
        out: [out('float32', [2, 4, 3], rowsOf(valuesOf(x), 3).flatMap(softmaxOf))],
      },
      {
        target: 'aten._softmax.default',
        args: { self: x, dim: 2, half_to_float: false },
        out: [out('float32', [2, 4, 3], rowsOf(valuesOf(x), 3).flatMap(softmaxOf))],
      },
      {
        target: 'aten._log_softmax.default',
        args: { self: x, dim: 2, half_to_float: false },
        out: [
          out(
            'float32',
            [2, 4, 3],
            rowsOf(valuesOf(x), 3).flatMap((row) => softmaxOf(row).map(Math.log)),
          ),
        ],
      },
      {
        target: 'aten.prelu.default',
        args: { self: f32([-1, -2, 3, -4], [1, 2, 2]), weight: f32([0.5, 0.25]) },
        out: [out('float32', [1, 2, 2], [-0.5, -1, 3, -1])],
      },
      {
        target: 'aten.glu.default',
        args: { self: f32([1, 2, 0, 1]) },
        out: [out('float32', [2], [0.5, 2 / (1 + Math.exp(-1))])],
      },
      {
        target: 'aten._weight_norm.default',
        args: { v: f32([3, 4, 6, 8], [2, 2]), g: f32([1, 2], [2, 1]), dim: 0 },
        out: [out('float32', [2, 2], [0.6, 0.8, 1.2, 1.6])],
      },
      {
        target: 'aten.dropout.default',
        args: { input: f32([1, 2]), p: float(0.5), train: false },
        out: [out('float32', [2], [1, 2])],
      },
    ])
  })

  it('attention', () => {
    const [q, k, v] = [wave([1, 2, 3, 4]), wave([1, 2, 5, 4], 0.3), wave([1, 2, 5, 4], 0.9)]
    const attend = (scale: number, keep: (row: number, column: number) => boolean, of = [0, 1]): number[] =>
      [0, 1].flatMap((head) => {
        const [a, b, c] = [
          rowsOf(valuesOf(q), 12)[head]!,
          rowsOf(valuesOf(k), 20)[of[head]!]!,
          rowsOf(valuesOf(v), 20)[of[head]!]!,
        ]
        const scores = product(a, transposed(b, 5, 4), 3, 4, 5).map((x, i) =>
          keep(Math.floor(i / 5), i % 5) ? x * scale : -Infinity,
        )
        return product(rowsOf(scores, 5).flatMap(softmaxOf), c, 3, 5, 4)
      })
    const args = { query: q, key: k, value: v }
    const mask = Array.from({ length: 15 }, (_, i) => i % 2 === 0)
    const case_ = (more: Case['args'], values: number[]): Case => ({
      target: 'aten.scaled_dot_product_attention.default',
      args: { ...args, ...more },
      out: [out('float32', [1, 2, 3, 4], values)],
    })
    const single = (x: typeof k) => f32(valuesOf(x).slice(0, 20), [1, 1, 5, 4])
    return expectCases([
      case_(
        {},
        attend(0.5, () => true),
      ),
      case_(
        { scale: float(0.25) },
        attend(0.25, () => true),
      ),
      case_(
        { is_causal: true },
        attend(0.5, (row, column) => column <= row),
      ),
      case_(
        { attn_mask: t('bool', mask, [3, 5]) },
        attend(0.5, (row, column) => mask[row * 5 + column]!),
      ),
      case_(
        {
          attn_mask: f32(
            mask.map((kept) => (kept ? 0 : -Infinity)),
            [3, 5],
          ),
        },
        attend(0.5, (row, column) => mask[row * 5 + column]!),
      ),
      case_(
        { key: single(k), value: single(v), enable_gqa: true },
        attend(0.5, () => true, [0, 0]),
      ),
      // A query that may see nothing gets zeros.
      case_({ attn_mask: t('bool', Array<boolean>(15).fill(false), [3, 5]) }, Array<number>(24).fill(0)),
    ])
  })
})
