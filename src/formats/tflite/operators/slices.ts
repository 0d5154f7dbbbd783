import type { Converter, Handler } from '../converter.ts'
import { moving, wrapped } from './movement.ts'

/** Beyond any size. */
const END = 2 ** 31 - 1

/** A size of −1 is all that is left. */
const slice: Handler = (c, { inputs: [x = -1, begin = -1, size = -1], outputs: [output = -1] }) => {
  const { get, set } = moving(c, [x], output)
  const begins = c.numbers(begin)
  const sizes = c.numbers(size)
  const axes = c.writer.ints(Array.from({ length: c.rank(x) }, (_, axis) => axis))
  if (begins && sizes) {
    const ends = begins.map((from, i) => (sizes[i]! < 0 ? END : from + sizes[i]!))
    return set(c.op('Slice', [get(x), c.writer.ints(begins), c.writer.ints(ends), axes]))
  }
  const from = c.int64(begin)
  const count = c.int64(size)
  const isRest = c.op('Less', [count, c.writer.scalar(0, 'int64')])
  const to = c.op('Where', [isRest, c.writer.scalar(END, 'int64'), c.op('Add', [from, count])])
  set(c.op('Slice', [get(x), from, to, axes]))
}

/** Masks have a bit per place of begin, end and strides (TensorFlow's strided_slice, kernels/internal/strided_slice_logic.h). */
const stridedSlice: Handler = (c, { inputs, outputs: [output = -1], options }) => {
  const [x = -1, begin = -1, end = -1, stride = -1] = inputs
  const { get, set } = moving(c, [x], output)
  const bit = (slot: number, place: number): boolean => (((options?.int32(slot) ?? 0) >> place) & 1) === 1
  const strides = c.known(stride, 'strides')
  const begins = c.numbers(begin)
  const ends = c.numbers(end)
  const isOffset = options?.bool(5) ?? false
  if (!begins || !ends) return runtimeSlice(c, { x, begin, end, strides, bit, isOffset, get, set })
  const rank = c.rank(x)
  const count = strides.length
  const newAxes = strides.filter((_, place) => bit(3, place) && !bit(2, place)).length
  const starts: number[] = []
  const stops: number[] = []
  const steps: number[] = []
  const axes: number[] = []
  const shrunk: number[] = []
  /** Axes of the result before any goes, that are new. */
  const added: number[] = []
  let axis = 0
  let place = 0
  let out = 0
  for (; place < count; place++) {
    if (bit(2, place)) {
      const covered = rank - (count - 1 - newAxes)
      axis += covered
      out += covered
      continue
    }
    if (bit(3, place)) {
      added.push(out++)
      continue
    }
    const [from, step] = [begins[place]!, strides[place]!]
    if (step === 0) c.fail('has a STRIDED_SLICE with a stride of 0')
    axes.push(axis)
    if (bit(4, place)) {
      starts.push(from)
      stops.push(from === -1 ? END : from + 1)
      steps.push(1)
      shrunk.push(axis++)
      continue
    }
    const to = isOffset ? ended(from, ends[place]!) : ends[place]!
    starts.push(bit(0, place) ? (step > 0 ? 0 : END) : from)
    stops.push(bit(1, place) ? (step > 0 ? END : -END) : to)
    steps.push(step)
    axis++
    out++
  }
  let value = get(x)
  if (axes.length > 0) {
    const list = [starts, stops, axes, steps].map((values) => c.writer.ints(values))
    value = c.op('Slice', [value, ...list])
  }
  if (shrunk.length > 0) value = c.op('Squeeze', [value, c.writer.ints(shrunk)])
  if (added.length > 0) value = c.op('Unsqueeze', [value, c.writer.ints(added)])
  set(value)
}

/** Where `count` elements from `from` on end: those from the end on may reach it, which no number below zero says. */
function ended(from: number, count: number): number {
  return from < 0 && from + count >= 0 ? END : from + count
}

