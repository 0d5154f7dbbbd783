import { elu, leakyRelu, prelu, relu, relu6, sigmoid, tanh } from '../../ops/activations.ts'
import { named } from '../../ops/elementwise.ts'
import { elementsIn } from '../../ops/lists.ts'
import { batchNorm } from '../../ops/normalization.ts'
import { conv, depthwise, pool, transposedConv, type Window } from '../../ops/windows.ts'
import type { Value } from '../../value.ts'
import type { Convert, NodeCall, Operators } from '../call.ts'

/** Of lists with a number per axis, those of the axes between batch and channels. */
function spatial(call: NodeCall, attribute: string, count: number): number[] {
  const list = call.attributes.ints(attribute)
  if (list.length === 0) return Array.from({ length: count }, () => 1)
  if (list.length === count) return list
  if (list.length !== count + 2 || list[0] !== 1 || list.at(-1) !== 1)
    call.b.fail(`has ${attribute} [${list.join(', ')}]`)
  return list.slice(1, -1)
}

function paddingOf(call: NodeCall, count: number): Window['padding'] {
  const padding = call.attributes.text('padding', 'VALID')
  if (padding === 'SAME') return 'same'
  if (padding === 'VALID') return 'valid'
  const list = call.attributes.ints('explicit_paddings')
  call.refuseUnless(padding === 'EXPLICIT' && list.length === 2 * (count + 2), `padding ${padding}`)
  return Array.from({ length: count }, (_, i) => [list[2 * i + 2]!, list[2 * i + 3]!])
}

function windowOf(call: NodeCall, count: number): Omit<Window, 'kernel'> {
  call.expectChannelsLast()
  return { strides: spatial(call, 'strides', count), dilations: spatial(call, 'dilations', count), padding: paddingOf(call, count) } // prettier-ignore
}

/** What follows a product in one operator with it; its operands come behind those of the product. */
export function fused(call: NodeCall, value: Value, from: number): Value {
  const { b, attributes } = call
  const rest = call.inputs.slice(from)
  const next = (): Value => rest.shift() ?? b.wrong('lacks an operand of what it has built in')
  return attributes.texts('fused_ops').reduce((result, op) => {
    switch (op) {
      case 'BiasAdd':
        return named(b, 'Add', [result, next()])
      case 'Relu':
        return relu(b, result)
      case 'Relu6':
        return relu6(b, result)
      case 'Elu':
        return elu(b, result)
      case 'Sigmoid':
        return sigmoid(b, result)
      case 'Tanh':
        return tanh(b, result)
      case 'LeakyRelu':
        return leakyRelu(attributes.float('leakyrelu_alpha', 0.2))(b, result)
      case 'Prelu':
        return prelu(b, result, next())
      case 'FusedBatchNorm':
        return batchNorm(b, result, { scale: next(), offset: next(), mean: next(), variance: next() }, attributes.float('epsilon', 1e-4)) // prettier-ignore
      default:
        return b.fail(`has ${op || 'an operator without a name'} built in`)
    }
  }, value)
}

function convolution(count: number): Convert {
  return (call) => fused(call, conv(call.b, call.x, call.input(1), windowOf(call, count)), 2)
}

const depthwiseConvolution: Convert = (call) =>
  fused(call, depthwise(call.b, call.x, call.input(1), windowOf(call, 2)), 2)

/** Inputs: the sizes of the result, a filter, the tensor. */
const backpropInput: Convert = (call) => {
  const sizes = elementsIn(call.x)
  const open = sizes?.slice(1, -1).some((size) => size === undefined) ?? true
  call.refuseUnless(!open, 'a transposed convolution of sizes that only a run knows')
  return transposedConv(call.b, call.input(2), call.input(1), windowOf(call, 2), sizes!.slice(1, -1))
}

function pooling(op: 'MaxPool' | 'AveragePool', count: number): Convert {
  return (call) => {
    const { strides, padding } = windowOf(call, count)
    const kernel = spatial(call, 'ksize', count)
    return pool(call.b, op, call.x, { kernel, strides, padding, dilations: kernel.map(() => 1) })
  }
}

/** x, scale, offset, mean, variance; results but the first are for training. */
const fusedBatchNorm: Convert = (call) => {
  call.expectChannelsLast()
  // tfjs always takes the mean and variance that it is given.
  const [scale, offset, mean, variance] = [1, 2, 3, 4].map((place) => call.input(place)) as [Value, Value, Value, Value]
  call.refuseUnless(mean.shape?.[0] !== 0, 'a batch normalisation for training')
  return batchNorm(call.b, call.x, { scale, offset, mean, variance }, call.attributes.float('epsilon', 1e-3))
}

/** x / (bias + alpha · Σ x²)^beta over the channels within the radius. ONNX divides alpha by the channels in its window. */
const localResponse: Convert = ({ b, x, attributes }) => {
  const size = 2 * attributes.int('depth_radius', 5) + 1
  const name = b.op('LRN', [b.get(x, 'first')], {
    size: BigInt(size),
    bias: attributes.float('bias', 1),
    alpha: attributes.float('alpha', 1) * size,
    beta: attributes.float('beta', 0.5),
  })
  return b.value(name, x.type, x.shape, 'first')
}

export const convolutions: Operators = {
  Conv2D: convolution(2),
  _FusedConv2D: convolution(2),
  Conv3D: convolution(3),
  DepthwiseConv2dNative: depthwiseConvolution,
  FusedDepthwiseConv2dNative: depthwiseConvolution,
  Conv2DBackpropInput: backpropInput,
  MaxPool: pooling('MaxPool', 2),
  MaxPool3D: pooling('MaxPool', 3),
  AvgPool: pooling('AveragePool', 2),
  AvgPool3D: pooling('AveragePool', 3),
  FusedBatchNorm: fusedBatchNorm,
  FusedBatchNormV2: fusedBatchNorm,
  FusedBatchNormV3: fusedBatchNorm,
  LRN: localResponse,
}
