import { describe, expect, it } from 'vitest'
import { Identities } from '../../src/graph/graph.ts'
import { type ModelSource, tensorType } from '../../src/onnx/build.ts'
import { registry } from '../../src/ops/index.ts'
import { optimize } from '../../src/ops/passes/optimize.ts'
import { graphOf } from '../graph/models.ts'
import { type Case, close, compileModel, f32, runCase } from './harness.ts'
import { indices, positionOf, ramp } from './indices.ts'
import { attributesOf, type Window, windowsOf } from './windows.ts'

// Convolutions and pools over three axes, which are computed as those over images (src/ops/passes/volumes.ts), against the sums
// that ONNX writes down.

interface Convolution extends Window {
  readonly x: readonly number[]
  readonly filters: number
  readonly groups?: number
}

function convolved({ x, filters, groups = 1, ...window }: Convolution): { dims: number[]; values: number[] } {
  const [batch, channels, ...size] = x as [number, number, ...number[]]
  const each = channels / groups
  const { sizes, at } = windowsOf(size, window)
  const dims = [batch, filters, ...sizes]
  const weightDims = [filters, each, ...window.kernel]
  const [values, weights, bias] = [ramp(count(x)), ramp(count(weightDims)), ramp(filters)]
  const taps = indices(window.kernel)
  return {
    dims,
    values: indices(dims).map(([n, o, ...place]) => {
      const first = Math.floor(o! / (filters / groups)) * each
      let sum = bias[o!]!
      at(place).forEach((p, tap) => {
        for (let c = 0; p && c < each; c++)
          sum +=
            values[positionOf([n!, first + c, ...p], x)]! * weights[positionOf([o!, c, ...taps[tap]!], weightDims)]!
      })
      return sum
    }),
  }
}

const count = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1)

const convolutions: Readonly<Record<string, Convolution>> = {
  'three by three by three': { x: [2, 3, 4, 5, 6], filters: 4, kernel: [3, 3, 3], pads: [1, 1, 1, 1, 1, 1] },
  patches: { x: [1, 3, 4, 8, 8], filters: 20, kernel: [2, 4, 4], strides: [2, 4, 4] },
  'strides and uneven pads': {
    x: [1, 2, 7, 6, 5],
    filters: 3,
    kernel: [3, 2, 3],
    strides: [2, 3, 1],
    pads: [2, 0, 1, 0, 1, 2],
  },
  'taps apart': { x: [1, 2, 9, 7, 8], filters: 3, kernel: [3, 3, 2], dilations: [2, 3, 4], pads: [1, 0, 2, 2, 1, 0] },
  'over the depth alone': { x: [1, 4, 6, 3, 3], filters: 4, kernel: [3, 1, 1], pads: [1, 0, 0, 1, 0, 0] },
  'over the images alone': { x: [2, 4, 3, 5, 5], filters: 4, kernel: [1, 3, 3], pads: [0, 1, 1, 0, 1, 1] },
  groups: { x: [1, 6, 4, 5, 4], filters: 4, groups: 2, kernel: [2, 3, 3], pads: [1, 1, 1, 1, 1, 1] },
  depthwise: {
    x: [2, 5, 5, 4, 4],
    filters: 5,
    groups: 5,
    kernel: [3, 3, 3],
    pads: [1, 1, 1, 1, 1, 1],
    strides: [2, 1, 1],
  },
  'pads that crop': { x: [1, 2, 6, 6, 6], filters: 2, kernel: [2, 2, 2], pads: [-1, 0, -1, 0, -2, 1] },
}

function caseOf(convolution: Convolution, dynamic: boolean): Case {
  const { x, filters, groups = 1, kernel } = convolution
  return {
    op: 'Conv',
    inputs: [
      f32(ramp(count(x)), x),
      f32(ramp((count(kernel) * filters * x[1]!) / groups), [filters, x[1]! / groups, ...kernel]),
      f32(ramp(filters)),
    ],
    constants: [1, 2],
    dynamic,
    attributes: { ...attributesOf(convolution), group: BigInt(groups) },
  }
}