/** Begins or ends that only a run knows: without new axes and ellipses, whose places would depend on nothing else. */
function runtimeSlice(
  c: Converter,
  of: {
    readonly x: number
    readonly begin: number
    readonly end: number
    readonly strides: readonly number[]
    readonly bit: (slot: number, place: number) => boolean
    readonly isOffset: boolean
    readonly get: (tensor: number) => string
    readonly set: (value: string) => void
  },
): void {
  const { x, begin, end, strides, bit, isOffset, get, set } = of
  const places = strides.map((_, place) => place)
  if (places.some((place) => bit(2, place) || bit(3, place)))
    c.fail('has a STRIDED_SLICE with new axes at places that only a run knows')
  const shrunk = places.filter((place) => bit(4, place))
  /** Where a mask says so, another number instead. */
  const masked = (value: string, slot: number, otherwise: (step: number) => number): string => {
    const mask = places.map((place) => bit(slot, place) && !bit(4, place))
    if (!mask.includes(true)) return value
    return c.op('Where', [c.writer.constant('bool', mask), c.writer.ints(strides.map(otherwise)), value])
  }
  /** As {@link ended}. */
  const offset = (): string => {
    const zero = c.writer.scalar(0, 'int64')
    const sum = c.op('Add', [c.int64(begin), c.int64(end)])
    const isBefore = c.op('Less', [c.int64(begin), zero])
    const reaches = c.op('And', [isBefore, c.op('Not', [c.op('Less', [sum, zero])])])
    return c.op('Where', [reaches, c.writer.scalar(END, 'int64'), sum])
  }
  const from = masked(c.int64(begin), 0, (step) => (step > 0 ? 0 : END))
  const stated = isOffset ? offset() : c.int64(end)
  let to = masked(stated, 1, (step) => (step > 0 ? END : -END))
  if (shrunk.length > 0) {
    const one = c.op('Add', [c.int64(begin), c.writer.scalar(1, 'int64')])
    const isLast = c.op('Equal', [one, c.writer.scalar(0, 'int64')])
    const next = c.op('Where', [isLast, c.writer.scalar(END, 'int64'), one])
    to = c.op('Where', [c.writer.constant('bool', places.map((place) => bit(4, place))), next, to]) // prettier-ignore
  }
  const steps = strides.map((step, place) => (bit(4, place) ? 1 : step))
  const value = c.op('Slice', [get(x), from, to, c.writer.ints(places), c.writer.ints(steps)])
  set(shrunk.length > 0 ? c.op('Squeeze', [value, c.writer.ints(shrunk)]) : value)
}

const gather: Handler = (c, { inputs: [x = -1, indices = -1], outputs: [output = -1], options }) => {
  const { get, set } = moving(c, [x], output)
  const axis = wrapped(c, options?.int32(0) ?? 0, c.rank(x))
  const batches = wrapped(c, options?.int32(1) ?? 0, c.rank(indices) + 1)
  if (batches === 0) return set(c.op('Gather', [get(x), c.int64(indices)], { axis: BigInt(axis) }))
  if (axis !== batches) c.fail('has a GATHER with batch_dims before another axis')
  // An index per batch is one of GatherND, whose indices have their own axis.
  const apart = c.op('Unsqueeze', [c.int64(indices), c.writer.ints([-1])])
  set(c.op('GatherND', [get(x), apart], { batch_dims: BigInt(batches) }))
}

const gatherNd: Handler = (c, { inputs: [x = -1, indices = -1], outputs: [output = -1] }) => {
  const { get, set } = moving(c, [x], output)
  set(c.op('GatherND', [get(x), c.int64(indices)]))
}

/** Indices, updates, a shape: updates at one place are added. */
const scatterNd: Handler = (c, { inputs: [indices = -1, updates = -1, shape = -1], outputs: [output = -1] }) => {
  const zeros = c.op('Expand', [c.writer.scalar(0, realType(c, updates)), c.int64(shape)])
  c.setReal(output, c.op('ScatterND', [zeros, c.int64(indices), c.real(updates)], { reduction: 'add' }))
}

function realType(c: Converter, tensor: number) {
  return c.quantization(tensor) ? 'float32' : c.type(tensor)
}

