import { END } from '../../graph-writer.ts'
import { type Call, type Convert, type Operators, refuse } from '../call.ts'
import { scattered } from './scattering.ts'

/** `self` with a slice of it replaced by `src`, which is of the slice's size. */
const sliceScatter: Convert = (call) => {
  const { w } = call
  const self = call.tensor('self')
  const axis = call.axis('dim', self.sizes.length, 0)
  const src = call.cast(call.tensor('src'), self.type)
  const bound = (name: string, otherwise: bigint): string =>
    call.has(name) ? call.shape(call.list(name)) : w.ints([otherwise])
  const [start, end] = [bound('start', 0n), bound('end', END)]
  const size = w.sizes(self.name, axis, axis + 1)
  if (call.int('step', 1) !== 1) {
    const all = w.op('Range', [w.scalar(0n, 'int64'), w.squeeze(size, 0), w.scalar(1n, 'int64')])
    const places = w.op('Slice', [all, start, end, w.ints([0]), call.shape(call.list('step'))])
    return scatterAt(call, self.name, along(call, places, axis), src, axis)
  }
  // What follows begins after as many as `src` has: an end before the start counts as the start.
  const head = w.op('Slice', [self.name, w.ints([0]), start, w.ints([axis])])
  const after = w.op('Add', [w.sizes(head, axis, axis + 1), w.sizes(src, axis, axis + 1)])
  return w.concat([head, src, w.op('Slice', [self.name, after, w.ints([END]), w.ints([axis])])], axis)
}

/** `self` with one index of an axis replaced by `src`. */
const selectScatter: Convert = (call) => {
  const self = call.tensor('self')
  const axis = call.axis('dim', self.sizes.length)
  const src = call.w.unsqueeze(call.cast(call.tensor('src'), self.type), axis)
  return scatterAt(call, self.name, call.scalarTensor(call.scalar('index'), 'int64'), src, axis)
}

function scatterAt(call: Call, self: string, places: string, src: string, axis: number): string {
  return scattered(call, self, call.w.op('Expand', [places, call.w.sizes(src)]), src, axis)
}

/** A list as a tensor whose other axes are 1. */
function along(call: Call, list: string, axis: number): string {
  const after = call.tensor('self').sizes.length - 1 - axis
  return after === 0 ? list : call.w.unsqueeze(list, ...Array.from({ length: after }, (_, i) => i + 1))
}

/** Elements (i, i + offset) of two axes, as a last axis. */
const diagonal: Convert = (call) => {
  const { w } = call
  const self = call.tensor('self')
  const rank = self.sizes.length
  const [a, b, offset] = [call.axis('dim1', rank, 0), call.axis('dim2', rank, 1), call.int('offset', 0)]
  const [rows, columns] = [fixed(self.sizes[a]), fixed(self.sizes[b])]
  const [row, column] = [Math.max(0, -offset), Math.max(0, offset)]
  const count = Math.max(0, Math.min(rows - row, columns - column))
  const places = Array.from({ length: count }, (_, i) => [row + i, column + i]).flat()
  const others = self.sizes.flatMap((_, axis) => (axis === a || axis === b ? [] : [axis]))
  const x = w.transpose(self.name, [a, b, ...others])
  const y = w.op('GatherND', [x, w.constant('int64', places, [count, 2])])
  return w.transpose(y, [...others.map((_, i) => i + 1), 0])
}

/** Windows of an axis, whose elements become a last axis. */
const unfold: Convert = (call) => {
  const { w } = call
  const self = call.tensor('self')
  const rank = self.sizes.length
  if (rank === 0) return refuse('its input is a scalar')
  const axis = call.axis('dimension', rank)
  const [size, step] = [call.int('size'), call.int('step')]
  const count = Math.floor((fixed(self.sizes[axis]) - size) / step) + 1
  const places = Array.from({ length: count * size }, (_, i) => Math.floor(i / size) * step + (i % size))
  const y = w.op('Gather', [self.name, w.constant('int64', places, [count, size])], { axis: BigInt(axis) })
  const axes = Array.from({ length: rank + 1 }, (_, i) => i)
  return w.transpose(y, [...axes.filter((i) => i !== axis + 1), axis + 1])
}

