import { add, type Dim, isStatic, multiply, product, subtract } from '../../graph/dim.ts'
import type { Node, ValueInfo } from '../../graph/graph.ts'
import { takes } from '../../graph/rules.ts'
import { agreeTransposed } from './convolution-rules.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'
import { shareElements } from '../../lowering/sharing.ts'
import {
  autoPadOf,
  checkSpatialAxes,
  imageGeometry,
  pixelFields,
  splitPads,
  type Window,
  windowInitializer,
} from '../../lowering/window.ts'
import { widenNarrowFloats } from '../../lowering/widen.ts'

/**
 * The window of the convolution that a ConvTranspose node is the gradient of: its input is the node's output
 * (ONNX ConvTranspose-22: `output = stride * (input - 1) + output_padding + ((kernel - 1) * dilation + 1) - pads`;
 * where `output_shape` or SAME is given, it is the pads that follow).
 */
export function transposedWindow(node: Node, spatial = node.input(0).dims.slice(2)): Window {
  const kernel = node.ints('kernel_shape') ?? node.input(1).dims.slice(2)
  if (!isStatic(kernel)) throw node.error('UNSUPPORTED_DYNAMIC', 'the kernel shape must be known at compile time')
  const perAxis = (attribute: 'strides' | 'dilations' | 'output_padding', otherwise: number): readonly number[] => {
    const given = node.ints(attribute) ?? kernel.map(() => otherwise)
    if (given.length !== kernel.length)
      throw node.error(
        'MODEL_ATTRIBUTE',
        `${attribute} has ${given.length} entries, but there are ${kernel.length} spatial axes`,
      )
    return given
  }
  checkSpatialAxes(node, kernel.length)
  if (kernel.length !== spatial.length)
    throw node.error(
      'MODEL_SHAPE',
      `kernel [${kernel.join(', ')}] has another rank than the spatial axes [${spatial.join(', ')}]`,
    )
  const [strides, dilations, padding] = [perAxis('strides', 1), perAxis('dilations', 1), perAxis('output_padding', 0)]
  if ([...strides, ...dilations].some((step) => step < 1))
    throw node.error('MODEL_ATTRIBUTE', 'strides and dilations must be positive')
  const auto = autoPadOf(node)
  const pads = auto === 'VALID' ? undefined : node.ints('pads')
  if (pads && pads.length !== 2 * kernel.length)
    throw node.error('MODEL_ATTRIBUTE', `pads has ${pads.length} entries, not ${2 * kernel.length}`)
  const asked = node.ints('output_shape')
  if (asked && asked.length !== kernel.length && asked.length !== kernel.length + 2)
    throw node.error('MODEL_ATTRIBUTE', `output_shape has ${asked.length} entries, not ${kernel.length}`)
  const full = spatial.map((dim, i) =>
    add(multiply(subtract(dim, 1), strides[i]!), padding[i]! + (kernel[i]! - 1) * dilations[i]! + 1),
  )
  const wanted: readonly Dim[] | undefined =
    asked?.slice(-kernel.length) ??
    (auto.startsWith('SAME') ? spatial.map((dim, i) => multiply(dim, strides[i]!)) : undefined)
  const window = { kernel, strides, dilations, output: spatial }
  if (wanted) {
    const totals = full.map((dim, i) => subtract(dim, wanted[i]!))
    return { ...window, input: wanted, ...splitPads(totals, auto) }
  }
  const padsBegin = kernel.map((_, i) => pads?.[i] ?? 0)
  const padsEnd = kernel.map((_, i) => pads?.[i + kernel.length] ?? 0)
  const input = full.map((dim, i) => subtract(dim, padsBegin[i]! + padsEnd[i]!))
  if (input.some((dim) => typeof dim === 'number' && dim < 0))
    throw node.error('MODEL_SHAPE', `pads leave an output of [${input.join(', ')}]`)
  return { ...window, input, padsBegin, padsEnd }
}

/** Of the kernels for the element type of the first input. */
function suffixOf(node: Node): string {
  return node.input(0).type === 'float64' ? 'f64' : 'f32'
}

