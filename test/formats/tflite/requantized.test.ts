import { describe, expect, it } from 'vitest'
import { quantizedMultiplier, reducedMultiplier, requantized } from '../../../src/formats/tflite/requantized.ts'
import { fromRuntime, toRuntime } from '../../../src/conformance/runtime-tensor.ts'
import { tensorFrom, tensorNumbers } from '../../../src/onnx/tensor.ts'
import { compileBytes } from '../../ops/harness.ts'
import { converted } from './convert.ts'
import { type Field, tfliteBytes, type TensorSource } from './writer.ts'

// What TensorFlow Lite's kernels make of codes in integers, against their formulas written out.

/** LiteRT's kernels/internal/common.cc for int32, step by step as gemmlowp's fixedpoint.h has them. */
function literal(x: number, factor: number): number {
  let exponent = Math.floor(Math.log2(factor)) + 1
  let fixed = BigInt(Math.round((factor / 2 ** exponent) * 2 ** 31))
  if (fixed === 1n << 31n) {
    fixed /= 2n
    exponent++
  }
  const [left, right] = [BigInt(Math.max(0, exponent)), BigInt(Math.max(0, -exponent))]
  const product = (BigInt(x) << left) * fixed
  const high = (product + (product >= 0n ? 1n << 30n : 1n - (1n << 30n))) / (1n << 31n)
  const mask = (1n << right) - 1n
  return Number((high >> right) + ((high & mask) > (mask >> 1n) + (high < 0n ? 1n : 0n) ? 1n : 0n))
}

/** LiteRT's kernels/internal/reference/hard_swish.h, in arrays of 16 bits as it has them. */
function literalHardSwish(q: number, scale: number, unit: number): number {
  const short = (value: number): number => Int16Array.of(value)[0]!
  const left = (value: number, bits: number): number => Math.min(32767, Math.max(-32768, value * 2 ** bits))
  const rounded = (a: number, b: number): number => {
    const product = a * b
    return a === b && a === -32768
      ? 32767
      : short(Math.trunc((product + (product >= 0 ? 1 << 14 : 1 - (1 << 14))) / (1 << 15)))
  }
  const divided = (value: number, bits: number): number => {
    const mask = (1 << bits) - 1
    return (value >> bits) + ((value & mask) > (mask >> 1) + (value < 0 ? 1 : 0) ? 1 : 0)
  }
  const parameters = (factor: number): [number, number] => {
    const exponent = Math.floor(Math.log2(factor)) + 1
    const fixed = Math.round((factor / 2 ** exponent) * 2 ** 31)
    return [fixed >= 2 ** 31 - 1 - 2 ** 15 ? 32767 : Math.floor((fixed + 2 ** 15) / 2 ** 16), exponent]
  }
  const fine = Math.fround((1 / 128) * scale)
  const [output, outputExponent] = parameters(Math.fround(fine / unit))
  const [ramp, exponent] = parameters(Math.fround(fine / Math.fround(3 / 32768)))
  const high = short(q * 128)
  let gate = high
  if (exponent > 0) gate = left(gate, exponent - 1)
  gate = rounded(gate, ramp)
  if (exponent > 0) gate = left(gate, 1)
  if (exponent < 0) gate = divided(gate, -exponent)
  gate = (gate + (1 << 15)) >> 1
  return divided(short(Math.trunc((gate * rounded(high, output)) / (1 << 15))), -outputExponent)
}

const factors = [0.3, 0.5, 0.25, 1, 1.8333333333, 2, 0.0078125, 1 - 2 ** -40, 0.1 * 1.83, 3e-5, 37.5]

describe('requantized', () => {
  it.each(factors)('by %f is what the kernels compute', (factor) => {
    for (let x = -600; x <= 600; x++) expect([x, requantized(x, factor)]).toEqual([x, literal(x, factor)])
  })

  it('a factor has 16 bits where sums have 64', () => {
    for (const factor of factors) {
      const { multiplier, shift } = quantizedMultiplier(factor)
      const of16 = Math.min(0x7fff, Math.floor((Number(multiplier) + 2 ** 15) / 2 ** 16))
      expect(reducedMultiplier(factor)).toBe(of16 / 2 ** (15 + shift))
    }
  })
})

