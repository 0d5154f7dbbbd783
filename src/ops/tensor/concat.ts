import {
  ceilDivide,
  type Dim,
  dimEquals,
  divideExactly,
  floorDivide,
  isShort,
  isStatic,
  multiply,
  product,
  subtract,
  sum,
} from '../../graph/dim.ts'
import type { Node, Value, ValueInfo } from '../../graph/graph.ts'
import type { InferContext } from '../../graph/operator.ts'
import { type Agreement, sameAxes, takes } from '../../graph/rules.ts'
import { elementsOf } from '../../onnx/tensor.ts'
import type { KernelWriter, LoweredOperator } from '../../lowering/lowering.ts'
import { MOST_PICKED, offsetOf, pickElements, positionsOf, stridesOf } from '../../lowering/pick.ts'
import { normalizeAxis } from '../../graph/shape-contents.ts'
import { shareElements } from '../../lowering/sharing.ts'
import { copyBox, lying } from '../../lowering/strided.ts'

/** The axis of Concat-1 … 13, required since version 4. */
function axisOf(node: Node): number {
  const { rank } = node.input(0)
  if (rank === 0) throw node.error('MODEL_SHAPE', "single numbers can't be joined")
  if (node.version >= 4 && !node.has('axis')) throw node.error('MODEL_ATTRIBUTE', 'attribute axis is required')
  return normalizeAxis(node, node.int('axis', 1), rank)
}

function concatShape(node: Node): readonly Dim[] {
  const axis = axisOf(node)
  const sizes = node.inputs.map((_, i) => node.input(i).dims[axis]!)
  return node.input(0).dims.with(axis, sum(sizes))
}

/** A sum of dozens of sizes gets a symbol of its own, which `sizes` sets: sums of sums would grow without end. */
function isLongSum(dim: Dim): boolean {
  return typeof dim !== 'number' && (dim.terms.length > 32 || !isShort(dim))
}

/** ONNX Concat-1 … 13. */
const Concat: LoweredOperator = {
  name: 'Concat',
  rules: (node) => takes(`inputs+:T${sameAxes(node.input(0).rank, axisOf(node))}`, { T: 'any' }),
  sizedBy: [],
  infer(node, context): ValueInfo[] {
    const axis = axisOf(node)
    const shape = concatShape(node)
    const inputs = node.inputs.map((_, i) => node.input(i))
    const known = inputs[0]!.rank === 1 && inputs.every((input) => input.contents)
    return [
      {
        type: inputs[0]!.type,
        shape: isLongSum(shape[axis]!) ? shape.with(axis, context.freshDim()) : shape,
        contents: known ? inputs.flatMap((input) => input.contents!) : undefined,
      },
    ]
  },
  fold(node) {
    const tensors = node.inputs.map((input) => input!.constant!)
    const dims = concatShape(node)
    if (!isStatic(dims) || elementsOf(dims) > MOST_PICKED) return undefined
    const axis = axisOf(node)
    const blocks = tensors.map((tensor) => elementsOf(tensor.dims.slice(axis)))
    const rows = elementsOf(dims.slice(0, axis))
    const positions: number[] = []
    for (let row = 0; row < rows; row++) {
      let start = 0
      for (const block of blocks) {
        for (let k = 0; k < block; k++) positions.push(start + row * block + k)
        start += rows * block
      }
    }
    return [pickElements(tensors, dims, positions)]
  },
  decompose: (node) => (node.inputs.length === 1 ? [node.input(0)] : undefined),
  sizes(node, k) {
    const axis = axisOf(node)
    if (!isLongSum(concatShape(node)[axis]!)) return
    const parts = node.inputs.map((input) => k.dim(input!.dims[axis]!))
    k.line(`*${k.symbol(node.output().dims[axis]!)} = ${parts.join(' + ')};`)
  },
  pixelsApart: (node) => (axisOf(node) === node.output().rank - 1 ? [...node.inputs.keys()] : undefined),
  lower(node, k) {
    const { dims } = node.output()
    const axis = axisOf(node)
    const parts = copiedParts(node, k, axis)
    if (parts.every(({ isThere }) => isThere)) return
    const row = k.dim(rowOf(node.output(), k, axis))
    // A part is one input's of some rows: where there is one row, there are as many parts as inputs.
    const together = shareElements(k, dims) ? `om_part_rows(${row})` : '1'
    k.include('vector.h')
    k.include('parallel.h')
    k.line(`const int64_t rows = ${k.count(dims.slice(0, axis))}, together = ${together};`)
    k.line('for (int64_t first = 0; first < rows; first += together) {')
    k.line(`  char *to = (char *)(${k.output()} + first * ${row});`)
    parts.forEach(({ input, count: elements, isThere }) => {
      const count = k.dim(elements)
      if (!isThere) {
        const from = `${k.value(input)} + i * ${k.dim(rowOf(input, k, axis))}`
        k.line(`  if (om_is_mine()) for (int64_t i = first; i < om_min(first + together, rows); i++)`)
        k.line(
          `    memcpy(to + (i - first) * ${row} * sizeof *${k.output()}, ${from}, (size_t)${count} * sizeof *${k.output()});`,
        )
      }
      k.line(`  to += (size_t)${count} * sizeof *${k.output()};`)
    })
    k.line('}')
  },
  flops: () => 0,
}

