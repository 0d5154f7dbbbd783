import { describe, expect, it } from 'vitest'
import { type Case, close, f32, type Result, runCase, runCases, t } from './harness.ts'
import { ramp } from './indices.ts'

const mean = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0) / xs.length
const variance = (xs: readonly number[]): number => mean(xs.map((x) => (x - mean(xs)) ** 2))
const epsilon = 1e-5

/** Rows of `size` consecutive elements. */
function rows<T>(xs: readonly T[], size: number): T[][] {
  return Array.from({ length: xs.length / size }, (_, i) => xs.slice(i * size, (i + 1) * size))
}

function normalised(xs: readonly number[]): number[] {
  return xs.map((x) => (x - mean(xs)) / Math.sqrt(variance(xs) + epsilon))
}

const types = ['float32', 'float64', 'float16'] as const
const tolerance = { float32: 1e-5, float64: 1e-6, float16: 3e-3 }

describe.each(types)('layers of %s', (type) => {
  const xs = ramp(24)
  const x = t(type, xs, [2, 3, 4])
  const scale = [0.5, 1, 2, -1]
  const bias = [0, 1, -1, 0.5]
  const absolute = type === 'float16' ? 4e-3 : 1e-5

  it('LayerNormalization with statistics, of static and dynamic shapes', async () => {
    const inputs = [x, t(type, scale), t(type, bias)]
    for (const dynamic of [false, true]) {
      const [y, means, inverse] = await runCase({ op: 'LayerNormalization', inputs, outputs: 3, dynamic })
      const expected = rows(xs, 4).flatMap((row) => normalised(row).map((v, i) => v * scale[i]! + bias[i]!))
      expect(close(y!.values, expected, tolerance[type], absolute)).toBe(true)
      expect(close(means!.values, rows(xs, 4).map(mean), 1e-5, 1e-6)).toBe(true)
      expect(
        close(
          inverse!.values,
          rows(xs, 4).map((row) => 1 / Math.sqrt(variance(row) + epsilon)),
          1e-5,
        ),
      ).toBe(true)
      expect([means!.type, means!.dims]).toEqual(['float32', [2, 3, 1]])
    }
  })

  it('over several axes, with a scale that broadcasts', async () => {
    const one: Case = { op: 'LayerNormalization', inputs: [x, t(type, scale)], attributes: { axis: 1n } }
    const [y] = await runCase(one)
    const expected = rows(xs, 12).flatMap((row) => normalised(row).map((v, i) => v * scale[i % 4]!))
    expect(close(y!.values, expected, tolerance[type], absolute)).toBe(true)
  })

  it('RMSNormalization', async () => {
    const [y] = await runCase({ op: 'RMSNormalization', inputs: [x, t(type, scale)], dynamic: true })
    const expected = rows(xs, 4).flatMap((row) => {
      const root = Math.sqrt(mean(row.map((v) => v * v)) + epsilon)
      return row.map((v, i) => (v / root) * scale[i]!)
    })
    expect(close(y!.values, expected, tolerance[type], absolute)).toBe(true)
  })

  it('InstanceNormalization and GroupNormalization', async () => {
    const image = t(type, ramp(48), [2, 4, 3, 2])
    const perChannel = [t(type, scale), t(type, bias)]
    const [instances, anyInstances, groups] = await runCases([
      { op: 'InstanceNormalization', inputs: [image, ...perChannel] },
      { op: 'InstanceNormalization', inputs: [image, ...perChannel], dynamic: true },
      { op: 'GroupNormalization', inputs: [image, ...perChannel], attributes: { num_groups: 2n } },
    ])
    const channelOf = (i: number): number => Math.floor(i / 6) % 4
    const scaled = (v: number, i: number): number => v * scale[channelOf(i)]! + bias[channelOf(i)]!
    const expected = (size: number): number[] => rows(ramp(48), size).flatMap(normalised).map(scaled)
    for (const channelsKnownOrNot of [instances, anyInstances])
      expect(close(channelsKnownOrNot![0]!.values, expected(6), tolerance[type], absolute)).toBe(true)
    expect(close(groups![0]!.values, expected(12), tolerance[type], absolute)).toBe(true)
  })

  it('BatchNormalization in inference and in training', async () => {
    const inputs = [
      x,
      ...[
        [2, 1, 0.5],
        [0, 1, 2],
        [0.5, -0.5, 0],
        [1, 2, 0.25],
      ].map((values) => t(type, values)),
    ]
    const [[inferred], trained] = (await runCases([
      { op: 'BatchNormalization', inputs },
      { op: 'BatchNormalization', inputs, attributes: { training_mode: 1n, momentum: 0.75 }, outputs: 3 },
    ])) as [Awaited<ReturnType<typeof runCase>>, Awaited<ReturnType<typeof runCase>>]
    const at = (i: number): number => Math.floor(i / 4) % 3
    const means = [0.5, -0.5, 0]
    const variances = [1, 2, 0.25]
    const apply = (m: readonly number[], v: readonly number[]): number[] =>
      xs.map(
        (value, i) => ((value - m[at(i)]!) / Math.sqrt(v[at(i)]! + epsilon)) * [2, 1, 0.5][at(i)]! + [0, 1, 2][at(i)]!,
      )
    expect(close(inferred!.values, apply(means, variances), tolerance[type], absolute)).toBe(true)
    const channels = [0, 1, 2].map((channel) => xs.filter((_, i) => at(i) === channel))
    expect(
      close(trained[0]!.values, apply(channels.map(mean), channels.map(variance)), tolerance[type], absolute),
    ).toBe(true)
    expect(
      close(
        trained[1]!.values,
        channels.map((c, i) => 0.75 * means[i]! + 0.25 * mean(c)),
        tolerance[type],
        absolute,
      ),
    ).toBe(true)
    expect(
      close(
        trained[2]!.values,
        channels.map((c, i) => 0.75 * variances[i]! + 0.25 * variance(c)),
        tolerance[type],
        absolute,
      ),
    ).toBe(true)
  })

  it('LRN, LpNormalization, MeanVarianceNormalization, Softmax', async () => {
    const image = t(type, ramp(8), [1, 4, 2, 1])
    const [lrn, l1, l2, mvn, soft, log] = await runCases([
      { op: 'LRN', inputs: [image], attributes: { size: 3n, alpha: 0.5, beta: 0.5, bias: 2 } },
      { op: 'LpNormalization', inputs: [t(type, [1, -3, 0, 0], [2, 2])], attributes: { p: 1n } },
      { op: 'LpNormalization', inputs: [t(type, [3, 4, 0, 0], [2, 2])] },
      { op: 'MeanVarianceNormalization', inputs: [image] },
      { op: 'Softmax', inputs: [t(type, [1, 2, -Infinity, 1000, 1000, 999], [2, 3])], dynamic: true },
      { op: 'LogSoftmax', inputs: [t(type, [1, 2, 3], [3, 1])], attributes: { axis: 0n } },
    ])
    const v = ramp(8)
    const lrnExpected = v.map((value, i) => {
      const channel = Math.floor(i / 2)
      const near = [channel - 1, channel, channel + 1].filter((c) => c >= 0 && c < 4).map((c) => v[c * 2 + (i % 2)]!)
      return value / (2 + (0.5 / 3) * near.reduce((s, n) => s + n * n, 0)) ** 0.5
    })
    const mvnExpected = rows(v, 2).flatMap((row) =>
      row.map((value) => (value - mean(row)) / (Math.sqrt(variance(row)) + 1e-9)),
    )
    const e = Math.E
    const z = 2 + 1 / e
    const wide = Math.log(e + e * e + e * e * e)
    const check = (result: typeof lrn, expected: number[]) =>
      expect(close(result![0]!.values, expected, tolerance[type], absolute)).toBe(true)
    check(lrn, lrnExpected)
    check(l1, [0.25, -0.75, 0, 0])
    check(l2, [0.6, 0.8, 0, 0])
    check(mvn, mvnExpected)
    check(soft, [1 / (1 + e), e / (1 + e), 0, 1 / z, 1 / z, 1 / e / z])
    check(log, [1 - wide, 2 - wide, 3 - wide])
  })
})

