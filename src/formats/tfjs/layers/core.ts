import { leakyRelu, prelu, along, clipped } from '../ops/activations.ts'
import { elementwise, named } from '../ops/elementwise.ts'
import type { Value } from '../value.ts'
import type { Layer, LayerCall, Layers } from './call.ts'

/** All but the last axis are rows. Weights [in, units]. */
const dense: Layer = (call) => {
  const { b, x } = call
  const units = call.config.at('units').integer()
  const width = b.size(x, b.rank(x) - 1)
  const kernel = b.get(call.weight('kernel', 0, [width, units]))
  const bias = call.bias(1, units)
  const shape = [...x.shape!.slice(0, -1), units]
  const added = bias ? [b.get(bias)] : []
  const name =
    b.rank(x) === 2
      ? b.op('Gemm', [b.get(x), kernel, ...added])
      : added.reduce((sum, term) => b.op('Add', [sum, term]), b.op('MatMul', [b.get(x), kernel]))
  return call.activated(b.value(name, 'float32', shape))
}

/** All axes but the batch become one. */
const flatten: Layer = (call) => {
  const { b, x } = call
  call.expectChannelsLast()
  const rest = b.shape(x).slice(1)
  const size = rest.includes(undefined) ? undefined : rest.reduce<number>((product, axis) => product * axis!, 1)
  // 0: as it was.
  return b.value(b.writer.reshape(b.get(x), [0, size ?? -1]), x.type, [x.shape![0], size])
}

const reshape: Layer = (call) => {
  const { b, x } = call
  const target = call.config.at('target_shape').list().map((size) => size.integer(-1)) // prettier-ignore
  const rest = b.shape(x).slice(1)
  const total = rest.includes(undefined) ? undefined : rest.reduce<number>((product, size) => product * size!, 1)
  const stated = target.filter((size) => size >= 0).reduce((product, size) => product * size, 1)
  const open = target.filter((size) => size < 0).length
  if (open > 1 || (total !== undefined && (open === 0 ? stated !== total : total % stated !== 0)))
    b.wrong(`has ${total ?? 'any number of'} elements to bring into the shape [${target.join(', ')}]`)
  const sizes = target.map((size) => (size >= 0 ? size : total === undefined ? -1 : total / stated))
  return b.value(
    b.writer.reshape(b.get(x), [0, ...sizes]),
    x.type,
    [x.shape![0], ...sizes.map((size) => (size < 0 ? undefined : size))],
  ) // prettier-ignore
}

/** Axes are counted from 1, the batch is none of them. */
const permute: Layer = ({ b, x, config }) => b.transpose(x, [0, ...config.at('dims').list().map((axis) => axis.integer())]) // prettier-ignore

/** [batch, size] → [batch, n, size] */
const repeatVector: Layer = ({ b, x, config }) => {
  const count = config.at('n').integer()
  if (b.rank(x) !== 2 || count < 0) b.wrong(`repeats a tensor of rank ${b.rank(x)} ${count} times`)
  const name = b.op('Expand', [b.writer.unsqueeze(b.get(x), 1), b.writer.ints([1, count, 1])])
  return b.value(name, x.type, [x.shape![0], count, x.shape![1]])
}

/** [batch, steps] of indices → [batch, steps, size] */
const embedding: Layer = (call) => {
  const { b, x, config } = call
  call.refuseUnless(!config.at('mask_zero').truth(false), 'mask_zero, which leaves steps out')
  const table = call.weight('embeddings', 0, [config.at('input_dim').integer(), config.at('output_dim').integer()])
  const indices = b.int64(b.cast(x, 'int32'))
  return b.value(b.op('Gather', [b.get(table), indices], { axis: 0n }), 'float32', [...b.shape(x), table.shape![1]])
}

/** At inference, nothing happens. */
const identity: Layer = ({ x }) => x

function number(call: LayerCall, fallback: number, ...keys: string[]): number {
  return call.config.oneOf(...keys).number(fallback)
}

const relu: Layer = (call) => {
  const { b, x, config } = call
  const slope = number(call, 0, 'negative_slope')
  const threshold = number(call, 0, 'threshold')
  call.refuseUnless(threshold === 0, 'a threshold other than 0')
  const most = config.oneOf('max_value').isThere ? config.at('max_value').number() : Infinity
  if (slope === 0 && most < Infinity) return clipped(b, x, 0, most)
  const value: Value = slope === 0 ? named(b, 'Relu', [x]) : leakyRelu(slope)(b, x)
  return most === Infinity ? value : elementwise(b, [value], (name) => b.op('Min', [name!, b.scalar(most, 'float32')]))
}

/** One slope per element, but along shared axes one for all. */
const preluLayer: Layer = (call) => {
  const { b, x } = call
  const shared = call.config.at('shared_axes').list().map((axis) => axis.integer()) // prettier-ignore
  const shape = b.shape(x).slice(1).map((size, i) => shared.includes(i + 1) ? 1 : size) // prettier-ignore
  return prelu(b, x, call.weight('alpha', 0, shape))
}

/** x where it is greater than theta, else 0. */
const thresholdedRelu: Layer = (call) => {
  const { b, x } = call
  const theta = b.scalar(number(call, 1, 'theta'), 'float32')
  return elementwise(b, [x], (name) => b.op('Mul', [name!, b.writer.cast(b.op('Greater', [name!, theta]), 'bool', 'float32')])) // prettier-ignore
}

const elu: Layer = (call) => {
  const alpha = number(call, 1, 'alpha')
  return elementwise(call.b, [call.x], (name) => call.b.op('Elu', [name!], { alpha }))
}

/** x · scale + offset */
const rescaling: Layer = (call) => {
  const { b, x } = call
  const factors = ['scale', 'offset'].map((key) =>
    b.numbers('float32', [], [number(call, key === 'scale' ? 1 : 0, key)]),
  )
  return named(b, 'Add', [named(b, 'Mul', [b.cast(x, 'float32'), factors[0]!]), factors[1]!])
}

export const core: Layers = {
  Dense: dense,
  Activation: (call) => call.activated(call.x),
  Flatten: flatten,
  Reshape: reshape,
  Permute: permute,
  RepeatVector: repeatVector,
  Embedding: embedding,
  Rescaling: rescaling,
  ReLU: relu,
  LeakyReLU: (call) => leakyRelu(number(call, 0.3, 'alpha', 'negative_slope'))(call.b, call.x),
  PReLU: preluLayer,
  ELU: elu,
  ThresholdedReLU: thresholdedRelu,
  Softmax: (call) => along(call.b, 'Softmax', call.x, call.config.at('axis').integer(-1)),
  ...Object.fromEntries(
    ['Dropout', 'SpatialDropout1D', 'SpatialDropout2D', 'GaussianDropout', 'GaussianNoise', 'AlphaDropout', 'ActivityRegularization', 'RandomFlip', 'RandomRotation', 'RandomZoom', 'RandomContrast', 'RandomTranslation'].map((kind) => [kind, identity]), // prettier-ignore
  ),
}