/** Elements from one row of a Concat's input or output to the next. */
function rowOf(value: Value, k: KernelWriter, axis: number): Dim {
  return axis === value.rank - 1 ? k.slice(value).pixel : product(value.dims.slice(axis))
}

/** The inputs of a Concat, how many elements a row of each has, and whether they were made where they are to be. */
function copiedParts(node: Node, k: KernelWriter, axis: number): { input: Value; count: Dim; isThere: boolean }[] {
  const to = k.slice(node.output())
  let start = to.offset
  return node.inputs.map((_, i) => {
    const input = node.input(i)
    const from = k.slice(input)
    const count = product(input.dims.slice(axis))
    const isThere = from.whole === to.whole && from.offset === start
    start += typeof count === 'number' ? count : NaN
    return { input, count, isThere }
  })
}

/** Sizes of the parts where they are known: listed (attribute until 11, input since 13), or equal ones. */
function splitSizes(node: Node): readonly Dim[] | undefined {
  const size = node.input(0).dims[splitAxis(node)]!
  const listed = node.inputs[1] ? node.inputs[1].contents : node.ints('split')
  if (listed) {
    if (listed.length !== node.outputCount)
      throw node.error('MODEL_SHAPE', `${listed.length} parts are listed for ${node.outputCount} outputs`)
    const negative = listed.find((part) => typeof part === 'number' && part < 0)
    if (negative !== undefined) throw node.error('MODEL_SHAPE', `a part is of size ${negative}`)
    const total = sum(listed)
    if (typeof total === 'number' && typeof size === 'number' && total !== size) {
      throw node.error('MODEL_SHAPE', `the parts [${listed.join(', ')}] do not add up to the axis of size ${size}`)
    }
    return listed
  }
  if (node.inputs[1]) return undefined
  const parts = node.int('num_outputs', node.outputCount)
  if (parts < 1 || parts > node.outputCount)
    throw node.error('MODEL_ATTRIBUTE', `num_outputs is ${parts}, but it has ${node.outputCount} outputs`)
  const exact = divideExactly(size, parts)
  if (exact !== undefined) return Array<Dim>(parts).fill(exact)
  // Only num_outputs (since 18) allows a last part that is smaller.
  const part = ceilDivide(size, parts)
  const last = subtract(size, multiply(part, parts - 1))
  if (typeof last === 'number' && (last < 0 || !node.has('num_outputs'))) {
    throw node.error('MODEL_SHAPE', `an axis of size ${size} can't be split into ${parts} parts`)
  }
  return node.has('num_outputs')
    ? [...Array<Dim>(parts - 1).fill(part), last]
    : Array<Dim>(parts).fill(floorDivide(size, parts))
}

