import { layoutOf } from '../../builder.ts'
import { elementsIn, listOf, sizesOf } from '../../ops/lists.ts'
import { concat, pad, padded } from '../../ops/moving.ts'
import { axisIn, type Dim, perms, type Value } from '../../value.ts'
import type { Convert, NodeCall, Operators } from '../call.ts'
import type { Builder } from '../../builder.ts'

/** Sizes in TensorFlow's order, as int32; what is known of them stays known. */
function shapeOf(b: Builder, x: Value): Value {
  const rank = x.shape?.length
  return listOf(b, x.shape, false, () => {
    const layout = layoutOf(x)
    const sizes = b.writer.sizes(b.get(x, layout))
    const inOrder = layout === 'last' ? sizes : b.op('Gather', [sizes, b.writer.ints(perms(rank!).last)])
    return b.int32(inOrder, rank === undefined ? undefined : [rank])
  })
}

/** Sizes of −1 and those that only a run knows: one of these follows from the others. */
function reshaped(b: Builder, x: Value, list: Value): Value {
  const sizes = sizesOf(list)
  const open = sizes?.filter((size) => size === undefined).length
  if (!sizes || open! > 1) return b.value(b.op('Reshape', [b.get(x), b.int64(list)], { allowzero: 1n }), x.type, sizes)
  const target = sizes.map((size) => size ?? -1)
  const counts = [x.shape, sizes].map((shape) => !shape || shape.includes(undefined) ? undefined : shape.reduce<number>((product, size) => product * size!, 1)) // prettier-ignore
  const [from, to] = counts
  if (from !== undefined && to !== undefined && from !== to) b.wrong(`has ${from} elements to bring into the shape [${target.join(', ')}]`) // prettier-ignore
  const rest = sizes.reduce<number>((product, size) => product * (size ?? 1), 1)
  // Of no elements, an open size would be any.
  if (open === 1 && rest === 0) b.fail('brings no elements into a shape with a size that is open')
  const known = from !== undefined && open === 1 ? target.map((size) => (size < 0 ? from / rest : size)) : target
  if (known.some((size) => !Number.isInteger(size))) b.wrong(`has ${from} elements to bring into the shape [${target.join(', ')}]`) // prettier-ignore
  const result = b.reshape(x, known)
  // One integer in another shape is as known as before.
  const elements = elementsIn(x)
  return elements && known.length <= 1 && !result.known ? { ...result, elements } : result
}

const reshape: Convert = (call) => reshaped(call.b, call.x, call.input(1))

const squeeze: Convert = (call) => {
  const { b, x, attributes } = call
  const rank = b.rank(x)
  const stated = [...attributes.ints('squeeze_dims'), ...attributes.ints('axis')]
  const axes = stated.length > 0 ? stated.map((axis) => b.axis(axis, rank)) : x.shape!.flatMap((size, axis) => (size === 1 ? [axis] : [])) // prettier-ignore
  if (axes.some((axis) => (x.shape![axis] ?? 1) !== 1)) b.wrong(`removes axes ${axes.join(', ')}, which have not one element each`) // prettier-ignore
  const shape = x.shape!.filter((_, axis) => !axes.includes(axis))
  if (axes.length === 0) return x
  // What is channels first stays where its spatial axes go: [N, 1, 1, C] is [N, C] in both orders.
  const layout = layoutOf(x)
  const left = perms(rank).first.filter((axis) => !axes.includes(axis))
  const isInOrder = layout === 'last' || left.every((axis, i) => i === 0 || axis > left[i - 1]!)
  const from = isInOrder ? layout : 'last'
  const result = b.value(
    b.writer.squeeze(b.get(x, from), ...axes.map((axis) => axisIn(from, axis, rank))),
    x.type,
    shape,
  )
  return x.elements ? { ...result, elements: x.elements } : result
}

const expandDims: Convert = (call) => {
  const { b, x } = call
  const rank = b.rank(x)
  const axis = call.axis(1, rank + 1)
  const shape = x.shape!.toSpliced(axis, 0, 1)
  const elements = rank === 0 ? elementsIn(x) : undefined
  if (x.known) return b.reshape(x, shape as number[])
  return { ...b.value(b.writer.unsqueeze(b.get(x), axis), x.type, shape), ...(elements && { elements }) }
}

