import { layoutOf } from '../../builder.ts'
import { elementsIn, listOf } from '../../ops/lists.ts'
import { axisIn, type Dim, type Layout, perms, type Value } from '../../value.ts'
import type { Convert, NodeCall, Operators } from '../call.ts'

/** Axes of the second input: one, several, or none. */
function axesOf(call: NodeCall, rank: number): number[] {
  const axes = call.list(1, 'axes').map((axis) => call.b.axis(axis, rank)) // prettier-ignore
  return [...new Set(axes)]
}

/** Where the axes that are left stay in order, a reduction needs no Transpose before it. */
function layoutFor(x: Value, axes: readonly number[], keeps: boolean): Layout {
  const left = perms(x.shape!.length).first.filter((axis) => !axes.includes(axis))
  const isInOrder = left.every((axis, i) => i === 0 || axis > left[i - 1]!)
  return keeps || isInOrder ? layoutOf(x) : 'last'
}

function reduced(call: NodeCall, op: string, x: Value): Value {
  const { b } = call
  const rank = b.rank(x)
  const axes = axesOf(call, rank)
  const keeps = call.attributes.bool('keep_dims') || call.attributes.bool('keepDims')
  if (axes.length === 0) return x
  const layout = layoutFor(x, axes, keeps)
  const places = axes.map((axis) => axisIn(layout, axis, rank))
  const name = b.op(op, [b.get(x, layout), b.writer.ints(places)], { keepdims: keeps ? 1n : 0n })
  const shape = keeps ? x.shape!.map((size, axis) => (axes.includes(axis) ? 1 : size)) : x.shape!.filter((_, axis) => !axes.includes(axis)) // prettier-ignore
  return b.value(name, x.type, shape, keeps ? layout : 'last')
}

function reduce(op: string): Convert {
  return (call) => reduced(call, op, call.x)
}

const mean: Convert = (call) => {
  call.refuseUnless(call.x.type === 'float32', `a mean of ${call.x.type}`)
  return reduced(call, 'ReduceMean', call.x)
}

/** Of a list of sizes, what is known of their product is kept. */
const product: Convert = (call) => {
  const { b, x } = call
  const elements = b.rank(x) === 1 && !call.attributes.bool('keep_dims') ? elementsIn(x) : undefined
  const total = elements?.reduce<Dim>((all, size) => (all === undefined || size === undefined ? undefined : all * size), 1) // prettier-ignore
  return listOf(b, elements && [total], true, () => reduced(call, 'ReduceProd', x))
}

/** Of truths, by numbers. */
function ofTruths(op: string): Convert {
  return (call) => call.b.cast(reduced(call, op, call.b.cast(call.x, 'int32')), 'bool')
}

/** Where the greatest (or least) is along one axis, the first of equal ones. */
function argument(op: string): Convert {
  return (call) => {
    const { b, x } = call
    const rank = b.rank(x)
    const axis = call.axis(1, rank)
    const layout = layoutFor(x, [axis], false)
    const place = BigInt(axisIn(layout, axis, rank))
    return b.int32(b.op(op, [b.get(x, layout)], { axis: place, keepdims: 0n }), x.shape!.toSpliced(axis, 1))
  }
}

/** The greatest of the last axis in falling order, of equal ones the first, and where they are. */
const topK: Convert = (call) => {
  const { b, x } = call
  const k = elementsIn(call.input(1))?.[0]
  const count = b.writer.reshape(b.int64(call.input(1)), [1])
  const shape = b.shape(x).with(-1, k)
  const [values = '', places = ''] = b.writer.ops('TopK', [b.get(x), count], 2, { axis: -1n })
  return [b.value(values, x.type, shape), b.int32(places, shape)]
}

const cumulate: Convert = (call) => {
  const { b, x, attributes } = call
  const axis = b.scalar(call.axis(1, b.rank(x)), 'int64')
  const flag = (name: string): bigint => (attributes.bool(name) ? 1n : 0n)
  return b.value(b.op('CumSum', [b.get(x), axis], { exclusive: flag('exclusive'), reverse: flag('reverse') }), x.type, x.shape) // prettier-ignore
}

export const reductions: Operators = {
  Mean: mean,
  Sum: reduce('ReduceSum'),
  Max: reduce('ReduceMax'),
  Min: reduce('ReduceMin'),
  Prod: product,
  All: ofTruths('ReduceMin'),
  Any: ofTruths('ReduceMax'),
  ArgMax: argument('ArgMax'),
  ArgMin: argument('ArgMin'),
  TopKV2: topK,
  Cumsum: cumulate,
}
