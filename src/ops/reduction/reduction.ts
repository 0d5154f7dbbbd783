import { type Dim, product } from '../../graph/dim.ts'
import type { Node, Value, ValueInfo } from '../../graph/graph.ts'
import type { Builder, InferContext } from '../../graph/operator.ts'
import { takes } from '../../graph/rules.ts'
import { elementTypes, isInteger, memoryBytes } from '../../onnx/element-type.ts'
import type { KernelWriter, LoweredOperator } from '../../lowering/lowering.ts'
import { accumulation, type Reduction } from './reduction-step.ts'
import { shareElements } from '../../lowering/sharing.ts'
import { intsOf, normalizeAxis } from '../../graph/shape-contents.ts'
import { castTo, widenNarrowFloats } from '../../lowering/widen.ts'

/** Whether the axes are an input whose values only the run knows; an input without elements is no list of axes. */
function axesAreDynamic(node: Node): boolean {
  const axes = node.inputs[1]
  return axes !== undefined && !axes.contents && axes.dims[0] !== 0
}

/**
 * Axes that are reduced, ascending: all where none are given, unless `noop_with_empty_axes` says that none means none
 * (ONNX Reduce*-18; up to opset 17, of ReduceSum up to 12, the axes were an attribute).
 */
function reducedAxes(node: Node): readonly number[] {
  const { rank } = node.input(0)
  const given = node.inputs[1]?.dims[0] === 0 ? [] : intsOf(node, 'axes', 1)
  const axes = given?.map((axis) => normalizeAxis(node, axis, rank)) ?? []
  if (axes.length > 0) return [...new Set(axes)].sort((a, b) => a - b)
  return node.int('noop_with_empty_axes', 0) ? [] : Array.from({ length: rank }, (_, axis) => axis)
}

/** The axes of a node that is a reduction over axes known at compile time, ascending. */
export function reductionAxes(node: Node): readonly number[] | undefined {
  const isReduction = node.domain === '' && reductions.some(({ name }) => name === node.op)
  return isReduction && !axesAreDynamic(node) ? reducedAxes(node) : undefined
}

/** What the node does, of other axes of another value. */
export function reduceOver(b: Builder, node: Node, x: Value, axes: readonly number[]): Value {
  return b.op(node.op, [x, b.ints(axes)], { keepdims: node.int('keepdims', 1) })
}

function inferReduction(node: Node, context: InferContext): ValueInfo[] {
  const { type, dims } = node.input(0)
  const keeps = node.int('keepdims', 1) !== 0
  if (axesAreDynamic(node)) {
    const count = node.input(1).dims[0] ?? 1
    if (typeof count !== 'number' && !keeps)
      throw node.error(
        'UNSUPPORTED_RANK',
        'the number of axes, and so the rank of the output, is not known at compile time',
      )
    const rank = keeps ? dims.length : dims.length - Number(count)
    if (rank < 0) throw node.error('MODEL_AXIS', `${count} axes are more than the ${dims.length} of the input`)
    return [{ type, shape: Array.from({ length: rank }, () => context.freshDim()) }]
  }
  const axes = new Set(reducedAxes(node))
  const shape = keeps ? dims.map((dim, axis) => (axes.has(axis) ? 1 : dim)) : dims.filter((_, axis) => !axes.has(axis))
  return [{ type, shape }]
}

/** Reductions that need real numbers on the way. */
const REAL: ReadonlySet<Reduction> = new Set(['L2', 'LogSum', 'LogSumExp'])

function decomposeReduction(node: Node, kind: Reduction, b: Builder): readonly Value[] | undefined {
  const x = node.input(0)
  const widened = widenNarrowFloats(node, b)
  if (widened) return widened
  const again = (input: Value): Value => b.op(node.op, [input, node.inputs[1]], Object.fromEntries(node.attributes))
  if (isInteger(x.type) && REAL.has(kind)) {
    const real = again(castTo(b, x, 'float64'))
    return [castTo(b, real, x.type)]
  }
  if (axesAreDynamic(node)) return undefined
  const axes = reducedAxes(node)
  const adjacent = axes.every((axis, i) => i === 0 || axis === axes[i - 1]! + 1)
  return adjacent ? undefined : [reduceApart(node, axes, b)]
}

/** Reduced axes move to the end, where they lie together; the result has them gone, and gets them back as 1. */
function reduceApart(node: Node, axes: readonly number[], b: Builder): Value {
  const x = node.input(0)
  const kept = x.dims.map((_, axis) => axis).filter((axis) => !axes.includes(axis))
  const moved = b.op('Transpose', [x], { perm: [...kept, ...axes] })
  const last = axes.map((_, i) => kept.length + i)
  const reduced = b.op(node.op, [moved, b.ints(last)], { keepdims: 0 })
  return node.int('keepdims', 1) ? b.op('Unsqueeze', [reduced, b.ints(axes)]) : reduced
}

