import { type ElementType, isFloat } from '../../../onnx/element-type.ts'
import { axisOf, type Call, type Convert, type Operators, refuse } from '../call.ts'

/** Axes of `dim`: none given, or an empty list, are all of them. */
function axesOf(call: Call, rank: number): number[] {
  const dims = call.has('dim') ? call.ints('dim') : []
  return dims.length > 0 ? dims.map((axis) => axisOf(axis, rank)) : Array.from({ length: rank }, (_, axis) => axis)
}

/** Reduces `x`, of the rank of `self`. A scalar has no axes to reduce. */
function reduced(call: Call, op: string, x: string, rank: number): string {
  if (rank === 0) return call.w.op('Identity', [x])
  return call.w.op(op, [x, call.w.ints(axesOf(call, rank))], { keepdims: call.bool('keepdim', false) ? 1n : 0n })
}

/** In the type of the result, which sums of integers have, too. */
const reduce =
  (op: string): Convert =>
  (call) => {
    const self = call.tensor('self')
    return reduced(call, op, call.cast(self, call.out.type), self.sizes.length)
  }

/** In uint8, where ONNX has no such reduction of bools. */
const extreme =
  (op: string): Convert =>
  (call) => {
    const self = call.tensor('self')
    const type: ElementType = self.type === 'bool' ? 'uint8' : self.type
    return call.w.cast(reduced(call, op, call.cast(self, type), self.sizes.length), type, self.type)
  }

/** Whether any (all) elements are not zero. */
const quantifier =
  (op: string): Convert =>
  (call) => {
    const self = call.tensor('self')
    // Of several axes, none are none, and not all as with sums.
    if (call.has('dim') && call.list('dim').length === 0) return call.w.op('Identity', [call.cast(self, call.out.type)])
    const bits = call.w.cast(call.cast(self, 'bool'), 'bool', 'uint8')
    return call.w.cast(reduced(call, op, bits, self.sizes.length), 'uint8', call.out.type)
  }

/** The largest (smallest) along an axis, and where it is: the first of equal ones. */
const extremeAt =
  (value: string, index: string): Convert =>
  (call) => {
    const self = call.tensor('self')
    if (self.sizes.length === 0) return refuse('its input is a scalar')
    if (self.type === 'bool') return refuse('its input is of bools')
    const axis = call.axis('dim', self.sizes.length)
    const keepdims = call.bool('keepdim', false) ? 1n : 0n
    return [
      call.w.op(value, [self.name, call.w.ints([axis])], { keepdims }),
      call.w.op(index, [self.name], { axis: BigInt(axis), keepdims }),
    ]
  }

/** Where the largest (smallest) is: without an axis, in the flat tensor. */
const argument =
  (op: string): Convert =>
  (call) => {
    const self = call.tensor('self')
    const keepdims = call.bool('keepdim', false) ? 1n : 0n
    if (call.has('dim') && self.sizes.length > 0)
      return call.w.op(op, [self.name], { axis: BigInt(call.axis('dim', self.sizes.length)), keepdims })
    if (keepdims) return refuse('its keepdim without a dim')
    return call.w.op(op, [call.w.reshape(self.name, [-1])], { axis: 0n, keepdims })
  }

/** Σ (x − mean)² / max(0, n − correction), and its root. */
const variance =
  (isRoot: boolean): Convert =>
  (call) => {
    const { w } = call
    const self = call.tensor('self')
    const rank = self.sizes.length
    if (rank === 0) return refuse('its input is a scalar')
    const correction = call.has('unbiased') ? Number(call.bool('unbiased')) : call.float('correction', 1)
    const axes = axesOf(call, rank)
    const mean = w.op('ReduceMean', [self.name, w.ints(axes)], { keepdims: 1n })
    const off = w.op('Sub', [self.name, mean])
    const sum = reduced(call, 'ReduceSum', w.op('Mul', [off, off]), rank)
    const sizes = axes.map((axis) => self.sizes[axis])
    const count = sizes.every((size) => size !== undefined)
      ? w.scalar(Math.max(0, sizes.reduce((product, size) => product * size, 1) - correction), self.type)
      : countOf(call, axes, correction)
    const value = w.op('Div', [sum, count])
    return isRoot ? w.op('Sqrt', [value]) : value
  }

function countOf(call: Call, axes: readonly number[], correction: number): string {
  const { w } = call
  const self = call.tensor('self')
  const sizes = w.op('Gather', [w.sizes(self.name), w.ints(axes)])
  const count = w.cast(w.op('ReduceProd', [sizes], { keepdims: 0n }), 'int64', self.type)
  return w.op('Max', [w.op('Sub', [count, w.scalar(correction, self.type)]), w.scalar(0, self.type)])
}

