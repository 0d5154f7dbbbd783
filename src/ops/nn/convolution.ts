import { type Dim, multiply, product } from '../../graph/dim.ts'
import type { Node, ValueInfo } from '../../graph/graph.ts'
import { takes } from '../../graph/rules.ts'
import {
  gemmScratchBytes,
  lanes,
  winogradMayPay,
  winogradPays,
  winogradScratchBytes,
  winogradSuits,
} from '../../lowering/kernel-shape.ts'
import { agreeConvolution } from './convolution-rules.ts'
import { activationOf, epilogueLiteral, fusesEpilogue } from '../../lowering/epilogue.ts'
import type { WinogradUse } from '../../lowering/choices.ts'
import type { KernelWriter, LoweredOperator } from '../../lowering/lowering.ts'
import type { Packing } from '../../lowering/packing.ts'
import { widenNarrowFloats } from '../../lowering/widen.ts'
import {
  checkFits,
  imageGeometry,
  pixelFields,
  type Window,
  windowInitializer,
  windowOf,
} from '../../lowering/window.ts'

/** What Conv states beside its window: x [N, C, …], w [M, C/group, kernel…]. */
function convolution(node: Node, spatial: readonly Dim[]): { window: Window; groups: number; outChannels: Dim } {
  const { dims } = node.input(1)
  return {
    window: windowOf(node, spatial, dims.slice(2), 'within'),
    groups: node.int('group', 1),
    outChannels: dims[0]!,
  }
}

const ofNchw = (node: Node): ReturnType<typeof convolution> => convolution(node, node.input(0).dims.slice(2))
const ofNhwc = (node: Node): ReturnType<typeof convolution> => convolution(node, node.input(0).dims.slice(1, 3))

/** ONNX Conv-1 … 22, in the file's layout and any number of spatial axes. Two axes become `om.Conv2d`, see layout.ts. */
const Conv: LoweredOperator = {
  name: 'Conv',
  rules: takes('X:T[_, _, _, ...] W:T[m, _, _, ...] B?:T[m]', { T: 'float' }, agreeConvolution),
  infer(node): ValueInfo[] {
    const { window, outChannels } = ofNchw(node)
    return [{ type: node.input(0).type, shape: [node.input(0).dims[0]!, outChannels, ...window.output] }]
  },
  decompose: widenNarrowFloats,
  check: (node, k) => checkFits(k, ofNchw(node).window),
  lower(node, k) {
    const { window, groups, outChannels } = ofNchw(node)
    const [batch, channels] = node.input(0).dims as [Dim, Dim]
    const suffix = node.input(0).type === 'float64' ? 'f64' : 'f32'
    k.include('nd.h')
    k.line(`const om_window_nd window = ${windowInitializer(window, (dim) => k.dim(dim))};`)
    const bias = node.inputs[2] ? k.input(2) : 'NULL'
    // One that finds its place in each window anew takes as long as 64 of a tile's.
    k.share(multiply(64, multiplications(node)))
    k.line(
      `om_conv_nd_${suffix}(${k.input(0)}, ${k.input(1)}, ${bias}, ${k.output()}, ${k.dim(batch)}, ${k.dim(channels)}, ${k.dim(outChannels)}, ${groups}, &window);`,
    )
  },
  flops,
}

/**
 * The compiler's own: Conv over NHWC with fixed weights (still in ONNX's layout), for the fast kernels. One that goes one by one
 * may have a gate [N or 1, 1, 1, C] that its input is multiplied with.
 */
const Conv2d: LoweredOperator = {
  name: 'Conv2d',
  domain: 'om',
  rules: takes('X:float32[_, _, _, _] W:float32[m, _, _, _] B?:float32[m] gate?:float32[_, _, _, _]', {}, (node) =>
    agreeConvolution(node, { x: 0, w: 1, channels: 3 }),
  ),
  infer(node): ValueInfo[] {
    const { window, outChannels } = ofNhwc(node)
    return [{ type: 'float32', shape: [node.input(0).dims[0]!, ...window.output, outChannels] }]
  },
  check: (node, k) => checkFits(k, ofNhwc(node).window),
  fuses: (node, epilogue, next) =>
    fusesEpilogue(node.output(), epilogue, next) && (!suitsGrouped(node) || activationOf(next) !== undefined),
  pixelsApart: (node) => (node.inputs[3] ? undefined : [0]),
  lower(node, k, epilogue) {
    const { window, groups } = ofNhwc(node)
    const weights = node.input(1)
    const [outChannels, groupChannels] = weights.staticShape as [number, number, number, number]
    const pixels = pixelFields(k, node.input(0), epilogue.at(-1)?.output() ?? node.output())
    const rest = { out_channels: outChannels, groups, ...pixels }
    const geometry = imageGeometry('om_conv2d_shape', node, window, rest, k)
    const bias = node.inputs[2] ? { column: k.input(2) } : {}
    const tail = `${geometry}, ${epilogueLiteral(k, node.output(), epilogue, bias)}`
    const call = (kernel: string, header: string, packings: readonly Packing[], scratch?: number): void => {
      k.share(multiplications(node), scratch)
      k.include(header)
      const data = [
        k.input(0),
        ...gateOf(node, k),
        ...packings.map((packing) => k.packed(weights, packing)),
        k.output(),
      ].join(', ')
      k.line(`${kernel}(${data}, ${tail}${scratch === undefined ? '' : `, ${k.scratch(scratch, 'void')}`});`)
    }
    const direct: Packing = { layout: 'convolution', groups }
    const [scratch, winogradScratch] = [gemmScratchBytes(k.shape), winogradScratchBytes(groupChannels, k.shape)]
    if (node.inputs[3]) return call('om_conv2d_gated_f32', 'conv.h', [direct], scratch)
    if (groupChannels === 1 && groups === outChannels) {
      return call('om_depthwise2d_f32', 'depthwise.h', [{ layout: 'depthwise' }])
    }
    if (suitsGrouped(node, lanes(k.shape) > 1 ? mostWindow.vectors : mostWindow.scalars))
      return call('om_grouped2d_f32', 'grouped.h', [{ layout: 'grouped' }], scratch)
    const suits = suitsWinograd(window, groups, groupChannels, outChannels)
    const way = suits ? wayBySize(node.output().dims, k.winograd) : 'direct'
    if (way === 'direct') call('om_conv2d_f32', 'conv.h', [direct], scratch)
    else if (way === 'winograd') call('om_conv2d_winograd_f32', 'winograd.h', [winograd], winogradScratch)
    else call('om_conv2d_by_size_f32', 'winograd.h', [winograd, direct], Math.max(scratch, winogradScratch))
  },
  flops,
}