const pack: Convert = ({ b, inputs, attributes }) => {
  const [first] = inputs
  if (!first) return b.wrong('joins no tensors')
  const rank = b.rank(first)
  const axis = b.axis(attributes.int('axis', 0), rank + 1)
  const parts = inputs.map((value) => (rank === 0 ? elementsIn(value)?.[0] : undefined))
  const isList = rank === 0 && first.type === 'int32'
  return listOf(b, isList ? parts : undefined, false, () => {
    const names = inputs.map((value) => b.writer.unsqueeze(b.get(value), axis))
    return b.value(b.writer.concat(names, axis), first.type, first.shape!.toSpliced(axis, 0, inputs.length))
  })
}

function joined(call: NodeCall, values: readonly Value[], axis: number): Value {
  const { b } = call
  const parts = values.map((value) => (value.shape?.length === 1 ? elementsIn(value) : undefined))
  const isList = values[0]?.type === 'int32' && !parts.includes(undefined)
  return listOf(b, isList ? parts.flatMap((part) => [...part!]) : undefined, false, () => concat(b, values, axis))
}

/** The axis is the last input. */
const concatV2: Convert = (call) => joined(call, call.inputs.slice(0, -1), call.one(call.inputs.length - 1, 'an axis'))

/** Parts along an axis; `sizes`: of each. */
function split(b: Builder, x: Value, axis: number, sizes: readonly Dim[]): Value[] {
  const rank = b.rank(x)
  const layout = layoutOf(x)
  const isKnown = !sizes.includes(undefined)
  const names = b.writer.ops(
    'Split',
    [b.get(x, layout), ...(isKnown ? [b.writer.ints(sizes as number[])] : [])],
    sizes.length,
    { axis: BigInt(axisIn(layout, axis, rank)), ...(!isKnown && { num_outputs: BigInt(sizes.length) }) },
  )
  return names.map((name, i) => b.value(name, x.type, x.shape!.with(axis, sizes[i]), layout))
}

/** The axis is the first input. */
const splitEvenly: Convert = (call) => {
  const { b, attributes } = call
  const x = call.input(1)
  const axis = call.axis(0, b.rank(x))
  const count = attributes.int('num_split', 1)
  const whole = b.size(x, axis)
  if (count < 1 || whole % count !== 0) b.wrong(`splits ${whole} elements in ${count}`)
  return split(b, x, axis, Array.from({ length: count }, () => whole / count)) // prettier-ignore
}

const splitV: Convert = (call) => {
  const { b, x } = call
  const axis = call.axis(2, b.rank(x))
  const sizes = call.list(1, 'sizes')
  const rest = sizes.indexOf(-1)
  if (rest >= 0) sizes[rest] = b.size(x, axis) - sizes.reduce((sum, size) => sum + size, 1)
  return split(b, x, axis, sizes)
}

const unpack: Convert = (call) => {
  const { b, x, attributes } = call
  const axis = b.axis(attributes.int('axis', 0), b.rank(x))
  const count = b.size(x, axis)
  const elements = b.rank(x) === 1 ? elementsIn(x) : undefined
  const parts = split(b, x, axis, Array.from({ length: count }, () => 1)) // prettier-ignore
  return parts.map((part, i) => {
    const make = (): Value => b.value(b.writer.squeeze(b.get(part), axis), x.type, x.shape!.toSpliced(axis, 1))
    return listOf(b, elements && [elements[i]], true, make)
  })
}

const tile: Convert = (call) => {
  const { b, x } = call
  const counts = elementsIn(call.input(1))
  const shape = x.shape?.map((size, axis) => (size === undefined || counts?.[axis] === undefined ? undefined : size * counts[axis])) // prettier-ignore
  return b.value(b.op('Tile', [b.get(x), b.int64(call.input(1))]), x.type, shape)
}

/** ONNX's Expand broadcasts both ways, which is the same where no size of the shape is smaller than the tensor's. */
const broadcastTo: Convert = (call) =>
  call.b.value(call.b.op('Expand', [call.b.get(call.x), call.b.int64(call.input(1))]), call.x.type, sizesOf(call.input(1))) // prettier-ignore

const fill: Convert = (call) => {
  const { b, x } = call
  const value = call.input(1)
  return b.value(b.op('Expand', [b.get(value), b.int64(x)]), value.type, sizesOf(x))
}

