import { type Dim, dimEquals, divideExactly, floorDivide, integerOf, product, subtract } from '../../graph/dim.ts'
import type { Node, ValueInfo } from '../../graph/graph.ts'
import type { InferContext } from '../../graph/operator.ts'
import { takes } from '../../graph/rules.ts'
import { reshapedTensor } from '../../onnx/tensor.ts'
import type { KernelWriter, LoweredOperator } from '../../lowering/lowering.ts'
import { rearrangedContents } from './rearranged.ts'
import { intsOf, normalizeAxis, unknownShape } from '../../graph/shape-contents.ts'

/** An operator that only gives the same elements another shape. */
function viewOperator(
  name: string,
  rules: NonNullable<LoweredOperator['rules']>,
  shapeOf: (node: Node, context: InferContext) => readonly Dim[],
  more: Partial<LoweredOperator> = {},
): LoweredOperator {
  return {
    name,
    rules,
    infer: (node, context): ValueInfo[] => {
      const shape = shapeOf(node, context)
      return [
        {
          type: node.input(0).type,
          shape,
          contents: shape.length <= 1 ? rearrangedContents(node.input(0)) : undefined,
        },
      ]
    },
    fold: (node) => {
      const shape = shapeOf(node, noContext)
      return shape.every((dim) => typeof dim === 'number' && dim >= 0)
        ? [reshapedTensor(node.input(0).constant!, shape as readonly number[])]
        : undefined
    },
    alias: 0,
    ...more,
  }
}

/** Rules of an operator that has a list as attribute in old versions, and as input in new ones. */
function withList(input: string, since: number): NonNullable<LoweredOperator['rules']> {
  const [old, now] = [takes('data:any'), takes(`data:any ${input}`)]
  return ({ version }) => (version < since ? old : now)
}

/** Folding meets constants only: a shape that asks for more is refused by the negative dimension. */
const noContext: InferContext = {
  freshDim: () => -1,
  subgraph: (name) => {
    throw new TypeError(`no subgraph ${name}`)
  },
  inside: () => {
    throw new TypeError('no subgraph here')
  },
}

/** ONNX Reshape-5 … 25 (`allowzero` from 14): 0 copies the input's dimension, -1 takes what is left. */
function reshapedDims(node: Node, context: InferContext): readonly Dim[] {
  const input = node.input(0)
  const wanted: readonly Dim[] | undefined = node.inputs[1] ? node.inputs[1].contents : node.ints('shape')
  if (!wanted) return unknownShape(node, node.inputs[1]?.dims[0], context)
  const copied = wanted.map((dim, axis) => (dim === 0 && !node.int('allowzero', 0) ? (input.dims[axis] ?? 0) : dim))
  const open = copied.indexOf(-1)
  if (open < 0) {
    checkCount(node, input.dims, copied)
    return copied
  }
  if (copied.indexOf(-1, open + 1) >= 0)
    throw node.error('MODEL_RESHAPE', `the shape [${wanted.join(', ')}] leaves more than one dimension open`)
  const rest = product(copied.filter((_, axis) => axis !== open))
  const all = product(input.dims)
  const shape = copied.with(open, rest === 0 ? 0 : (divideExactly(all, rest) ?? floorDivide(all, rest)))
  checkCount(node, input.dims, shape)
  return shape
}

function checkCount(node: Node, from: readonly Dim[], to: readonly Dim[]): void {
  const difference = integerOf(subtract(product(from), product(to)))
  if (difference !== undefined && difference !== 0n) {
    throw node.error(
      'MODEL_RESHAPE',
      `[${from.join(', ')}] can't be reshaped to [${to.join(', ')}]: the numbers of elements differ`,
    )
  }
}

