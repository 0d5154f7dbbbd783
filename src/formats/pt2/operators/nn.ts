import { type Call, type Convert, type Operators, refuse, type Value } from '../call.ts'
import { unary } from './unary.ts'

/** x · Wᵀ + b. */
const linear: Convert = (call) => {
  const [x, weight] = [call.tensor('input'), call.tensor('weight')]
  if (weight.sizes.length !== 2) return refuse('its weight is no matrix')
  return product(call, x, weight, call.maybe('bias'), true)
}

function product(call: Call, a: Value, b: Value, bias: Value | undefined, transB: boolean): string {
  const { w } = call
  if (a.sizes.length === 2) {
    const inputs = [a.name, b.name, ...(bias ? [bias.name] : [])]
    if (bias || transB) return w.op('Gemm', inputs, transB ? { transB: 1n } : {})
  }
  const y = w.op('MatMul', [a.name, transB ? w.transpose(b.name, [1, 0]) : b.name])
  return bias ? w.op('Add', [y, bias.name]) : y
}

const matmul =
  (a: string, b: string): Convert =>
  (call) =>
    product(call, call.tensor(a), call.tensor(b), undefined, false)

/** beta · self + alpha · (a · b). */
const addmm =
  (first: string, second: string): Convert =>
  (call) => {
    const { w } = call
    const { type } = call.out
    const [self, a, b] = [call.tensor('self'), call.tensor(first), call.tensor(second)]
    const [alpha, beta] = [call.float('alpha', 1), call.float('beta', 1)]
    if (a.sizes.length === 2 && b.sizes.length === 2) return w.op('Gemm', [a.name, b.name, self.name], { alpha, beta })
    const times = (x: string, by: number): string => (by === 1 ? x : w.op('Mul', [x, w.scalar(by, type)]))
    return w.op('Add', [times(self.name, beta), times(w.op('MatMul', [a.name, b.name]), alpha)])
  }

/** Pads of each side, doubled; `"same"` puts the odd one at the end, as SAME_UPPER. */
function padsOf(call: Call, kernel: readonly (number | undefined)[], dilations: readonly number[]): number[] {
  const argument = call.argument('padding')
  if (argument?.kind !== 'string') {
    const pads = call.perAxis('padding', kernel.length, [0])
    return [...pads, ...pads]
  }
  if (argument.value === 'valid') return kernel.flatMap(() => [0, 0])
  const totals = kernel.map((size, axis) => dilations[axis]! * ((size ?? refuse('its kernel has no fixed size')) - 1))
  const begins = totals.map((total) => Math.floor(total / 2))
  return [...begins, ...totals.map((total, axis) => total - begins[axis]!)]
}

const big = (values: readonly number[]): bigint[] => values.map(BigInt)

const convolution =
  (isTransposed: (call: Call) => boolean): Convert =>
  (call) => {
    const [x, weight] = [call.tensor('input'), call.tensor('weight')]
    const kernel = weight.sizes.slice(2)
    const axes = kernel.length
    if (axes === 0) return refuse('its weight has no spatial axes')
    // Without a batch, an input has one axis less.
    const isBatched = x.sizes.length === axes + 2
    const dilations = call.perAxis('dilation', axes, [1])
    const attributes = {
      strides: big(call.perAxis('stride', axes, [1])),
      dilations: big(dilations),
      group: BigInt(call.int('groups', 1)),
      pads: big(padsOf(call, kernel, dilations)),
    }
    const inputs = [isBatched ? x.name : call.w.unsqueeze(x.name, 0), weight.name, call.nameOf('bias')]
    const y = isTransposed(call)
      ? call.w.op('ConvTranspose', inputs, {
          ...attributes,
          output_padding: big(call.perAxis('output_padding', axes, [0])),
        })
      : call.w.op('Conv', inputs, attributes)
    return isBatched ? y : call.w.squeeze(y, 0)
  }

