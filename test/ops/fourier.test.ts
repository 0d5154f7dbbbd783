import { describe, expect, it } from 'vitest'
import { type Case, close, f32, i64, runCase, runCases, t } from './harness.ts'
import { ramp } from './indices.ts'

type Complex = readonly [re: number, im: number]

/** The transform by its definition. */
function transform(xs: readonly Complex[], n: number, sign: 1 | -1): Complex[] {
  return Array.from({ length: n }, (_, k) => {
    let [re, im] = [0, 0]
    for (let i = 0; i < Math.min(n, xs.length); i++) {
      const angle = (sign * 2 * Math.PI * i * k) / n
      const [a, b] = xs[i]!
      re += a * Math.cos(angle) - b * Math.sin(angle)
      im += a * Math.sin(angle) + b * Math.cos(angle)
    }
    return [re, im]
  })
}

const real = (xs: readonly number[]): Complex[] => xs.map((x) => [x, 0])
const xs = ramp(9)
const scalar = (value: number) => i64([value], [])

describe('DFT', () => {
  it('forward, one-sided, padded, cut, inverse, of axes and lengths that are data or not', async () => {
    const x = t('float64', xs, [1, 9, 1])
    const spectrum = transform(real(xs), 9, -1)
    const cases: [Case, number[]][] = [
      [{ op: 'DFT', inputs: [x] }, spectrum.flat()],
      [
        { op: 'DFT', inputs: [x, undefined, scalar(1)], attributes: { onesided: 1n }, dynamic: false },
        spectrum.slice(0, 5).flat(),
      ],
      [{ op: 'DFT', inputs: [x, scalar(12), scalar(1)], constants: [1, 2] }, transform(real(xs), 12, -1).flat()],
      [{ op: 'DFT', inputs: [x, scalar(4)] }, transform(real(xs), 4, -1).flat()],
      [
        { op: 'DFT', inputs: [x, scalar(6), scalar(1)], constants: [2], attributes: { onesided: 1n } },
        transform(real(xs), 6, -1).slice(0, 4).flat(),
      ],
      [{ op: 'DFT', inputs: [t('float64', spectrum.flat(), [1, 9, 2])], attributes: { inverse: 1n } }, real(xs).flat()],
      [
        {
          op: 'DFT',
          inputs: [t('float64', spectrum.slice(0, 5).flat(), [1, 5, 2]), scalar(9)],
          attributes: { inverse: 1n, onesided: 1n },
        },
        xs,
      ],
    ]
    const results = await runCases(cases.map(([one]) => one))
    const wrong = cases.filter(([, expected], i) => !close(results[i]![0]!.values, expected, 1e-9, 1e-9))
    expect(wrong).toEqual([])
    expect(results.map(([result]) => result!.dims.join('x'))).toEqual([
      '1x9x2',
      '1x5x2',
      '1x12x2',
      '1x4x2',
      '1x4x2',
      '1x9x2',
      '1x9x1',
    ])
  })

  it('of every kind of length: fours, a two, odd primes and their products', async () => {
    const lengths = [1, 2, 3, 4, 5, 6, 7, 8, 10, 16, 22, 30, 32, 49, 60]
    const values = ramp(60).map((x, i): Complex => [x, ((i * 7) % 11) - 5])
    const cases = lengths.flatMap((n) =>
      (['float32', 'float64'] as const).map((type): Case => ({
        op: 'DFT',
        inputs: [t(type, values.slice(0, n).flat(), [1, n, 2])],
      })),
    )
    const results = await runCases(cases)
    const wrong = results.flatMap(([result], i) => {
      const n = lengths[Math.floor(i / 2)]!
      const tolerance = result!.type === 'float32' ? 2e-5 : 1e-12
      return close(result!.values, transform(values.slice(0, n), n, -1).flat(), tolerance, tolerance * n) ? [] : [n]
    })
    expect(wrong).toEqual([])
  })

  it('along an inner axis, named by an attribute up to opset 19, and of unknown shapes', async () => {
    const x = f32(ramp(12), [2, 3, 2, 1])
    const expected = [0, 1].flatMap((outer) => {
      const columns = [0, 1].map((i) => transform(real([0, 1, 2].map((k) => ramp(12)[outer * 6 + k * 2 + i]!)), 3, -1))
      return [0, 1, 2].flatMap((k) => columns.flatMap((column) => column[k]!))
    })
    const [y] = await runCase({ op: 'DFT', inputs: [x], attributes: { axis: 1n } }, { opset: 19 })
    expect(close(y!.values, expected, 1e-5, 1e-5)).toBe(true)
  })

  it('refuses what has no transform', async () => {
    const x = f32([1, 2], [1, 2, 1])
    await expect(runCase({ op: 'DFT', inputs: [x, undefined, scalar(2)] })).rejects.toThrow(/the axis is out of range/)
    await expect(runCase({ op: 'DFT', inputs: [x, scalar(0)] })).rejects.toThrow(/a transform needs samples/)
    await expect(runCase({ op: 'DFT', inputs: [f32([1, 2, 3])] })).rejects.toThrow(/should have size 1 \(real\) or 2/)
    const complex = f32([1, 2], [1, 1, 2])
    await expect(runCase({ op: 'DFT', inputs: [complex], attributes: { onesided: 1n } })).rejects.toThrow(
      /needs real samples/,
    )
  })
})