it('Softmax up to opset 12 normalises all axes from one on', async () => {
  const [y] = await runCase({ op: 'Softmax', inputs: [f32([0, 0, 0, 0], [1, 2, 2])] }, { opset: 11 })
  expect(y!.values).toEqual([0.25, 0.25, 0.25, 0.25])
})

it('GroupNormalization of opset 18 has a scale per group', async () => {
  const x = f32(ramp(8), [1, 4, 2])
  const one: Case = { op: 'GroupNormalization', inputs: [x, f32([1, 2]), f32([0, 1])], attributes: { num_groups: 2n } }
  const [[y], [dynamic]] = (await runCases([one, { ...one, dynamic: true }], { opset: 18 })) as [Result[], Result[]]
  expect(dynamic).toEqual(y)
  const expected = rows(ramp(8), 4).flatMap((row, group) =>
    normalised(row).map((v) => v * [1, 2][group]! + [0, 1][group]!),
  )
  expect(close(y!.values, expected, 1e-5, 1e-5)).toBe(true)
})

describe('bad attributes', () => {
  const image = f32(ramp(6), [1, 3, 2])
  it.each([
    [
      'groups that do not divide the channels',
      { op: 'GroupNormalization', inputs: [image, f32([1, 1, 1]), f32([0, 0, 0])], attributes: { num_groups: 2n } },
      /2 groups need: expected 4, given 3/,
    ],
    ['a norm that is none', { op: 'LpNormalization', inputs: [image], attributes: { p: 3n } }, /p is 3/],
    ['a size that is none', { op: 'LRN', inputs: [image] }, /size is undefined/],
    [
      'an axis out of range',
      { op: 'LayerNormalization', inputs: [image, f32([1, 1])], attributes: { axis: 3n } },
      /axis 3 is out of range/,
    ],
    ['numbers that are no floats', { op: 'Softmax', inputs: [t('int32', [1])] }, /of type float32/],
  ] as [string, Case, RegExp][])('%s', async (_what, one, message) => {
    await expect(runCase(one)).rejects.toThrow(message)
  })
})

describe('empty axes', () => {
  it('make empty results', async () => {
    const nothing = (...dims: number[]): ReturnType<typeof f32> => f32([], dims)
    const results = await runCases([
      { op: 'Hardmax', inputs: [nothing(0, 2)], attributes: { axis: 0n } },
      { op: 'Hardmax', inputs: [nothing(0, 2)], attributes: { axis: 0n }, dynamic: true },
      { op: 'InstanceNormalization', inputs: [nothing(2, 0, 3), nothing(0), nothing(0)] },
    ])
    expect(results.map(([result]) => result!.dims)).toEqual([
      [0, 2],
      [0, 2],
      [2, 0, 3],
    ])
  })
})
