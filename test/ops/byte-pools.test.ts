import { describe, expect, it } from 'vitest'
import { runCases, t } from './harness.ts'
import { indices, positionOf } from './indices.ts'

// MaxPool of bytes, as quantised models have it between their convolutions: channels last, vectors of channels at once.

const shapes: readonly (readonly number[])[] = [
  [1, 1, 6, 7],
  [2, 3, 9, 8],
  [1, 70, 8, 8],
  [1, 33, 4, 5, 6],
]

describe('MaxPool of bytes', () => {
  for (const type of ['uint8', 'int8'] as const)
    it(`${type}: the largest of each window`, async () => {
      const cases = shapes.map((dims) => {
        const axes = dims.length - 2
        const length = dims.reduce((a, b) => a * b, 1)
        const values = Array.from({ length }, (_, i) => ((i * 89) % 251) - (type === 'int8' ? 128 : 0))
        const each = (n: bigint): bigint[] => Array<bigint>(axes).fill(n)
        const attributes = { kernel_shape: each(3n), strides: each(2n), pads: [...each(1n), ...each(0n)] }
        return { dims, values, case: { op: 'MaxPool', inputs: [t(type, values, dims)], attributes } }
      })
      const results = await runCases(cases.map((one) => one.case))
      cases.forEach(({ dims, values }, at) => {
        const spatial = dims.slice(2)
        const sizes = spatial.map((n) => Math.floor((n + 1 - 3) / 2) + 1)
        const expected = indices([...dims.slice(0, 2), ...sizes]).map(([n, c, ...place]) =>
          Math.max(
            ...indices(spatial.map(() => 3))
              .map((tap) => tap.map((offset, axis) => place[axis]! * 2 - 1 + offset))
              .filter((p) => p.every((x, axis) => x >= 0 && x < spatial[axis]!))
              .map((p) => values[positionOf([n!, c!, ...p], dims)]!),
          ),
        )
        expect(results[at]![0]!.values.map(Number)).toEqual(expected)
      })
    })
})