/** ONNX ConvTranspose-1 … 22. */
const ConvTranspose: LoweredOperator = {
  name: 'ConvTranspose',
  rules: takes('X:T[_, c, _, ...] W:T[c, _, _, ...] B?:T[_]', { T: 'float' }, agreeTransposed),
  infer(node): ValueInfo[] {
    const [x, w] = [node.input(0), node.input(1)]
    const groups = node.int('group', 1)
    return [{ type: x.type, shape: [x.dims[0]!, multiply(w.dims[1]!, groups), ...transposedWindow(node).input] }]
  },
  decompose(node, b) {
    const { type, dims } = node.input(0)
    if (type !== 'float32' && type !== 'float64') return widenNarrowFloats(node, b)
    const w = node.input(1)
    if (!isStatic(w.dims)) return undefined
    // Every pixel puts its share under the whole window, all at once a product of matrices; windows then add up.
    const groups = node.int('group', 1)
    const [channels, width, ...kernel] = w.dims as [number, number, ...number[]]
    const [depth, share, pixels] = [channels / groups, product([width, ...kernel]), product(dims.slice(2))]
    const turned = b.op('Transpose', [b.reshape(w, [groups, depth, share])], { perm: [0, 2, 1] })
    const columns = b.op('MatMul', [turned, b.reshape(node.input(0), [dims[0]!, groups, depth, pixels])])
    const shape = [dims[0]!, multiply(share, groups), ...dims.slice(2)]
    const filters = width * groups
    const attributes = { ...Object.fromEntries(node.attributes), filters, kernel_shape: kernel }
    return [b.op('AddWindows', [b.reshape(columns, shape), node.inputs[2]], attributes, 'om')]
  },
  lower(node, k) {
    const x = node.input(0)
    k.include('nd.h')
    k.line(`const om_window_nd window = ${windowInitializer(transposedWindow(node), (dim) => k.dim(dim))};`)
    const sizes = [x.dims[0]!, x.dims[1]!, node.output().dims[1]!, node.int('group', 1)].map((dim) => k.dim(dim))
    const bias = node.inputs[2] ? k.input(2) : 'NULL'
    k.line(
      `om_conv_transpose_nd_${suffixOf(node)}(${k.input(0)}, ${k.input(1)}, ${bias}, ${k.output()}, ${sizes.join(', ')}, &window);`,
    )
  },
  flops: (node) => product([2, ...node.input(0).dims, ...node.input(1).dims.slice(1)]),
}

/** The compiler's own: the second half of a ConvTranspose, from [batch, filters × kernel, spatial…] to its output. */
const AddWindows: LoweredOperator = {
  name: 'AddWindows',
  domain: 'om',
  rules: takes('x:T[_, _, _, ...] B?:T[_]', { T: 'float32|float64' }, (node) => {
    const [filters, taps] = [node.int('filters', 1), product(node.ints('kernel_shape') ?? [])]
    return [
      { input: 0, axis: 1, expected: multiply(filters, taps), as: `windows of ${filters} filters need` },
      ...(node.inputs[1] ? [{ input: 1, axis: 0, expected: filters, as: 'the filters need' }] : []),
    ]
  }),
  infer(node): ValueInfo[] {
    const { dims, type } = node.input(0)
    return [{ type, shape: [dims[0]!, node.int('filters', 1), ...transposedWindow(node).input] }]
  },
  lower(node, k) {
    const filters = node.int('filters', 1)
    const planes = k.count([node.input(0).dims[0]!, filters])
    k.include('windows.h')
    shareElements(k, node.input(0).dims, 2)
    k.line(`const om_window_nd window = ${windowInitializer(transposedWindow(node), (dim) => k.dim(dim))};`)
    k.line(
      `om_col2im_${suffixOf(node)}(${k.input(0)}, ${node.inputs[1] ? k.input(1) : 'NULL'}, ${k.output()}, ${planes}, ${filters}, &window);`,
    )
  },
  flops: (node) => product(node.input(0).dims),
}

/** Of an image, channels last: [n, h, w, kernel × filters] to [n, …, …, filters]. */
const windowOfImage = (node: Node): Window => transposedWindow(node, node.input(0).dims.slice(1, 3))

/** The compiler's own: as {@link AddWindows}, channels last, the filters of each tap side by side. */
const AddWindows2d: LoweredOperator = {
  name: 'AddWindows2d',
  domain: 'om',
  rules: takes('x:float32[_, _, _, _] B?:float32[_]'),
  infer(node): ValueInfo[] {
    const { dims, type } = node.input(0)
    return [{ type, shape: [dims[0]!, ...windowOfImage(node).input, node.int('filters', 1)] }]
  },
  pixelsApart: () => [],
  lower(node, k) {
    const window = windowOfImage(node)
    k.include('windows-last.h')
    shareElements(k, node.input(0).dims, 2)
    const { y_pixel = 0 } = pixelFields(k, node.input(0), node.output())
    const shape = imageGeometry('om_add_windows', node, { ...window, output: window.input }, { y_pixel }, k)
    k.line(`om_add_windows_f32(${k.input(0)}, ${node.inputs[1] ? k.input(1) : 'NULL'}, ${k.output()}, ${shape});`)
  },
  flops: (node) => product(node.input(0).dims),
}

export const transposedConvolutions: readonly LoweredOperator[] = [ConvTranspose, AddWindows, AddWindows2d]
