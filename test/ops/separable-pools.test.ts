import { expect, it } from 'vitest'
import { Identities } from '../../src/graph/graph.ts'
import { type ModelSource, tensorType } from '../../src/onnx/build.ts'
import { registry } from '../../src/ops/index.ts'
import { optimize } from '../../src/ops/passes/optimize.ts'
import { graphOf, node } from '../graph/models.ts'
import { compileModel } from './harness.ts'

// Max pools of large windows go along lines and then across them: against the definition, NaN and pads included.

interface Window {
  readonly kernel: readonly [number, number]
  readonly strides?: readonly [number, number]
  readonly dilations?: readonly [number, number]
  /** Top, left, bottom, right. */
  readonly pads?: readonly [number, number, number, number]
}

const [channels, height, width] = [19, 11, 14]

function pool({ kernel, strides = [1, 1], dilations = [1, 1], pads = [0, 0, 0, 0] }: Window): ModelSource {
  const list = (numbers: readonly number[]): bigint[] => numbers.map(BigInt)
  return {
    opsets: { '': 21 },
    inputs: { x: tensorType('float32', [1, channels, 'h', width]) },
    outputs: { y: undefined },
    nodes: [
      node('MaxPool', ['x'], ['y'], {
        kernel_shape: list(kernel),
        strides: list(strides),
        dilations: list(dilations),
        pads: list(pads),
      }),
    ],
  }
}

function byDefinition(x: Float32Array, { kernel, strides = [1, 1], dilations = [1, 1], pads = [0, 0, 0, 0] }: Window) {
  const span = kernel.map((size, axis) => (size - 1) * dilations[axis]! + 1)
  const rows = Math.floor((height + pads[0] + pads[2] - span[0]!) / strides[0]) + 1
  const columns = Math.floor((width + pads[1] + pads[3] - span[1]!) / strides[1]) + 1
  const y: number[] = []
  for (let c = 0; c < channels; c++)
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++) {
        let most = -Infinity
        for (let a = 0; a < kernel[0]; a++)
          for (let b = 0; b < kernel[1]; b++) {
            const [row, column] = [
              i * strides[0] - pads[0] + a * dilations[0],
              j * strides[1] - pads[1] + b * dilations[1],
            ]
            if (row < 0 || row >= height || column < 0 || column >= width) continue
            most = Math.max(most, x[(c * height + row) * width + column]!)
          }
        y.push(most)
      }
  return y
}

it.each<[Window, number]>([
  [{ kernel: [5, 5], pads: [2, 2, 2, 2] }, 2],
  [{ kernel: [9, 3], pads: [4, 0, 4, 2] }, 2],
  [{ kernel: [7, 7], strides: [2, 3], pads: [3, 3, 3, 3] }, 2],
  [{ kernel: [4, 5], dilations: [2, 3], strides: [1, 2], pads: [1, 2, 3, 0] }, 2],
  [{ kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }, 1],
  [{ kernel: [1, 9] }, 1],
  [{ kernel: [9, 1] }, 1],
])('%o', async (window, passes) => {
  const source = pool(window)
  const graph = graphOf(source)
  optimize(graph, registry, new Identities())
  expect(graph.nodes.filter(({ operator }) => operator === 'om.MaxPool2d')).toHaveLength(passes)
  const x = Float32Array.from({ length: channels * height * width }, (_, i) =>
    i % 601 === 17 ? NaN : i % 97 === 0 ? -Infinity : Math.fround(Math.sin(i * 1.3)),
  )
  const model = await compileModel(source, 3)
  expect([
    ...(model.runSync({ x: { data: x, dims: [1, channels, height, width] } })['y']!.data as Float32Array),
  ]).toEqual(byDefinition(x, window))
})
