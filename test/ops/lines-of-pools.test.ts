import { describe, expect, it } from 'vitest'
import { elementsOf } from '../../src/onnx/tensor.ts'
import { type Case, close, f32, runCase, t } from './harness.ts'
import { indices, positionOf, ramp } from './indices.ts'
import { attributesOf, type Window, windowsOf } from './windows.ts'

// Pools in ONNX's own layout, which go line by line (native/kernels/pool-nd.h), and triangles, against what ONNX says.

const windows: Readonly<Record<string, Window & { readonly x: readonly number[] }>> = {
  'a line': { x: [2, 3, 17], kernel: [3], strides: [2], pads: [1, 1] },
  'a line with taps apart': { x: [1, 2, 19], kernel: [3], dilations: [4], pads: [4, 3] },
  'wider than its line': { x: [1, 2, 3], kernel: [5], pads: [2, 2] },
  'an image': { x: [1, 2, 6, 7], kernel: [2, 3], strides: [2, 1], pads: [1, 2, 0, 1] },
  'an image, rounded up': { x: [1, 2, 7, 8], kernel: [3, 3], strides: [2, 3], ceil: true },
  'a volume': { x: [1, 1, 4, 5, 6], kernel: [2, 3, 2], strides: [1, 2, 3], pads: [1, 0, 1, 0, 1, 1] },
}

describe.each(Object.keys(windows))('pools line by line: %s', (title) => {
  const { x, ...window } = windows[title]!
  const { sizes, at } = windowsOf(x.slice(2), window)
  const dims = [x[0]!, x[1]!, ...sizes]
  const values = ramp(elementsOf(x))
  /** The places that each window meets, in all of x. */
  const met = indices(dims).map(([n, c, ...place]) => at(place).map((p) => p && positionOf([n!, c!, ...p], x)))
  const one = (op: string, type: 'float32' | 'float64', attributes: Case['attributes'] = {}): Case => ({
    op,
    inputs: [type === 'float32' ? f32(values, x) : t('float64', values, x)],
    attributes: { ...attributesOf(window), ...attributes },
    ...(op === 'MaxPool' && { outputs: 2 }),
  })

  it.each(['float32', 'float64'] as const)('the largest and where it is, of %s', async (type) => {
    const [y, places] = await runCase(one('MaxPool', type))
    const winners = met.map((taps) =>
      taps.filter((place) => place !== undefined).reduce((best, p) => (values[p]! > values[best]! ? p : best)),
    )
    expect(y!.dims).toEqual(dims)
    expect(
      close(
        y!.values,
        winners.map((place) => values[place]!),
        0,
        1e-6,
      ),
    ).toBe(true)
    expect(places!.values.map(Number)).toEqual(winners)
  })

  it.each([0, 1])('the mean, pads included: %i', async (included) => {
    // Windows over the rounded-up end count what is beyond the pads for nothing.
    if (included && window.ceil) return
    const [y] = await runCase(one('AveragePool', 'float64', { count_include_pad: BigInt(included) }))
    const means = met.map((taps) => {
      const inside = taps.filter((place) => place !== undefined)
      return inside.reduce((sum, place) => sum + values[place]!, 0) / (included ? taps.length : inside.length)
    })
    expect(close(y!.values, means, 1e-9, 1e-9)).toBe(true)
  })
})

it('a NaN is the largest', async () => {
  const [y, places] = await runCase({
    op: 'MaxPool',
    inputs: [f32([1, NaN, 3, 2, -Infinity, -Infinity, -Infinity], [1, 1, 7])],
    attributes: { kernel_shape: [3n] },
    outputs: 2,
  })
  expect(y!.values).toEqual([NaN, NaN, 3, 2, -Infinity])
  expect(places!.values.map(Number)).toEqual([1, 1, 2, 3, 4])
})

describe('triangles', () => {
  it.each([-9, -2, 0, 1, 4, 9])('with the diagonal moved by %i', async (moved) => {
    const x = ramp(2 * 4 * 6)
    for (const upper of [0, 1])
      for (const dynamic of [false, true]) {
        const attributes = { upper: BigInt(upper) }
        const [y] = await runCase({
          op: 'Trilu',
          inputs: [f32(x, [2, 4, 6]), t('int64', [moved], [])],
          attributes,
          dynamic,
        })
        const kept = x.map((value, i) => {
          const [row, column] = [Math.floor(i / 6) % 4, i % 6]
          return (upper ? column >= row + moved : column <= row + moved) ? value : 0
        })
        expect(close(y!.values, kept, 0, 0)).toBe(true)
      }
  })
})
