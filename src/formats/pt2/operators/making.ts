import { type ElementType, isFloat, limitsOf } from '../../../onnx/element-type.ts'
import { END } from '../../graph-writer.ts'
import { type Call, type Convert, type Operators, refuse, type Value } from '../call.ts'

const cat: Convert = (call) => {
  // Older exports have empty tensors of rank 1 among those of any rank, which count for nothing.
  const all = call.allTensors('tensors')
  const tensors = all.filter(
    ({ sizes }) => all.length === 1 || !(sizes.length === 1 && sizes[0] === 0 && call.out.sizes.length !== 1),
  )
  const axis = call.axis('dim', call.out.sizes.length, 0)
  return call.w.op(
    'Concat',
    tensors.map((value) => call.cast(value, call.out.type)),
    { axis: BigInt(axis) },
  )
}

const stack: Convert = (call) => {
  const axis = call.axis('dim', call.out.sizes.length, 0)
  const parts = call.allTensors('tensors').map((value) => call.w.unsqueeze(call.cast(value, call.out.type), axis))
  return call.w.op('Concat', parts, { axis: BigInt(axis) })
}

/** Axes are added in front; tile takes fewer counts than there are axes, which are those of the last. */
const repeat: Convert = (call) => {
  const self = call.tensor('self')
  const given = call.list(call.has('dims') ? 'dims' : 'repeats')
  const times = [...Array<number>(Math.max(0, self.sizes.length - given.length)).fill(1), ...given]
  const added = times.length - self.sizes.length
  const wide = added > 0 ? call.w.unsqueeze(self.name, ...Array.from({ length: added }, (_, i) => i)) : self.name
  return call.w.op('Tile', [wide, call.shape(times)])
}

const repeatInterleave: Convert = (call) => {
  const { w } = call
  const self = call.tensor('self')
  if (!call.has('dim')) return refuse('it has no dim')
  const rank = self.sizes.length
  const axis = call.axis('dim', rank)
  const times = call.int('repeats')
  const tiled = w.op('Tile', [
    w.unsqueeze(self.name, axis + 1),
    w.ints(Array.from({ length: rank + 1 }, (_, i) => (i === axis + 1 ? times : 1))),
  ])
  const parts = [w.sizes(self.name, 0, axis), w.ints([-1]), w.sizes(self.name, axis + 1)]
  return w.op('Reshape', [tiled, w.concat(parts, 0)], { allowzero: 1n })
}

const flip: Convert = (call) => {
  const self = call.tensor('self')
  return call
    .ints('dims')
    .reduce((x, axis) => call.w.slice(x, axis < 0 ? axis + self.sizes.length : axis, -1n, -(2n ** 63n), -1), self.name)
}

const roll: Convert = (call) => {
  const { w } = call
  const self = call.tensor('self')
  const dims = call.ints('dims', [])
  const shifts = call.ints('shifts')
  if (dims.length !== shifts.length) return refuse('it rolls the flat tensor')
  return dims.reduce((x, axis, i) => {
    const at = axis < 0 ? axis + self.sizes.length : axis
    const size = self.sizes[at]
    if (size === undefined) return rolledInRun(call, x, at, shifts[i]!)
    const by = size === 0 ? 0 : ((shifts[i]! % size) + size) % size
    if (by === 0) return x
    return w.concat([w.slice(x, at, -by, END), w.slice(x, at, 0, -by)], at)
  }, self.name)
}

/** Of a size that only the run knows, which the shift may exceed. */
function rolledInRun({ w }: Call, x: string, axis: number, shift: number): string {
  const size = w.sizes(x, axis, axis + 1)
  // Mod has the divisor's sign; an empty axis is rolled as one of 1.
  const at = w.op('Mod', [w.ints([-shift]), w.op('Max', [size, w.ints([1])])])
  const [head, tail] = [
    w.op('Slice', [x, w.ints([0]), at, w.ints([axis])]),
    w.op('Slice', [x, at, w.ints([END]), w.ints([axis])]),
  ]
  return w.concat([tail, head], axis)
}

