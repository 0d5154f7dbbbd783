import { elementsIn, listOf, sizesOf } from '../../ops/lists.ts'
import { cut } from '../../ops/moving.ts'
import type { Dim, Value } from '../../value.ts'
import type { Convert, NodeCall, Operators } from '../call.ts'

/** Beyond any size. */
const END = 2 ** 31 - 1

/** A size of −1 is all that is left. */
const slice: Convert = (call) => {
  const { b, x } = call
  const [begin, size] = [call.input(1), call.input(2)]
  const axes = b.shape(x).map((_, axis) => axis)
  const [begins, sizes] = [elementsIn(begin), elementsIn(size)]
  if (begins && sizes && !begins.includes(undefined) && !sizes.includes(undefined)) {
    const ends = begins.map((from, i) => (sizes[i]! < 0 ? END : from! + sizes[i]!))
    return cut(b, x, axes, begins as number[], ends)
  }
  const [from, count] = [b.int64(begin), b.int64(size)]
  const isRest = b.op('Less', [count, b.scalar(0, 'int64')])
  const to = b.writer.where(isRest, b.scalar(END, 'int64'), b.op('Add', [from, count]))
  const shape = sizesOf(size) ?? axes.map(() => undefined)
  return b.value(b.op('Slice', [b.get(x), from, to, b.writer.ints(axes)]), x.type, shape)
}

interface Strided {
  readonly axes: readonly number[]
  readonly begins: number[]
  readonly ends: number[]
  readonly steps: number[]
  readonly shrunk: readonly number[]
  /** Axes of the result that are new. */
  readonly added: readonly number[]
}

/**
 * What places of begin, end and strides mean, each of which has a bit in five masks
 * (tensorflow/core/util/strided_slice_op.cc, `BuildDenseSpec`). Begins and ends that only a run knows are `undefined`.
 */
function strided(call: NodeCall, rank: number): Strided {
  const { b, attributes } = call
  const steps = call.list(3, 'strides')
  const [begins, ends] = [1, 2].map((place) => elementsIn(call.input(place)))
  const mask = (name: string) => {
    const bits = attributes.int(`${name}_mask`, 0)
    return (place: number): boolean => ((bits >> place) & 1) === 1
  }
  const [fromStart, toEnd, isEllipsis, isNew, shrinks] = ['begin', 'end', 'ellipsis', 'new_axis', 'shrink_axis'].map(mask) as [Mask, Mask, Mask, Mask, Mask] // prettier-ignore
  const at = (list: readonly Dim[] | undefined, place: number): number => list?.[place] ?? b.fail('begins or ends at places that only a run knows') // prettier-ignore
  const places = steps.map((_, place) => place)
  const news = places.filter((place) => isNew(place) && !isEllipsis(place)).length
  const result = { axes: [] as number[], begins: [] as number[], ends: [] as number[], steps: [] as number[], shrunk: [] as number[], added: [] as number[] } // prettier-ignore
  let axis = 0
  let out = 0
  for (const place of places) {
    if (isEllipsis(place)) {
      const covered = rank - (steps.length - 1 - news)
      axis += covered
      out += covered
      continue
    }
    if (isNew(place)) {
      result.added.push(out++)
      continue
    }
    const step = steps[place]!
    if (step === 0) b.wrong('has a stride of 0')
    if (axis >= rank) b.wrong(`has more places than the ${rank} axes of its tensor`)
    result.axes.push(axis)
    if (shrinks(place)) {
      const from = at(begins, place)
      result.begins.push(from)
      result.ends.push(from === -1 ? END : from + 1)
      result.steps.push(1)
      result.shrunk.push(axis++)
      continue
    }
    result.begins.push(fromStart(place) ? (step > 0 ? 0 : END) : at(begins, place))
    result.ends.push(toEnd(place) ? (step > 0 ? END : -END) : at(ends, place))
    result.steps.push(step)
    axis++
    out++
  }
  return result
}

type Mask = (place: number) => boolean

