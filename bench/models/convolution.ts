import type { Trace } from './trace.ts'

export interface ConvolutionOptions {
  /** Per axis, as the next ones. */
  readonly kernel: readonly number[]
  readonly strides?: readonly number[]
  readonly dilations?: readonly number[]
  /** The same on both sides; `[begin…, end…]` where it has twice as many. */
  readonly pads?: readonly number[]
  readonly groups?: number
  readonly bias?: boolean
  /** Of the output's spread to the input's, 1.4 (√2) for one that a Relu halved. */
  readonly gain?: number
}

/**
 * `nn.Conv1d` and `nn.Conv2d`. A BatchNormalization behind it is folded into its weights by exporters, and so is not there.
 * @param channels in and out
 */
export function convolution(
  t: Trace,
  name: string,
  x: string,
  [from, to]: readonly [number, number],
  options: ConvolutionOptions,
): string {
  const { kernel, groups = 1, bias = true, gain = Math.SQRT2 } = options
  const ones = kernel.map(() => 1)
  const { strides = ones, dilations = ones, pads = kernel.map(() => 0) } = options
  const taps = kernel.reduce((product, size) => product * size, from / groups)
  return t.within(name, () => {
    const weight = t.weight('weight', [to, from / groups, ...kernel], { std: gain / Math.sqrt(taps) })
    return t.op('Conv', [x, weight, ...(bias ? [t.weight('bias', [to], { std: 0.1 })] : [])], {
      dilations: dilations.map(BigInt),
      group: BigInt(groups),
      kernel_shape: kernel.map(BigInt),
      pads: (pads.length === kernel.length ? [...pads, ...pads] : pads).map(BigInt),
      strides: strides.map(BigInt),
    })
  })
}

/** A square one, padded so that a stride of 1 keeps the size. */
export function square(
  t: Trace,
  name: string,
  x: string,
  channels: readonly [number, number],
  kernel: number,
  options: Omit<ConvolutionOptions, 'kernel' | 'pads' | 'strides'> & { readonly stride?: number } = {},
): string {
  const { stride = 1, ...rest } = options
  const pad = Math.floor(kernel / 2)
  return convolution(t, name, x, channels, {
    kernel: [kernel, kernel],
    pads: [pad, pad],
    strides: [stride, stride],
    ...rest,
  })
}

/** One filter per channel. */
export function depthwise(t: Trace, name: string, x: string, channels: number, kernel: number, stride = 1): string {
  return square(t, name, x, [channels, channels], kernel, { groups: channels, stride })
}

export function maxPool(t: Trace, x: string, kernel: number, stride: number, pad = 0): string {
  return t.op('MaxPool', [x], {
    ceil_mode: 0n,
    kernel_shape: [kernel, kernel].map(BigInt),
    pads: [pad, pad, pad, pad].map(BigInt),
    strides: [stride, stride].map(BigInt),
  })
}