/** Pairs of (begin, end) from the last axis forwards. */
const pad =
  (modeOf: (call: Call) => string): Convert =>
  (call) => {
    const { w } = call
    const self = call.tensor('self')
    const list = call.list(call.has('pad') ? 'pad' : 'padding')
    const rank = self.sizes.length
    const mode = { constant: 'constant', reflect: 'reflect', replicate: 'edge', circular: 'wrap' }[modeOf(call)]
    if (!mode) return refuse(`its mode ${modeOf(call)}`)
    const pads = Array<number | bigint | Value>(2 * rank).fill(0)
    if (list.length > 2 * rank) return refuse('it pads more axes than there are')
    list.forEach((value, i) => {
      pads[rank - 1 - Math.floor(i / 2) + (i % 2) * rank] = value
    })
    const value = mode === 'constant' ? [call.scalarTensor(call.operand('value', 0), self.type)] : []
    return w.op('Pad', [self.name, call.shape(pads), ...value], { mode })
  }

const arange: Convert = (call) => {
  const { type } = call.out
  const stated = isFloat(type) ? statedRange(call, type) : undefined
  if (stated !== undefined) return stated
  // Range is of no smaller integers.
  const counted = isFloat(type) ? type : 'int64'
  const of = (name: string, otherwise: number): string => call.scalarTensor(call.operand(name, otherwise), counted)
  return call.w.cast(call.w.op('Range', [of('start', 0), of('end', 0), of('step', 1)]), counted, type)
}

/** PyTorch counts in float64 how many there are; what float32 counts may be one more or less. Source: RangeFactories.cpp. */
function statedRange(call: Call, type: ElementType): string | undefined {
  const numbers = [call.scalar('start', 0), call.scalar('end'), call.scalar('step', 1)]
  if (numbers.some((number) => typeof number === 'object')) return undefined
  const [start, end, step] = numbers.map(Number) as [number, number, number]
  const count = Math.max(0, Math.ceil((end - start) / step))
  if (!(count <= LONGEST_RANGE)) return undefined
  const values = Array.from({ length: count }, (_, i) => start + i * step)
  return call.w.op('Identity', [call.w.constant(type, values)])
}

/** Longer ones are computed in the run. */
const LONGEST_RANGE = 65_536

/** From both ends towards the middle. Source: ATen/native/cpu/RangeFactoriesKernel.cpp. */
const linspace: Convert = (call) => {
  const { type } = call.out
  const [start, end, steps] = [call.float('start'), call.float('end'), call.int('steps')]
  if (!isFloat(type) || steps > LONGEST_RANGE) return refuse(`its ${isFloat(type) ? 'length' : 'type'}`)
  const step = (end - start) / (steps - 1)
  const values = Array.from({ length: steps }, (_, i) =>
    i < steps / 2 ? start + (i === 0 ? 0 : i * step) : end - (i === steps - 1 ? 0 : (steps - 1 - i) * step),
  )
  return call.w.op('Identity', [call.w.constant(type, values)])
}

const eye: Convert = (call) => {
  const { w } = call
  const { type } = call.out
  const made = isFloat(type) ? type : 'int64'
  const sizes = [call.scalar('n'), call.scalar(call.has('m') ? 'm' : 'n')] as (number | Value)[]
  const zeros = w.op('Expand', [w.scalar(isFloat(type) ? 0 : 0n, made), call.shape(sizes)])
  return w.cast(w.op('EyeLike', [zeros]), made, type)
}

const full =
  (value: number | undefined, sizeName = 'size'): Convert =>
  (call) => {
    const { type } = call.out
    const given = value === undefined ? call.operand(call.has('fill_value') ? 'fill_value' : 'value') : BigInt(value)
    return call.w.op('Expand', [call.scalarTensor(given, type), call.shape(call.list(sizeName))])
  }

const fullLike =
  (value: number | undefined): Convert =>
  (call) => {
    const { type } = call.out
    const given = value === undefined ? call.operand('fill_value') : BigInt(value)
    return call.w.op('Expand', [call.scalarTensor(given, type), call.w.sizes(call.tensor('self').name)])
  }

const scalarTensor: Convert = (call) => call.w.op('Identity', [call.scalarTensor(call.operand('s'), call.out.type)])

/** Keeps what is on and below (or above) a diagonal. */
const triangle =
  (upper: 0n | 1n): Convert =>
  (call) => {
    const self = call.tensor('self')
    const isBool = self.type === 'bool'
    const x = isBool ? call.cast(self, 'uint8') : self.name
    const y = call.w.op('Trilu', [x, call.w.scalar(BigInt(call.int('diagonal', 0)), 'int64')], { upper })
    return isBool ? call.w.cast(y, 'uint8', 'bool') : y
  }