/** Of a channel for each of `x`: a weight that is not given is 1, a bias 0. */
function perChannel(call: Call, name: string, x: Value, otherwise: number): string {
  const given = call.maybe(name)
  if (given) return given.name
  return call.w.op('Expand', [call.w.scalar(otherwise, x.type), call.w.sizes(x.name, 1, 2)])
}

const batchNorm: Convert = (call) => {
  const x = call.tensor('input')
  const [mean, variance] = [call.tensor('running_mean'), call.tensor('running_var')]
  const inputs = [x.name, perChannel(call, 'weight', x, 1), perChannel(call, 'bias', x, 0), mean.name, variance.name]
  const y = call.w.op('BatchNormalization', inputs, { epsilon: call.float('eps') })
  return [y]
}

const inference =
  (convert: Convert, ...names: readonly string[]): Convert =>
  (call) => {
    if (names.some((name) => call.bool(name, false)))
      return refuse('it is exported for training; call model.eval() before')
    return convert(call)
  }

const layerNorm: Convert = (call) => {
  const { w } = call
  const x = call.tensor('input')
  const axes = call.list('normalized_shape').length
  const type = x.type
  const scale = call.maybe('weight')?.name ?? w.op('Expand', [w.scalar(1, type), w.sizes(x.name, -axes)])
  const outputs = call.outputs.length > 1 ? 3 : 1
  const [y, ...statistics] = w.ops('LayerNormalization', [x.name, scale, call.nameOf('bias')], outputs, {
    axis: BigInt(-axes),
    epsilon: call.float('eps', 1e-5),
  })
  // ONNX has them in float32, PyTorch in the type of the input.
  return [y!, ...statistics.map((name, i) => w.cast(name, 'float32', call.outputs[i + 1]!.type))]
}

const groupNorm: Convert = (call) => {
  const x = call.tensor('input')
  const groups = call.has('group') ? call.int('group') : call.int('num_groups')
  const inputs = [x.name, perChannel(call, 'weight', x, 1), perChannel(call, 'bias', x, 0)]
  return [call.w.op('GroupNormalization', inputs, { num_groups: BigInt(groups), epsilon: call.float('eps', 1e-5) })]
}

const instanceNorm: Convert = (call) => {
  if (!call.bool('use_input_stats', true)) return batchNorm(call)
  const x = call.tensor('input')
  const inputs = [x.name, perChannel(call, 'weight', x, 1), perChannel(call, 'bias', x, 0)]
  return call.w.op('InstanceNormalization', inputs, { epsilon: call.float('eps', 1e-5) })
}

/** By the batch's own mean and variance, as a decomposed InstanceNorm has it: [y, mean, 1 / √(variance + eps)]. */
const batchOwnNorm: Convert = (call) => {
  const { w } = call
  const x = call.tensor('input')
  const axes = x.sizes.flatMap((_, axis) => (axis === 1 ? [] : [axis]))
  const averaged = (of: string): string => w.op('ReduceMean', [of, w.ints(axes)], { keepdims: 1n })
  const mean = averaged(x.name)
  const off = w.op('Sub', [x.name, mean])
  const variance = averaged(w.op('Mul', [off, off]))
  const scale = w.op('Reciprocal', [w.op('Sqrt', [w.op('Add', [variance, w.scalar(call.float('eps'), x.type)])])])
  const wide = (name: string, otherwise: number): string =>
    w.reshape(perChannel(call, name, x, otherwise), [-1, ...Array<number>(x.sizes.length - 2).fill(1)])
  const y = w.op('Mul', [off, call.has('weight') ? w.op('Mul', [scale, wide('weight', 1)]) : scale])
  return [
    call.has('bias') ? w.op('Add', [y, wide('bias', 0)]) : y,
    ...[mean, scale].map((statistic) => w.reshape(statistic, [-1])),
  ]
}