/** Rows of a table; the indices come first. */
const embeddingLookup: Handler = (c, { inputs: [indices = -1, table = -1], outputs: [output = -1] }) => {
  c.setReal(output, c.op('Gather', [c.real(table), c.int64(indices)], { axis: 0n }))
}

/** Replaces the box of the update's shape whose corner is at the start indices, moved so that it lies within. */
const dynamicUpdateSlice: Handler = (c, { inputs: [x = -1, update = -1, start = -1], outputs: [output = -1] }) => {
  const { get, set } = moving(c, [x, update], output)
  const sizes = c.fact(update).shape.map((_, axis) => c.size(update, axis) ?? c.fail('has a DYNAMIC_UPDATE_SLICE of a size that only a run knows')) // prettier-ignore
  const room = c.op('Sub', [c.op('Shape', [get(x)]), c.writer.ints(sizes)])
  const corner = c.op('Max', [c.op('Min', [c.int64(start), room]), c.writer.scalar(0, 'int64')])
  // The indices of all elements of the box, which are the corner's and those within the update.
  const within: number[] = []
  const walk = (index: readonly number[]): void => {
    if (index.length === sizes.length) within.push(...index)
    else for (let i = 0; i < sizes[index.length]!; i++) walk([...index, i])
  }
  walk([])
  const offsets = c.writer.constant('int64', within, [...sizes, sizes.length])
  set(c.op('ScatterND', [get(x), c.op('Add', [offsets, corner]), get(update)]))
}

/** Indices, depth, and the values on and off are inputs. */
const oneHot: Handler = (c, { inputs, outputs: [output = -1], options }) => {
  const [indices = -1, depth = -1, on = -1, off = -1] = inputs
  const one = (tensor: number): string => c.op('Reshape', [c.real(tensor), c.writer.ints([1])])
  const values = c.op('Concat', [one(off), one(on)], { axis: 0n })
  const count = c.op('Reshape', [c.int64(depth), c.writer.ints([1])])
  // Indices beyond the depth have no place, negative ones neither, which ONNX would count from the end.
  const list = c.int64(indices)
  const isBelow = c.op('Less', [list, c.writer.scalar(0, 'int64')])
  const kept = c.op('Where', [isBelow, c.writer.scalar(END, 'int64'), list])
  c.setReal(output, c.op('OneHot', [kept, count, values], { axis: BigInt(options?.int32(0) ?? -1) }))
}

/** A condition of rank 1 chooses along the first axis; ONNX broadcasts from the last. */
const select: Handler = (c, { inputs: [condition = -1, a = -1, b = -1], outputs: [output = -1] }) => {
  const { get, set } = moving(c, [a, b], output)
  const rank = c.rank(a)
  const along = c.rank(condition) === 1 && rank > 1
  const axes = c.writer.ints(Array.from({ length: rank - 1 }, (_, i) => i + 1))
  set(c.op('Where', [along ? c.op('Unsqueeze', [c.get(condition), axes]) : c.get(condition), get(a), get(b)]))
}

const selectV2: Handler = (c, { inputs: [condition = -1, a = -1, b = -1], outputs: [output = -1] }) => {
  const { get, set } = moving(c, [a, b], output)
  set(c.op('Where', [c.get(condition), get(a), get(b)]))
}

/** Indices of what is true, a row each. */
const where: Handler = (c, { inputs: [condition = -1], outputs: [output = -1] }) => {
  const rows = c.transpose(c.op('NonZero', [c.get(condition)]), [1, 0])
  c.set(output, c.type(output) === 'int64' ? rows : c.cast(rows, c.type(output)))
}

export const slices: Readonly<Record<string, Handler>> = {
  SLICE: slice,
  STRIDED_SLICE: stridedSlice,
  GATHER: gather,
  GATHER_ND: gatherNd,
  SCATTER_ND: scatterNd,
  EMBEDDING_LOOKUP: embeddingLookup,
  DYNAMIC_UPDATE_SLICE: dynamicUpdateSlice,
  ONE_HOT: oneHot,
  SELECT: select,
  SELECT_V2: selectV2,
  WHERE: where,
}
