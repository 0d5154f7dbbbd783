import { describe, expect, it } from 'vitest'
import { runCases, t } from './harness.ts'
import { indices, positionOf } from './indices.ts'
import { attributesOf, windowsOf } from './windows.ts'

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
        const each = (n: number): number[] => Array<number>(axes).fill(n)
        const window = { kernel: each(3), strides: each(2), pads: [...each(1), ...each(0)] }
        const one = { op: 'MaxPool', inputs: [t(type, values, dims)], attributes: attributesOf(window) }
        return { dims, values, window, case: one }
      })
      const results = await runCases(cases.map((one) => one.case))
      cases.forEach(({ dims, values, window }, i) => {
        const { sizes, at } = windowsOf(dims.slice(2), window)
        const expected = indices([...dims.slice(0, 2), ...sizes]).map(([n, c, ...place]) =>
          Math.max(...at(place).flatMap((p) => (p ? [values[positionOf([n!, c!, ...p], dims)]!] : []))),
        )
        expect(results[i]![0]!.values.map(Number)).toEqual(expected)
      })
    })
})
