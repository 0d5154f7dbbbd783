import { END } from '../../graph-writer.ts'
import { axisOf, type Call, type Convert, type Operators, refuse, type Value } from '../call.ts'

const copy: Convert = (call) => call.cast(call.tensor('self'), call.out.type)

/** The first argument, as it is. */
const same: Convert = (call) => call.valueOf(call.at(0)).name

/** To the sizes that an argument states; one that only the run knows is left to Reshape where it is the only one. */
const reshape =
  (argument: string): Convert =>
  (call) => {
    const sizes = call.list(argument)
    const open = sizes.filter((size) => typeof size === 'object' || size === -1)
    const known = sizes.map((size) => (typeof size === 'object' ? -1 : size))
    return reshaped(
      call,
      call.tensor('self').name,
      open.length <= 1 && !known.includes(0) ? call.w.ints(known) : call.shape(sizes),
    )
  }

function reshaped(call: Call, x: string, sizes: string): string {
  return call.w.op('Reshape', [x, sizes], { allowzero: 1n })
}

/** Sizes `begin … end` of `self` become `sizes`; those around stay. */
function replaceSizes(
  call: Call,
  self: Value,
  begin: number,
  end: number,
  sizes: readonly (number | bigint | Value)[],
): string {
  const { w } = call
  const fixed = call.out.sizes
  const open = fixed.filter((size) => size === undefined).length
  if (open <= 1 && !fixed.includes(0)) return reshaped(call, self.name, w.ints(fixed.map((size) => size ?? -1)))
  const parts = [
    ...(begin > 0 ? [w.sizes(self.name, 0, begin)] : []),
    ...(sizes.length > 0 ? [call.shape(sizes)] : []),
    ...(end < self.sizes.length ? [w.sizes(self.name, end)] : []),
  ]
  return reshaped(call, self.name, w.concat(parts, 0))
}

const flatten: Convert = (call) => {
  const self = call.tensor('self')
  const rank = self.sizes.length
  if (rank === 0) return call.w.unsqueeze(self.name, 0)
  const [begin, end] = [call.axis('start_dim', rank, 0), call.axis('end_dim', rank, -1)]
  return replaceSizes(call, self, begin, end + 1, [-1])
}

const unflatten: Convert = (call) => {
  const self = call.tensor('self')
  const axis = call.axis('dim', self.sizes.length)
  return replaceSizes(call, self, axis, axis + 1, call.list('sizes'))
}

/** Without axes, all that are 1; of those given, the ones that are 1. */
const squeeze: Convert = (call) => {
  const self = call.tensor('self')
  const rank = self.sizes.length
  const axes = call.has('dim') ? call.ints('dim').map((axis) => axisOf(axis, rank)) : self.sizes.map((_, axis) => axis)
  if (axes.some((axis) => axis < rank && self.sizes[axis] === undefined))
    return refuse('it squeezes an axis whose size only the run knows')
  const ones = axes.filter((axis) => self.sizes[axis] === 1)
  return ones.length === 0 ? self.name : call.w.squeeze(self.name, ...ones)
}

const unsqueeze: Convert = (call) => {
  const self = call.tensor('self')
  return call.w.unsqueeze(self.name, call.axis('dim', self.sizes.length + 1))
}

const permute: Convert = (call) => {
  const self = call.tensor('self')
  return call.w.transpose(
    self.name,
    call.ints('dims').map((axis) => axisOf(axis, self.sizes.length)),
  )
}

function swapped(call: Call, self: Value, a: number, b: number): string {
  const perm = self.sizes.map((_, axis) => (axis === a ? b : axis === b ? a : axis))
  return call.w.transpose(self.name, perm)
}

const transpose =
  (first: string, second: string): Convert =>
  (call) => {
    const self = call.tensor('self')
    return swapped(call, self, call.axis(first, self.sizes.length), call.axis(second, self.sizes.length))
  }

/** Of the last two axes. */
const matrixTranspose: Convert = (call) => {
  const self = call.tensor('self')
  const rank = self.sizes.length
  return rank < 2 ? self.name : swapped(call, self, rank - 2, rank - 1)
}

const movedim: Convert = (call) => {
  const self = call.tensor('self')
  const rank = self.sizes.length
  const from = call.ints('source').map((axis) => axisOf(axis, rank))
  const to = call.ints('destination').map((axis) => axisOf(axis, rank))
  const rest = self.sizes.flatMap((_, axis) => (from.includes(axis) ? [] : [axis]))
  const perm = self.sizes.map((_, axis) => (to.includes(axis) ? from[to.indexOf(axis)]! : rest.shift()!))
  return call.w.transpose(self.name, perm)
}

/** −1 keeps a size; axes are added in front. */
const expand: Convert = (call) => {
  const self = call.tensor('self')
  const sizes = call.list('size').map((size) => (size === -1 ? 1 : size))
  return call.w.op('Expand', [self.name, call.shape(sizes)])
}

const expandAs: Convert = (call) =>
  call.w.op('Expand', [call.tensor('self').name, call.w.sizes(call.tensor('other').name)])

const reshapeAs: Convert = (call) => reshaped(call, call.tensor('self').name, call.w.sizes(call.tensor('other').name))

const select: Convert = (call) => {
  const self = call.tensor('self')
  const index = call.scalarTensor(call.scalar('index'), 'int64')
  return call.w.op('Gather', [self.name, index], { axis: BigInt(call.axis('dim', self.sizes.length)) })
}