const rmsNorm: Convert = (call) => {
  const { w } = call
  const x = call.tensor('input')
  const axes = call.list('normalized_shape').map((_, i, all) => BigInt(i - all.length))
  const epsilon = { float64: 2 ** -52, float16: 2 ** -10, bfloat16: 2 ** -7 }[x.type as string] ?? 2 ** -23
  const squares = w.op('ReduceMean', [w.op('Mul', [x.name, x.name]), w.ints(axes)], { keepdims: 1n })
  const root = w.op('Sqrt', [w.op('Add', [squares, w.scalar(call.float('eps', epsilon), x.type)])])
  const y = w.op('Div', [x.name, root])
  return call.has('weight') ? w.op('Mul', [y, call.nameOf('weight')]) : y
}

/** In float32 where `half_to_float`, or in the type that is asked for. */
const softmax =
  (name: string): Convert =>
  (call) => {
    const self = call.tensor('self')
    if (self.sizes.length === 0)
      return call.w.op(name, [call.w.unsqueeze(call.cast(self, call.out.type), 0)], { axis: 0n })
    return call.w.op(name, [call.cast(self, call.out.type)], { axis: BigInt(call.axis('dim', self.sizes.length)) })
  }

const clip =
  (low: string, high: string, otherwise: readonly [number, number]): Convert =>
  (call) => {
    const self = call.tensor('self')
    const bounds = [call.float(low, otherwise[0]), call.float(high, otherwise[1])]
    return call.w.op('Clip', [self.name, ...bounds.map((bound) => call.scalarTensor(bound, self.type))])
  }

/** x · f(x). */
const gated =
  (gate: (call: Call, x: string) => string): Convert =>
  (call) => {
    const { name } = call.tensor('self')
    return call.w.op('Mul', [name, gate(call, name)])
  }

const hardSigmoid = { alpha: 1 / 6, beta: 0.5 }

const elu: Convert = (call) => {
  const self = call.tensor('self')
  const { w } = call
  if (call.float('input_scale', 1) !== 1) return refuse('its argument input_scale')
  const y = w.op('Elu', [self.name], { alpha: call.float('alpha', 1) })
  const scale = call.float('scale', 1)
  return scale === 1 ? y : w.op('Mul', [y, w.scalar(scale, self.type)])
}

/** One slope per channel, which is axis 1. */
const prelu: Convert = (call) => {
  const [self, weight] = [call.tensor('self'), call.tensor('weight')]
  const after = Math.max(0, self.sizes.length - 2)
  const slope =
    weight.sizes.length === 1 && weight.sizes[0] !== 1
      ? call.w.reshape(weight.name, [-1, ...Array<number>(after).fill(1)])
      : weight.name
  return call.w.op('PRelu', [self.name, slope])
}

const glu: Convert = (call) => {
  const self = call.tensor('self')
  const axis = BigInt(call.axis('dim', self.sizes.length, -1))
  const [a, b] = call.w.ops('Split', [self.name], 2, { axis, num_outputs: 2n })
  return call.w.op('Mul', [a!, call.w.op('Sigmoid', [b!])])
}

const softplus: Convert = (call) => {
  const { w } = call
  const self = call.tensor('self')
  const [beta, threshold] = [call.float('beta', 1), call.float('threshold', 20)]
  const scaled = beta === 1 ? self.name : w.op('Mul', [self.name, w.scalar(beta, self.type)])
  const soft = w.op('Softplus', [scaled])
  const y = beta === 1 ? soft : w.op('Mul', [soft, w.scalar(1 / beta, self.type)])
  return w.where(w.op('Greater', [scaled, w.scalar(threshold, self.type)]), self.name, y)
}

const weightNorm: Convert = (call) => {
  const { w } = call
  const [v, g] = [call.tensor('v'), call.tensor('g')]
  const axis = call.axis('dim', v.sizes.length, 0)
  const axes = v.sizes.flatMap((_, i) => (i === axis ? [] : [i]))
  const norm = w.op('ReduceL2', [v.name, w.ints(axes)], { keepdims: 1n })
  return w.op('Mul', [v.name, w.op('Div', [g.name, norm])])
}