function splitAxis(node: Node): number {
  return normalizeAxis(node, node.int('axis', 0), node.input(0).rank)
}

function inferSplit(node: Node, context: InferContext): ValueInfo[] {
  const { type, dims, contents } = node.input(0)
  const axis = splitAxis(node)
  const sizes = splitSizes(node) ?? Array.from({ length: node.outputCount }, () => context.freshDim())
  let start = 0
  return sizes.map((size) => {
    const from = start
    start += typeof size === 'number' ? size : NaN
    return {
      type,
      shape: dims.with(axis, size),
      contents: contents && dims.length === 1 && !Number.isNaN(start) ? contents.slice(from, start) : undefined,
    }
  })
}

/** Each output has its part. */
function agreeSplit(node: Node): Agreement[] {
  return node.inputs[1] ? [{ input: 1, axis: 0, expected: node.outputCount, as: 'the outputs need' }] : []
}

/** ONNX Split-1 … 18. */
const Split: LoweredOperator = {
  name: 'Split',
  rules: takes('input:T[_, ...] split?:int64[_]', { T: 'any' }, agreeSplit),
  sizedBy: [1],
  infer: inferSplit,
  fold(node) {
    const tensor = node.input(0).constant!
    const axis = splitAxis(node)
    const sizes = splitSizes(node)
    if (!sizes || !isStatic(sizes) || elementsOf(tensor.dims) > MOST_PICKED) return undefined
    const strides = stridesOf(tensor.dims)
    let start = 0
    return sizes.map((size) => {
      const base = start * strides[axis]!
      start += size
      const dims = tensor.dims.with(axis, size)
      return pickElements(
        [tensor],
        dims,
        positionsOf(dims, (index) => base + offsetOf(index, strides)),
      )
    })
  },
  check(node, k) {
    const axis = splitAxis(node)
    const size = node.input(0).dims[axis]!
    const sizes = splitSizes(node)
    if (!sizes) return
    const total = sum(sizes)
    if (!dimEquals(total, size))
      k.failIf(`${k.dim(total)} != ${k.dim(size)}`, 'the parts do not add up to the size of the axis')
    for (const part of sizes) if (typeof part !== 'number') k.failIf(`${k.dim(part)} < 0`, 'a part is of negative size')
  },
  sizes(node, k) {
    if (splitSizes(node)) return
    const axis = splitAxis(node)
    k.line('int64_t sum = 0;')
    node.outputs.forEach((output, i) => {
      k.line(`*${k.symbol(output.dims[axis]!)} = ${k.input(1)}[${i}];`)
      k.failIf(`!om_valid_dim(${k.input(1)}[${i}])`, 'a part is of negative size, or too large')
      k.line(`sum += ${k.input(1)}[${i}];`)
    })
    k.failIf(`sum != ${k.dim(node.input(0).dims[axis]!)}`, 'the parts do not add up to the size of the axis')
  },
  pixelsApart: () => [0],
  lower(node, k) {
    const axis = splitAxis(node)
    const { dims } = node.input(0)
    const sizes = node.outputs.map((output) => output.dims[axis]!)
    // Sums of sizes that only the run knows are made there: written out, they would take a square of the parts.
    const isKnown = isStatic(sizes)
    let known = 0
    shareElements(k, dims)
    if (!isKnown) k.line('int64_t start = 0;')
    node.outputs.forEach((output, i) => {
      const from = lying(k, k.input(0), node.input(0))
      const offset = `${isKnown ? k.dim(known) : 'start'} * ${from.strides[axis]}`
      copyBox(k, lying(k, k.output(i), output), { ...from, offset }, output.dims)
      if (isKnown) known += sizes[i]!
      else k.line(`start += ${k.dim(sizes[i]!)};`)
    })
  },
  flops: () => 0,
}

export const joining: readonly LoweredOperator[] = [Concat, Split]