describe('Conv over three axes', () => {
  for (const [title, convolution] of Object.entries(convolutions))
    it.each([false, true])(`${title}, sizes unknown: %s`, async (dynamic) => {
      const [y] = await runCase(caseOf(convolution, dynamic))
      const expected = convolved(convolution)
      expect(y!.dims).toEqual(expected.dims)
      expect(close(y!.values, expected.values, 1e-5, 1e-5)).toBe(true)
    })
})

/** A convolution whose channels are known and whose other sizes are not. */
function freeConvolution({ filters, groups = 1, x, kernel, ...window }: Convolution): ModelSource {
  const weights = [filters, x[1]! / groups, ...kernel]
  return {
    opsets: { '': 22 },
    inputs: { x: tensorType('float32', ['n', x[1]!, 'd', 'h', 'w']) },
    outputs: { y: undefined },
    initializers: { w: f32(ramp(count(weights)), weights) },
    nodes: [
      {
        op: 'Conv',
        inputs: ['x', 'w'],
        outputs: ['y'],
        attributes: { ...attributesOf({ kernel, ...window }), group: BigInt(groups) },
      },
    ],
  }
}

describe('a depth that only the run knows', () => {
  it.each(Object.keys(convolutions))('takes the kernel of images: %s', (title) => {
    const graph = graphOf(freeConvolution(convolutions[title]!))
    optimize(graph, registry, new Identities())
    const operators = graph.nodes.map(({ operator }) => operator)
    expect(operators).toContain('om.Conv2d')
    expect(operators).not.toContain('Conv')
  })

  it('is refused where the window does not fit, however little is missing', async () => {
    const model = await compileModel(
      freeConvolution({
        x: [1, 2, 4, 4, 4],
        filters: 2,
        kernel: [3, 2, 2],
        dilations: [2, 1, 1],
        pads: [1, 0, 0, 0, 0, 0],
      }),
    )
    const run = (depth: number): unknown => {
      const data = new Float32Array(2 * depth * 16)
      return model.runSync({ x: { type: 'float32', dims: [1, 2, depth, 4, 4], data } })
    }
    expect(run(4)).toMatchObject({ y: { dims: [1, 2, 1, 3, 3] } })
    for (const depth of [3, 2, 1]) expect(() => run(depth)).toThrow(/window of size 5 does not fit/)
  })
})

const pools: Readonly<Record<string, Window & { readonly x: readonly number[] }>> = {
  halves: { x: [2, 3, 4, 6, 6], kernel: [2, 2, 2], strides: [2, 2, 2] },
  'over the images alone': { x: [1, 2, 3, 7, 7], kernel: [1, 3, 3], strides: [1, 2, 2], pads: [0, 1, 1, 0, 1, 1] },
  'uneven windows': { x: [1, 2, 7, 6, 5], kernel: [3, 2, 3], strides: [2, 1, 3], pads: [1, 0, 2, 0, 1, 1] },
  'rounded up': { x: [1, 2, 6, 7, 8], kernel: [3, 3, 3], strides: [2, 2, 2], ceil: true },
}

describe('pools over three axes', () => {
  for (const [title, { x, ...window }] of Object.entries(pools))
    it.each(['MaxPool', 'AveragePool', 'AveragePool with pads'])(`${title}: %s`, async (kind) => {
      const [op] = kind.split(' ') as [string]
      const included = kind.endsWith('pads')
      const { sizes, at } = windowsOf(x.slice(2), window)
      const dims = [x[0]!, x[1]!, ...sizes]
      const values = ramp(count(x))
      const expected = indices(dims).map(([n, c, ...place]) => {
        const under = at(place).map((p) => p && values[positionOf([n!, c!, ...p], x)]!)
        const inside = under.filter((value) => value !== undefined)
        if (op === 'MaxPool') return Math.max(...inside)
        return inside.reduce((a, b) => a + b, 0) / (included ? under.length : inside.length)
      })
      // Windows over the rounded-up end count what is beyond the pads for nothing.
      if (included && window.ceil) return
      const attributes = { ...attributesOf(window), ...(included && { count_include_pad: 1n }) }
      const [y] = await runCase({ op, inputs: [f32(values, x)], attributes })
      expect(y!.dims).toEqual(dims)
      expect(close(y!.values, expected, 1e-5, 1e-5)).toBe(true)
    })
})
