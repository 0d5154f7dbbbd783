import { tensorFrom } from '../../../onnx/tensor.ts'
import { type Builder, layoutOf } from '../builder.ts'
import { axisIn, type Dim, type Shape, type Value } from '../value.ts'

/** Tensors one behind the other along an axis. */
export function concat(b: Builder, values: readonly Value[], axis: number): Value {
  const [first] = values
  if (!first) return b.wrong('joins no tensors')
  const rank = b.rank(first)
  const at = b.axis(axis, rank)
  const fits = values.every(({ shape }) => shape?.length === rank && shape.every((size, i) => i === at || size === undefined || first.shape![i] === undefined || size === first.shape![i])) // prettier-ignore
  if (!fits) b.wrong(`joins tensors of shapes that don't fit along axis ${at}`)
  const layout = values.some((value) => layoutOf(value) === 'first') ? 'first' : 'last'
  const names = values.map((value) => b.get(value, layout))
  const sizes = values.map(({ shape }) => shape![at])
  const total = sizes.includes(undefined) ? undefined : sizes.reduce<number>((sum, size) => sum + size!, 0)
  const shape = first.shape!.map((size, i) => i === at ? total : (size ?? values.find(({ shape: own }) => own![i] !== undefined)?.shape![i])) // prettier-ignore
  return b.value(b.writer.concat(names, axisIn(layout, at, rank)), first.type, shape, layout)
}

/** @param pads begin and end of each axis */
export function pad(b: Builder, x: Value, pads: readonly (readonly number[])[], value: string): Value {
  const rank = b.rank(x)
  if (pads.length !== rank || pads.flat().some((size) => size < 0))
    b.wrong(`has pads for ${pads.length} axes, or negative ones`)
  if (pads.flat().every((size) => size === 0)) return x
  const layout = layoutOf(x)
  return b.value(
    b.op('Pad', [b.get(x, layout), b.writer.ints(placedPads(pads, layout)), value]),
    x.type,
    padded(x.shape!, pads),
    layout,
  )
}

/** Begins of all axes of a layout, then ends. */
export function placedPads(pads: readonly (readonly number[])[], layout: 'last' | 'first'): number[] {
  const rank = pads.length
  const list = Array.from({ length: 2 * rank }, () => 0)
  pads.forEach(([begin, end], axis) => {
    const place = axisIn(layout, axis, rank)
    list[place] = begin!
    list[rank + place] = end!
  })
  return list
}

export function padded(shape: Shape, pads: readonly (readonly number[])[]): Shape {
  return shape.map((size, axis) => size && size + pads[axis]![0]! + pads[axis]![1]!)
}

/** A range of each of some axes; `end` may be beyond. */
export function cut(
  b: Builder,
  x: Value,
  axes: readonly number[],
  begins: readonly number[],
  ends: readonly number[],
): Value {
  const rank = b.rank(x)
  const layout = layoutOf(x)
  const places = axes.map((axis) => axisIn(layout, axis, rank))
  const name = b.op('Slice', [b.get(x, layout), ...[begins, ends, places].map((list) => b.writer.ints(list))])
  const shape = x.shape!.map((size, axis): Dim => {
    const i = axes.indexOf(axis)
    if (i < 0) return size
    if (size === undefined) return undefined
    const at = (place: number): number => Math.min(size, Math.max(0, place < 0 ? place + size : place))
    return Math.max(0, at(ends[i]!) - at(begins[i]!))
  })
  return b.value(name, x.type, shape, layout)
}

/** How an axis is sampled when it gets another size: ONNX's names for it. */
export interface Sampling {
  readonly mode: 'linear' | 'nearest'
  readonly transformation: 'half_pixel' | 'align_corners' | 'asymmetric'
  /** Of nearest. */
  readonly rounding?: 'floor' | 'round_prefer_ceil' | 'round_prefer_floor'
}

/** Height and width of an image of another size; `sizes` are those of the result where they are known. */
export function resize(
  b: Builder,
  x: Value,
  { mode, transformation, rounding }: Sampling,
  to: { readonly sizes: string } | { readonly scales: readonly number[] },
  sizes: readonly Dim[],
): Value {
  if (b.rank(x) !== 4) b.wrong(`resizes a tensor of rank ${b.rank(x)}`)
  const inputs =
    'sizes' in to
      ? [b.get(x, 'first'), '', '', to.sizes]
      : [b.get(x, 'first'), '', b.get(b.constant(tensorFrom('float32', [to.scales.length], to.scales)))]
  const name = b.op('Resize', inputs, {
    mode,
    axes: [2n, 3n],
    coordinate_transformation_mode: transformation,
    ...(rounding && { nearest_mode: rounding }),
  })
  return b.value(name, x.type, [x.shape![0], ...sizes, x.shape![3]], 'first')
}