function like(number: number): Convert {
  return ({ b, x }) => b.value(b.op('Expand', [b.scalar(number, x.type), b.writer.sizes(b.get(x))]), x.type, x.shape)
}

const range: Convert = ({ b, inputs }) => {
  const [from, to, step] = inputs.map((value) => (value.known ? b.list(value, 'a bound')[0] : undefined))
  const isKnown = from !== undefined && to !== undefined && step !== undefined && step !== 0
  const count = isKnown ? Math.max(0, Math.ceil((to - from) / step)) : undefined
  return b.value(b.op('Range', inputs.map((value) => b.get(value))), inputs[0]?.type ?? 'int32', [count]) // prettier-ignore
}

function padsOf(call: NodeCall): number[][] {
  const list = call.list(1, 'pads')
  return Array.from({ length: list.length / 2 }, (_, axis) => list.slice(2 * axis, 2 * axis + 2))
}

const padding: Convert = (call) => {
  const { b, x, inputs } = call
  const value = inputs[2] ? b.get(inputs[2]) : b.scalar(0, x.type)
  return pad(b, x, padsOf(call), value)
}

/** REFLECT leaves the border out, SYMMETRIC repeats it, which is written as slices in reverse. */
const mirrorPad: Convert = (call) => {
  const { b, x, attributes } = call
  const pads = padsOf(call)
  const shape = padded(b.shape(x), pads)
  if (pads.length !== b.rank(x) || pads.flat().some((size) => size < 0)) b.wrong(`has pads for ${pads.length} axes, or negative ones`) // prettier-ignore
  if (attributes.text('mode').toUpperCase() === 'REFLECT') {
    const list = b.writer.ints([0, 1].flatMap((end) => pads.map((ends) => ends[end]!)))
    return b.value(b.op('Pad', [b.get(x), list], { mode: 'reflect' }), x.type, shape)
  }
  const name = pads.reduce((value, [before, after], axis) => {
    const mirrored = (from: number, to: number): string => b.writer.slice(value, axis, from, to, -1)
    const parts = [...(before! > 0 ? [mirrored(before! - 1, -(2 ** 31))] : []), value, ...(after! > 0 ? [mirrored(-1, -after! - 1)] : [])] // prettier-ignore
    return b.writer.concat(parts, axis)
  }, b.get(x))
  return b.value(name, x.type, shape)
}

const reverse: Convert = (call) => {
  const { b, x } = call
  const rank = b.rank(x)
  const given = call.list(1, 'axes')
  // The first version has a truth per axis.
  const axes = call.input(1).type === 'bool' ? given.flatMap((is, axis) => (is ? [axis] : [])) : given.map((axis) => b.axis(axis, rank)) // prettier-ignore
  if (axes.length === 0) return x
  const all = (value: number): string => b.writer.ints(axes.map(() => value))
  return b.value(b.op('Slice', [b.get(x), all(-1), all(-(2 ** 31)), b.writer.ints(axes), all(-1)]), x.type, x.shape)
}

const size: Convert = ({ b, x }) => {
  const count = x.shape?.reduce<Dim>((product, axis) => product === undefined || axis === undefined ? undefined : product * axis, 1) // prettier-ignore
  return listOf(b, [count], true, () => b.int32(b.op('Size', [b.get(x, layoutOf(x))]), []))
}

export const shapes: Operators = {
  Reshape: reshape,
  EnsureShape: ({ x }) => x,
  Squeeze: squeeze,
  ExpandDims: expandDims,
  Pack: pack,
  Unpack: unpack,
  Concat: (call) => joined(call, call.inputs.slice(1), call.one(0, 'an axis')),
  ConcatV2: concatV2,
  Split: splitEvenly,
  SplitV: splitV,
  Tile: tile,
  BroadcastTo: broadcastTo,
  Fill: fill,
  ZerosLike: like(0),
  OnesLike: like(1),
  Range: range,
  Pad: padding,
  PadV2: padding,
  MirrorPad: mirrorPad,
  Reverse: reverse,
  ReverseV2: reverse,
  Shape: ({ b, x }) => shapeOf(b, x),
  ShapeN: ({ b, inputs }) => inputs.map((value) => shapeOf(b, value)),
  Rank: ({ b, x }) => b.numbers('int32', [], [b.rank(x)]),
  Size: size,
}
