import { cut, pad, resize } from '../ops/moving.ts'
import { globalPool, pool } from '../ops/windows.ts'
import type { Layer, LayerCall, Layers } from './call.ts'

// What takes sequences or images of channels: pools, borders, other sizes.

function pooling(op: 'MaxPool' | 'AveragePool', spatial: number): Layer {
  return (call) => {
    call.expectChannelsLast()
    const kernel = call.sizes('pool_size', spatial, 2)
    const strides = call.config.at('strides').isThere ? call.sizes('strides', spatial) : kernel
    const padding = call.config.at('padding').text('valid')
    if (padding !== 'same' && padding !== 'valid') call.config.at('padding').wrong('same or valid')
    return pool(call.b, op, call.x, { kernel, strides, dilations: kernel.map(() => 1), padding: padding as 'same' | 'valid' }) // prettier-ignore
  }
}

function globally(op: 'ReduceMean' | 'ReduceMax', spatial: number): Layer {
  return (call) => {
    call.expectChannelsLast()
    if (call.b.rank(call.x) !== spatial + 2) call.b.wrong(`takes a tensor of rank ${spatial + 2}, and is given one of rank ${call.b.rank(call.x)}`) // prettier-ignore
    return globalPool(call.b, op, call.x, call.config.at('keepdims').truth(false))
  }
}

/** `[[top, bottom], [left, right]]`, one number for all, or one per axis for both of its ends. */
function borders(call: LayerCall, key: string, spatial: number): (readonly [number, number])[] {
  call.expectChannelsLast()
  const given = call.config.at(key)
  if (!given.isList) return Array.from({ length: spatial }, () => [given.integer(1), given.integer(1)])
  const list = given.list()
  if (spatial === 1 && list.length === 2) return [[list[0]!.integer(), list[1]!.integer()]]
  if (list.length !== spatial) given.wrong(`of ${spatial} axes`)
  return list.map((item) => item.integers(2) as [number, number])
}

function zeroPadding(spatial: number): Layer {
  return (call) => {
    const sizes = borders(call, 'padding', spatial)
    return pad(call.b, call.x, [[0, 0], ...sizes, [0, 0]], call.b.scalar(0, call.x.type))
  }
}

function cropping(key: string, spatial: number): Layer {
  return (call) => {
    const sizes = borders(call, key, spatial)
    if (sizes.flat().some((size) => size < 0)) call.b.wrong('crops a negative number of elements')
    const axes = sizes.map((_, i) => i + 1)
    const ends = sizes.map(([, end]) => (end === 0 ? 2 ** 31 - 1 : -end))
    return cut(call.b, call.x, axes, sizes.map(([begin]) => begin), ends) // prettier-ignore
  }
}

/** Each step several times. */
const upSampling1d: Layer = ({ b, x, config }) => {
  const size = config.at('size').integers(1)[0]!
  const [batch, steps, width] = b.shape(x)
  if (b.rank(x) !== 3 || size < 1) b.wrong(`repeats the steps of a tensor of rank ${b.rank(x)} ${size} times`)
  const repeated = b.op('Expand', [b.writer.unsqueeze(b.get(x), 2), b.writer.ints([1, 1, size, 1])])
  const total = steps && steps * size
  return b.value(b.writer.reshape(repeated, [0, total ?? -1, b.size(x, 2)]), x.type, [batch, total, width])
}

const upSampling2d: Layer = (call) => {
  const { b, x, config } = call
  call.expectChannelsLast()
  const scales = call.sizes('size', 2, 2)
  if (scales.some((scale) => scale < 1)) config.at('size').wrong('positive')
  const sizes = [1, 2].map((axis) => b.shape(x)[axis]).map((size, i) => size && size * scales[i]!)
  const method = config.at('interpolation').text('nearest')
  if (method === 'nearest')
    return resize(b, x, { mode: 'nearest', transformation: 'asymmetric', rounding: 'floor' }, { scales }, sizes)
  // As tfjs does; Keras in Python has pixels at their centres.
  call.refuseUnless(method === 'bilinear', `interpolation ${method}`)
  return resize(b, x, { mode: 'linear', transformation: 'asymmetric' }, { scales }, sizes)
}

export const images: Layers = {
  MaxPooling1D: pooling('MaxPool', 1),
  MaxPooling2D: pooling('MaxPool', 2),
  MaxPooling3D: pooling('MaxPool', 3),
  AveragePooling1D: pooling('AveragePool', 1),
  AveragePooling2D: pooling('AveragePool', 2),
  AveragePooling3D: pooling('AveragePool', 3),
  GlobalAveragePooling1D: globally('ReduceMean', 1),
  GlobalAveragePooling2D: globally('ReduceMean', 2),
  GlobalMaxPooling1D: globally('ReduceMax', 1),
  GlobalMaxPooling2D: globally('ReduceMax', 2),
  ZeroPadding1D: zeroPadding(1),
  ZeroPadding2D: zeroPadding(2),
  Cropping1D: cropping('cropping', 1),
  Cropping2D: cropping('cropping', 2),
  UpSampling1D: upSampling1d,
  UpSampling2D: upSampling2d,
}
