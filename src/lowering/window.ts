import {
  add,
  ceilDivide,
  type Dim,
  floorDivide,
  isAtLeast,
  isStatic,
  maximum,
  minimum,
  multiply,
  subtract,
  truncDivide,
} from '../graph/dim.ts'
import type { Node, Value } from '../graph/graph.ts'
import { choiceOf } from '../graph/choice.ts'
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

/** Whether windows must lie within input and pads, as those of convolutions, or may reach beyond, as those of pools. */
export type Reach = 'within' | 'beyond'

/** OM_MAX_SPATIAL of native/kernels/nd.h. */
const MOST_AXES = 8

/** Refuses windows over more axes than their C struct has room for. */
export function checkSpatialAxes(node: Node, count: number): void {
  if (count > MOST_AXES)
    throw node.error('UNSUPPORTED_RANK', `windows over ${count} spatial axes are not supported, ${MOST_AXES} at most`)
}

const autoPads = { NOTSET: 'NOTSET', SAME_UPPER: 'SAME_UPPER', SAME_LOWER: 'SAME_LOWER', VALID: 'VALID' } as const

export function autoPadOf(node: Node): keyof typeof autoPads {
  return choiceOf<keyof typeof autoPads>(node, 'auto_pad', 'NOTSET', autoPads)
}

/**
 * Reads kernel, strides, dilations and pads of a node and computes the output's spatial dimensions, exactly whatever
 * the input's turn out to be (see `countOf`).
 */
export function windowOf(node: Node, spatial: readonly Dim[], kernelShape: readonly Dim[], reach: Reach): Window {
  const kernel = node.ints('kernel_shape') ?? kernelShape
  if (!isStatic(kernel)) throw node.error('UNSUPPORTED_DYNAMIC', 'the kernel shape must be known at compile time')
  if (kernel.length !== spatial.length) {
    throw node.error(
      'MODEL_SHAPE',
      `kernel [${kernel.join(', ')}] has another rank than the spatial axes [${spatial.join(', ')}]`,
    )
  }
  checkSpatialAxes(node, kernel.length)
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
  const taps = { kernel, strides, dilations, input: spatial }
  const auto = autoPadOf(node)
  if (auto === 'SAME_UPPER' || auto === 'SAME_LOWER') return samePadded(taps, auto)
  const zeros = [...ones, ...ones].map(() => 0)
  const pads = auto === 'VALID' ? zeros : (node.ints('pads') ?? zeros)
  if (pads.length !== 2 * kernel.length)
    throw node.error('MODEL_ATTRIBUTE', `pads has ${pads.length} entries, not ${2 * kernel.length}`)
  const padsBegin = pads.slice(0, kernel.length)
  const padsEnd = pads.slice(kernel.length)
  const ceil = reach === 'beyond' && node.int('ceil_mode', 0) !== 0
  const output = spatial.map((dim, axis) => {
    const extent = extentOf(taps, axis)
    const count = countOf(dim, padsBegin[axis]!, padsEnd[axis]!, extent, strides[axis]!, reach, ceil)
    if (typeof count === 'number' && count < (reach === 'within' ? 1 : 0)) {
      throw node.error(
        'MODEL_SHAPE',
        `the window of size ${extent} does not fit into axis ${axis} of size ${dim} with its pads`,
      )
    }
    return count
  })
  return { ...taps, padsBegin, padsEnd, output }
}

/** Elements from the first tap of a window to its last, along one axis. */
function extentOf({ kernel, dilations }: Pick<Window, 'kernel' | 'dilations'>, axis: number): number {
  return (kernel[axis]! - 1) * dilations[axis]! + 1
}

/**
 * How many windows there are along one axis: `(input + pads - extent) / stride + 1` (ONNX Conv-22 and MaxPool-22).
 *
 * The quotient is rounded down. With `ceil_mode` it is rounded up, but windows that would start in the end padding are
 * left out. Pools round it towards zero where it is negative, as the C++ of ONNX's shape inference and onnxruntime do:
 * one window of 2 overhangs an axis of 1.
 */
