import { type OperatorSource, type TensorSource, tfliteBytes } from '../formats/tflite/writer.ts'
import { clamp, scaled } from './gated-model.ts'

// A transposed convolution of int8, SAME, with a scale for each filter, as a .tflite file; and its results as TensorFlow Lite's
// reference kernel computes them: LiteRT kernels/internal/reference/integer_ops/transpose_conv.h.

const [size, channels, filters, kernel, stride] = [5, 6, 4, 3, 2] as const
const out = size * stride
const x = { scale: 0.04312, zero: 3 }
const y = { scale: 0.21307, zero: -11 }

const scales = [0.00731, 0.00518, 0.01142, 0.00907].map(Math.fround)
const bias = [301, -1207, 44, 2210]
const weights = Array.from(
  { length: filters * kernel * kernel * channels },
  (_, i) => ((i * i * 37 + 11 * i) % 255) - 127,
)

export function upsamplingModel(): Uint8Array {
  const tensors: TensorSource[] = [
    { type: 'int32', shape: [4], data: Int32Array.of(1, out, out, filters) },
    {
      type: 'int8',
      shape: [filters, kernel, kernel, channels],
      data: Int8Array.from(weights),
      scale: scales,
      zeroPoint: scales.map(() => 0),
    },
    { type: 'int8', shape: [1, size, size, channels], scale: x.scale, zeroPoint: x.zero },
    {
      type: 'int32',
      shape: [filters],
      data: Int32Array.from(bias),
      scale: scales.map((scale) => Math.fround(Math.fround(x.scale) * scale)),
      zeroPoint: scales.map(() => 0),
    },
    { type: 'int8', shape: [1, out, out, filters], scale: y.scale, zeroPoint: y.zero },
  ]
  const options = [{ int8: 0 }, { int32: stride }, { int32: stride }]
  const operators: OperatorSource[] = [{ op: 'TRANSPOSE_CONV', inputs: [0, 1, 2, 3], outputs: [4], options }]
  return tfliteBytes({ subgraphs: [{ tensors, inputs: [2], outputs: [4], operators }] })
}

export const upsamplingInput = (): number[] =>
  Array.from({ length: size * size * channels }, (_, i) => ((i * i * 31 + 7 * i) % 255) - 127)

export function upsamplingResult(codes: readonly number[]): number[] {
  const sums = Array.from({ length: out * out * filters }, (_, i) => bias[i % filters]!)
  const places = Array.from({ length: size * size * kernel * kernel }, (_, i) => i)
  for (const place of places) {
    const [tap, pixel] = [place % (kernel * kernel), Math.floor(place / (kernel * kernel))]
    // One row and column of the windows are beyond the result: of SAME, those at the end.
    const row = Math.floor(pixel / size) * stride + Math.floor(tap / kernel)
    const column = (pixel % size) * stride + (tap % kernel)
    if (row >= out || column >= out) continue
    for (let o = 0; o < filters; o++)
      for (let c = 0; c < channels; c++)
        sums[(row * out + column) * filters + o]! +=
          (codes[pixel * channels + c]! - x.zero) * weights[(o * kernel * kernel + tap) * channels + c]!
  }
  const factors = scales.map((scale) => (Math.fround(x.scale) * scale) / Math.fround(y.scale))
  return sums.map((sum, i) => clamp(scaled(sum, factors[i % filters]!) + y.zero))
}
