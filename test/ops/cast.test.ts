import { describe, expect, it } from 'vitest'
import { type ElementType, elementTypes } from '../../src/onnx/element-type.ts'
import { decodeFloat, encodeFloat, isSmallFloat, type SmallFloat } from '../../src/onnx/float-formats.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { type Case, f32, runCase, runCases, t } from './harness.ts'

const numeric = (Object.keys(elementTypes) as ElementType[]).filter(
  (type) => type !== 'string' && !type.startsWith('complex'),
)
const small = numeric.filter(isSmallFloat)
const to = (type: ElementType): { to: bigint } => ({ to: BigInt(elementTypes[type].code) })

/** Numbers around everything that matters to a format: its codes, the middles between them, and beyond its ends. */
function probes(type: SmallFloat): number[] {
  const codes =
    elementTypes[type].bits === 16
      ? Array.from({ length: 1024 }, (_, i) => i * 64 + (i % 64))
      : Array.from({ length: 256 }, (_, i) => i)
  const finite = codes.map((code) => decodeFloat(type, code)).filter(Number.isFinite)
  const between = finite.flatMap((value) => [value, value * 1.0625, value * 1.03, value * (1 + 2 ** -30)])
  return [...between, 0, -0, NaN, Infinity, -Infinity, 1e300, -1e300, 5e-324]
}

function recode(type: SmallFloat, value: number, saturate: boolean): number {
  return decodeFloat(type, encodeFloat(type, value, saturate))
}

