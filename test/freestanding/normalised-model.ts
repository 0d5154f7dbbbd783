import { modelBytes, tensorType } from '../../src/onnx/build.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'

export const normalisedDims = [1, 9, 7, 6] as const

/** Codes over the sum of their channel, as ONNX in QDQ form: int8, with a scale for each step. Sums lie on both sides of 0, and one is 0. */
export function normalisedModel(): Uint8Array {
  const scales = { x: 0.04312, sum: 0.27193, y: 0.01173 }
  const zeros = { x: 3, sum: -7, y: 12 }
  const qdq = (name: keyof typeof scales, from: string, to: string) => [
    { op: 'QuantizeLinear', inputs: [from, `${name}_s`, `${name}_z`], outputs: [to] },
    { op: 'DequantizeLinear', inputs: [to, `${name}_s`, `${name}_z`], outputs: [`${to}_d`] },
  ]
  return modelBytes({
    opsets: { '': 17 },
    inputs: { x: tensorType('int8', normalisedDims) },
    outputs: { y: undefined },
    initializers: {
      axes: tensorFrom('int64', [2], [2n, 3n]),
      ...Object.fromEntries(Object.entries(scales).map(([name, scale]) => [`${name}_s`, tensorFrom('float32', [], [scale])])), // prettier-ignore
      ...Object.fromEntries(Object.entries(zeros).map(([name, zero]) => [`${name}_z`, tensorFrom('int8', [], [zero])])),
    },
    nodes: [
      { op: 'DequantizeLinear', inputs: ['x', 'x_s', 'x_z'], outputs: ['xd'] },
      { op: 'ReduceSum', inputs: ['xd', 'axes'], outputs: ['sums'] },
      ...qdq('sum', 'sums', 'sq'),
      { op: 'Div', inputs: ['xd', 'sq_d'], outputs: ['ratio'] },
      { op: 'QuantizeLinear', inputs: ['ratio', 'y_s', 'y_z'], outputs: ['y'] },
    ],
  })
}

/** By channel: random codes around 3 that differ by up to 40, of which those of the last channel have the sum 0. */
export function normalisedInput(): number[] {
  const [, channels, height, width] = normalisedDims
  const pixels = height * width
  return Array.from({ length: channels * pixels }, (_, i) => {
    const [channel, pixel] = [Math.floor(i / pixels), i % pixels]
    if (channel === channels - 1) return 3 + (pixel % 2 === 0 ? 20 : -20)
    return 3 + ((i * i * 31 + 7 * i) % 41) - 20 + (channel % 3) - 1
  })
}
