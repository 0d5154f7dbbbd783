import { type Dim, dimEquals } from '../graph/dim.ts'
import type { Node, Value } from '../graph/graph.ts'
import type { Builder } from '../graph/operator.ts'
import type { Rewrite } from '../graph/rewrite.ts'
import { permutationOf } from './transpose.ts'

/**
 * Channels-last layout for two-dimensional convolutions and pools, whose kernels vectorise over channels.
 *
 * The kernels take and give NHWC, so each is wrapped in transposes; the other rules push the transposes behind
 * elementwise operators until those of neighbouring kernels meet and cancel. What is left stands at the borders of
 * convolutional regions.
 */
export const layoutRules: readonly Rewrite[] = [
  cancelTransposes,
  convolutionChannelsLast,
  poolChannelsLast,
  globalAverageChannelsLast,
  sinkBelowElementwise,
  sinkBelowConcat,
  reshapeOfOrderedTranspose,
  foldChannelFactor,
  foldChannelOffset,
]

const TO_NHWC = [0, 2, 3, 1]
const TO_NCHW = [0, 3, 1, 2]

const elementwise = new Set([
  ...['Add', 'Sub', 'Mul', 'Div', 'Relu', 'LeakyRelu', 'Clip', 'Sigmoid', 'Tanh', 'HardSigmoid', 'HardSwish', 'Elu'],
  ...['Exp', 'Log', 'Sqrt', 'Neg', 'Abs', 'Erf', 'Softplus', 'Pow', 'Min', 'Max', 'PRelu', 'Gelu', 'Mish', 'Swish'],
])

function toNhwc(b: Builder, x: Value): Value {
  return b.op('Transpose', [x], { perm: TO_NHWC })
}

function toNchw(b: Builder, x: Value): Value {
  return b.op('Transpose', [x], { perm: TO_NCHW })
}

/** The permutation and input of the transpose that makes `value`. */
function transposeOf(value: Value | undefined): { perm: readonly number[]; input: Value } | undefined {
  const node = value?.producer
  return node?.op === 'Transpose' && node.domain === ''
    ? { perm: permutationOf(node), input: node.input(0) }
    : undefined
}

function samePermutation(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((axis, i) => axis === b[i])
}

/** Transpose(Transpose(x)) is one transpose, or none. */
function cancelTransposes(node: Node, b: Builder): readonly Value[] | undefined {
  if (node.op !== 'Transpose' || node.domain !== '') return undefined
  const perm = permutationOf(node)
  if (perm.every((axis, i) => axis === i)) return [node.input(0)]
  const inner = transposeOf(node.input(0))
  if (!inner) return undefined
  return [b.op('Transpose', [inner.input], { perm: perm.map((axis) => inner.perm[axis]!) })]
}

function isImage(value: Value): boolean {
  return value.rank === 4 && value.type === 'float32'
}

function convolutionChannelsLast(node: Node, b: Builder): readonly Value[] | undefined {
  if (node.op !== 'Conv' || node.domain !== '') return undefined
  const [x, w, bias] = node.inputs
  if (!x || !w?.constant || x.type !== 'float32' || typeof x.dims[1] !== 'number') return undefined
  if (x.rank === 3) return convolutionOfLines(node, b)
  if (!isImage(x)) return undefined
  return [toNchw(b, b.op('Conv2d', [toNhwc(b, x), w, bias], Object.fromEntries(node.attributes), 'om'))]
}

/** A convolution over one axis is one over two, the first of size 1. */
function convolutionOfLines(node: Node, b: Builder): readonly Value[] | undefined {
  const [x, w, bias] = node.inputs as [Value, Value, Value | undefined]
  const axis = b.ints([2])
  const before = (name: string, value: number): number[] | undefined => {
    const list = node.ints(name)
    return list && [value, ...list]
  }
  const pads = node.ints('pads')
  const wide = b.op('Conv', [b.op('Unsqueeze', [x, axis]), b.op('Unsqueeze', [w, axis]), bias], {
    auto_pad: node.string('auto_pad'),
    group: node.int('group', 1),
    kernel_shape: before('kernel_shape', 1),
    strides: before('strides', 1),
    dilations: before('dilations', 1),
    pads: pads && [0, pads[0]!, 0, pads[1]!],
  })
  return [b.op('Squeeze', [wide, axis])]
}

function poolChannelsLast(node: Node, b: Builder): readonly Value[] | undefined {
  if ((node.op !== 'MaxPool' && node.op !== 'AveragePool') || node.domain !== '') return undefined
  if (!isImage(node.input(0)) || node.outputs.length > 1) return undefined
  return [toNchw(b, b.op(`${node.op}2d`, [toNhwc(b, node.input(0))], Object.fromEntries(node.attributes), 'om'))]
}

/** ReduceMean over both spatial axes of what a kernel left channels-last. */
function globalAverageChannelsLast(node: Node, b: Builder): readonly Value[] | undefined {
  if (node.op !== 'ReduceMean' || node.domain !== '' || !node.int('keepdims', 1)) return undefined
  const x = transposeOf(node.input(0))
  const axes = (node.inputs[1]?.contents ?? node.ints('axes') ?? []).map(Number).sort()
  if (!x || !samePermutation(x.perm, TO_NCHW) || !isImage(x.input) || axes.join() !== '2,3') return undefined
  return [toNchw(b, b.op('GlobalAveragePool2d', [x.input], {}, 'om'))]
}