/** ‖x‖ of order `ord` (or `p`), default 2. */
const norm =
  (name: string): Convert =>
  (call) => {
    const { w } = call
    const self = call.tensor('self')
    const order = call.float(name, 2)
    const x = call.cast(self, call.out.type)
    const rank = self.sizes.length
    if (order === 2) return reduced(call, 'ReduceL2', x, rank)
    if (order === 1) return reduced(call, 'ReduceL1', x, rank)
    const magnitudes = w.op('Abs', [x])
    if (order === Infinity) return reduced(call, 'ReduceMax', magnitudes, rank)
    if (order === -Infinity) return reduced(call, 'ReduceMin', magnitudes, rank)
    if (order === 0) return refuse('its order 0')
    const sum = reduced(call, 'ReduceSum', w.op('Pow', [magnitudes, w.scalar(order, call.out.type)]), rank)
    return w.op('Pow', [sum, w.scalar(1 / order, call.out.type)])
  }

const cumsum: Convert = (call) => {
  const self = call.tensor('self')
  if (self.sizes.length === 0) return call.w.op('Identity', [call.cast(self, call.out.type)])
  const axis = call.w.scalar(BigInt(call.axis('dim', self.sizes.length)), 'int64')
  return call.w.op('CumSum', [call.cast(self, call.out.type), axis])
}

const topk: Convert = (call) => {
  const self = call.tensor('self')
  return call.w.ops('TopK', [self.name, call.shape(call.list('k'))], 2, {
    axis: BigInt(call.axis('dim', self.sizes.length, -1)),
    largest: call.bool('largest', true) ? 1n : 0n,
    sorted: call.bool('sorted', true) ? 1n : 0n,
  })
}

/** All elements, in order. Equal ones are in the order of their indices, as a stable sort has them. */
const sort: Convert = (call) => {
  const { w } = call
  const self = call.tensor('self')
  if (self.sizes.length === 0) return refuse('its input is a scalar')
  const axis = call.axis('dim', self.sizes.length, -1)
  const attributes = { axis: BigInt(axis), largest: call.bool('descending', false) ? 1n : 0n, sorted: 1n }
  return w.ops('TopK', [self.name, w.sizes(self.name, axis, axis + 1)], 2, attributes)
}

const argsort: Convert = (call) => [(sort(call) as readonly string[])[1]!]

const logSumExp: Convert = (call) => {
  const self = call.tensor('self')
  if (!isFloat(self.type)) return refuse('its input is of integers')
  return reduced(call, 'ReduceLogSumExp', self.name, self.sizes.length)
}

/** Reductions, and what orders elements; all make fresh memory. */
export const reductions: Operators = {
  'aten.sum.default': reduce('ReduceSum'),
  'aten.sum.dim_IntList': reduce('ReduceSum'),
  'aten.mean.default': reduce('ReduceMean'),
  'aten.mean.dim': reduce('ReduceMean'),
  'aten.prod.default': reduce('ReduceProd'),
  'aten.prod.dim_int': reduce('ReduceProd'),
  'aten.amax.default': extreme('ReduceMax'),
  'aten.amin.default': extreme('ReduceMin'),
  'aten.max.default': extreme('ReduceMax'),
  'aten.min.default': extreme('ReduceMin'),
  'aten.any.default': quantifier('ReduceMax'),
  'aten.any.dim': quantifier('ReduceMax'),
  'aten.any.dims': quantifier('ReduceMax'),
  'aten.all.default': quantifier('ReduceMin'),
  'aten.all.dim': quantifier('ReduceMin'),
  'aten.max.dim': extremeAt('ReduceMax', 'ArgMax'),
  'aten.min.dim': extremeAt('ReduceMin', 'ArgMin'),
  'aten.argmax.default': argument('ArgMax'),
  'aten.argmin.default': argument('ArgMin'),
  'aten.var.correction': variance(false),
  'aten.var.dim': variance(false),
  'aten.var.default': variance(false),
  'aten.std.correction': variance(true),
  'aten.std.dim': variance(true),
  'aten.std.default': variance(true),
  'aten.linalg_vector_norm.default': norm('ord'),
  'aten.norm.ScalarOpt_dim': norm('p'),
  'aten.norm.Scalar': norm('p'),
  'aten.logsumexp.default': logSumExp,
  'aten.cumsum.default': cumsum,
  'aten.topk.default': topk,
  'aten.sort.default': sort,
  'aten.sort.stable': sort,
  'aten.argsort.default': argsort,
  'aten.argsort.stable': argsort,
}