/** Shape known only from data: the same rules as `reshapedDims`, when the model runs. */
function reshapeSizes(node: Node, k: KernelWriter): void {
  const { dims } = node.output()
  if (!node.inputs[1] || node.inputs[1].contents) return
  const shape = k.input(1)
  k.line(`int64_t rest = ${k.count(node.input(0).dims)}, open = -1;`)
  dims.forEach((dim, axis) => {
    const copied = node.int('allowzero', 0) || axis >= node.input(0).rank ? '0' : k.dim(node.input(0).dims[axis]!)
    k.line(`*${k.symbol(dim)} = ${shape}[${axis}] == 0 ? ${copied} : ${shape}[${axis}];`)
    k.line(
      `if (*${k.symbol(dim)} == -1) open = ${axis}; else if (*${k.symbol(dim)} > 0) rest /= *${k.symbol(dim)}; else rest = 0;`,
    )
  })
  dims.forEach((dim, axis) => k.line(`if (open == ${axis}) *${k.symbol(dim)} = rest;`))
  const total = dims.map((dim) => `(double)*${k.symbol(dim)}`).join(' * ') || '1.0'
  k.failIf(`${total} != (double)${k.count(node.input(0).dims)}`, 'the shape does not fit the number of elements')
}

/** Where symbols keep the numbers of elements from being compared at compile time. */
function checkReshape(node: Node, k: KernelWriter): void {
  if (node.inputs[1] && !node.inputs[1].contents) return
  const [from, to] = [product(node.input(0).dims), product(node.output().dims)]
  if (!dimEquals(from, to)) k.failIf(`${k.dim(from)} != ${k.dim(to)}`, 'the shape does not fit the number of elements')
}

function checkSqueeze(node: Node, k: KernelWriter): void {
  const { dims, rank } = node.input(0)
  if (hasRuntimeAxes(node)) return
  for (const axis of intsOf(node, 'axes', 1)?.map((given) => normalizeAxis(node, given, rank)) ?? []) {
    if (dims[axis] !== 1) k.failIf(`${k.dim(dims[axis]!)} != 1`, 'an axis to be squeezed is not of size 1')
  }
}

/** Squeeze and Unsqueeze: whether the axes are data. How many there are must be known, for that makes the rank. */
function hasRuntimeAxes(node: Node): boolean {
  return node.inputs[1] !== undefined && !node.inputs[1].contents
}

function countOfAxes(node: Node): number {
  const [count = 1] = node.input(1).dims
  if (typeof count === 'number') return count
  throw node.error('UNSUPPORTED_RANK', 'the rank of the output is not known at compile time')
}

/** Declares `named`, which tells of each of `rank` axes whether it is one of those that input 1 names. */
function writeNamedAxes(node: Node, k: KernelWriter, rank: number): void {
  const axes = k.input(1)
  k.line(`bool named[${rank + 1}] = {0};`)
  k.line(`for (int i = 0; i < ${countOfAxes(node)}; i++) {`)
  k.line(`  const int64_t axis = ${axes}[i] + (${axes}[i] < 0 ? ${rank} : 0);`)
  k.failIf(`axis < 0 || axis >= ${rank} || named[axis]`, 'an axis is out of range or named twice')
  k.line('  named[axis] = true;\n}')
}

function squeezeSizes(node: Node, k: KernelWriter): void {
  const { dims, rank } = node.input(0)
  if (!hasRuntimeAxes(node)) return
  writeNamedAxes(node, k, rank)
  k.line(`int64_t kept[${rank + 1}];\nint count = 0;`)
  dims.forEach((dim, axis) => {
    k.failIf(`named[${axis}] && ${k.dim(dim)} != 1`, 'an axis to be squeezed is not of size 1')
    k.line(`if (!named[${axis}]) kept[count++] = ${k.dim(dim)};`)
  })
  node.output().dims.forEach((dim, axis) => k.line(`*${k.symbol(dim)} = kept[${axis}];`))
}