/** C: the gate, where there is one. */
function gateOf(node: Node, k: KernelWriter): string[] {
  const gate = node.inputs[3]
  return gate ? [`(om_gate){${k.input(3)}, ${gate.dims[0] === 1 ? 0 : k.dim(gate.dims[3]!)}}`] : []
}

const winograd: Packing = { layout: 'winograd' }

/** See winograd.h: three by three, step by step, and enough channels to win back the transforms. */
function suitsWinograd(
  { kernel, strides, dilations }: Window,
  groups: number,
  channels: number,
  outChannels: number,
): boolean {
  return (
    groups === 1 &&
    kernel.every((size) => size === 3) &&
    [...strides, ...dilations].every((step) => step === 1) &&
    winogradSuits(channels, outChannels)
  )
}

/** Pixels of a window, those between its taps counted, that have room in scratch: OM_GROUPED_MOST_WINDOW. */
const mostWindow = { vectors: 512, scalars: 64 }

/**
 * See grouped.h: groups of few filters, each with one channel or as many, and windows that have room in scratch. More filters fill
 * vectors as products of matrices do. A residual is not added there.
 */
function suitsGrouped(node: Node, mostPixels = mostWindow.vectors): boolean {
  const { window, groups } = ofNhwc(node)
  const [outChannels, channels] = node.input(1).staticShape as [number, number]
  const filters = outChannels / groups
  const pixels = product(window.kernel.map((size, axis) => (size - 1) * window.dilations[axis]! + 1)) as number
  if (groups === 1 || pixels > mostPixels || ![1, filters].includes(channels)) return false
  return filters === 1 ? suitsCopies(window, groups) : [2, 4, 8].includes(filters)
}

/**
 * Whether the lines of a depthwise convolution are worth a copy: windows of many taps reach over more lines of the cache than stay
 * in it where pixels lie far apart. Zen 4, AVX2 and AVX-512: kernel 7, 32x32x768: 1,850 µs to 1,015 and 1,510 to 1,300; 28x28x192:
 * 220 to 183 and 190 to 169; but 56x56x96: 374, and 290 to 350; kernel 5, 14x14x480: 87 to 80 and 72 to 56; but 28x28x192: 85 to
 * 100 and 76 to 92; kernel 3, 14x14x1024: 185 to 146 and 149 to 86. With strides the copy costs as much as it saves.
 */
function suitsCopies({ kernel, strides }: Window, channels: number): boolean {
  return strides.every((step) => step === 1) && (product(kernel) as number) * channels >= 9000
}

/**
 * Which way suits an output [batch, height, width, channels]. Where it depends on a height or width that only the run knows,
 * that chooses, and the model has the weights for both. A batch alone would not be worth it: it counts as 1.
 */
function wayBySize([batch, height, width]: readonly Dim[], use: WinogradUse): 'direct' | 'winograd' | 'run' {
  if (use !== 'where it pays') return use === 'always' ? 'winograd' : 'direct'
  const sides = [height!, width!]
  const known = sides.filter((side) => typeof side === 'number')
  const [first, second] = known
  if (first !== undefined && second !== undefined)
    return winogradPays(typeof batch === 'number' ? batch : 1, first, second) ? 'winograd' : 'direct'
  return known.every(winogradMayPay) ? 'run' : 'direct'
}

/** Two operations per weight and output pixel. */
function flops(node: Node): Dim {
  return multiply(2, multiplications(node))
}

function multiplications(node: Node): Dim {
  return multiply(product(node.output().dims), product(node.input(1).dims.slice(1)))
}

export const convolutions: readonly LoweredOperator[] = [Conv, Conv2d]
