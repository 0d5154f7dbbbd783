import type { Converter, Handler } from '../converter.ts'
import { layoutFor } from './elementwise.ts'
import { axisIn, wrapped } from './movement.ts'
import { movedMean } from '../rounding.ts'

/** Reduces along the axes that the second input lists; without `keep_dims` they go. */
function reduce(op: string, convert?: { before: 'int32'; after: 'bool' }): Handler {
  return (c, { inputs: [x = -1, axes = -1], outputs: [output = -1], options }) => {
    const rank = c.rank(x)
    const list = c.known(axes, 'axes').map((axis) => wrapped(c, axis, rank))
    const keeps = options?.bool(0) ?? false
    // Where the channels stay what they are, a mean over pixels needs no Transpose before it.
    const isPixels =
      !keeps && list.length > 0 && rank === 4 && (list.includes(3) || (list.includes(1) && list.includes(2)))
    const layout = isPixels || keeps ? layoutFor(c, [x]) : 'last'
    const places = list.map((axis) => axisIn(layout, axis))
    // The order of codes is that of what they stand for.
    const asCodes = (op === 'ReduceMax' || op === 'ReduceMin') && c.hasBytes(x) && c.sameCodes(x, output)
    const value = convert ? c.cast(c.get(x, layout), convert.before) : asCodes ? c.get(x, layout) : c.real(x, layout)
    const attributes = { keepdims: keeps ? 1n : 0n, noop_with_empty_axes: 1n }
    const reduced = c.op(op, [value, c.writer.ints(places)], attributes)
    const kept = keeps ? layout : 'last'
    if (convert) c.set(output, c.cast(reduced, convert.after), kept)
    else if (asCodes) c.set(output, reduced, kept)
    else c.setReal(output, op === 'ReduceMean' ? movedMean(c, reduced, x, output, countOf(c, x, list)) : reduced, kept)
  }
}

/** How many elements are reduced to one; 0 where only a run knows. */
function countOf(c: Converter, x: number, axes: readonly number[]): number {
  return axes.reduce((count, axis) => count * (c.size(x, axis) ?? 0), 1)
}

/** Where the greatest (or least) is along one axis, the first of equal ones. */
function argument(op: string): Handler {
  return (c, { inputs: [x = -1, axis = -1], outputs: [output = -1] }) => {
    const place = wrapped(c, c.known(axis, 'an axis')[0]!, c.rank(x))
    // The order of codes is that of what they stand for.
    const value = c.op(op, [c.get(x)], { axis: BigInt(place), keepdims: 0n })
    c.set(output, c.type(output) === 'int64' ? value : c.cast(value, c.type(output)))
  }
}

/** The greatest of the last axis, in falling order; of equal ones the first. */
const topK: Handler = (c, { inputs: [x = -1, k = -1], outputs: [values = -1, indices = -1] }) => {
  const count = c.op('Reshape', [c.int64(k), c.writer.ints([1])])
  const asCodes = c.sameCodes(x, values)
  const [top = '', places = ''] = c.writer.ops('TopK', [asCodes ? c.get(x) : c.real(x), count], 2, { axis: -1n })
  if (asCodes) c.set(values, top)
  else c.setReal(values, top)
  c.set(indices, c.type(indices) === 'int64' ? places : c.cast(places, c.type(indices)))
}

const cumulate: Handler = (c, { inputs: [x = -1, axis = -1], outputs: [output = -1], options }) => {
  const attributes = { exclusive: options?.bool(0) ? 1n : 0n, reverse: options?.bool(1) ? 1n : 0n }
  const place = c.op('Reshape', [c.int64(axis), c.writer.ints([])])
  c.setReal(output, c.op('CumSum', [c.real(x), place], attributes))
}

/** x / max(‖x‖, 1e-6) along the last axis (reference_ops l2normalization.h). */
const l2Normalize: Handler = (c, { inputs: [x = -1], outputs: [output = -1] }) => {
  const real = c.real(x)
  const norm = c.op('ReduceL2', [real, c.writer.ints([-1])], { keepdims: 1n })
  c.setReal(output, c.op('Div', [real, c.op('Max', [norm, c.writer.scalar(1e-6, 'float32')])]))
}

/**
 * x / (bias + alpha · Σ x²)^beta over the channels within `radius`. ONNX divides alpha by the number of channels in its window,
 * 2 · radius + 1 (LRN-13).
 */
const localResponse: Handler = (c, { inputs: [x = -1], outputs: [output = -1], options }) => {
  const size = 2 * (options?.int32(0) ?? 0) + 1
  const attributes = {
    size: BigInt(size),
    bias: options?.float32(1) ?? 0,
    alpha: (options?.float32(2) ?? 0) * size,
    beta: options?.float32(3) ?? 0,
  }
  c.setReal(output, c.op('LRN', [c.real(x, 'first')], attributes), 'first')
}

/** Sums or products of rows by segments. */
function segments(reduction: 'add' | 'mul', start: number): Handler {
  return (c, { inputs: [x = -1, ids = -1, count = -1], outputs: [output = -1] }) => {
    const list = c.int64(ids)
    const number = count >= 0 ? c.op('Reshape', [c.int64(count), c.writer.ints([1])]) : lastPlusOne(c, list)
    const rows = c.op('Shape', [c.get(x)], { start: 1n })
    // Rows of a negative segment are left out: they go to a row of their own at the end, which ONNX counts as −1.
    const shape = c.op('Concat', [c.op('Add', [number, c.writer.ints([1])]), rows], { axis: 0n })
    const empty = c.op('Expand', [c.writer.scalar(start, c.type(x)), shape])
    const apart = c.op('Unsqueeze', [c.op('Max', [list, c.writer.ints([-1])]), c.writer.ints([-1])])
    const all = c.op('ScatterND', [empty, apart, c.get(x)], { reduction })
    c.set(output, c.op('Slice', [all, c.writer.ints([0]), c.writer.ints([-1]), c.writer.ints([0])]))
  }
}

function lastPlusOne(c: Converter, ids: string): string {
  const last = c.op('Gather', [ids, c.writer.ints([-1])])
  return c.op('Add', [last, c.writer.ints([1])])
}

export const reductions: Readonly<Record<string, Handler>> = {
  MEAN: reduce('ReduceMean'),
  SUM: reduce('ReduceSum'),
  REDUCE_PROD: reduce('ReduceProd'),
  REDUCE_MAX: reduce('ReduceMax'),
  REDUCE_MIN: reduce('ReduceMin'),
  REDUCE_ANY: reduce('ReduceMax', { before: 'int32', after: 'bool' }),
  REDUCE_ALL: reduce('ReduceMin', { before: 'int32', after: 'bool' }),
  ARG_MAX: argument('ArgMax'),
  ARG_MIN: argument('ArgMin'),
  TOPK_V2: topK,
  CUMSUM: cumulate,
  L2_NORMALIZATION: l2Normalize,
  LOCAL_RESPONSE_NORMALIZATION: localResponse,
  SEGMENT_SUM: segments('add', 0),
  UNSORTED_SEGMENT_SUM: segments('add', 0),
  UNSORTED_SEGMENT_PROD: segments('mul', 1),
}
