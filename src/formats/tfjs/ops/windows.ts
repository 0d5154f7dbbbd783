import type { Builder } from '../builder.ts'
import { axisIn, type Dim, type Value } from '../value.ts'

/** How a window of a convolution or pool moves over the spatial axes, which are those between batch and channels. */
export interface Window {
  readonly kernel: readonly number[]
  readonly strides: readonly number[]
  readonly dilations: readonly number[]
  /** `explicit`: begin and end of each spatial axis. */
  readonly padding: 'same' | 'valid' | readonly (readonly [begin: number, end: number])[]
}

type Attributes = Record<string, string | bigint | bigint[]>

function check(b: Builder, { kernel, strides, dilations, padding }: Window, x: Value): void {
  const all = [...kernel, ...strides, ...dilations]
  if (!all.every((value) => Number.isInteger(value) && value > 0))
    b.wrong('has a window, stride or dilation that is not positive')
  if (b.rank(x) !== kernel.length + 2)
    b.wrong(`takes a tensor of rank ${kernel.length + 2}, and is given one of rank ${b.rank(x)}`)
  if (Array.isArray(padding) && padding.flat().some((pad) => pad < 0)) b.wrong('has negative pads')
}

/**
 * Pads as ONNX has them and the sizes of the result. Of SAME, the odd one is at the end (tfjs-core ops/conv_util.ts,
 * `getPadAndOutInfo`). Sizes that only a run knows leave it to ONNX, whose rule for SAME_UPPER is the same.
 */
function placed(b: Builder, x: Value, window: Window): { readonly attributes: Attributes; readonly sizes: Dim[] } {
  check(b, window, x)
  const { kernel, strides, dilations, padding } = window
  const given = x.shape!.slice(1, -1)
  const reach = kernel.map((size, i) => (size - 1) * dilations[i]! + 1)
  if (padding === 'same') {
    const sizes = given.map((size, i) => size && Math.ceil(size / strides[i]!))
    const totals = sizes.map((size, i) => size === undefined ? undefined : Math.max(0, (size - 1) * strides[i]! + reach[i]! - given[i]!)) // prettier-ignore
    if (totals.includes(undefined)) return { attributes: { auto_pad: 'SAME_UPPER' }, sizes }
    return { attributes: padsOf(totals.map((total) => [Math.floor(total! / 2), Math.ceil(total! / 2)])), sizes }
  }
  const pads = padding === 'valid' ? kernel.map(() => [0, 0] as const) : padding
  const sizes = given.map((size, i) => {
    if (size === undefined) return undefined
    const out = Math.floor((size + pads[i]![0] + pads[i]![1] - reach[i]!) / strides[i]!) + 1
    return out > 0 ? out : b.wrong(`has a window of ${reach[i]} on ${size} elements`)
  })
  return { attributes: padsOf(pads), sizes }
}

function padsOf(pads: readonly (readonly [begin: number, end: number])[]): Attributes {
  const list = [...pads.map(([begin]) => begin), ...pads.map(([, end]) => end)]
  return list.every((pad) => pad === 0) ? {} : { pads: list.map(BigInt) }
}

/** @param filter spatial sizes, channels in (of one group), channels out */
export function conv(b: Builder, x: Value, filter: Value, window: Omit<Window, 'kernel'>): Value {
  const rank = b.rank(filter)
  const kernel = Array.from({ length: rank - 2 }, (_, axis) => b.size(filter, axis))
  const [perGroup, out] = [b.size(filter, rank - 2), b.size(filter, rank - 1)]
  const channels = x.shape?.at(-1) ?? perGroup
  if (channels % perGroup !== 0) b.wrong(`has a filter for ${perGroup} channels, and is given ${channels}`)
  const weights = b.get(b.transpose(filter, [rank - 1, rank - 2, ...kernel.map((_, i) => i)]))
  return convolve(b, x, weights, { ...window, kernel }, channels / perGroup, out)
}

/** @param filter height, width, channels, results of each channel */
export function depthwise(b: Builder, x: Value, filter: Value, window: Omit<Window, 'kernel'>): Value {
  const [kh, kw, channels, each] = [0, 1, 2, 3].map((axis) => b.size(filter, axis)) as [number, number, number, number]
  if ((x.shape?.at(-1) ?? channels) !== channels)
    b.wrong(`has a filter for ${channels} channels, and is given ${x.shape?.at(-1)}`)
  // [kh, kw, C, M] → [C · M, 1, kh, kw]
  const weights = b.get(b.reshape(b.transpose(filter, [2, 3, 0, 1]), [channels * each, 1, kh, kw]))
  return convolve(b, x, weights, { ...window, kernel: [kh, kw] }, channels, channels * each)
}

