import { add, floorDivide, maximum, multiply, product, subtract } from '../../graph/dim.ts'
import type { Node, Value } from '../../graph/graph.ts'
import type { Builder, PlainAttributes } from '../../graph/operator.ts'
import { type Agreement, type Rules, takes } from '../../graph/rules.ts'
import { elementTypes } from '../../onnx/element-type.ts'
import { counting } from '../nn/attend.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'
import { normalizeAxis } from '../../graph/shape-contents.ts'
import { transposed } from '../math/transposed-product.ts'
import { castTo, widenNarrowFloats } from '../../lowering/widen.ts'
import { sameAsFirst } from './activations.ts'
import { MICROSOFT } from './domain.ts'
import { rowsOf } from './rows.ts'

/** An operator that ONNX took over: it becomes ONNX's, which says what is not in these rules. */
function takenOver(
  name: string,
  rules: Rules,
  decompose: (node: Node, b: Builder, attributes: PlainAttributes) => readonly Value[] = (node, b, attributes) => [
    b.op(name, node.inputs, attributes),
  ],
): LoweredOperator {
  return {
    name,
    domain: MICROSOFT,
    rules,
    infer: sameAsFirst,
    decompose: (node, b) => decompose(node, b, Object.fromEntries(node.attributes)),
  }
}

/** Modes of interpolation by the names of older and of newer versions. */
const modes: Readonly<Record<string, string>> = { bilinear: 'linear', nearest: 'nearest', bicubic: 'cubic' }

const GridSample = takenOver('GridSample', takes('X:T[n, _, _, _] Grid:T[n, _, _, 2]', { T: 'float' }), (node, b) => {
  const name = node.string('mode', 'bilinear')
  const mode = Object.hasOwn(modes, name) ? modes[name] : undefined
  if (!mode)
    throw node.error(
      'MODEL_ATTRIBUTE',
      `mode is ${JSON.stringify(name)}, but should be one of ${Object.keys(modes).join(', ')}`,
    )
  const padding_mode = node.string('padding_mode', 'zeros')
  return [b.op('GridSample', node.inputs, { mode, padding_mode, align_corners: node.int('align_corners', 0) })]
})

/** One more axis of size 1. */
const ExpandDims = takenOver('ExpandDims', takes('X:any axis:int32[.]'), (node, b) => {
  const axis = b.op('Reshape', [castTo(b, node.input(1), 'int64'), b.ints([1])])
  return [b.op('Unsqueeze', [node.input(0), axis])]
})

const Range = takenOver('Range', takes('start:T[.] limit:T[.] delta?:T[.]', { T: 'number' }), (node, b) => {
  const [start, limit, delta] = [node.input(0), node.input(1), node.inputs[2]]
  return [b.op('Range', [start, limit, delta ?? b.scalar(1, start.type)])]
})

const Pad = takenOver(
  'Pad',
  takes('data:T pads:int64[_, ...] value?:T[.]', { T: 'float' }, (node) => {
    const pads = node.input(1)
    const twice = { input: 1, axis: -1, expected: 2 * node.input(0).rank, as: 'two for each axis of data need' }
    if (pads.rank <= 2)
      return pads.rank === 2 ? [{ input: 1, axis: 0, expected: 1, as: 'a list needs' }, twice] : [twice]
    throw node.error('MODEL_SHAPE', `pads should be a list, but is of rank ${pads.rank}`)
  }),
  (node, b, attributes) => [
    b.op('Pad', [node.input(0), b.op('Reshape', [node.input(1), b.ints([-1])]), node.inputs[2]], attributes),
  ],
)

/** Distinct elements in the order of their first appearance, where each element went, and how often it is there. */
const Unique = takenOver('Unique', takes('x:any[_]'), (node, b) => {
  const [distinct, , inverse, counts] = b.ops('Unique', [node.input(0)], 4, { sorted: 0 })
  return [distinct!, inverse!, counts!]
})

/** Rows of a table: what else torch.nn.Embedding says is about gradients. */
const TorchEmbedding = takenOver(
  'TorchEmbedding',
  takes('weight:any[_, _] indices:int64 padding_idx?:int64 scale_grad_by_freq?:bool'),
  (node, b) => [rowsOf(b, node.input(0), node.input(1))],
)

/** torch.Tensor.unfold: windows of `size` along an axis, each `step` behind the last, as a new last axis. */
const UnfoldTensor = takenOver('UnfoldTensor', takes('input:any[_, ...]', {}, agreeUnfold), (node, b) => {
  const x = node.input(0)
  const { axis, size, step } = unfolding(node)
  const count = add(floorDivide(subtract(x.dims[axis]!, size), step), 1)
  const starts = b.op('Mul', [counting(b, count), b.scalar(step, 'int64')])
  const places = b.op('Add', [b.op('Unsqueeze', [starts, b.ints([1])]), counting(b, size)])
  const windows = b.op('Gather', [x, places], { axis })
  const axes = windows.dims.map((_, i) => i)
  return [b.op('Transpose', [windows], { perm: [...axes.filter((i) => i !== axis + 1), axis + 1] })]
})

