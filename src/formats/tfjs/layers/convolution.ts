import { named } from '../ops/elementwise.ts'
import { conv, depthwise, transposedConv, type Window } from '../ops/windows.ts'
import type { Value } from '../value.ts'
import type { Layer, LayerCall, Layers } from './call.ts'

/** Where a layer's windows are; `kernel` is that of the layer, which its weights have again. */
function windowOf(call: LayerCall, spatial: number): Window {
  call.expectChannelsLast()
  const kernel = call.sizes('kernel_size', spatial)
  const dilations = call.sizes('dilation_rate', spatial, 1)
  const padding = call.config.at('padding').text('valid')
  const window = { kernel, strides: call.sizes('strides', spatial, 1), dilations }
  // Nothing of a later step is in an earlier one: all pads are before the first.
  if (padding === 'causal') return { ...window, padding: kernel.map((size, i) => [(size - 1) * dilations[i]!, 0]) }
  return padding === 'same' || padding === 'valid' ? { ...window, padding } : call.config.at('padding').wrong('same, valid or causal') // prettier-ignore
}

function finished(call: LayerCall, value: Value, index: number): Value {
  const channels = call.b.size(value, call.b.rank(value) - 1)
  const bias = call.bias(index, channels)
  return call.activated(bias ? named(call.b, 'Add', [value, bias]) : value)
}

/** Weights [kernel…, channels in / groups, filters]. */
function convolution(spatial: number): Layer {
  return (call) => {
    const { b, x, config } = call
    const window = windowOf(call, spatial)
    const groups = config.at('groups').integer(1)
    const channels = b.size(x, spatial + 1)
    const filter = call.weight('kernel', 0, [...window.kernel, channels / groups, config.at('filters').integer()])
    return finished(call, conv(b, x, filter, window), 1)
  }
}

/** Weights [kernel…, filters, channels in]. */
function transposed(spatial: number): Layer {
  return (call) => {
    const { b, x, config } = call
    const window = windowOf(call, spatial)
    call.refuseUnless(!config.at('output_padding').isThere, 'output_padding')
    const filter = call.weight('kernel', 0, [...window.kernel, config.at('filters').integer(), b.size(x, spatial + 1)])
    return finished(call, transposedConv(b, x, filter, window), 1)
  }
}

/** Weights [height, width, channels, results of each]. */
const depthwiseConv: Layer = (call) => {
  const { b, x, config } = call
  const window = windowOf(call, 2)
  const each = config.at('depth_multiplier').integer(1)
  const filter = call.weight('depthwise_kernel', 0, [...window.kernel, b.size(x, 3), each])
  return finished(call, depthwise(b, x, filter, window), 1)
}

/** Each channel by itself, then products over the channels of each pixel. */
const separable: Layer = (call) => {
  const { b, x, config } = call
  const window = windowOf(call, 2)
  const channels = b.size(x, 3)
  // TensorFlow.js itself doesn't save `depth_multiplier` of this layer.
  const stated = config.at('depth_multiplier')
  const filter = call.weight('depthwise_kernel', 0, [
    ...window.kernel,
    channels,
    stated.isThere ? stated.integer() : undefined,
  ])
  const each = b.size(filter, 3)
  const apart = depthwise(b, x, filter, window)
  const points = call.weight('pointwise_kernel', 1, [1, 1, channels * each, config.at('filters').integer()])
  return finished(call, conv(b, apart, points, { strides: [1, 1], dilations: [1, 1], padding: 'valid' }), 2)
}

export const convolutions: Layers = {
  Conv1D: convolution(1),
  Conv2D: convolution(2),
  Conv3D: convolution(3),
  Conv1DTranspose: transposed(1),
  Conv2DTranspose: transposed(2),
  Conv3DTranspose: transposed(3),
  DepthwiseConv2D: depthwiseConv,
  SeparableConv2D: separable,
}