describe('Cast', () => {
  it.each(small)('from doubles and floats to %s, bit for bit as the format says', async (type) => {
    const doubles = probes(type)
    const floats = doubles.map(Math.fround)
    const source = (given: number[], from: 'float32' | 'float64', saturate: boolean): Case => ({
      op: 'Cast',
      inputs: [t(from, given)],
      attributes: { ...to(type), saturate: saturate ? 1n : 0n },
    })
    const results = await runCases([
      source(doubles, 'float64', true),
      source(doubles, 'float64', false),
      source(floats, 'float32', true),
      source(floats, 'float32', false),
    ])
    const expected = [
      doubles.map((x) => recode(type, x, true)),
      doubles.map((x) => recode(type, x, false)),
      floats.map((x) => recode(type, x, true)),
      floats.map((x) => recode(type, x, false)),
    ]
    expect(results.map(([result]) => result!.values)).toEqual(expected)
  })

  it.each(small)('from every code of %s to float32', async (type) => {
    const codes = Array.from({ length: 2 ** elementTypes[type].bits }, (_, code) => code)
    const numbers = codes.map((code) => decodeFloat(type, code))
    const [result] = await runCase({
      op: 'Cast',
      inputs: [tensorFrom(type, [numbers.length], numbers)],
      attributes: to('float32'),
    })
    expect(result!.values).toEqual(numbers)
  })

  it('between all pairs of types of numbers, when run and when folded', async () => {
    const pairs = numeric.flatMap((from) => numeric.map((target) => ({ from, target })))
    const cases = [false, true].flatMap((folded) =>
      pairs.map(({ from, target }): Case => ({
        op: 'Cast',
        inputs: [t(from, [1, 1, 1])],
        attributes: to(target),
        ...(folded && { constants: [0] }),
      })),
    )
    const results = await runCases(cases)
    const wrong = cases.filter((_, i) => {
      const { target } = pairs[i % pairs.length]!
      const [result] = results[i]!
      return result!.type !== target || result!.values.map(Number).join() !== '1,1,1'
    })
    expect(wrong).toEqual([])
  })

  it('truncates floats, wraps integers, and asks whether numbers are not zero', async () => {
    const x = f32([-3.9, 3.9, 300, -1, 0.5, NaN, 3e9])
    const [int8, uint8, int32, int64, bool, int4, uint2, narrow] = await runCases([
      { op: 'Cast', inputs: [x], attributes: to('int8') },
      { op: 'Cast', inputs: [x], attributes: to('uint8') },
      { op: 'Cast', inputs: [x], attributes: to('int32') },
      { op: 'Cast', inputs: [x], attributes: to('int64') },
      { op: 'Cast', inputs: [x], attributes: to('bool') },
      { op: 'Cast', inputs: [f32([-9, 7, 8, -1])], attributes: to('int4') },
      { op: 'Cast', inputs: [t('int32', [-1, 4, 7])], attributes: to('uint2') },
      { op: 'Cast', inputs: [t('int64', [2n ** 40n + 5n])], attributes: to('int32') },
    ])
    const values = (results: typeof int8) => results![0]!.values
    expect(values(int8)).toEqual([-3, 3, 44, -1, 0, 0, 0])
    expect(values(uint8)).toEqual([253, 3, 44, 255, 0, 0, 0])
    expect(values(int32)).toEqual([-3, 3, 300, -1, 0, -(2 ** 31), -(2 ** 31)])
    expect(values(int64)).toEqual([-3n, 3n, 300n, -1n, 0n, -(2n ** 63n), 3000000000n])
    expect(values(bool)).toEqual([1, 1, 1, 1, 1, 1, 1])
    expect(values(int4)).toEqual([7, 7, -8, -1])
    expect(values(uint2)).toEqual([3, 0, 3])
    expect(values(narrow)).toEqual([5])
  })

  it('rounds where a narrow type is only passed through', async () => {
    const half = { op: 'CastLike', inputs: [f32([1 + 2 ** -12, 65520]), t('float16', [0])] }
    const [result] = await runCase(half)
    expect(result).toEqual({ type: 'float16', dims: [2], values: [1, Infinity] })
  })

  it('rounds scales up, down or to the nearest power of two', async () => {
    const x = f32([1.25, 1.5, 1.75, 3])
    const results = await runCases(
      ['up', 'down', 'nearest'].map((round_mode) => ({
        op: 'Cast',
        inputs: [x],
        attributes: { ...to('float8e8m0'), round_mode },
      })),
    )
    expect(results.map(([result]) => result!.values)).toEqual([
      [2, 2, 2, 4],
      [1, 1, 1, 2],
      [1, 2, 2, 4],
    ])
  })

  it('reads numbers from text, and says which node met one that is none', async () => {
    const text = (...words: string[]) => t('string', words)
    const [floats, integers] = await runCases([
      { op: 'Cast', inputs: [text('3.5', '1e-7', '-INF', 'NaN', '+inf')], attributes: to('float32') },
      { op: 'Cast', inputs: [text('9223372036854775807', '-12', '1e3')], attributes: to('int64') },
    ])
    expect(floats![0]!.values).toEqual([3.5, Math.fround(1e-7), -Infinity, NaN, Infinity])
    expect(integers![0]!.values).toEqual([9223372036854775807n, -12n, 1000n])
    const bad: Case = { op: 'Cast', inputs: [text('7', 'seven')], attributes: to('int32') }
    await expect(runCase(bad)).rejects.toThrow(/c0_Cast.*a text is no number/)
  })

  it('writes numbers with as few digits as tell them from their neighbours, as NumPy does', async () => {
    const xs = [0.1, -2.5, 0, 1e-5, 1e16, 123456.789, 1e15, NaN, -Infinity, 1 / 3, 1e-4, 5e-324]
    const results = await runCases([
      { op: 'Cast', inputs: [t('float64', xs)], attributes: to('string') },
      { op: 'Cast', inputs: [f32([0.1, 16777216, 1e20, 3.4028235e38, 0.47892547])], attributes: to('string') },
      { op: 'Cast', inputs: [t('float16', [0.1, 65504])], attributes: to('string'), dynamic: true },
      { op: 'Cast', inputs: [t('int64', [-(2n ** 63n), 7n])], attributes: to('string') },
      { op: 'Cast', inputs: [t('uint64', [2n ** 64n - 1n])], attributes: to('string') },
      { op: 'CastLike', inputs: [t('bool', [true, false]), t('string', ['x'])] },
    ])
    const plain = ['0.1', '-2.5', '0.0', '1e-05', '1e+16', '123456.789', '1000000000000000.0', 'nan', '-inf']
    expect(results.map(([result]) => result!.values)).toEqual([
      [...plain, '0.3333333333333333', '0.0001', '5e-324'],
      ['0.1', '16777216.0', '1e+20', '3.4028235e+38', '0.47892547'],
      ['0.1', '65500.0'],
      ['-9223372036854775808', '7'],
      ['18446744073709551615'],
      ['True', 'False'],
    ])
  })

  it('keeps bits in BitCast', async () => {
    const [int32, int4] = await runCases(
      [
        { op: 'BitCast', inputs: [f32([1, -0])], attributes: to('int32') },
        { op: 'BitCast', inputs: [t('uint4', [15, 7])], attributes: to('int4') },
      ],
      { opset: 26 },
    )
    expect(int32![0]!.values).toEqual([0x3f800000, -(2 ** 31)])
    expect(int4![0]!.values).toEqual([-1, 7])
  })

  it.each([
    ['an unknown type', { op: 'Cast', inputs: [f32([1])], attributes: { to: 99n } }, 'MODEL_ATTRIBUTE'],
    ['complex numbers', { op: 'Cast', inputs: [f32([1])], attributes: to('complex64') }, 'MODEL_TYPES'],
    ['another width', { op: 'BitCast', inputs: [f32([1])], attributes: to('int8') }, 'MODEL_TYPES'],
    [
      'an unknown rounding',
      { op: 'Cast', inputs: [f32([1])], attributes: { ...to('float8e8m0'), round_mode: 'away' } },
      'MODEL_ATTRIBUTE',
    ],
  ] as [string, Case, string][])('refuses %s', async (_what, one, code) => {
    await expect(runCase(one, { opset: 26 })).rejects.toMatchObject({ code })
  })
})
