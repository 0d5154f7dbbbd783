import { describe, expect, it } from 'vitest'
import { type Case, close, f32, runCase, runCases, t } from './harness.ts'

const mean = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0) / xs.length
const deviation = (xs: readonly number[]): number => Math.sqrt(mean(xs.map((x) => (x - mean(xs)) ** 2)))
const numbers = (values: readonly unknown[]): number[] => values.map(Number)

describe('random numbers', () => {
  it('of a seed are those of numpy.random.RandomState', async () => {
    // numpy.random.RandomState(0): rand(3), randn(3), the first numbers of its documentation's examples.
    const [uniform, normal] = await runCases([
      { op: 'RandomUniform', inputs: [], attributes: { shape: [3n], seed: 0, dtype: 11n } },
      { op: 'RandomNormal', inputs: [], attributes: { shape: [3n], seed: 0, dtype: 11n, mean: 1, scale: 2 } },
    ])
    expect(close(uniform![0]!.values, [0.5488135039273248, 0.7151893663724195, 0.6027633760716439], 1e-15)).toBe(true)
    const plain = [1.764052345967664, 0.4001572083672233, 0.9787379841057392]
    expect(
      close(
        normal![0]!.values,
        plain.map((x) => 1 + 2 * x),
        1e-14,
      ),
    ).toBe(true)
  })

  it('have the distribution that was asked for, and differ from run to run without a seed', async () => {
    const shape = [20000n]
    const like = t('float32', Array(20000).fill(0.3))
    const cases: Case[] = [
      { op: 'RandomUniform', inputs: [], attributes: { shape, low: -2, high: 4 } },
      { op: 'RandomNormalLike', inputs: [like], attributes: { mean: 5, scale: 0.5 } },
      { op: 'Bernoulli', inputs: [like], attributes: { dtype: 6n } },
      { op: 'Multinomial', inputs: [f32([0, Math.log(3)], [1, 2])], attributes: { sample_size: 20000n } },
    ]
    const [uniform, normal, events, classes] = (await runCases(cases)).map(([result]) => result!)
    const u = numbers(uniform!.values)
    expect(Math.min(...u) >= -2 && Math.max(...u) < 4 && Math.abs(mean(u) - 1) < 0.1).toBe(true)
    expect(Math.abs(mean(numbers(normal!.values)) - 5)).toBeLessThan(0.03)
    expect(Math.abs(deviation(numbers(normal!.values)) - 0.5)).toBeLessThan(0.03)
    expect(events!.type).toBe('int32')
    expect(Math.abs(mean(numbers(events!.values)) - 0.3)).toBeLessThan(0.03)
    expect(Math.abs(mean(numbers(classes!.values)) - 0.75)).toBeLessThan(0.03)
    const [again] = await runCase(cases[0]!)
    expect(again!.values).not.toEqual(uniform!.values)
  })
})

describe('Dropout', () => {
  const x = f32(Array(2000).fill(1))
  const ratio = f32([0.25], [])

  it('passes everything on outside of training', async () => {
    const training = t('bool', [false], [])
    for (const inputs of [[x], [x, ratio], [x, ratio, training]]) {
      const [y, mask] = await runCase({ op: 'Dropout', inputs, outputs: 2 })
      expect(y!.values).toEqual(Array(2000).fill(1))
      expect(mask!.values).toEqual(Array(2000).fill(1))
    }
  })

  it('gives a mask of the type of the data before opset 10', async () => {
    const inputs = [f32([1, 2])]
    const [old] = await runCases([{ op: 'Dropout', inputs, outputs: 2 }], { opset: 9 })
    const [newer] = await runCases([{ op: 'Dropout', inputs, outputs: 2 }], { opset: 10 })
    expect([old![1]!.type, newer![1]!.type]).toEqual(['float32', 'bool'])
  })

  it('drops a share in training and scales the rest', async () => {
    const [y, mask] = await runCase({
      op: 'Dropout',
      inputs: [x, ratio, t('bool', [true], [])],
      outputs: 2,
      attributes: { seed: 7n },
    })
    expect(Math.abs(mean(numbers(mask!.values)) - 0.75)).toBeLessThan(0.05)
    expect(y!.values).toEqual(mask!.values.map((kept) => (kept ? Math.fround(4 / 3) : 0)))
  })
})