function convolve(b: Builder, x: Value, weights: string, window: Window, groups: number, out: number): Value {
  const { attributes, sizes } = placed(b, x, window)
  const name = b.op('Conv', [b.get(x, 'first'), weights], {
    kernel_shape: window.kernel.map(BigInt),
    strides: window.strides.map(BigInt),
    dilations: window.dilations.map(BigInt),
    group: BigInt(groups),
    ...attributes,
  })
  return b.value(name, x.type, [x.shape![0], ...sizes, out], 'first')
}

/**
 * The gradient of a convolution from its result to what it was given: what that would pad is cut off, and what it would leave
 * over is added at the end.
 *
 * @param filter spatial sizes, channels out, channels in
 * @param sizes of the result; where only a run knows them, `same` and `valid` give the usual ones, in · stride and what the windows cover
 */
export function transposedConv(
  b: Builder,
  x: Value,
  filter: Value,
  { strides, padding, dilations }: Omit<Window, 'kernel'>,
  sizes: readonly Dim[] = [],
): Value {
  const rank = b.rank(filter)
  const kernel = Array.from({ length: rank - 2 }, (_, axis) => b.size(filter, axis))
  check(b, { kernel, strides, dilations, padding }, x)
  if (dilations.some((dilation) => dilation !== 1)) b.fail('has a transposed convolution with dilations')
  if (typeof padding !== 'string') b.fail('has a transposed convolution with explicit pads')
  const given = x.shape!.slice(1, -1)
  const results = given.map((size, i) => {
    const usual = size && size * strides[i]! + (padding === 'same' ? 0 : Math.max(kernel[i]! - strides[i]!, 0))
    return sizes[i] ?? usual
  })
  const totals = kernel.map((size, i) => {
    const [from, to] = [given[i], results[i]]
    if (from !== undefined && to !== undefined) return (from - 1) * strides[i]! + size - to
    return padding === 'same' ? size - strides[i]! : Math.min(size - strides[i]!, 0)
  })
  const pads = totals.map((total) => [Math.floor(Math.max(0, total) / 2), Math.ceil(Math.max(0, total) / 2)] as const)
  const name = b.op(
    'ConvTranspose',
    [b.get(x, 'first'), b.get(b.transpose(filter, [rank - 1, rank - 2, ...kernel.map((_, i) => i)]))],
    {
      kernel_shape: kernel.map(BigInt),
      strides: strides.map(BigInt),
      ...padsOf(pads),
      output_padding: totals.map((total) => BigInt(Math.max(0, -total))),
    },
  )
  return b.value(name, x.type, [x.shape![0], ...results, b.size(filter, rank - 2)], 'first')
}

/** The greatest or the mean of each window; means don't count padding. */
export function pool(b: Builder, op: 'MaxPool' | 'AveragePool', x: Value, window: Window): Value {
  const { attributes, sizes } = placed(b, x, window)
  // Codes of tfjs are int32 where they are integers, which ONNX has no pools of.
  if (x.type !== 'float32') b.fail(`has a pool of type ${x.type}`)
  const name = b.op(op, [b.get(x, 'first')], {
    kernel_shape: window.kernel.map(BigInt),
    strides: window.strides.map(BigInt),
    ...(window.dilations.some((dilation) => dilation !== 1) && { dilations: window.dilations.map(BigInt) }),
    ...attributes,
  })
  return b.value(name, x.type, [x.shape![0], ...sizes, x.shape!.at(-1)], 'first')
}

/** Reduces all spatial axes; `keeps`: to 1. */
export function globalPool(b: Builder, op: 'ReduceMean' | 'ReduceMax', x: Value, keeps: boolean): Value {
  const rank = b.rank(x)
  const axes = Array.from({ length: rank - 2 }, (_, i) => axisIn('first', i + 1, rank))
  const name = b.op(op, [b.get(x, 'first'), b.writer.ints(axes)], { keepdims: keeps ? 1n : 0n })
  const [batch, channels] = [x.shape![0], x.shape!.at(-1)]
  return keeps
    ? b.value(name, x.type, [batch, ...axes.map(() => 1), channels], 'first')
    : b.value(name, x.type, [batch, channels])
}