const slice: Convert = (call) => {
  const self = call.tensor('self')
  const axis = call.axis('dim', self.sizes.length, 0)
  const of = (name: string, otherwise: bigint): string =>
    call.has(name) ? call.shape(call.list(name)) : call.w.ints([otherwise])
  const inputs = [self.name, of('start', 0n), of('end', END), call.w.ints([axis]), of('step', 1n)]
  return call.w.op('Slice', inputs)
}

const narrow: Convert = (call) => {
  const { w } = call
  const self = call.tensor('self')
  const [start, length] = ['start', 'length'].map((name) => call.shape(call.list(name)))
  const end = w.op('Add', [start!, length!])
  // From the end up to it: no index below zero says that.
  const zero = w.scalar(0n, 'int64')
  const reaches = w.op('And', [w.op('Less', [start!, zero]), w.op('Equal', [end, zero])])
  const last = w.where(reaches, w.scalar(END, 'int64'), end)
  return w.op('Slice', [self.name, start!, last, w.ints([call.axis('dim', self.sizes.length)])])
}

/** The program states how many parts there are, and of what sizes. */
const split: Convert = (call) => {
  const self = call.tensor('self')
  const axis = call.axis('dim', self.sizes.length, 0)
  const sizes = call.outputs.map(
    ({ sizes }) => sizes[axis] ?? refuse('it splits an axis whose size only the run knows'),
  )
  if (sizes.length === 1) return [self.name]
  return call.w.ops('Split', [self.name, call.w.ints(sizes)], sizes.length, { axis: BigInt(axis) })
}

/** Each list along an axis of its own, in the shape of all; `xy` swaps the first two. */
const meshgrid: Convert = (call) => {
  const { w } = call
  const tensors = call.allTensors('tensors').map(({ name }) => w.reshape(name, [-1]))
  const count = tensors.length
  const axes = tensors.map((_, i) => (call.text('indexing', 'ij') === 'xy' && i < 2 && count > 1 ? 1 - i : i))
  const sizes = axes.map((_, axis) => w.sizes(tensors[axes.indexOf(axis)]!))
  const shape = w.concat(sizes, 0)
  return tensors.map((x, i) =>
    w.op('Expand', [w.reshape(x, [-1, ...Array<number>(count - 1 - axes[i]!).fill(1)]), shape]),
  )
}

const unbind: Convert = (call) => {
  const self = call.tensor('self')
  const axis = call.axis('dim', self.sizes.length, 0)
  const count = call.outputs.length
  if (count === 0) return []
  const parts =
    count === 1
      ? [self.name]
      : call.w.ops('Split', [self.name, call.w.ints(Array<number>(count).fill(1))], count, { axis: BigInt(axis) })
  return parts.map((part) => call.w.squeeze(part, axis))
}

/** Operators that may give a view of their input: what they give is never written to. */
export const shape: Operators = {
  'aten.view.default': reshape('size'),
  'aten.reshape.default': reshape('shape'),
  'aten._unsafe_view.default': reshape('size'),
  'aten._reshape_copy.default': reshape('size'),
  'aten.view_copy.default': reshape('size'),
  'aten.reshape_as.default': reshapeAs,
  'aten.view_as.default': reshapeAs,
  'aten.flatten.using_ints': flatten,
  'aten.unflatten.int': unflatten,
  'aten.squeeze.default': squeeze,
  'aten.squeeze.dim': squeeze,
  'aten.squeeze.dims': squeeze,
  'aten.unsqueeze.default': unsqueeze,
  'aten.permute.default': permute,
  'aten.transpose.int': transpose('dim0', 'dim1'),
  'aten.swapaxes.default': transpose('axis0', 'axis1'),
  'aten.swapdims.default': transpose('dim0', 'dim1'),
  'aten.t.default': matrixTranspose,
  'aten.numpy_T.default': (call) =>
    call.w.transpose(
      call.tensor('self').name,
      call.tensor('self').sizes.map((_, i, all) => all.length - 1 - i),
    ),
  'aten.mT.default': matrixTranspose,
  'aten.movedim.int': movedim,
  'aten.movedim.intlist': movedim,
  'aten.expand.default': expand,
  'aten.expand_as.default': expandAs,
  'aten.broadcast_to.default': expand,
  'aten.select.int': select,
  'aten.slice.Tensor': slice,
  'aten.narrow.default': narrow,
  'aten.split.Tensor': split,
  'aten.split.sizes': split,
  'aten.split_with_sizes.default': split,
  'aten.chunk.default': split,
  'aten.tensor_split.sections': split,
  'aten.tensor_split.indices': split,
  'aten.meshgrid.default': meshgrid,
  'aten.meshgrid.indexing': meshgrid,
  'aten.unbind.int': unbind,
  'aten.to.dtype': copy,
  'aten.to.dtype_layout': copy,
  'aten.to.device': copy,
  'aten.to.other': copy,
  'aten.type_as.default': copy,
  'aten.float.default': copy,
  'aten.contiguous.default': copy,
}

/** Operators that give their input itself. */
export const identities: Operators = {
  'aten.alias.default': same,
  'aten.detach.default': same,
  'aten.detach_.default': same,
  'aten.lift_fresh.default': same,
  'aten.dropout.default': dropout,
  'aten.feature_dropout.default': dropout,
  'aten.alpha_dropout.default': dropout,
  'aten.native_dropout.default': dropout,
}

function dropout(call: Call): string {
  const isTraining = call.bool('train', false) && call.float('p', 0) !== 0
  return isTraining ? refuse('it is exported for training; call model.eval() before') : (same(call) as string)
}
