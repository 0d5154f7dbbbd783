import { add, type Dim, isStatic, multiply, product, subtract } from '../graph/dim.ts'
import type { Node, ValueInfo } from '../graph/graph.ts'
import { elementTypes } from '../onnx/element-type.ts'
import type { LoweredOperator } from './lowering.ts'
import { type Window, windowInitializer } from './window.ts'

/**
 * The window of the convolution that a ConvTranspose node is the gradient of: its input is the node's output
 * (ONNX ConvTranspose-22: `output = stride * (input - 1) + output_padding + ((kernel - 1) * dilation + 1) - pads`;
 * where `output_shape` or SAME is given, it is the pads that follow).
 */
function transposedWindow(node: Node): Window {
  const [x, w] = [node.input(0), node.input(1)]
  const spatial = x.dims.slice(2)
  const kernel = node.ints('kernel_shape') ?? w.dims.slice(2)
  if (!isStatic(kernel)) throw node.error('UNSUPPORTED_DYNAMIC', 'the kernel shape must be known at compile time')
  const perAxis = (attribute: string, otherwise: number): readonly number[] => {
    const given = node.ints(attribute) ?? kernel.map(() => otherwise)
    if (given.length !== kernel.length)
      throw node.error(
        'MODEL_ATTRIBUTE',
        `${attribute} has ${given.length} entries, but there are ${kernel.length} spatial axes`,
      )
    return given
  }
  if (kernel.length !== spatial.length)
    throw node.error(
      'MODEL_SHAPE',
      `kernel [${kernel.join(', ')}] has another rank than the spatial axes [${spatial.join(', ')}]`,
    )
  const [strides, dilations, padding] = [perAxis('strides', 1), perAxis('dilations', 1), perAxis('output_padding', 0)]
  if ([...strides, ...dilations].some((step) => step < 1))
    throw node.error('MODEL_ATTRIBUTE', 'strides and dilations must be positive')
  const auto = node.string('auto_pad', 'NOTSET')
  const full = spatial.map((dim, i) =>
    add(multiply(subtract(dim, 1), strides[i]!), padding[i]! + (kernel[i]! - 1) * dilations[i]! + 1),
  )
  const wanted: readonly Dim[] | undefined =
    node.ints('output_shape')?.slice(-kernel.length) ??
    (auto.startsWith('SAME') ? spatial.map((dim, i) => multiply(dim, strides[i]!)) : undefined)
  const window = { kernel, strides, dilations, output: spatial }
  if (wanted) {
    const totals: readonly Dim[] = full.map((dim, i) => subtract(dim, wanted[i]!))
    if (!isStatic(totals)) throw node.error('UNSUPPORTED_DYNAMIC', 'the padding must be known at compile time')
    const [less, more] = [
      totals.map((total) => Math.floor(Math.max(0, total) / 2)),
      totals.map((total) => Math.ceil(Math.max(0, total) / 2)),
    ]
    const [padsBegin, padsEnd] = auto === 'SAME_UPPER' ? [less, more] : [more, less]
    return { ...window, input: wanted, padsBegin, padsEnd }
  }
  const pads = auto === 'VALID' ? undefined : node.ints('pads')
  const padsBegin = kernel.map((_, i) => pads?.[i] ?? 0)
  const padsEnd = kernel.map((_, i) => pads?.[i + kernel.length] ?? 0)
  const input = full.map((dim, i) => subtract(dim, padsBegin[i]! + padsEnd[i]!))
  if (input.some((dim) => typeof dim === 'number' && dim < 0))
    throw node.error('MODEL_SHAPE', `pads leave an output of [${input.join(', ')}]`)
  return { ...window, input, padsBegin, padsEnd }
}

/** ONNX ConvTranspose-1 … 22. */
const ConvTranspose: LoweredOperator = {
  name: 'ConvTranspose',
  infer(node): ValueInfo[] {
    const [x, w] = [node.input(0), node.input(1)]
    const groups = node.int('group', 1)
    const [channels, filters] = [x.dims[1]!, w.dims[0]!]
    if (
      typeof channels === 'number' &&
      typeof filters === 'number' &&
      (channels !== filters || channels % groups !== 0)
    ) {
      throw node.error('MODEL_SHAPE', `${channels} channels in ${groups} groups do not fit weights for ${filters}`)
    }
    return [{ type: x.type, shape: [x.dims[0]!, multiply(w.dims[1]!, groups), ...transposedWindow(node).input] }]
  },
  decompose(node, b) {
    const { type } = node.input(0)
    if (type === 'float32') return undefined
    const wide = node.inputs.map((input) => input && b.op('Cast', [input], { to: elementTypes.float32.code }))
    return [
      b.op('Cast', [b.op('ConvTranspose', wide, Object.fromEntries(node.attributes))], { to: elementTypes[type].code }),
    ]
  },
  check(node, k) {
    const [x, w] = [node.input(0), node.input(1)]
    if (typeof x.dims[1] !== 'number' || typeof w.dims[0] !== 'number')
      k.failIf(`${k.dim(x.dims[1]!)} != ${k.dim(w.dims[0]!)}`, 'weights and data differ in the number of channels')
  },
  lower(node, k) {
    const x = node.input(0)
    k.include('nd.h')
    k.line(`const om_window_nd window = ${windowInitializer(transposedWindow(node), (dim) => k.dim(dim))};`)
    const sizes = [x.dims[0]!, x.dims[1]!, node.output().dims[1]!, node.int('group', 1)].map((dim) => k.dim(dim))
    const bias = node.inputs[2] ? k.input(2) : 'NULL'
    k.line(
      `om_conv_transpose_nd_f32(${k.input(0)}, ${k.input(1)}, ${bias}, ${k.output()}, ${sizes.join(', ')}, &window);`,
    )
  },
  flops: (node) => product([2, ...node.input(0).dims, ...node.input(1).dims.slice(1)]),
}

export const transposedConvolutions: readonly LoweredOperator[] = [ConvTranspose]
