import { limitCodes, setActivated } from '../activation.ts'
import type { Converter, Handler } from '../converter.ts'
import { movedProduct, roundedAway, scalesOf } from '../rounding.ts'
import type { OperatorFact } from '../schema.ts'

/** Spatial facts of a convolution or pool, of height and width (and depth before them). */
interface Window {
  readonly kernel: readonly number[]
  readonly strides: readonly number[]
  readonly dilations: readonly number[]
  /** `Padding`: 0 is SAME. */
  readonly padding: number
}

/**
 * Pads of a window over the spatial axes of `x`, which are those from 1 on: begins, then ends. Of SAME, the odd one is at the
 * end (LiteRT kernels/padding.h, `ComputePaddingWithOffset`). Sizes that only a run knows leave it to ONNX, whose rule for
 * SAME_UPPER is the same.
 */
function padsOf(
  c: Converter,
  x: number,
  { kernel, strides, dilations, padding }: Window,
): Record<string, string | bigint[]> {
  if (padding !== 0) return {}
  const totals = kernel.map((size, i) => {
    const given = c.size(x, i + 1)
    if (given === undefined) return undefined
    const out = Math.ceil(given / strides[i]!)
    return Math.max(0, (out - 1) * strides[i]! + (size - 1) * dilations[i]! + 1 - given)
  })
  if (totals.includes(undefined)) return { auto_pad: 'SAME_UPPER' }
  const begins = totals.map((total) => Math.floor(total! / 2))
  const pads = [...begins, ...totals.map((total, i) => total! - begins[i]!)]
  return pads.every((pad) => pad === 0) ? {} : { pads: pads.map(BigInt) }
}

function attributesOf({ kernel, strides, dilations }: Window): Record<string, bigint[]> {
  return { kernel_shape: kernel.map(BigInt), strides: strides.map(BigInt), dilations: dilations.map(BigInt) }
}

function positive(c: Converter, values: readonly number[], what: string): readonly number[] {
  return values.every((value) => value > 0) ? values : c.fail(`has a ${what} that is not positive`)
}

/** Weights `[O, kh, kw, I / groups]`: groups are what the input's channels tell, no field says so (LiteRT kernels/conv.cc). */
const conv2d: Handler = (c, { inputs, outputs, options }) => {
  const [x = -1, weights = -1, bias = -1] = inputs
  const [, kh, kw, perGroup] = c.fact(weights).shape
  const window: Window = {
    padding: options?.int8(0) ?? 0,
    strides: positive(c, [options?.int32(2) ?? 0, options?.int32(1) ?? 0], 'stride'),
    dilations: positive(c, [options?.int32(5, 1) ?? 1, options?.int32(4, 1) ?? 1], 'dilation'),
    kernel: [kh!, kw!],
  }
  const channels = c.size(x, 3) ?? perGroup!
  convolve(c, window, {
    x,
    weights,
    bias,
    perm: [0, 3, 1, 2],
    groups: channels / perGroup!,
    output: outputs[0]!,
    activation: options?.int8(3) ?? 0,
  })
}

/** Weights `[1, kh, kw, C · M]`. */
const depthwise: Handler = (c, { inputs, outputs, options }) => {
  const [x = -1, weights = -1, bias = -1] = inputs
  const [, kh, kw, out] = c.fact(weights).shape
  const window: Window = {
    padding: options?.int8(0) ?? 0,
    strides: positive(c, [options?.int32(2) ?? 0, options?.int32(1) ?? 0], 'stride'),
    dilations: positive(c, [options?.int32(6, 1) ?? 1, options?.int32(5, 1) ?? 1], 'dilation'),
    kernel: [kh!, kw!],
  }
  convolve(c, window, {
    x,
    weights,
    bias,
    perm: [3, 0, 1, 2],
    groups: c.size(x, 3) ?? out!,
    output: outputs[0]!,
    activation: options?.int8(4) ?? 0,
  })
}

interface Convolution {
  readonly x: number
  readonly weights: number
  readonly bias: number
  /** From TFLite's order of the weights' axes to ONNX's. */
  readonly perm: readonly number[]
  readonly groups: number
  readonly output: number
  readonly activation: number
}

function convolve(c: Converter, window: Window, of: Convolution): void {
  const { x, weights, bias, perm, groups, output, activation } = of
  if (!Number.isInteger(groups)) c.fail('has a convolution whose channels its weights do not divide')
  const by = scalesOf(c, of)
  const operands = [c.real(x, 'first'), c.weights(weights, perm, by), ...(bias < 0 ? [] : [c.bias(bias, x, by)])]
  const product = c.op('Conv', operands, { ...attributesOf(window), ...padsOf(c, x, window), group: BigInt(groups) })
  const value = movedProduct(c, product, of, 'first')
  setActivated(c, output, value, activation, 'first')
}

/** x `[N, D, H, W, C]`, weights `[kd, kh, kw, I, O]`. */
const conv3d: Handler = (c, { inputs, outputs, options }) => {
  const [x = -1, weights = -1, bias = -1] = inputs
  const [output = -1] = outputs
  const window: Window = {
    padding: options?.int8(0) ?? 0,
    strides: positive(c, [options?.int32(1) ?? 0, options?.int32(3) ?? 0, options?.int32(2) ?? 0], 'stride'),
    dilations: positive(
      c,
      [options?.int32(5, 1) ?? 1, options?.int32(7, 1) ?? 1, options?.int32(6, 1) ?? 1],
      'dilation',
    ),
    kernel: c.fact(weights).shape.slice(0, 3),
  }
  const first = c.transpose(c.real(x), [0, 4, 1, 2, 3])
  const operands = [first, c.weights(weights, [4, 3, 0, 1, 2]), ...(bias < 0 ? [] : [c.real(bias)])]
  const value = c.op('Conv', operands, { ...attributesOf(window), ...padsOf(c, x, window) })
  setActivated(c, output, c.transpose(value, [0, 2, 3, 4, 1]), options?.int8(4) ?? 0)
}