describe('STFT', () => {
  const signal = ramp(20)
  const frames = (step: number, length: number, window: number[]): number[] =>
    Array.from({ length: Math.floor((20 - length) / step) + 1 }, (_, f) =>
      transform(real(window.map((w, i) => w * signal[f * step + i]!)), length, -1)
        .slice(0, Math.floor(length / 2) + 1)
        .flat(),
    ).flat()

  it('windows and transforms frames', async () => {
    const x = f32(signal, [1, 20, 1])
    const window = [0.5, 1, 1, 1, 0.5]
    const results = await runCases([
      { op: 'STFT', inputs: [x, scalar(4), undefined, scalar(6)] },
      { op: 'STFT', inputs: [x, scalar(3), f32(window)], constants: [1] },
      // As PyTorch's exporter writes it.
      { op: 'STFT', inputs: [f32(signal, [1, 20]), scalar(3), f32(window)], constants: [1] },
    ])
    expect(results.pop()).toEqual(results[1])
    expect(close(results[0]![0]!.values, frames(4, 6, Array(6).fill(1)), 1e-4, 1e-5)).toBe(true)
    expect(close(results[1]![0]!.values, frames(3, 5, window), 1e-4, 1e-5)).toBe(true)
    expect(results.map(([result]) => result!.dims)).toEqual([
      [1, 4, 4, 2],
      [1, 6, 3, 2],
    ])
  })

  it('refuses frames longer than the signal', async () => {
    const one: Case = { op: 'STFT', inputs: [f32(signal, [1, 20, 1]), scalar(4), undefined, scalar(21)] }
    await expect(runCase(one)).rejects.toThrow(/frame length and step do not fit the signal/)
  })

  it('refuses frames that do not move on, with a length that is known and one that is not', async () => {
    for (const constants of [[1], [1, 3]]) {
      const one: Case = { op: 'STFT', inputs: [f32(signal, [1, 20, 1]), scalar(0), undefined, scalar(6)], constants }
      await expect(runCase(one)).rejects.toThrow(/frame_step is 0/)
    }
  })
})

describe('window functions', () => {
  const formulas: Record<string, (angle: number) => number> = {
    HannWindow: (a) => 0.5 - 0.5 * Math.cos(a),
    HammingWindow: (a) => 25 / 46 - (21 / 46) * Math.cos(a),
    BlackmanWindow: (a) => 0.42 - 0.5 * Math.cos(a) + 0.08 * Math.cos(2 * a),
  }

  it('periodic and symmetric, of a size that is data or not', async () => {
    const names = Object.keys(formulas)
    const results = await runCases(
      names.flatMap((op): Case[] => [
        { op, inputs: [scalar(7)] },
        { op, inputs: [scalar(7)], constants: [0], attributes: { periodic: 0n, output_datatype: 11n } },
      ]),
    )
    names.forEach((name, i) => {
      const values = (period: number) =>
        Array.from({ length: 7 }, (_, n) => formulas[name]!((2 * Math.PI * n) / period))
      expect(close(results[2 * i]![0]!.values, values(7), 1e-5, 1e-6)).toBe(true)
      expect(results[2 * i + 1]![0]!.type).toBe('float64')
      expect(close(results[2 * i + 1]![0]!.values, values(6), 1e-12, 1e-12)).toBe(true)
    })
  })

  it('of a negative size end the call', async () => {
    await expect(runCase({ op: 'HannWindow', inputs: [scalar(-1)] })).rejects.toThrow(/negative or too large/)
  })
})

it('MelWeightMatrix has the triangles of the example in the ONNX documentation', async () => {
  const inputs = [scalar(8), scalar(16), scalar(8192), f32([0], []), f32([4096], [])]
  const [matrix] = await runCase({ op: 'MelWeightMatrix', inputs })
  const rows = [
    '11000000',
    '00110000',
    '00001000',
    '00000100',
    '00000010',
    '00000001',
    '00000000',
    '00000000',
    '00000000',
  ]
  expect(matrix!.dims).toEqual([9, 8])
  expect(matrix!.values.join('')).toBe(rows.join(''))
})