function unfolding(node: Node): { axis: number; size: number; step: number } {
  const [size, step] = [node.int('size', 0), node.int('step', 1)]
  if (size < 1 || step < 1) throw node.error('MODEL_ATTRIBUTE', `size ${size} and step ${step} should be at least 1`)
  return { axis: normalizeAxis(node, node.int('dim', -1), node.input(0).rank), size, step }
}

function agreeUnfold(node: Node): Agreement[] {
  const { axis, size } = unfolding(node)
  const given = node.input(0).dims[axis]!
  if (typeof given === 'number' && given >= size) return []
  if (typeof given === 'number') throw node.error('MODEL_SHAPE', `an axis of ${given} has no window of ${size}`)
  return [{ input: 0, axis, expected: maximum(given, size), as: 'a window needs at least' }]
}

/** Distances between each row of A and each of B. */
const CDist = takenOver('CDist', takes('A:T[m, k] B:T[n, k]', { T: 'float32|float64' }), (node, b) => {
  const metric = node.string('metric', 'sqeuclidean')
  if (metric !== 'euclidean' && metric !== 'sqeuclidean')
    throw node.error(
      'MODEL_ATTRIBUTE',
      `metric is ${JSON.stringify(metric)}, but should be "euclidean" or "sqeuclidean"`,
    )
  const [x, y] = [node.input(0), node.input(1)]
  const squares = (value: Value, axis: number): Value =>
    b.op('Unsqueeze', [b.op('ReduceSumSquare', [value, b.ints([1])], { keepdims: 0 }), b.ints([axis])])
  const products = b.op('Mul', [b.op('MatMul', [x, transposed(b, y)]), b.scalar(-2, x.type)])
  const sums = b.op('Add', [b.op('Add', [products, squares(x, 1)]), squares(y, 0)])
  const distances = b.op('Max', [sums, b.scalar(0, x.type)])
  return [metric === 'euclidean' ? b.op('Sqrt', [distances]) : distances]
})

/** Softmax of a sum, over all axes from `axis` on as before ONNX 13. */
const BiasSoftmax = takenOver('BiasSoftmax', takes('data:T[~] bias:T[~]', { T: 'float' }), (node, b) => {
  const sum = b.op('Add', [node.input(0), node.input(1)])
  const flat = b.op('Flatten', [sum], { axis: normalizeAxis(node, node.int('axis', 1), sum.rank) })
  return [b.reshape(b.op('Softmax', [flat], { axis: -1 }), sum.dims)]
})

/** Inverses of the last two axes' matrices. Of a singular one infinities or NaN are what is left. */
const Inverse: LoweredOperator = {
  name: 'Inverse',
  domain: MICROSOFT,
  rules: takes('X:T[..., n, n]', { T: 'float16|float32|float64' }),
  infer: sameAsFirst,
  decompose: widenNarrowFloats,
  lower(node, k) {
    const { dims, type } = node.input(0)
    const n = dims.at(-1)!
    k.include('inverse.h')
    const matrix = k.scratch(product([2 * (elementTypes.float64.bits / 8), n, n]), 'double')
    const size = k.count([n, n])
    k.line(`for (int64_t b = 0; b < ${k.count(dims.slice(0, -2))}; b++) {`)
    k.line(`  for (int64_t i = 0; i < ${size}; i++) ${matrix}[i] = (double)${k.input(0)}[b * ${size} + i];`)
    k.line(`  om_inverse(${matrix}, ${matrix} + ${size}, ${k.dim(n)});`)
    k.line(
      `  for (int64_t i = 0; i < ${size}; i++) ${k.output()}[b * ${size} + i] = (${elementTypes[type].c})${matrix}[${size} + i];`,
    )
    k.line('}')
  },
  flops: (node) => multiply(2, product([...node.input(0).dims, node.input(0).dims.at(-1)!])),
}

export const contribTensors: readonly LoweredOperator[] = [
  takenOver('Trilu', takes('X:any[..., _, _] k?:int64[.]')),
  takenOver('GatherND', takes('data:any[_, ...] indices:index[_, ...]'), (node, b) => [
    b.op('GatherND', [node.input(0), castTo(b, node.input(1), 'int64')]),
  ]),
  GridSample,
  ExpandDims,
  Range,
  Pad,
  Unique,
  TorchEmbedding,
  UnfoldTensor,
  CDist,
  BiasSoftmax,
  Inverse,
]