describe('optimizers', () => {
  const domain = 'ai.onnx.preview.training'
  const rate = f32([0.1], [])
  const step = (count: number) => t('int64', [count], [])

  it('Momentum and Nesterov, of several tensors at once', async () => {
    const attributes = { alpha: 0.9, beta: 0.5, norm_coefficient: 0.01 }
    const inputs = [rate, step(1), f32([1, 2]), f32([3]), f32([0.5, -0.5]), f32([1]), f32([0.1, 0.2]), f32([0.3])]
    const [standard, nesterov] = await runCases(
      ['standard', 'nesterov'].map((mode) => ({
        op: 'Momentum',
        domain,
        inputs,
        attributes: { ...attributes, mode },
        outputs: 4,
      })),
    )
    const [x, g, v] = [
      [1, 2, 3],
      [0.5, -0.5, 1],
      [0.1, 0.2, 0.3],
    ]
    const gradient = g!.map((value, i) => value + 0.01 * x![i]!)
    const velocity = v!.map((value, i) => 0.9 * value + 0.5 * gradient[i]!)
    const flat = (results: typeof standard) => results!.flatMap(({ values }) => values)
    expect(close(flat(standard), [...x!.map((value, i) => value - 0.1 * velocity[i]!), ...velocity])).toBe(true)
    expect(
      close(flat(nesterov), [...x!.map((value, i) => value - 0.1 * (gradient[i]! + 0.9 * velocity[i]!)), ...velocity]),
    ).toBe(true)
  })

  it('Adagrad and Adam', async () => {
    const [x, g, v, h] = [f32([1.2]), f32([-0.9]), f32([0.3]), f32([0.4])]
    const [adagrad, adam, first] = await runCases([
      {
        op: 'Adagrad',
        domain,
        inputs: [rate, step(3), x, g, h],
        attributes: { decay_factor: 0.5, epsilon: 1e-3 },
        outputs: 2,
      },
      { op: 'Adam', domain, inputs: [rate, step(3), x, g, v, h], attributes: { epsilon: 1e-3 }, outputs: 3 },
      { op: 'Adam', domain, inputs: [rate, step(0), x, g, v, h], attributes: { epsilon: 1e-3 }, outputs: 3 },
    ])
    const squares = 0.4 + 0.81
    expect(
      close(
        adagrad!.flatMap(({ values }) => values),
        [1.2 - (0.1 / 2.5) * (-0.9 / (Math.sqrt(squares) + 1e-3)), squares],
      ),
    ).toBe(true)
    const [mean1, square1] = [0.9 * 0.3 - 0.1 * 0.9, 0.999 * 0.4 + 0.001 * 0.81]
    const corrected = (0.1 * Math.sqrt(1 - 0.999 ** 3)) / (1 - 0.9 ** 3)
    const updated = (r: number) => 1.2 - (r * mean1) / (Math.sqrt(square1) + 1e-3)
    expect(
      close(
        adam!.flatMap(({ values }) => values),
        [updated(corrected), mean1, square1],
        1e-4,
      ),
    ).toBe(true)
    expect(
      close(
        first!.flatMap(({ values }) => values),
        [updated(0.1), mean1, square1],
        1e-5,
      ),
    ).toBe(true)
  })

  it('refuse inputs that are no groups', async () => {
    const one: Case = { op: 'Adagrad', domain, inputs: [rate, step(1), f32([1]), f32([1])], outputs: 2 }
    await expect(runCase(one)).rejects.toMatchObject({ code: 'MODEL_INPUTS' })
  })
})
