import { describe, expect, it } from 'vitest'
import type { ElementType } from '../../src/onnx/element-type.ts'
import { elementTypes } from '../../src/onnx/element-type.ts'
import { decodeFloat, encodeFloat } from '../../src/onnx/float-formats.ts'
import type { Tensor } from '../../src/onnx/model.ts'
import { type Case, close, f32, runCase, runCases, t } from './harness.ts'
import { ramp } from './indices.ts'

const integers = ['uint8', 'int8', 'uint16', 'int16', 'uint4', 'int4', 'uint2', 'int2'] as const

function range(type: ElementType): [number, number] {
  const span = 2 ** elementTypes[type].bits
  return type.startsWith('u') ? [0, span - 1] : [-span / 2, span / 2 - 1]
}

function roundToEven(x: number): number {
  const rounded = Math.round(x)
  return Math.abs(x % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded
}

function quantized(type: ElementType, x: number, scale: number, zeroPoint: number): number {
  const [low, high] = range(type)
  return Math.min(high, Math.max(low, roundToEven(x / scale) + zeroPoint))
}

describe('QuantizeLinear and DequantizeLinear', () => {
  const xs = [...ramp(20), 1e9, -1e9]

  it.each(integers)('to %s and back', async (type) => {
    const zeroPoint = type.startsWith('u') ? 1 : -1
    const [scale, zero] = [f32([0.25], []), t(type, [zeroPoint], [])]
    const codes = xs.map((x) => quantized(type, x, 0.25, zeroPoint))
    const cases: Case[] = [false, true].flatMap((folded): Case[] => [
      { op: 'QuantizeLinear', inputs: [f32(xs), scale, zero], ...(folded && { constants: [0, 1, 2] }) },
      { op: 'DequantizeLinear', inputs: [t(type, codes), scale, zero], ...(folded && { constants: [0, 1, 2] }) },
    ])
    const back = { type: 'float32', dims: [xs.length], values: codes.map((code) => (code - zeroPoint) * 0.25) }
    const there = { type, dims: [xs.length], values: codes }
    expect((await runCases(cases)).flat()).toEqual([there, back, there, back])
  })

  it('to floats of eight bits, saturating unless told otherwise', async () => {
    const type = 'float8e4m3fn'
    const inputs = [f32([1, -3.3, 1e6]), f32([2], []), t(type, [0], [])]
    const results = await runCases([
      { op: 'QuantizeLinear', inputs },
      { op: 'QuantizeLinear', inputs, attributes: { saturate: 0n } },
    ])
    const codes = (saturate: boolean) => [0.5, -1.65, 5e5].map((x) => decodeFloat(type, encodeFloat(type, x, saturate)))
    expect(results.map(([result]) => result!.values)).toEqual([codes(true), codes(false)])
  })

  it('per axis and per block, the last of which may be shorter', async () => {
    const x = f32(ramp(10), [2, 5])
    const perAxis: Case = {
      op: 'QuantizeLinear',
      inputs: [x, f32([0.5, 0.25]), t('int8', [1, -2])],
      attributes: { axis: 0n },
    }
    const scales = [0.5, 0.25, 1, 0.125]
    const perBlock: Case = {
      op: 'QuantizeLinear',
      inputs: [x, f32(scales, [2, 2])],
      attributes: { axis: 1n, block_size: 3n, output_dtype: 3n },
    }
    const [axis, block] = await runCases([perAxis, perBlock])
    const at = (i: number) => [Math.floor(i / 5), i % 5] as const
    expect(axis![0]!.values).toEqual(
      ramp(10).map((v, i) => quantized('int8', v, [0.5, 0.25][at(i)[0]]!, [1, -2][at(i)[0]]!)),
    )
    expect(block![0]!.values).toEqual(
      ramp(10).map((v, i) => quantized('int8', v, scales[at(i)[0] * 2 + (at(i)[1] < 3 ? 0 : 1)]!, 0)),
    )
  })

  it('gives the scale type', async () => {
    const [half] = await runCase({ op: 'DequantizeLinear', inputs: [t('uint8', [3, 5]), t('float16', [0.5], [])] })
    expect(half).toEqual({ type: 'float16', dims: [2], values: [1.5, 2.5] })
  })

  it.each([
    [
      'scales that do not fit',
      { op: 'QuantizeLinear', inputs: [f32([1, 2, 3]), f32([1, 2])], attributes: { axis: 0n } },
      'MODEL_SHAPE',
    ],
    [
      'blocks that do not fit',
      { op: 'QuantizeLinear', inputs: [f32([1, 2, 3]), f32([1, 2, 3])], attributes: { axis: 0n, block_size: 2n } },
      'MODEL_SHAPE',
    ],
    [
      'a type of 32 bits',
      { op: 'QuantizeLinear', inputs: [f32([1]), f32([1], []), t('int32', [0], [])] },
      'MODEL_TYPES',
    ],
  ] as [string, Case, string][])('refuses %s', async (_what, one, code) => {
    await expect(runCase(one)).rejects.toMatchObject({ code })
  })
})

describe('DynamicQuantizeLinear', () => {
  it('spreads the range with zero over 256 steps', async () => {
    const [y, scale, zero] = await runCase({
      op: 'DynamicQuantizeLinear',
      inputs: [f32([0, 2, -3, -2.5, 1.34, 0.5])],
      outputs: 3,
      dynamic: true,
    })
    expect(y!.values).toEqual([153, 255, 0, 26, 221, 179])
    expect(close(scale!.values, [5 / 255])).toBe(true)
    expect(zero!.values).toEqual([153])
  })

  it('of zeros divides by nothing', async () => {
    const [y, scale, zero] = await runCase({ op: 'DynamicQuantizeLinear', inputs: [f32([0, 0])], outputs: 3 })
    expect([y!.values, scale!.values, zero!.values]).toEqual([[0, 0], [1], [0]])
  })
})

describe('products of quantised tensors', () => {
  const a = t('uint8', [11, 7, 3, 10, 6, 2, 9, 5, 1, 8, 4, 0], [4, 3])
  const b = t('uint8', [1, 4, 2, 5, 3, 6], [3, 2])

  it('MatMulInteger, with zero points per row and column', async () => {
    const product = (rows: number[], columns: number[]): number[] =>
      [0, 1, 2, 3].flatMap((r) =>
        [0, 1].map((c) =>
          [0, 1, 2].reduce((sum, k) => sum + (a.data[r * 3 + k]! - rows[r]!) * (b.data[k * 2 + c]! - columns[c]!), 0),
        ),
      )
    const [all, each] = await runCases([
      { op: 'MatMulInteger', inputs: [a, b, t('uint8', [12], []), t('uint8', [0], [])] },
      { op: 'MatMulInteger', inputs: [a, b, t('uint8', [1, 2, 3, 4]), t('uint8', [5, 6])] },
    ])
    expect(all![0]).toEqual({ type: 'int32', dims: [4, 2], values: product([12, 12, 12, 12], [0, 0]) })
    expect(each![0]!.values).toEqual(product([1, 2, 3, 4], [5, 6]))
  })

  it('QLinearMatMul scales the sum and quantises it', async () => {
    const scale = (value: number) => f32([value], [])
    const zero = t('uint8', [10], [])
    const [y] = await runCase({
      op: 'QLinearMatMul',
      inputs: [a, scale(0.5), zero, b, scale(0.25), zero, scale(2), zero],
    })
    const sums = [0, 1, 2, 3].flatMap((r) =>
      [0, 1].map((c) => [0, 1, 2].reduce((sum, k) => sum + (a.data[r * 3 + k]! - 10) * (b.data[k * 2 + c]! - 10), 0)),
    )
    expect(y!.values).toEqual(sums.map((sum) => quantized('uint8', sum * 0.125, 2, 10)))
  })

  it('QLinearMatMul of a matrix and a vector gives a vector, whose rows may have scales of their own', async () => {
    const scales = [0.5, 1, 2, 4]
    const zero = t('uint8', [10], [])
    const column = t('uint8', [9, 11, 14], [3])
    const inputs = (scale: Tensor): Tensor[] => [a, scale, zero, column, f32([1], []), zero, f32([8], []), zero]
    const sums = [0, 1, 2, 3].map((r) =>
      [0, 1, 2].reduce((sum, k) => sum + (a.data[r * 3 + k]! - 10) * (column.data[k]! - 10), 0),
    )
    for (const dynamic of [false, true]) {
      const [one, each] = await runCases([
        { op: 'QLinearMatMul', inputs: inputs(f32([0.5], [1])), dynamic },
        { op: 'QLinearMatMul', inputs: inputs(f32(scales)), dynamic },
      ])
      const expected = sums.map((sum) => quantized('uint8', sum * 0.5, 8, 10))
      expect(one![0]).toEqual({ type: 'uint8', dims: [4], values: expected })
      expect(each![0]!.values).toEqual(sums.map((sum, r) => quantized('uint8', sum * scales[r]!, 8, 10)))
    }
  })

  it('ConvInteger pads with the zero point; QLinearConv adds a bias', async () => {
    const x = t('uint8', [2, 3, 4, 5, 6, 7, 8, 9, 10], [1, 1, 3, 3])
    const w = t('uint8', [1, 1, 1, 1], [1, 1, 2, 2])
    const window = (top: number, left: number): number =>
      [0, 1].flatMap((r) => [0, 1].map((c) => (x.data[(top + r) * 3 + left + c] ?? 0) - 1)).reduce((p, q) => p + q, 0)
    const scale = (value: number) => f32([value], [])
    const zero = (value: number) => t('uint8', [value], [])
    const [plain, padded, full] = await runCases([
      { op: 'ConvInteger', inputs: [x, w, zero(1)] },
      { op: 'ConvInteger', inputs: [x, w, zero(1)], attributes: { pads: [1n, 1n, 1n, 1n] } },
      { op: 'QLinearConv', inputs: [x, scale(0.5), zero(1), w, scale(1), zero(0), scale(1), zero(3), t('int32', [4])] },
    ])
    const sums = [window(0, 0), window(0, 1), window(1, 0), window(1, 1)]
    expect(plain![0]).toEqual({ type: 'int32', dims: [1, 1, 2, 2], values: sums })
    expect(padded![0]!.values).toEqual([1, 3, 5, 3, 5, 12, 16, 9, 11, 24, 28, 15, 7, 15, 17, 9])
    expect(full![0]!.values).toEqual(sums.map((sum) => quantized('uint8', (sum + 4) * 0.5, 1, 3)))
  })

  it('are exact, with weights that are constants and that are data', async () => {
    // 3x3 over enough channels and pixels for every way to convolve; the weights as constants and as data.
    const [channels, outputs, size, out] = [16, 16, 16, 14]
    const xs = Array.from({ length: channels * size * size }, (_, i) => (i * 7919) % 256)
    const ws = Array.from({ length: outputs * channels * 9 }, (_, i) => ((i * 104729) % 256) - 128)
    const small = ws.map((w) => Math.trunc(w / 16))
    const expected = (weights: number[]): number[] =>
      Array.from({ length: outputs * out * out }, (_, i) => {
        const [o, row, column] = [Math.floor(i / (out * out)), Math.floor(i / out) % out, i % out]
        let sum = 0
        for (let c = 0; c < channels; c++)
          for (let tap = 0; tap < 9; tap++) {
            const at = (c * size + row + Math.floor(tap / 3)) * size + column + (tap % 3)
            sum += (xs[at]! - 3) * weights[(o * channels + c) * 9 + tap]!
          }
        return sum
      })
    const conv = (weights: number[], constant: boolean): Case => ({
      op: 'ConvInteger',
      inputs: [
        t('uint8', xs, [1, channels, size, size]),
        t('int8', weights, [outputs, channels, 3, 3]),
        t('uint8', [3], []),
      ],
      constants: constant ? [1, 2] : [2],
    })
    const free: Case = { ...conv(small, false), attributes: { kernel_shape: [3n, 3n] }, dynamic: true }
    const [fast, slow, data, any] = await runCases([conv(small, true), conv(ws, true), conv(small, false), free])
    expect(fast![0]!.values).toEqual(expected(small))
    expect(slow![0]!.values).toEqual(expected(ws))
    expect(data![0]!.values).toEqual(expected(small))
    expect(any![0]!.values).toEqual(expected(small))
  })

  it('of matrices so deep that floats would not hold the sums', async () => {
    const depth = 700
    const as = Array.from({ length: 2 * depth }, (_, i) => (i * 31) % 256)
    const bs = Array.from({ length: depth * 3 }, (_, i) => 255 - ((i * 17) % 9))
    const expected = [0, 1].flatMap((r) =>
      [0, 1, 2].map((c) =>
        bs.reduce((sum, b, i) => (i % 3 === c ? sum + as[r * depth + Math.floor(i / 3)]! * b : sum), 0),
      ),
    )
    const inputs = [t('uint8', as, [2, depth]), t('uint8', bs, [depth, 3])]
    const results = await runCases([
      { op: 'MatMulInteger', inputs },
      { op: 'MatMulInteger', inputs, constants: [1] },
    ])
    expect(expected.some((sum) => sum > 2 ** 24)).toBe(true)
    for (const [result] of results) expect(result!.values).toEqual(expected)
  })
})