/** Windows of a picture [N, C, H, W] as columns [N, C · kh · kw, oh · ow]. Source: ATen/native/im2col.h. */
const im2col: Convert = (call) => {
  const { w } = call
  const self = call.tensor('self')
  if (self.sizes.length !== 4) return refuse('its input has no batch')
  const of = (name: string): number[] => call.perAxis(name, 2)
  const [kernel, dilation, padding, stride] = [of('kernel_size'), of('dilation'), of('padding'), of('stride')]
  const counts = kernel.map((size, i) => {
    const given = fixed(self.sizes[i + 2]) + 2 * padding[i]!
    return Math.floor((given - dilation[i]! * (size - 1) - 1) / stride[i]!) + 1
  })
  // [N, C, kh, oh, W], then [N, C, kh, oh, kw, ow].
  const windowed = (x: string, i: number): string => {
    const [size, count] = [kernel[i]!, counts[i]!]
    const places = Array.from(
      { length: size * count },
      (_, k) => Math.floor(k / count) * dilation[i]! + (k % count) * stride[i]!,
    )
    return w.op('Gather', [x, w.constant('int64', places, [size, count])], { axis: BigInt(2 + 2 * i) })
  }
  const padded = w.op('Pad', [self.name, w.ints([0, 0, ...padding, 0, 0, ...padding])], { mode: 'constant' })
  const all = w.transpose(windowed(windowed(padded, 0), 1), [0, 1, 2, 4, 3, 5])
  const rows = fixed(self.sizes[1]) * kernel[0]! * kernel[1]!
  const sizes = w.concat([w.sizes(self.name, 0, 1), w.ints([rows, counts[0]! * counts[1]!])], 0)
  return w.op('Reshape', [all, sizes], { allowzero: 1n })
}

function fixed(size: number | undefined): number {
  return size ?? refuse('its input has no fixed size')
}

/** Points of pictures; numbers of modes as ATen/native/GridSamplerUtils.h has them, those of ONNX 20 by name. */
const gridSample: Convert = (call) => {
  const mode = ['linear', 'nearest', 'cubic'][call.int('interpolation_mode')] ?? refuse('its interpolation_mode')
  const padding = ['zeros', 'border', 'reflection'][call.int('padding_mode')] ?? refuse('its padding_mode')
  return call.w.op('GridSample', [call.tensor('input').name, call.tensor('grid').name], {
    mode,
    padding_mode: padding,
    align_corners: call.bool('align_corners') ? 1n : 0n,
  })
}

/** Positions of an affine map's points. */
const affineGrid: Convert = (call) =>
  call.w.op('AffineGrid', [call.tensor('theta').name, call.shape(call.list('size'))], {
    align_corners: call.bool('align_corners') ? 1n : 0n,
  })

/** What `im2col` undoes, columns that meet are added. */
const col2im: Convert = (call) => {
  const self = call.tensor('self')
  if (self.sizes.length !== 3) return refuse('its input has no batch')
  const of = (name: string): bigint[] => call.perAxis(name, 2).map(BigInt)
  const padding = of('padding')
  return call.w.op('Col2Im', [self.name, call.shape(call.list('output_size')), call.w.ints(of('kernel_size'))], {
    dilations: of('dilation'),
    pads: [...padding, ...padding],
    strides: of('stride'),
  })
}

/** Slices that are written, windows and points that are read; all make fresh memory but those of `windowViews`. */
export const windows: Operators = {
  'aten.slice_scatter.default': sliceScatter,
  'aten.select_scatter.default': selectScatter,
  'aten.im2col.default': im2col,
  'aten.col2im.default': col2im,
  'aten.affine_grid_generator.default': affineGrid,
  'aten.grid_sampler.default': gridSample,
  'aten.grid_sampler_2d.default': gridSample,
}

export const windowViews: Operators = {
  'aten.diagonal.default': diagonal,
  'aten.unfold.default': unfold,
}