/**
 * Inputs: the output's shape, weights `[O, kh, kw, I]`, x, a bias. It is the gradient of a convolution from output to x: what
 * that would pad is cut off, and what it would leave over is added at the end.
 */
const transposeConv: Handler = (c, { inputs, outputs, options }) => {
  const [shape = -1, weights = -1, x = -1, bias = -1] = inputs
  const [output = -1] = outputs
  const [, kh, kw] = c.fact(weights).shape
  const strides = positive(c, [options?.int32(2) ?? 0, options?.int32(1) ?? 0], 'stride')
  const unknown = (): never => c.fail('has a transposed convolution of sizes that only a run knows')
  const sizes = [0, 1, 2].map((axis) => c.numbers(shape)?.[axis] ?? packed(c, shape, axis) ?? c.size(output, axis))
  const kernel = [kh!, kw!]
  const cut: number[] = []
  const added: number[] = []
  kernel.forEach((size, i) => {
    // Negative where the output reaches beyond what the windows cover.
    const total = ((c.size(x, i + 1) ?? unknown()) - 1) * strides[i]! + size - (sizes[i + 1] ?? unknown())
    cut.push(Math.max(0, total))
    added.push(Math.max(0, -total))
  })
  const begins = cut.map((total) => Math.floor(total / 2))
  const by = scalesOf(c, { x, weights, bias, output })
  const operands = [
    c.real(x, 'first'),
    c.weights(weights, [3, 0, 1, 2], by),
    ...(bias < 0 ? [] : [c.bias(bias, x, by)]),
  ]
  const product = c.op('ConvTranspose', operands, {
    kernel_shape: kernel.map(BigInt),
    strides: strides.map(BigInt),
    pads: [...begins, ...cut.map((total, i) => total - begins[i]!)].map(BigInt),
    output_padding: added.map(BigInt),
  })
  const value = movedProduct(c, product, { x, weights, output }, 'first')
  setActivated(c, output, value, options?.int8(3) ?? 0, 'first')
}

/** An element of a list that PACK makes of scalars: of the shape [batch, height, width, channels] only the batch may be open. */
function packed(c: Converter, list: number, place: number): number | undefined {
  const operator = c.graph.operators.find(({ outputs }) => outputs[0] === list)
  return operator?.code === 'PACK' ? c.numbers(operator.inputs[place] ?? -1)?.[0] : undefined
}

function poolWindow(c: Converter, { options }: OperatorFact): Window {
  return {
    padding: options?.int8(0) ?? 0,
    strides: positive(c, [options?.int32(2) ?? 0, options?.int32(1) ?? 0], 'stride'),
    kernel: positive(c, [options?.int32(4) ?? 0, options?.int32(3) ?? 0], 'window'),
    dilations: [1, 1],
  }
}

function poolAttributes(c: Converter, x: number, window: Window): Record<string, string | bigint[]> {
  const { dilations: _, ...attributes } = attributesOf(window)
  return { ...attributes, ...padsOf(c, x, window) }
}

/** Averages don't count padding. Of codes they are averages of codes, rounded half away from zero (pooling.h, AveragePool). */
const averagePool: Handler = (c, operator) => {
  const {
    inputs: [x = -1],
    outputs: [output = -1],
    options,
  } = operator
  const attributes = poolAttributes(c, x, poolWindow(c, operator))
  const activation = options?.int8(5) ?? 0
  if (c.quantization(x) && c.sameCodes(x, output) && (activation === 0 || c.hasBytes(output))) {
    const mean = c.op('AveragePool', [c.cast(c.get(x, 'first'), 'float32')], attributes)
    c.set(output, c.cast(roundedAway(c, mean), c.type(x)), 'first')
    return limitCodes(c, output, activation, 'first')
  }
  const value = c.op('AveragePool', [c.real(x, 'first')], attributes)
  setActivated(c, output, value, activation, 'first')
}

const maxPool: Handler = (c, operator) => {
  const { inputs: [x = -1], outputs: [output = -1], options } = operator // prettier-ignore
  const attributes = poolAttributes(c, x, poolWindow(c, operator))
  const activation = options?.int8(5) ?? 0
  // The order of codes is that of what they stand for. ONNX has no MaxPool of 16 bits.
  if (c.sameCodes(x, output) && c.type(x) !== 'int16' && (activation === 0 || c.hasBytes(output))) {
    c.set(output, c.op('MaxPool', [c.get(x, 'first')], attributes), 'first')
    return limitCodes(c, output, activation, 'first')
  }
  const value = c.op('MaxPool', [c.real(x, 'first')], attributes)
  setActivated(c, output, value, activation, 'first')
}

/** The root of the mean of squares. */
const l2Pool: Handler = (c, operator) => {
  const { inputs: [x = -1], outputs: [output = -1], options } = operator // prettier-ignore
  const real = c.real(x, 'first')
  const mean = c.op('AveragePool', [c.op('Mul', [real, real])], poolAttributes(c, x, poolWindow(c, operator)))
  setActivated(c, output, c.op('Sqrt', [mean]), options?.int8(5) ?? 0, 'first')
}

export const convolutions: Readonly<Record<string, Handler>> = {
  CONV_2D: conv2d,
  DEPTHWISE_CONV_2D: depthwise,
  CONV_3D: conv3d,
  TRANSPOSE_CONV: transposeConv,
  AVERAGE_POOL_2D: averagePool,
  MAX_POOL_2D: maxPool,
  L2_POOL_2D: l2Pool,
}