const oneHot: Convert = (call) => {
  const count = call.int('num_classes', -1)
  if (count <= 0) return refuse('its num_classes is not given')
  return call.w.op('OneHot', [call.tensor('self').name, call.w.ints([count]), call.w.ints([0, 1])])
}

const pixelShuffle: Convert = (call) => {
  const self = call.tensor('self')
  if (self.sizes.length !== 4) return refuse(`its input is of rank ${self.sizes.length}`)
  return call.w.op('DepthToSpace', [self.name], { blocksize: BigInt(call.int('upscale_factor')), mode: 'CRD' })
}

/** Channels go before the positions within a block, where SpaceToDepth has them behind. */
const pixelUnshuffle: Convert = (call) => {
  const { w } = call
  const [n, c, h, width] = call.tensor('self').sizes
  const r = call.int('downscale_factor')
  if (c === undefined || h === undefined || width === undefined || n === undefined || r < 1)
    return refuse('its input has no fixed sizes')
  const parted = w.reshape(call.tensor('self').name, [n, c, h / r, r, width / r, r])
  return w.reshape(w.transpose(parted, [0, 1, 3, 5, 2, 4]), [n, c * r * r, h / r, width / r])
}

const einsum: Convert = (call) => {
  if (call.has('path') && call.ints('path').length > 0) return refuse('its argument path')
  return call.w.op(
    'Einsum',
    call.allTensors('tensors').map((value) => call.cast(value, call.out.type)),
    { equation: call.text('equation', '') },
  )
}

const nanToNum: Convert = (call) => {
  const { w } = call
  const self = call.tensor('self')
  if (!isFloat(self.type)) return w.op('Identity', [self.name])
  const [low, high] = limitsOf(self.type as ElementType).map(Number)
  const scalar = (name: string, otherwise: number): string => w.scalar(call.float(name, otherwise), self.type)
  const isInfinite = (sign: 'positive' | 'negative'): string =>
    w.op('IsInf', [self.name], {
      detect_positive: sign === 'positive' ? 1n : 0n,
      detect_negative: sign === 'negative' ? 1n : 0n,
    })
  const noNaN = w.where(w.op('IsNaN', [self.name]), scalar('nan', 0), self.name)
  const below = w.where(isInfinite('negative'), scalar('neginf', low!), noNaN)
  return w.where(isInfinite('positive'), scalar('posinf', high!), below)
}

/** Operators that join, repeat and make elements; all make fresh memory. */
export const making: Operators = {
  'aten.cat.default': cat,
  'aten.concat.default': cat,
  'aten.stack.default': stack,
  'aten.repeat.default': repeat,
  'aten.tile.default': repeat,
  'aten.repeat_interleave.self_int': repeatInterleave,
  'aten.flip.default': flip,
  'aten.roll.default': roll,
  'aten.pad.default': pad((call) => call.text('mode', 'constant')),
  'aten.constant_pad_nd.default': pad(() => 'constant'),
  ...Object.fromEntries(
    [1, 2, 3].flatMap((axes) => [
      [`aten.reflection_pad${axes}d.default`, pad(() => 'reflect')] as const,
      [`aten.replication_pad${axes}d.default`, pad(() => 'replicate')] as const,
    ]),
  ),
  'aten.arange.default': arange,
  'aten.arange.start': arange,
  'aten.arange.start_step': arange,
  'aten.linspace.default': linspace,
  'aten.eye.default': eye,
  'aten.eye.m': eye,
  'aten.full.default': full(undefined),
  'aten.zeros.default': full(0),
  'aten.ones.default': full(1),
  'aten.empty.memory_format': full(0),
  'aten.new_full.default': full(undefined),
  'aten.new_zeros.default': full(0),
  'aten.new_ones.default': full(1),
  'aten.new_empty.default': full(0),
  'aten.full_like.default': fullLike(undefined),
  'aten.zeros_like.default': fullLike(0),
  'aten.ones_like.default': fullLike(1),
  'aten.empty_like.default': fullLike(0),
  'aten.scalar_tensor.default': scalarTensor,
  'aten.tril.default': triangle(0n),
  'aten.triu.default': triangle(1n),
  'aten.one_hot.default': oneHot,
  'aten.pixel_shuffle.default': pixelShuffle,
  'aten.pixel_unshuffle.default': pixelUnshuffle,
  'aten.einsum.default': einsum,
  'aten.nan_to_num.default': nanToNum,
}
