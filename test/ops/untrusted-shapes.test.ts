import { describe, expect, it } from 'vitest'
import { type Case, f32, i64, runCase } from './harness.ts'

/** Cases that would read or write beyond a tensor if nobody compared the shapes of their inputs. */
const cases: readonly (readonly [Case, RegExp])[] = [
  [{ op: 'ReverseSequence', inputs: [f32([1, 2, 3, 4], [2, 2]), i64([1])] }, /sequence_lens .*expected 2, given 1/],
  [
    { op: 'TensorScatter', inputs: [f32([1, 2, 3, 4], [2, 2, 1]), f32([1, 2], [2, 1, 1]), i64([0])] },
    /write_indices .*expected 2, given 1/,
  ],
  [
    { op: 'ConvTranspose', inputs: [f32([1], [1, 1, 1]), f32([1, 2], [1, 2, 1]), f32([1])] },
    /input B .* expected 2, given 1/,
  ],
  [
    {
      op: 'DeformConv',
      inputs: [f32([1], [1, 1, 1, 1]), f32([1, 2], [2, 1, 1, 1]), f32([0, 0], [1, 2, 1, 1]), f32([1])],
    },
    /input B .* expected 2, given 1/,
  ],
  [
    {
      op: 'DeformConv',
      inputs: [f32([1], [1, 1, 1, 1]), f32([1], [1, 1, 1, 1]), f32([0, 0, 0, 0], [1, 4, 1, 1])],
      attributes: { offset_group: 2n },
    },
    /2 groups of offsets need: expected 2, given 1/,
  ],
  [
    { op: 'AffineGrid', inputs: [f32([1, 0, 0, 0, 1, 0], [1, 2, 3]), i64([1, 1, 2])] },
    /input size .* expected 4, given 3/,
  ],
  [
    { op: 'Col2Im', inputs: [f32([1, 2], [1, 1, 2]), i64([1, 2]), i64([1])] },
    /input block_shape .* expected 2, given 1/,
  ],
  [
    { op: 'GridSample', inputs: [f32([1], [1, 1, 1, 1]), f32([0, 0, 0, 0], [2, 1, 1, 2])] },
    /input grid .* expected 1, given 2/,
  ],
  [{ op: 'Tile', inputs: [f32([1]), i64([-1])], constants: [1] }, /negative number/],
  [{ op: 'Expand', inputs: [f32([1]), i64([-1])], constants: [1] }, /negative dimension/],
  [
    { op: 'NonMaxSuppression', inputs: [f32([0, 0, 1, 1], [1, 1, 4]), f32([1, 2], [1, 1, 2])] },
    /axis 2 of input scores .*expected 1, given 2/,
  ],
]

describe('inputs whose shapes do not fit each other', () => {
  it.each(cases.map(([one, problem]) => [one.op, one, problem] as const))(
    '%s refuses them',
    async (_op, one, problem) => {
      await expect(runCase(one)).rejects.toThrow(problem)
    },
  )
})