/** One operator in a file, its first tensor given. */
async function run(
  op: string,
  tensors: readonly TensorSource[],
  options: readonly (Field | undefined)[],
  values: readonly number[],
  level: 0 | 3,
): Promise<number[]> {
  // prettier-ignore
  const last = tensors.length - 1
  const operators = [{ op, inputs: tensors.slice(0, -1).map((_, i) => i), outputs: [last], options }]
  const named = tensors.map((tensor, i) => ({
    ...tensor,
    ...(i === 0 && { name: 'x' }),
    ...(i === last && { name: 'y' }),
  }))
  const model = await compileBytes(converted(tfliteBytes({ subgraphs: [{ tensors: named, inputs: [0], outputs: [last], operators }] })), level) // prettier-ignore
  const { type = 'float32', shape } = tensors[0]!
  const results = model.runSync({ x: toRuntime(tensorFrom(type as 'int8', shape, values)) })
  return [...tensorNumbers(fromRuntime(results['y']!))]
}

const range = (least: number, count: number): number[] => Array.from({ length: count }, (_, i) => least + i)
const differing = (a: readonly number[], b: readonly number[]): number => a.filter((value, i) => value !== b[i]).length

describe.each([0, 3] as const)('at level %i', (level) => {
  it.each([
    // Of retinaface: a product of all three codes lies next to a half; a negative slope; powers of two, whose products are halves.
    ['int8', 0.018070070073008537, 1, 0.009856775403022766, -104, 0.1],
    ['int8', 0.1115848496556282, 25, 0.051502592861652374, -95, 0.1],
    ['uint8', 0.03, 100, 0.05, 7, 0.3],
    ['uint8', 0.5, 128, 1, 128, 0.25],
    ['int8', 0.02, -3, 0.021, 5, -0.7],
    ['int8', 0.02, 0, 0.02, 0, 0],
  ] as const)('LEAKY_RELU of %s (%f, %i) to (%f, %i) by %f', async (type, scale, zeroPoint, unit, zero, slope) => {
    const least = type === 'int8' ? -128 : 0
    const [s, u, alpha] = [scale, unit, slope].map(Math.fround) as [number, number, number]
    const x = range(least, 256)
    const wanted = x.map((code) => {
      const q = code - zeroPoint
      const below = Math.fround(Math.fround(s * Math.abs(alpha)) / u)
      const made = q >= 0 ? literal(q, Math.fround(s / u)) : below === 0 ? 0 : Math.sign(alpha) * literal(q, below)
      return Math.min(least + 255, Math.max(least, made + zero))
    })
    const tensors = [{ type, shape: [256], scale, zeroPoint }, { type, shape: [256], scale: unit, zeroPoint: zero }] // prettier-ignore
    expect(await run('LEAKY_RELU', tensors, [{ float32: slope }], x, level)).toEqual(wanted)
  })

  it.each([
    ['int8', 0.07047250866889954, -1, 0.03686970844864845, -118],
    ['uint8', 0.005, 128, 0.0031, 3],
    ['int8', 0.3, 0, 0.15, -120],
  ] as const)('HARD_SWISH of %s (%f, %i) to (%f, %i)', async (type, scale, zeroPoint, unit, zero) => {
    const least = type === 'int8' ? -128 : 0
    const x = range(least, 256)
    const wanted = x.map((code) => Math.min(least + 255, Math.max(least, literalHardSwish(code - zeroPoint, Math.fround(scale), Math.fround(unit)) + zero))) // prettier-ignore
    const tensors = [{ type, shape: [256], scale, zeroPoint }, { type, shape: [256], scale: unit, zeroPoint: zero }] // prettier-ignore
    expect(await run('HARD_SWISH', tensors, [], x, level)).toEqual(wanted)
  })

  it('LEAKY_RELU of int16: all but what float32 cannot tell from a half', async () => {
    const [scale, unit, slope] = [0.0003, 0.00025, 0.3].map(Math.fround) as [number, number, number]
    const x = range(-27_000, 54_000)
    const below = Math.fround(Math.fround(scale * slope) / unit)
    const wanted = x.map((q) => (q >= 0 ? literal(q, Math.fround(scale / unit)) : literal(q, below)))
    const tensors = [{ type: 'int16', shape: [x.length], scale }, { type: 'int16', shape: [x.length], scale: unit }] as const // prettier-ignore
    const given = await run('LEAKY_RELU', tensors, [{ float32: slope }], x, level)
    // Rounded once, it is one in eight.
    expect(differing(given, wanted) / x.length).toBeLessThan(0.005)
    expect(Math.max(...given.map((value, i) => Math.abs(value - wanted[i]!)))).toBeLessThanOrEqual(1)
  })

  it.each([
    ['int64', 15],
    ['int32', 31],
  ] as const)('CONV_2D of int16 with a bias of %s multiplies sums by %i bits', async (type, bits) => {
    const [scale, weight, unit] = [0.0003, 0.0123, 0.00071].map(Math.fround) as [number, number, number]
    const x = range(-8000, 16_000)
    const factor = (scale * weight) / unit
    const { multiplier, shift } = quantizedMultiplier(factor)
    const exact = bits === 15 ? reducedMultiplier(factor) : Number(multiplier) * 2 ** -(31 + shift)
    const wanted = x.map(
      (q) =>
      Math.min(32_767, Math.max(-32_768, bits === 15 ? Math.floor((q * 117 + 40) * exact + 0.5) : literal(q * 117 + 40, factor))), // prettier-ignore
    )
    const tensors: TensorSource[] = [
      { type: 'int16', shape: [1, 160, 100, 1], scale },
      { type: 'int8', shape: [1, 1, 1, 1], data: Int8Array.of(117), scale: weight },
      { type, shape: [1], data: type === 'int64' ? BigInt64Array.of(40n) : Int32Array.of(40), scale: scale * weight },
      { type: 'int16', shape: [1, 160, 100, 1], scale: unit },
    ]
    const given = await run('CONV_2D', tensors, [undefined, { int32: 1 }, { int32: 1 }], x, level)
    const share = differing(given, wanted) / x.length
    expect(share).toBeLessThan(type === 'int64' ? 0.005 : 0.4)
    expect(Math.max(...given.map((value, i) => Math.abs(value - wanted[i]!)))).toBeLessThanOrEqual(1)
  })

  it.each([
    ['half_pixel', 2, [8, 8], 5],
    ['half_pixel', 2, [8, 8], -128],
    ['asymmetric', 0, [16, 2], 5],
    ['align_corners', 1, [7, 7], 5],
  ] as const)('RESIZE_BILINEAR of int8, %s, in tenth bits', async (_, kind, [height, width], zeroPoint) => {
    const x = range(0, 4 * 4 * 2).map((i) => ((i * 83) % 256) - 128)
    const codes = { type: 'int8', scale: 0.1, zeroPoint } as const
    const tensors: TensorSource[] = [
      { ...codes, shape: [1, 4, 4, 2] },
      { type: 'int32', shape: [2], data: Int32Array.of(height, width) },
      { ...codes, shape: [1, height, width, 2] },
    ]
    const flags = [
      undefined,
      undefined,
      kind === 1 ? { bool: true } : undefined,
      kind === 2 ? { bool: true } : undefined,
    ]
    // LiteRT's kernels/internal/reference/resize_bilinear.h, `ResizeBilinearInteger`.
    const places = (size: number) => {
      const scale = kind === 1 ? Math.trunc((1024 * 3 + Math.trunc((size - 1) / 2)) / (size - 1)) : Math.trunc((1024 * 4 + Math.trunc(size / 2)) / size) // prettier-ignore
      return range(0, size).map((i) => {
        const at = kind === 2 ? i * scale + Math.trunc(scale / 2) - 512 : i * scale
        return { at, from: Math.max(Math.trunc(at / 1024), 0), to: Math.min(Math.trunc((at + 1023) / 1024), 3) }
      })
    }
    const wanted = places(height).flatMap((h) =>
      places(width).flatMap((w) =>
        [0, 1].map((c) => {
          const of = (i: number, k: number): number => x[(i * 4 + k) * 2 + c]!
          const [fh, fw] = [h.at - 1024 * h.from, w.at - 1024 * w.from]
          const sum = of(h.from, w.from) * (1024 - fh) * (1024 - fw) + of(h.to, w.from) * fh * (1024 - fw) + of(h.from, w.to) * (1024 - fh) * fw + of(h.to, w.to) * fh * fw // prettier-ignore
          return Math.trunc((sum + (sum > 0 ? 1 : -1) * 2 ** 19) / 2 ** 20)
        }),
      ),
    )
    expect(await run('RESIZE_BILINEAR', tensors, flags, x, level)).toEqual(wanted)
  })

  it('TRANSPOSE_CONV of int8', async () => {
    // Windows of one pixel: each sum is a product, by what the channel's weight and scale are.
    const [scale, unit] = [0.025, 0.0039].map(Math.fround) as [number, number]
    const [weights, scales] = [[117, -58], [0.000469, 0.000951].map(Math.fround)] as const // prettier-ignore
    const x = range(-128, 256)
    const tensors: TensorSource[] = [
      { type: 'int32', shape: [4], data: Int32Array.of(1, 16, 16, 2) },
      { type: 'int8', shape: [2, 1, 1, 1], data: Int8Array.from(weights), scale: scales, zeroPoint: [0, 0] },
      { type: 'int8', shape: [1, 16, 16, 1], scale, zeroPoint: -117, name: 'x' },
      { type: 'int8', shape: [1, 16, 16, 2], scale: unit, zeroPoint: -3, name: 'y' },
    ]
    const options = [{ int8: 1 }, { int32: 1 }, { int32: 1 }]
    const graph = { tensors, inputs: [2], outputs: [3], operators: [{ op: 'TRANSPOSE_CONV', inputs: [0, 1, 2], outputs: [3], options }] } // prettier-ignore
    const model = await compileBytes(converted(tfliteBytes({ subgraphs: [graph] })), level)
    const results = model.runSync({ x: toRuntime(tensorFrom('int8', [1, 16, 16, 1], x)) })
    const wanted = x.flatMap(
      (q) =>
      weights.map((weight, c) => Math.min(127, Math.max(-128, literal((q + 117) * weight, (scale * scales[c]!) / unit) - 3))), // prettier-ignore
    )
    expect([...tensorNumbers(fromRuntime(results['y']!))]).toEqual(wanted)
  })

  it('MEAN of 64 codes: halves and what was rounded to one go up', async () => {
    // Sums of 64 codes over 64, each fraction once: [64 means, 64 codes].
    const x = range(0, 64).flatMap((sum) => range(0, 64).map((i) => -128 + 10 + (i < sum ? 1 : 0)))
    const codes = { type: 'int8', scale: 0.0235294122248888, zeroPoint: -128 } as const
    const tensors: TensorSource[] = [
      { ...codes, shape: [64, 8, 8, 1] },
      { type: 'int32', shape: [2], data: Int32Array.of(1, 2) },
      { ...codes, shape: [64, 1, 1, 1] },
    ]
    // 1 · 2^6 / 64: half of a sum is rounded before it is divided by 32 (reference/reduce.h, `QuantizedMeanOrSum`).
    const wanted = range(0, 64).map((sum) => literal(640 + sum, 1 / 64) - 128)
    expect(await run('MEAN', tensors, [{ bool: true }], x, level)).toEqual(wanted)
  })
})