/** How many elements a step takes of an axis. */
function taken(size: Dim, from: number, to: number, step: number): Dim {
  if (size === undefined) return undefined
  const at = (place: number): number => Math.min(step > 0 ? size : size - 1, Math.max(step > 0 ? 0 : -1, place < 0 ? place + size : place)) // prettier-ignore
  return Math.max(0, Math.ceil((at(to) - at(from)) / step))
}

const stridedSlice: Convert = (call) => {
  const { b, x } = call
  const isOpen = [1, 2].some((place) => !elementsIn(call.input(place)) || elementsIn(call.input(place))!.includes(undefined)) // prettier-ignore
  if (isOpen && call.attributes.int('new_axis_mask', 0) === 0 && call.attributes.int('ellipsis_mask', 0) === 0) return openSlice(call) // prettier-ignore
  const { axes, begins, ends, steps, shrunk, added } = strided(call, b.rank(x))
  const sizes = [...x.shape!]
  axes.forEach((axis, i) => {
    sizes[axis] = taken(sizes[axis], begins[i]!, ends[i]!, steps[i]!)
    // Going back from before the first element takes none; ONNX would take the first.
    if (sizes[axis] === 0) [begins[i], ends[i], steps[i]] = [0, 0, 1]
  })
  const left = sizes.filter((_, axis) => !shrunk.includes(axis))
  for (const axis of added) left.splice(axis, 0, 1)
  const list = b.rank(x) === 1 && added.length === 0 ? elementsIn(x) : undefined
  const elements = list && axes.length === 1 ? range(list, begins[0]!, ends[0]!, steps[0]!) : undefined
  return listOf(b, elements, shrunk.length > 0, () => {
    let name = b.get(x)
    if (axes.length > 0) name = b.op('Slice', [name, ...[begins, ends, axes, steps].map((numbers) => b.writer.ints(numbers))]) // prettier-ignore
    if (shrunk.length > 0) name = b.writer.squeeze(name, ...shrunk)
    if (added.length > 0) name = b.writer.unsqueeze(name, ...added)
    return b.value(name, x.type, left)
  })
}

function range(list: readonly Dim[], from: number, to: number, step: number): Dim[] | undefined {
  if (step !== 1) return undefined
  return list.slice(Math.max(-list.length, from), to === END ? undefined : to)
}

/** Begins or ends that only a run knows, without new axes and ellipses: each place is an axis. */
function openSlice(call: NodeCall): Value {
  const { b, x, attributes } = call
  const steps = call.list(3, 'strides')
  const bit = (name: string, place: number): boolean => ((attributes.int(`${name}_mask`, 0) >> place) & 1) === 1
  const places = steps.map((_, place) => place)
  const shrunk = places.filter((place) => bit('shrink_axis', place))
  if (steps.includes(0)) b.wrong('has a stride of 0')
  /** Where a mask says so, another number instead. */
  const masked = (value: string, name: string, otherwise: (step: number) => number): string => {
    const mask = places.map((place) => bit(name, place) && !shrunk.includes(place))
    return mask.includes(true) ? b.writer.where(b.writer.constant('bool', mask), b.writer.ints(steps.map(otherwise)), value) : value // prettier-ignore
  }
  const begin = b.int64(call.input(1))
  const from = masked(begin, 'begin', (step) => (step > 0 ? 0 : END))
  let to = masked(b.int64(call.input(2)), 'end', (step) => (step > 0 ? END : -END))
  if (shrunk.length > 0) {
    const one = b.op('Add', [begin, b.scalar(1, 'int64')])
    const next = b.writer.where(b.op('Equal', [one, b.scalar(0, 'int64')]), b.scalar(END, 'int64'), one)
    to = b.writer.where(b.writer.constant('bool', places.map((place) => shrunk.includes(place))), next, to) // prettier-ignore
  }
  const strides = b.writer.ints(steps.map((step, place) => (shrunk.includes(place) ? 1 : step)))
  const name = b.op('Slice', [b.get(x), from, to, b.writer.ints(places), strides])
  const shape = x.shape?.flatMap((size, axis) => (shrunk.includes(axis) ? [] : axis < steps.length ? [undefined] : [size])) // prettier-ignore
  return b.value(shrunk.length > 0 ? b.writer.squeeze(name, ...shrunk) : name, x.type, shape)
}

