import { describe, expect, it } from 'vitest'
import { type Case, close, f32, i64, runCase, runCases, t } from './harness.ts'
import { ramp } from './indices.ts'

// Scores [batch 2, classes 3, pixels 2] and a class per pixel.
const scores = ramp(12)
const targets = [2, 0, 1, 1]
const weights = [1, 0.5, 2]
const scoreOf = (i: number): number => scores[(Math.floor(i / 2) * 3 + targets[i]!) * 2 + (i % 2)]!
const sum = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0)

function logSoftmax(i: number): number {
  const column = [0, 1, 2].map((c) => scores[(Math.floor(i / 2) * 3 + c) * 2 + (i % 2)]!)
  return scoreOf(i) - Math.log(sum(column.map(Math.exp)))
}

describe.each(['float32', 'float64', 'float16'] as const)('losses of %s', (type) => {
  const x = t(type, scores, [2, 3, 2])
  const target = i64(targets, [2, 2])
  const tolerance = { float32: 1e-5, float64: 1e-12, float16: 2e-3 }[type]

  it('negative log likelihood: reductions, weights, targets that are ignored', async () => {
    const inputs = [x, target]
    const weighted = [...inputs, t(type, weights)]
    const losses = targets.map((_, i) => -scoreOf(i))
    const used = targets.map((c) => weights[c]!)
    const total = sum(losses.map((loss, i) => loss * used[i]!))
    const cases: [Case, number[]][] = [
      [{ op: 'NegativeLogLikelihoodLoss', inputs, attributes: { reduction: 'none' } }, losses],
      [{ op: 'NegativeLogLikelihoodLoss', inputs, dynamic: true }, [sum(losses) / 4]],
      [{ op: 'NegativeLogLikelihoodLoss', inputs: weighted, attributes: { reduction: 'sum' } }, [total]],
      [{ op: 'NegativeLogLikelihoodLoss', inputs: weighted }, [total / sum(used)]],
      [{ op: 'NegativeLogLikelihoodLoss', inputs, attributes: { ignore_index: 1n } }, [(losses[0]! + losses[1]!) / 2]],
    ]
    const results = await runCases(cases.map(([one]) => one))
    expect(cases.filter(([, expected], i) => !close(results[i]![0]!.values, expected, tolerance, tolerance))).toEqual(
      [],
    )
    expect(results.map(([result]) => result!.dims)).toEqual([[2, 2], [], [], [], []])
  })

  it('softmax cross entropy, with the logarithms', async () => {
    const one: Case = {
      op: 'SoftmaxCrossEntropyLoss',
      inputs: [x, target],
      attributes: { reduction: 'none' },
      outputs: 2,
    }
    const [loss, logarithms] = await runCase(one)
    expect(
      close(
        loss!.values,
        targets.map((_, i) => -logSoftmax(i)),
        tolerance,
        3 * tolerance,
      ),
    ).toBe(true)
    expect(logarithms!.dims).toEqual([2, 3, 2])
    expect(Math.abs(Number(logarithms!.values[4]) - logSoftmax(0))).toBeLessThan(0.01)
  })
})

describe('bad losses', () => {
  const x = f32(ramp(6), [2, 3])
  it.each([
    [
      'a target that is no class',
      { op: 'NegativeLogLikelihoodLoss', inputs: [x, i64([0, 3])] },
      /a target is no class/,
    ],
    ['a negative target', { op: 'SoftmaxCrossEntropyLoss', inputs: [x, i64([0, -1])] }, /a target is no class/],
    [
      'targets of another rank',
      { op: 'NegativeLogLikelihoodLoss', inputs: [x, i64([0, 1], [1, 2])] },
      /of rank|same number of axes/,
    ],
    [
      'an unknown reduction',
      { op: 'NegativeLogLikelihoodLoss', inputs: [x, i64([0, 1])], attributes: { reduction: 'max' } },
      /"max"/,
    ],
  ] as [string, Case, RegExp][])('%s', async (_what, one, message) => {
    await expect(runCase(one)).rejects.toThrow(message)
  })
})