function countOf(
  input: Dim,
  padBegin: number,
  padEnd: number,
  extent: number,
  stride: number,
  reach: Reach,
  ceil: boolean,
): Dim {
  const room = subtract(add(input, padBegin + padEnd), extent)
  if (ceil) {
    const count = add(ceilDivide(room, stride), 1)
    const startsInside = padEnd + stride <= extent
    return startsInside ? count : minimum(count, add(floorDivide(add(input, padBegin - 1), stride), 1))
  }
  // For inputs with elements; see `checkPooled` for those without.
  const negative = extent - padBegin - padEnd > 1
  return add(reach === 'beyond' && negative ? truncDivide(room, stride) : floorDivide(room, stride), 1)
}

/**
 * Demands of a convolution's window that it fits into input and pads, when the model runs. Windows that fit into whatever
 * has elements need no check: an axis without any gives none.
 */
export function checkFits(k: KernelWriter, window: Window): void {
  window.input.forEach((dim, axis) => {
    const extent = extentOf(window, axis)
    const pads = add(window.padsBegin[axis]!, window.padsEnd[axis]!)
    if (typeof pads !== 'number' || extent - pads <= 1 || isAtLeast(dim, extent - pads)) return
    k.failIf(`${k.dim(dim)} < ${extent - pads}`, `the window of size ${extent} does not fit into spatial axis ${axis}`)
  })
}

/** Demands of what is pooled that it has elements, where there would be a window of padding alone, without largest one or mean. */
export function checkPooled(node: Node, k: KernelWriter, window: Window): void {
  const ceil = node.int('ceil_mode', 0) !== 0
  if (node.string('auto_pad', 'NOTSET').startsWith('SAME')) return
  window.input.forEach((dim, axis) => {
    const [begin, end] = [Number(window.padsBegin[axis]), Number(window.padsEnd[axis])]
    const ofNothing = countOf(0, begin, end, extentOf(window, axis), window.strides[axis]!, 'beyond', ceil)
    if (!isAtLeast(0, ofNothing) && !isAtLeast(dim, 1))
      k.failIf(`${k.dim(dim)} < 1`, `spatial axis ${axis} has no elements to pool`)
  })
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

/**
 * ONNX `auto_pad`: `output = ⌈input / stride⌉`, and as many pads as that takes; where it is odd the last one goes to
 * the end (SAME_UPPER) or the beginning.
 */
function samePadded(
  window: Pick<Window, 'kernel' | 'strides' | 'dilations' | 'input'>,
  auto: 'SAME_UPPER' | 'SAME_LOWER',
): Window {
  const output = window.input.map((dim, axis) => ceilDivide(dim, window.strides[axis]!))
  const totals = window.input.map((dim, axis) =>
    subtract(add(multiply(subtract(output[axis]!, 1), window.strides[axis]!), extentOf(window, axis)), dim),
  )
  return { ...window, output, ...splitPads(totals, auto) }
}

/** Begin and end pads that add up to `totals` (none where those are negative), the odd one at the end with SAME_UPPER. */
export function splitPads(totals: readonly Dim[], auto: string): Pick<Window, 'padsBegin' | 'padsEnd'> {
  const pads = totals.map((total) => maximum(total, 0))
  const less = pads.map((total) => floorDivide(total, 2))
  const more = pads.map((total, axis) => subtract(total, less[axis]!))
  const [padsBegin, padsEnd] = auto === 'SAME_UPPER' ? [less, more] : [more, less]
  return { padsBegin, padsEnd }
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

/** Fields of om_conv2d_shape or om_pool2d_shape for pixels that lie apart. */
export function pixelFields(k: Pick<KernelWriter, 'slice'>, x: Value, y: Value): Readonly<Record<string, Dim>> {
  const fields = [
    ['x_pixel', x],
    ['y_pixel', y],
  ] as const
  return Object.fromEntries(
    fields.flatMap(([name, value]) => {
      const { pixel } = k.slice(value)
      return pixel === value.dims.at(-1) ? [] : [[name, pixel]]
    }),
  )
}
