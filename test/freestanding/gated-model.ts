import { type OperatorSource, type TensorSource, tfliteBytes } from '../formats/tflite/writer.ts'

// What quantised networks have between convolutions, as one .tflite file of int8: padded averages, a sum that is limited, a gate
// (averages, a table, a product that is broadcast), and a larger image. And its results as TensorFlow Lite's reference kernels
// compute them: LiteRT kernels/internal/reference, of the operators' names.

const [size, channels, out] = [6, 5, 11] as const

interface Codes {
  readonly scale: number
  readonly zero: number
}

const x: Codes = { scale: 0.04312, zero: 3 }
const sum: Codes = { scale: 0.05127, zero: -101 }
const mean: Codes = { scale: 0.04418, zero: -97 }
const gate: Codes = { scale: 1 / 256, zero: -128 }
const product: Codes = { scale: 0.03981, zero: -90 }

const int8 = (value: number) => ({ int8: value })
const int32 = (value: number) => ({ int32: value })

export function gatedModel(): Uint8Array {
  const image = [1, size, size, channels]
  const codes = (shape: readonly number[], { scale, zero }: Codes): TensorSource => ({
    type: 'int8',
    shape,
    scale,
    zeroPoint: zero,
  })
  const list = (...values: number[]): TensorSource => ({
    type: 'int32',
    shape: [values.length],
    data: Int32Array.from(values),
  })
  const tensors = [
    codes(image, x),
    codes(image, x),
    codes(image, sum),
    list(1, 2),
    codes([1, 1, 1, channels], mean),
    codes([1, 1, 1, channels], gate),
    codes(image, product),
    list(out, out),
    codes([1, out, out, channels], product),
  ]
  const operators: OperatorSource[] = [
    { op: 'AVERAGE_POOL_2D', inputs: [0], outputs: [1], options: [int8(0), int32(1), int32(1), int32(3), int32(3)] },
    { op: 'ADD', inputs: [0, 1], outputs: [2], options: [int8(3)] },
    { op: 'MEAN', inputs: [2, 3], outputs: [4], options: [{ bool: true }] },
    { op: 'LOGISTIC', inputs: [4], outputs: [5] },
    { op: 'MUL', inputs: [2, 5], outputs: [6] },
    { op: 'RESIZE_BILINEAR', inputs: [6, 7], outputs: [8], options: [undefined, undefined, undefined, { bool: true }] },
  ]
  return tfliteBytes({ subgraphs: [{ tensors, inputs: [0], outputs: [8], operators }] })
}

const away = (value: number): number => Math.sign(value) * Math.floor(Math.abs(value) + 0.5) || 0
export const clamp = (code: number, least = -128, most = 127): number => Math.min(most, Math.max(least, code))

/** `MultiplyByQuantizedMultiplier`, of factors below 1. */
export function scaled(value: number, factor: number): number {
  const shift = -Math.floor(Math.log2(factor)) - 1
  const once = Math.floor((value * Math.round(factor * 2 ** (31 + shift)) + 2 ** 30) / 2 ** 31)
  return away(once / 2 ** shift)
}

const at = (y: number, column: number, c: number, width: number = size): number => (y * width + column) * channels + c

function pooled(codes: readonly number[]): number[] {
  return codes.map((_, i) => {
    const [row, column, c] = [Math.floor(i / channels / size), Math.floor(i / channels) % size, i % channels]
    let [total, count] = [0, 0]
    for (let iy = Math.max(0, row - 1); iy <= Math.min(size - 1, row + 1); iy++)
      for (let ix = Math.max(0, column - 1); ix <= Math.min(size - 1, column + 1); ix++) {
        total += codes[at(iy, ix, c)]!
        count++
      }
    return Math.trunc((total > 0 ? total + Math.floor(count / 2) : total - Math.floor(count / 2)) / count)
  })
}

function added(a: readonly number[], b: readonly number[]): number[] {
  const f = Math.fround
  const twice = 2 * f(x.scale)
  const most = sum.zero + away(6 / f(sum.scale))
  const term = (code: number): number => scaled((code - x.zero) * 2 ** 20, f(x.scale) / twice)
  return a.map((code, i) => {
    const total = term(code) + term(b[i]!)
    return clamp(scaled(total, twice / (2 ** 20 * f(sum.scale))) + sum.zero, sum.zero, most)
  })
}

function resized(codes: readonly number[]): number[] {
  const ratio = Math.floor((1024 * size + Math.floor(out / 2)) / out)
  const place = (index: number): readonly [number, number, number] => {
    const position = index * ratio + Math.floor(ratio / 2) - 512
    const low = Math.max(Math.trunc(position / 1024), 0)
    return [low, Math.min(Math.trunc((position + 1023) / 1024), size - 1), position - 1024 * low]
  }
  return Array.from({ length: out * out * channels }, (_, i) => {
    const [y0, y1, down] = place(Math.floor(i / channels / out))
    const [x0, x1, right] = place(Math.floor(i / channels) % out)
    const c = i % channels
    const top = codes[at(y0, x0, c)]! * (1024 - right) + codes[at(y0, x1, c)]! * right
    const bottom = codes[at(y1, x0, c)]! * (1024 - right) + codes[at(y1, x1, c)]! * right
    return away((top * (1024 - down) + bottom * down) / 2 ** 20)
  })
}

export function gatedResult(codes: readonly number[]): number[] {
  const f = Math.fround
  const limited = added(codes, pooled(codes))
  const pixels = size * size
  const gates = Array.from({ length: channels }, (_, c) => {
    const total = limited.reduce((before, code, i) => (i % channels === c ? before + code - sum.zero : before), 0)
    // reduce.h: the number of elements, with floor(log2(count)) more bits.
    const code = clamp(scaled(total, f(sum.scale) / f(mean.scale) / pixels) + mean.zero)
    return clamp(Math.round(256 / (1 + Math.exp(-(code - mean.zero) * f(mean.scale)))) + gate.zero)
  })
  const factor = f(f(f(sum.scale) * f(gate.scale)) / f(product.scale))
  const gated = limited.map((code, i) =>
    clamp(scaled((code - sum.zero) * (gates[i % channels]! - gate.zero), factor) + product.zero),
  )
  return resized(gated)
}

export const gatedInput = (): number[] =>
  Array.from({ length: size * size * channels }, (_, i) => ((i * i * 31 + 7 * i) % 255) - 127)
