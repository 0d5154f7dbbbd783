import type { Tensor } from '../../src/onnx/model.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { pictures } from './heads.ts'
import type { MadeModel } from './made-model.ts'
import { invertedResiduals, type InvertedResidual, type MobileNetV2Size } from './mobilenet-v2.ts'
import { randomFloats } from './random.ts'
import { Trace } from './trace.ts'

/** A value that was quantised and dequantised, and what is known of it. */
interface Quantised {
  readonly value: string
  readonly scale: number
  /** Root of the mean square. */
  readonly rms: number
}

/** What calibration found: values of 0 to `max` (behind a Relu6), or of -`max` to `max`. */
interface Range {
  readonly max: number
  readonly isPositive: boolean
  readonly rms: number
}

/** Behind a Relu6 whose input has a spread of 1. */
const relued: Range = { max: 5, isPositive: true, rms: Math.SQRT1_2 }

function around(spread: number): Range {
  return { max: 4 * spread, isPositive: false, rms: spread }
}

/**
 * MobileNet v2 as onnxruntime's static quantiser writes it: uint8 values, int8 weights with a scale per channel, int32
 * biases, and a QuantizeLinear and DequantizeLinear behind each node. The Relu6 are gone: quantising cuts off as they do.
 */
export function mobileNetInt8(name: string, { pixels, classes, stages }: MobileNetV2Size): MadeModel {
  const t = new Trace(name, 'torchscript', 14)
  const image = t.input('input', 'float32', ['batch', 3, pixels, pixels])
  let x = quantised(t, 'input', image, { max: 2.5, isPositive: false, rms: 1 })
  x = convolution(t, 'features.0', x, { channels: [3, 32], kernel: 3, stride: 2, range: relued })
  const blocks = invertedResiduals(stages)
  for (const [i, block] of blocks.entries()) x = invertedResidual(t, `features.${i + 1}`, x, block)
  const channels = 4 * blocks.at(-1)!.to
  const top = `features.${blocks.length + 1}`
  x = convolution(t, top, x, { channels: [channels / 4, channels], kernel: 1, range: relued })
  const mean: Range = { max: 1.5, isPositive: true, rms: 0.45 }
  const pooled = quantised(t, 'pooled', t.op('GlobalAveragePool', [x.value]), mean)
  const flat = quantised(t, 'flat', t.op('Flatten', [pooled.value], { axis: 1n }), mean)
  const [weight, bias] = parameters(t, 'classifier', flat, [classes, channels], 2 / Math.sqrt(channels))
  const scores = t.op('Gemm', [flat.value, weight, bias], { alpha: 1, beta: 1, transB: 1n })
  const { value, scale } = quantised(t, 'scores', scores, around(2 * mean.rms))
  t.output('output', value, 'float32', ['batch', classes])
  return { source: t.source(), workloads: pictures(name, 'input', pixels), step: scale }
}

function invertedResidual(
  t: Trace,
  name: string,
  x: Quantised,
  { from, to, expanded, stride }: InvertedResidual,
): Quantised {
  const wide =
    from === expanded
      ? x
      : convolution(t, `${name}.conv.0`, x, { channels: [from, expanded], kernel: 1, range: relued })
  const filter = { channels: [expanded, expanded], kernel: 3, stride, groups: expanded, range: relued } as const
  const filtered = convolution(t, `${name}.conv.1`, wide, filter)
  const narrow = { channels: [expanded, to], kernel: 1, range: around(0.5) } as const
  const branch = convolution(t, `${name}.conv.2`, filtered, narrow)
  if (stride !== 1 || from !== to) return branch
  return quantised(t, `${name}.sum`, t.op('Add', [x.value, branch.value]), around(Math.hypot(x.rms, branch.rms)))
}

interface ConvolutionOptions {
  readonly channels: readonly [number, number]
  readonly kernel: number
  readonly stride?: number
  readonly groups?: number
  /** Of the result, which the weights are made for. */
  readonly range: Range
}

function convolution(t: Trace, name: string, x: Quantised, options: ConvolutionOptions): Quantised {
  const {
    channels: [from, to],
    kernel,
    stride = 1,
    groups = 1,
    range,
  } = options
  const taps = (from / groups) * kernel ** 2
  const spread = (range.isPositive ? 1 : range.rms) / x.rms / Math.sqrt(taps)
  const [weight, bias] = parameters(t, name, x, [to, from / groups, kernel, kernel], spread)
  const pad = BigInt(Math.floor(kernel / 2))
  const sums = t.op('Conv', [x.value, weight, bias], {
    dilations: [1n, 1n],
    group: BigInt(groups),
    kernel_shape: [BigInt(kernel), BigInt(kernel)],
    pads: [pad, pad, pad, pad],
    strides: [BigInt(stride), BigInt(stride)],
  })
  return quantised(t, name, sums, range)
}

/** A value as eight bits, and as floats again. */
function quantised(t: Trace, name: string, value: string, { max, isPositive, rms }: Range): Quantised {
  const scale = Math.fround((isPositive ? max : 2 * max) / 255)
  const given = [
    t.initializer(`${name}_scale`, tensorFrom('float32', [], [scale])),
    t.initializer(`${name}_zero_point`, tensorFrom('uint8', [], [isPositive ? 0 : 128])),
  ]
  const small = t.op('QuantizeLinear', [value, ...given])
  return { value: t.op('DequantizeLinear', [small, ...given]), scale, rms }
}

/** Weights of int8 by output channel and a bias of int32, dequantised. */
function parameters(
  t: Trace,
  name: string,
  x: Quantised,
  dims: readonly [number, ...number[]],
  std: number,
): [string, string] {
  const [channels] = dims
  const floats = randomFloats(`${t.model}/${name}.weight`, dims, { std })
  const perChannel = floats.length / channels
  const scales = Array.from({ length: channels }, (_, channel) => {
    const row = floats.subarray(channel * perChannel, (channel + 1) * perChannel)
    return Math.fround(row.reduce((max, value) => Math.max(max, Math.abs(value)), 0) / 127)
  })
  const weights = Array.from(floats, (value, i) => Math.round(value / scales[Math.floor(i / perChannel)]!))
  const ofSums = scales.map((scale) => Math.fround(scale * x.scale))
  const offsets = randomFloats(`${t.model}/${name}.bias`, [channels], { std: 0.1 })
  const biases = Array.from(offsets, (value, i) => Math.round(value / ofSums[i]!))
  const dequantised = (part: string, values: Tensor, by: readonly number[]): string => {
    const zeros = by.map(() => 0)
    const inputs = [
      t.initializer(`${name}.${part}_quantized`, values),
      t.initializer(`${name}.${part}_scale`, tensorFrom('float32', [channels], by)),
      t.initializer(`${name}.${part}_zero_point`, tensorFrom(values.type, [channels], zeros)),
    ]
    return t.op('DequantizeLinear', inputs, { axis: 0n })
  }
  return [
    dequantised('weight', tensorFrom('int8', dims, weights), scales),
    dequantised('bias', tensorFrom('int32', [channels], biases), ofSums),
  ]
}