/** Network layers and activations; all make fresh memory. */
export const nn: Operators = {
  'aten.linear.default': linear,
  'aten.matmul.default': matmul('self', 'other'),
  'aten.mm.default': matmul('self', 'mat2'),
  'aten.bmm.default': matmul('self', 'mat2'),
  'aten.mv.default': matmul('self', 'vec'),
  'aten.dot.default': matmul('self', 'tensor'),
  'aten.addmm.default': addmm('mat1', 'mat2'),
  'aten.baddbmm.default': addmm('batch1', 'batch2'),
  ...Object.fromEntries(
    ['conv1d.default', 'conv1d.padding', 'conv2d.default', 'conv2d.padding', 'conv3d.default', 'conv3d.padding'].map(
      (name) => [`aten.${name}`, convolution(() => false)] as const,
    ),
  ),
  'aten.conv_transpose1d.default': convolution(() => true),
  'aten.conv_transpose2d.input': convolution(() => true),
  'aten.conv_transpose3d.input': convolution(() => true),
  'aten.convolution.default': convolution((call) => call.bool('transposed', false)),
  'aten.batch_norm.default': inference(batchNorm, 'training'),
  'aten._native_batch_norm_legit_no_training.default': batchNorm,
  'aten._native_batch_norm_legit.no_stats': batchOwnNorm,
  'aten.layer_norm.default': layerNorm,
  'aten.native_layer_norm.default': layerNorm,
  'aten.group_norm.default': groupNorm,
  'aten.native_group_norm.default': groupNorm,
  'aten.instance_norm.default': instanceNorm,
  'aten.rms_norm.default': rmsNorm,
  'aten.softmax.int': softmax('Softmax'),
  'aten._softmax.default': softmax('Softmax'),
  'aten.log_softmax.int': softmax('LogSoftmax'),
  'aten._log_softmax.default': softmax('LogSoftmax'),
  'aten.relu.default': unary('Relu'),
  'aten.relu6.default': (call) =>
    call.w.op('Clip', [call.tensor('self').name, call.w.scalar(0, call.out.type), call.w.scalar(6, call.out.type)]),
  'aten.gelu.default': (call) =>
    call.w.op('Gelu', [call.tensor('self').name], { approximate: call.text('approximate', 'none') }),
  'aten.silu.default': gated((call, x) => call.w.op('Sigmoid', [x])),
  'aten.hardswish.default': gated((call, x) => call.w.op('HardSigmoid', [x], hardSigmoid)),
  'aten.mish.default': gated((call, x) => call.w.op('Tanh', [call.w.op('Softplus', [x])])),
  'aten.sigmoid.default': unary('Sigmoid'),
  'aten.log_sigmoid.default': (call) =>
    call.w.op('Neg', [call.w.op('Softplus', [call.w.op('Neg', [call.tensor('self').name])])]),
  'aten.tanh.default': unary('Tanh'),
  'aten.hardsigmoid.default': (call) => call.w.op('HardSigmoid', [call.tensor('self').name], hardSigmoid),
  'aten.hardtanh.default': clip('min_val', 'max_val', [-1, 1]),
  'aten.leaky_relu.default': (call) =>
    call.w.op('LeakyRelu', [call.tensor('self').name], { alpha: call.float('negative_slope', 0.01) }),
  'aten.elu.default': elu,
  'aten.selu.default': unary('Selu'),
  'aten.celu.default': (call) => call.w.op('Celu', [call.tensor('self').name], { alpha: call.float('alpha', 1) }),
  'aten.softplus.default': softplus,
  'aten.prelu.default': prelu,
  'aten._prelu_kernel.default': (call) => call.w.op('PRelu', [call.tensor('self').name, call.tensor('weight').name]),
  'aten.glu.default': glu,
  'aten._weight_norm.default': weightNorm,
}