function unsqueezeSizes(node: Node, k: KernelWriter): void {
  const { dims, rank } = node.input(0)
  if (!hasRuntimeAxes(node)) return
  writeNamedAxes(node, k, rank + countOfAxes(node))
  k.line(`const int64_t dims[] = {${[...dims.map((dim) => k.dim(dim)), '0'].join(', ')}};\nint at = 0;`)
  node.output().dims.forEach((dim, axis) => k.line(`*${k.symbol(dim)} = named[${axis}] ? 1 : dims[at++];`))
}

function squeezedDims(node: Node, context: InferContext): readonly Dim[] {
  const { dims, rank } = node.input(0)
  if (hasRuntimeAxes(node)) return unknownShape(node, rank - countOfAxes(node), context)
  const axes = intsOf(node, 'axes', 1)?.map((axis) => normalizeAxis(node, axis, rank))
  for (const axis of axes ?? []) {
    const dim = dims[axis]!
    if (typeof dim === 'number' && dim !== 1)
      throw node.error('MODEL_SHAPE', `axis ${axis} has size ${dim}, so it can't be squeezed`)
  }
  return dims.filter((dim, axis) => (axes ? !axes.includes(axis) : dim !== 1))
}

function unsqueezedDims(node: Node, context: InferContext): readonly Dim[] {
  const { dims, rank } = node.input(0)
  if (hasRuntimeAxes(node)) return unknownShape(node, rank + countOfAxes(node), context)
  const given = intsOf(node, 'axes', 1) ?? []
  const axes = new Set(given.map((axis) => normalizeAxis(node, axis, rank + given.length)))
  if (axes.size < given.length) throw node.error('MODEL_AXIS', `axes [${given.join(', ')}] name an axis twice`)
  const rest = [...dims]
  return Array.from({ length: rank + given.length }, (_, axis) => (axes.has(axis) ? 1 : rest.shift()!))
}

function flattenedDims(node: Node): readonly Dim[] {
  const { dims, rank } = node.input(0)
  const given = node.int('axis', 1)
  const axis = given === rank ? rank : normalizeAxis(node, given, rank)
  return [product(dims.slice(0, axis)), product(dims.slice(axis))]
}

/** ONNX Shape-1 … 25: `start` and `end` (from 15) cut a range of axes, clamped. */
function shapeSlice(node: Node): readonly Dim[] {
  const { dims } = node.input(0)
  return dims.slice(node.int('start', 0), node.int('end', dims.length))
}

export const shapes: readonly LoweredOperator[] = [
  viewOperator('Reshape', withList('shape:int64[_]', 5), reshapedDims, {
    check: checkReshape,
    sizes: reshapeSizes,
    sizedBy: [1],
  }),
  viewOperator('Squeeze', withList('axes?:int64[*]', 13), squeezedDims, {
    check: checkSqueeze,
    sizes: squeezeSizes,
    sizedBy: [1],
  }),
  viewOperator('Unsqueeze', withList('axes:int64[*]', 13), unsqueezedDims, { sizes: unsqueezeSizes, sizedBy: [1] }),
  viewOperator('Flatten', takes('input:any'), flattenedDims),
  {
    name: 'Shape',
    rules: takes('data:any'),
    infer: (node) => [{ type: 'int64', shape: [shapeSlice(node).length], contents: shapeSlice(node) }],
    // Of the tensor only its dimensions count: it need not be computed, or kept, for them.
    decompose: (node, b) => [b.dims(shapeSlice(node))],
  },
  /** The compiler's own: a tensor of dimensions that a decomposition or a model's Shape asked for (`Builder.dims`). */
  {
    name: 'Dimensions',
    domain: 'om',
    varies: true,
    rules: takes(''),
    infer: (node) => node.outputs,
    lower: (node, k) => node.output().contents!.forEach((dim, i) => k.line(`${k.output()}[${i}] = ${k.dim(dim)};`)),
  },
  {
    name: 'Size',
    rules: takes('data:any'),
    infer: (node) => [{ type: 'int64', shape: [], contents: [product(node.input(0).dims)] }],
    decompose: (node, b) => [b.op('Reshape', [b.dims([product(node.input(0).dims)]), b.ints([])])],
  },
]