const gather: Convert = (call) => {
  const { b, x, inputs, attributes } = call
  const indices = call.input(1)
  const rank = b.rank(x)
  const axis = inputs[2] ? call.axis(2, rank) : 0
  const batches = attributes.int('batch_dims', 0)
  const [list, places] = [rank === 1 ? elementsIn(x) : undefined, elementsIn(indices)]
  const shape = [...x.shape!.slice(0, axis), ...b.shape(indices).slice(batches), ...x.shape!.slice(axis + 1)]
  if (batches === 0) {
    const isList = list && places && places.every((place) => place !== undefined && place >= 0 && place < list.length)
    return listOf(b, isList ? places.map((place) => list[place!]) : undefined, indices.shape!.length === 0, () =>
      b.value(b.op('Gather', [b.get(x), b.int64(indices)], { axis: BigInt(axis) }), x.type, shape),
    )
  }
  if (batches < 0 || axis !== batches) b.fail('has batch_dims before another axis')
  // An index per batch is one of GatherND, whose indices have their own axis.
  const apart = b.writer.unsqueeze(b.int64(indices), -1)
  return b.value(b.op('GatherND', [b.get(x), apart], { batch_dims: BigInt(batches) }), x.type, shape)
}

const gatherNd: Convert = (call) => {
  const { b, x } = call
  const indices = call.input(1)
  const depth = b.size(indices, b.rank(indices) - 1)
  const shape = [...indices.shape!.slice(0, -1), ...b.shape(x).slice(depth)]
  return b.value(b.op('GatherND', [b.get(x), b.int64(indices)]), x.type, shape)
}

/** Indices, updates, a shape: updates at one place are added. */
const scatterNd: Convert = (call) => {
  const { b, x } = call
  const [updates, shape] = [call.input(1), call.input(2)]
  const zeros = b.op('Expand', [b.scalar(0, updates.type), b.int64(shape)])
  return b.value(b.op('ScatterND', [zeros, b.int64(x), b.get(updates)], { reduction: 'add' }), updates.type, sizesOf(shape)) // prettier-ignore
}

const scatterUpdate: Convert = (call) => {
  const { b, x } = call
  return b.value(b.op('ScatterND', [b.get(x), b.int64(call.input(1)), b.get(call.input(2))]), x.type, x.shape)
}

/** Indices, depth, and the values on and off are inputs. */
const oneHot: Convert = (call) => {
  const { b, x, attributes } = call
  const [on, off] = [call.input(2), call.input(3)]
  const depth = call.one(1, 'a depth')
  const one = (value: Value): string => b.writer.reshape(b.get(value), [1])
  // Indices beyond the depth have no place, negative ones neither, which ONNX would count from the end.
  const list = b.int64(x)
  const kept = b.writer.where(b.op('Less', [list, b.scalar(0, 'int64')]), b.scalar(END, 'int64'), list)
  const axis = attributes.int('axis', -1)
  const place = b.axis(axis, b.rank(x) + 1)
  const values = b.writer.concat([one(off), one(on)], 0)
  return b.value(b.op('OneHot', [kept, b.writer.ints([depth]), values], { axis: BigInt(place) }), on.type, x.shape!.toSpliced(place, 0, depth)) // prettier-ignore
}

/** Indices of what is true, a row each. */
const where: Convert = ({ b, x }) => {
  const truth = b.cast(x, 'bool')
  return b.int32(b.writer.transpose(b.op('NonZero', [b.get(truth)]), [1, 0]), [undefined, b.rank(x)])
}

export const slices: Operators = {
  Slice: slice,
  StridedSlice: stridedSlice,
  Gather: gather,
  GatherV2: gather,
  GatherNd: gatherNd,
  ScatterNd: scatterNd,
  TensorScatterUpdate: scatterUpdate,
  OneHot: oneHot,
  Where: where,
}
