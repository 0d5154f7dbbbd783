import { add, ceilDivide, type Dim, floorDivide, isStatic, multiply, subtract } from '../graph/dim.ts'
import type { Node } from '../graph/graph.ts'
import type { KernelWriter } from './lowering.ts'

/** How a kernel window walks over the spatial axes of convolutions and pools. */
export interface Window {
  readonly kernel: readonly number[]
  readonly strides: readonly number[]
  readonly dilations: readonly number[]
  readonly padsBegin: readonly Dim[]
  readonly padsEnd: readonly Dim[]
  readonly input: readonly Dim[]
  readonly output: readonly Dim[]
}

/**
 * Reads kernel, strides, dilations and pads of a node and computes the output's spatial dimensions
 * (ONNX Conv-22 and MaxPool-22: `output = ⌊(input + pads - ((kernel - 1) * dilation + 1)) / stride⌋ + 1`,
 * ⌈…⌉ with `ceil_mode`, where windows that would start in the end padding are left out).
 */
export function windowOf(node: Node, spatial: readonly Dim[], kernelShape: readonly Dim[]): Window {
  const kernel = node.ints('kernel_shape') ?? kernelShape
  if (!isStatic(kernel)) throw node.error('UNSUPPORTED_DYNAMIC', 'the kernel shape must be known at compile time')
  if (kernel.length !== spatial.length) {
    throw node.error(
      'MODEL_SHAPE',
      `kernel [${kernel.join(', ')}] has another rank than the spatial axes [${spatial.join(', ')}]`,
    )
  }
  const ones = kernel.map(() => 1)
  const strides = perAxis(node, 'strides', ones)
  const dilations = perAxis(node, 'dilations', ones)
  if (
    strides.some((stride) => stride < 1) ||
    dilations.some((dilation) => dilation < 1) ||
    kernel.some((size) => size < 1)
  ) {
    throw node.error('MODEL_ATTRIBUTE', 'kernel_shape, strides and dilations must be positive')
  }
  const extents = kernel.map((size, axis) => (size - 1) * dilations[axis]! + 1)
  const auto = node.string('auto_pad', 'NOTSET')
  if (auto === 'SAME_UPPER' || auto === 'SAME_LOWER')
    return samePadded(node, { kernel, strides, dilations, input: spatial }, extents, auto)
  const pads =
    auto === 'VALID' ? [...ones, ...ones].map(() => 0) : (node.ints('pads') ?? [...ones, ...ones].map(() => 0))
  if (pads.length !== 2 * kernel.length)
    throw node.error('MODEL_ATTRIBUTE', `pads has ${pads.length} entries, not ${2 * kernel.length}`)
  const padsBegin = pads.slice(0, kernel.length)
  const padsEnd = pads.slice(kernel.length)
  const output = spatial.map((dim, axis) => {
    const room = subtract(add(dim, padsBegin[axis]! + padsEnd[axis]!), extents[axis]!)
    if (typeof room === 'number' && room < 0) {
      throw node.error(
        'MODEL_SHAPE',
        `the window of size ${extents[axis]} does not fit into axis ${axis} of size ${dim} with its pads`,
      )
    }
    if (!node.int('ceil_mode', 0)) return add(floorDivide(room, strides[axis]!), 1)
    const ceiled = add(ceilDivide(room, strides[axis]!), 1)
    const startsInside =
      typeof ceiled === 'number' && typeof dim === 'number'
        ? (ceiled - 1) * strides[axis]! < dim + padsBegin[axis]!
        : true
    return startsInside ? ceiled : subtract(ceiled, 1)
  })
  return { kernel, strides, dilations, padsBegin, padsEnd, input: spatial, output }
}

function perAxis(node: Node, name: 'strides' | 'dilations', otherwise: readonly number[]): readonly number[] {
  const given = node.ints(name)
  if (!given) return otherwise
  if (given.length !== otherwise.length) {
    throw node.error(
      'MODEL_ATTRIBUTE',
      `${name} has ${given.length} entries, but there are ${otherwise.length} spatial axes`,
    )
  }
  return given
}

/** ONNX `auto_pad`: `output = ⌈input / stride⌉`; an odd pad goes to the end (SAME_UPPER) or the beginning. */
function samePadded(
  node: Node,
  window: Pick<Window, 'kernel' | 'strides' | 'dilations' | 'input'>,
  extents: readonly number[],
  auto: 'SAME_UPPER' | 'SAME_LOWER',
): Window {
  const output = window.input.map((dim, axis) => ceilDivide(dim, window.strides[axis]!))
  const totals: readonly Dim[] = window.input.map((dim, axis) => {
    const total = subtract(add(multiply(subtract(output[axis]!, 1), window.strides[axis]!), extents[axis]!), dim)
    return typeof total === 'number' ? Math.max(0, total) : total
  })
  if (!isStatic(totals)) {
    throw node.error('UNSUPPORTED_DYNAMIC', `auto_pad ${auto} needs spatial dimensions that are known at compile time`)
  }
  const less: number[] = totals.map((total) => Math.floor(total / 2))
  const more: number[] = totals.map((total) => Math.ceil(total / 2))
  const [padsBegin, padsEnd] = auto === 'SAME_UPPER' ? [less, more] : [more, less]
  return { ...window, output, padsBegin, padsEnd }
}

/** Designated initialisers of `om_window_nd`. */
export function windowInitializer(window: Window, dim: (dim: Dim) => string): string {
  const list = (dims: readonly Dim[]): string => `{${dims.map(dim).join(', ')}}`
  return (
    `{.rank = ${window.kernel.length}, .in = ${list(window.input)}, .out = ${list(window.output)}, ` +
    `.kernel = ${list(window.kernel)}, .stride = ${list(window.strides)}, .dilation = ${list(window.dilations)}, ` +
    `.pad_begin = ${list(window.padsBegin)}, .pad_end = ${list(window.padsEnd)}}`
  )
}

/** Compound literal of `om_conv2d_shape` or `om_pool2d_shape` over an NHWC image; `rest`: the fields that only one of them has. */
export function imageGeometry(
  struct: string,
  node: Node,
  window: Window,
  rest: Readonly<Record<string, Dim>>,
  k: Pick<KernelWriter, 'dim'>,
): string {
  const [batch, height, width, channels] = node.input(0).dims as readonly [Dim, Dim, Dim, Dim]
  const pair = (name: string, [y, x]: readonly Dim[]): Record<string, Dim> => ({
    [`${name}_height`]: y!,
    [`${name}_width`]: x!,
  })
  const [pad_top, pad_left] = window.padsBegin as readonly [Dim, Dim]
  const fields = {
    batch,
    height,
    width,
    channels,
    ...pair('out', window.output),
    ...pair('kernel', window.kernel),
    ...pair('stride', window.strides),
    ...pair('dilation', window.dilations),
    pad_top,
    pad_left,
    ...rest,
  }
  return `(${struct}){${Object.entries(fields)
    .map(([field, dim]) => `.${field} = ${k.dim(dim)}`)
    .join(', ')}}`
}