/** Sets the output's dimensions from axes that are data. */
function reducedSizes(node: Node, k: KernelWriter): void {
  if (!axesAreDynamic(node)) return
  const { dims, rank } = node.input(0)
  writeMarks(node, k)
  const sizes = node.output().dims.map((dim) => k.symbol(dim))
  if (node.int('keepdims', 1)) {
    sizes.forEach((size, axis) => k.line(`*${size} = marked[${axis}] ? 1 : ${k.dim(dims[axis]!)};`))
    return
  }
  k.line(`const int64_t dims[${rank}] = {${dims.map((dim) => k.dim(dim)).join(', ')}};`)
  k.line(`int64_t *const sizes[${rank}] = {${sizes.join(', ') || '0'}};`)
  k.line('int64_t kept = 0;')
  k.line(`for (int64_t axis = 0; axis < ${rank}; axis++)\n  if (!marked[axis]) *sizes[kept++] = dims[axis];`)
}

/** OM_MAX_RANK of native/kernels/axes.h. */
const MOST_AXES = 64

/** The array `marked` of axes that are reduced. Without keepdims each must be another, as the output's rank says. */
function writeMarks(node: Node, k: KernelWriter): void {
  const { rank } = node.input(0)
  const count = k.count(node.input(1).dims)
  if (rank > MOST_AXES)
    throw node.error('UNSUPPORTED_RANK', `axes that are data can't be told apart beyond ${MOST_AXES}`)
  k.include('axes.h')
  k.line(`bool marked[${Math.max(1, rank)}];`)
  k.line(`const int64_t marks = om_mark_axes(${k.input(1)}, ${count}, ${rank}, marked);`)
  k.failIf('marks < 0', 'an axis is out of range')
  if (typeof node.input(1).dims[0] !== 'number' && !node.int('noop_with_empty_axes', 0))
    k.line(`for (int64_t axis = 0; axis < ${rank} && ${count} == 0; axis++) marked[axis] = true;`)
  if (!node.int('keepdims', 1)) k.failIf(`marks != ${count}`, 'an axis is named twice')
}

/** C expressions of a tensor seen as [outer, extent, inner], of which the middle is reduced. */
interface Split {
  readonly x: string
  readonly outer: string
  readonly extent: string
  readonly inner: string
}

function splitAtAxes(node: Node, k: KernelWriter): Split {
  const { dims, type, rank } = node.input(0)
  if (!axesAreDynamic(node)) {
    const axes = reducedAxes(node)
    const [from, to] = axes.length > 0 ? [axes[0]!, axes.at(-1)! + 1] : [rank, rank]
    return {
      x: k.input(0),
      outer: k.count(dims.slice(0, from)),
      extent: k.count(dims.slice(from, to)),
      inner: k.count(dims.slice(to)),
    }
  }
  writeMarks(node, k)
  const moved = k.scratch(product([...dims, memoryBytes(type)]), elementTypes[type].c)
  k.line(`const int64_t dims[${Math.max(1, rank)}] = {${dims.map((dim) => k.dim(dim)).join(', ') || '0'}};`)
  k.line('int64_t outer, extent;')
  k.line(`om_axes_last(${k.input(0)}, ${moved}, ${memoryBytes(type)}, ${rank}, dims, marked, &outer, &extent);`)
  return { x: moved, outer: 'outer', extent: 'extent', inner: '1' }
}

function lowerReduction(node: Node, kind: Reduction, k: KernelWriter): void {
  const { type } = node.input(0)
  const { x, outer, extent, inner } = splitAtAxes(node, k)
  shareElements(k, node.input(0).dims, kind === 'LogSumExp' ? 2 : type === 'float32' ? 0.5 : 1)
  if (type === 'float32') {
    k.include('reduce.h')
    k.line(`om_reduce_f32(${x}, ${k.output()}, ${outer}, ${extent}, ${inner}, ${float32Kinds[kind]});`)
    return
  }
  k.include('reduce-any.h')
  if (kind === 'LogSumExp') return k.line(`om_log_sum_exp_f64(${x}, ${k.output()}, ${outer}, ${extent}, ${inner});`)
  const { accumulator, initial, step, finish } = accumulation(kind, type)
  // As bytes, of which loops become vectors.
  const from = type === 'bool' ? `(const uint8_t *)${x}` : x
  k.line(
    `OM_REDUCE_ANY(${from}, ${k.output()}, ${outer}, ${extent}, ${inner}, ${accumulator}, ${initial}, ${step}, ${finish})`,
  )
}

const float32Kinds: Readonly<Record<Reduction, string>> = {
  Sum: 'OM_REDUCE_SUM',
  Mean: 'OM_REDUCE_MEAN',
  Prod: 'OM_REDUCE_PRODUCT',
  Max: 'OM_REDUCE_MAX',
  Min: 'OM_REDUCE_MIN',
  SumSquare: 'OM_REDUCE_SUM_SQUARE',
  L1: 'OM_REDUCE_L1',
  L2: 'OM_REDUCE_L2',
  LogSum: 'OM_REDUCE_LOG_SUM',
  LogSumExp: 'OM_REDUCE_LOG_SUM_EXP',
}

export const reductions: readonly LoweredOperator[] = (Object.keys(float32Kinds) as Reduction[]).map((kind) => ({
  name: `Reduce${kind}`,
  rules: takes(`data:number${kind === 'Max' || kind === 'Min' ? '|bool' : ''} axes?:int64[*]`),
  sizedBy: [1],
  infer: inferReduction,
  decompose: (node, b) => decomposeReduction(node, kind, b),
  sizes: reducedSizes,
  lower: (node, k) => lowerReduction(node, kind, k),
  flops: (node): Dim => product(node.input(0).dims),
}))