/** op(Transpose(x), …) = Transpose(op(x, …)), where all operands are so transposed, or small enough to be turned back. */
function sinkBelowElementwise(node: Node, b: Builder): readonly Value[] | undefined {
  if (node.domain !== '' || !elementwise.has(node.op) || node.outputs.length > 1) return undefined
  const transposes = node.inputs.map(transposeOf)
  const perm = transposes.find((found) => found)?.perm
  if (!perm) return undefined
  const turned: (Value | undefined)[] = []
  for (const [i, input] of node.inputs.entries()) {
    const own = transposes[i]
    if (own && samePermutation(own.perm, perm)) turned.push(own.input)
    else if (!input) turned.push(undefined)
    else {
      const back = turnBack(b, input, perm)
      if (!back) return undefined
      turned.push(back)
    }
  }
  const result = b.op(node.op, turned, Object.fromEntries(node.attributes))
  return [b.op('Transpose', [result], { perm })]
}

/** A constant or scalar operand in the layout from before the transpose. */
function turnBack(b: Builder, value: Value, perm: readonly number[]): Value | undefined {
  if (value.rank === 0 || value.dims.every((dim) => dim === 1)) return value
  if (!value.constant || value.rank > perm.length) return undefined
  const shape = [...Array<number>(perm.length - value.rank).fill(1), ...value.constant.dims]
  const inverse = perm.map((_, axis) => perm.indexOf(axis))
  return b.op('Transpose', [b.op('Reshape', [value, b.ints(shape)])], { perm: inverse })
}

function sinkBelowConcat(node: Node, b: Builder): readonly Value[] | undefined {
  if (node.op !== 'Concat' || node.domain !== '') return undefined
  const transposes = node.inputs.map(transposeOf)
  const perm = transposes[0]?.perm
  if (!perm || !transposes.every((own) => own && samePermutation(own.perm, perm))) return undefined
  const axis = node.int('axis', 0)
  const joined = b.op(
    'Concat',
    transposes.map((own) => own!.input),
    { axis: perm[axis < 0 ? axis + perm.length : axis]! },
  )
  return [b.op('Transpose', [joined], { perm })]
}

/** A reshape that follows a transpose which only moved axes of size 1 may read the elements as they were. */
function reshapeOfOrderedTranspose(node: Node, b: Builder): readonly Value[] | undefined {
  if (!['Reshape', 'Flatten', 'Squeeze'].includes(node.op) || node.domain !== '') return undefined
  const x = transposeOf(node.input(0))
  const shape: readonly Dim[] = node.output().dims
  if (!x || !keepsElementOrder(x.input.dims, x.perm)) return undefined
  if (!shape.every((dim) => typeof dim === 'number')) return undefined
  return [b.op('Reshape', [x.input, b.ints(shape as readonly number[])])]
}

function keepsElementOrder(dims: readonly Dim[], perm: readonly number[]): boolean {
  const moved = perm.filter((axis) => dims[axis] !== 1)
  return moved.every((axis, i) => i === 0 || axis > moved[i - 1]!)
}

/** The convolution that alone makes `value` for this one use, with constant weights. */
function convolutionOf(value: Value | undefined): Node | undefined {
  const node = value?.producer
  return node?.op === 'Conv2d' && node.domain === 'om' ? node : undefined
}

/** The one number per channel that a constant operand stands for: [C] or [1, 1, 1, C]. */
function perChannel(value: Value | undefined, channels: Dim): Value | undefined {
  if (!value?.constant || value.dims.slice(0, -1).some((dim) => dim !== 1)) return undefined
  return value.rank > 0 && dimEquals(value.dims.at(-1)!, channels) ? value : undefined
}

/** Conv2d(x, w, bias) * factor = Conv2d(x, w * factor, bias * factor), the factor per output channel. */
function foldChannelFactor(
  node: Node,
  b: Builder & { isUsedOnce(value: Value): boolean },
): readonly Value[] | undefined {
  const found = channelOperation(node, 'Mul', b)
  if (!found) return undefined
  const { conv, operand } = found
  const [x, w, bias] = conv.inputs as [Value, Value, Value | undefined]
  const factor = b.op('Reshape', [operand, b.ints([-1])])
  const scaled = b.op('Mul', [w, b.op('Reshape', [factor, b.ints([-1, 1, 1, 1])])])
  if (!scaled.constant) return undefined
  return [b.op('Conv2d', [x, scaled, bias && b.op('Mul', [bias, factor])], Object.fromEntries(conv.attributes), 'om')]
}

/** Conv2d(x, w, bias) + offset = Conv2d(x, w, bias + offset), the offset per output channel. */
function foldChannelOffset(
  node: Node,
  b: Builder & { isUsedOnce(value: Value): boolean },
): readonly Value[] | undefined {
  const found = channelOperation(node, 'Add', b)
  if (!found) return undefined
  const { conv, operand } = found
  const [x, w, bias] = conv.inputs as [Value, Value, Value | undefined]
  const offset = b.op('Reshape', [operand, b.ints([-1])])
  return [
    b.op('Conv2d', [x, w, bias ? b.op('Add', [bias, offset]) : offset], Object.fromEntries(conv.attributes), 'om'),
  ]
}

function channelOperation(
  node: Node,
  op: string,
  b: { isUsedOnce(value: Value): boolean },
): { conv: Node; operand: Value } | undefined {
  if (node.op !== op || node.domain !== '') return undefined
  for (const [value, other] of [
    [node.inputs[0], node.inputs[1]],
    [node.inputs[1], node.inputs[0]],
  ]) {
    const conv = convolutionOf(value)
    const operand = conv && perChannel(other, conv.output().dims[3]!)
    if (conv && operand && b.isUsedOnce(conv.output())) return { conv, operand }
  }
  return undefined
}
