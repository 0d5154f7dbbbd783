import { type Dim, dimEquals, isAtLeast, isStatic, product } from '../../graph/dim.ts'
import type { Node, ValueInfo } from '../../graph/graph.ts'
import { sameAxes, sameSize, takes } from '../../graph/rules.ts'
import { elementsOf } from '../../onnx/tensor.ts'
import { saturatedNumbers } from '../../graph/fold.ts'
import type { KernelWriter, LoweredOperator } from '../../lowering/lowering.ts'
import { MOST_PICKED, offsetOf, pickElements, positionsOf, stridesOf } from '../../lowering/pick.ts'
import { shareElements } from '../../lowering/sharing.ts'
import { normalizeAxis } from '../../graph/shape-contents.ts'
import { closeLoops, loopOffset, openLoops } from '../../lowering/strided.ts'

/** Writes `name`, the index `value` counted from the front, checked against an axis of size `extent`. */
export function writeIndex(k: KernelWriter, name: string, value: string, extent: string): void {
  k.line(`const int64_t ${name} = ${value} < 0 ? ${value} + ${extent} : ${value};`)
  k.failIf(`${name} < 0 || ${name} >= ${extent}`, 'an index is out of range')
}

/** The index from the front, as `writeIndex` in the compiled model. */
function frontIndex(node: Node, index: number, extent: number): number {
  const front = index < 0 ? index + extent : index
  if (front < 0 || front >= extent)
    throw node.error('MODEL_INDEX', `index ${index} is out of range for an axis of size ${extent}`)
  return front
}

function axisOf(node: Node): number {
  return normalizeAxis(node, node.int('axis', 0), node.input(0).rank)
}

function gatherShape(node: Node): readonly Dim[] {
  const [data, indices] = [node.input(0), node.input(1)]
  const axis = axisOf(node)
  return [...data.dims.slice(0, axis), ...indices.dims, ...data.dims.slice(axis + 1)]
}

/** Whether indices are checked before anything is moved, so that threads can share that: rows are long enough for it. */
function gathersRows(node: Node): boolean {
  return isAtLeast(product(node.input(0).dims.slice(axisOf(node) + 1)), LONG_ROW)
}

/** Whether an index may be out of range, as far as compiling tells. */
function mayMiss(node: Node): boolean {
  const [indices, extent] = [node.input(1).constant, node.input(0).dims[axisOf(node)]!]
  if (!indices || typeof extent !== 'number') return true
  return saturatedNumbers(indices).some((index) => index < -extent || index >= extent)
}

/** Elements that take longer to move than their index takes to be looked at once more. */
const LONG_ROW = 16

/** ONNX Gather-1 … 13: indices select along `axis`; negative ones count from the end. */
const Gather: LoweredOperator = {
  name: 'Gather',
  rules: takes('data:T[_, ...] indices:index', { T: 'any' }),
  infer(node): ValueInfo[] {
    const [data, indices] = [node.input(0), node.input(1)]
    const shape = gatherShape(node)
    return [{ type: data.type, shape, contents: gatherContents(node, data.contents, indices.contents, shape.length) }]
  },
  fold(node) {
    const [data, indices] = [node.input(0).constant!, node.input(1).constant!]
    const dims = gatherShape(node)
    if (!isStatic(dims) || elementsOf(dims) > MOST_PICKED) return undefined
    const axis = axisOf(node)
    const row = elementsOf(data.dims.slice(axis + 1))
    const picked = saturatedNumbers(indices).map((index) => frontIndex(node, index, data.dims[axis]!))
    const flat = [elementsOf(data.dims.slice(0, axis)), picked.length, row]
    const positions = positionsOf(flat, ([i, j, inner]) => (i! * data.dims[axis]! + picked[j!]!) * row + inner!)
    return [pickElements([data], dims, positions)]
  },
  check(node, k) {
    const indices = node.input(1)
    if (!gathersRows(node) || !mayMiss(node)) return
    k.line(`for (int64_t j = 0; j < ${k.count(indices.dims)}; j++) {`)
    writeIndex(k, 'index', `${k.input(1)}[j]`, k.dim(node.input(0).dims[axisOf(node)]!))
    k.line('}')
  },
  lower(node, k) {
    const [data, indices] = [node.input(0), node.input(1)]
    const axis = axisOf(node)
    const extent = k.dim(data.dims[axis]!)
    const [outer, count, row] = [data.dims.slice(0, axis), indices.dims, data.dims.slice(axis + 1)].map((dims) =>
      k.count(dims),
    )
    if (gathersRows(node)) {
      shareElements(k, node.output().dims)
      k.include('axes.h')
      k.line(`OM_EACH_PIECE(${outer}, ${count}, ${row}) {`)
      k.line(`  const int64_t given = ${k.input(1)}[i], index = given < 0 ? given + ${extent} : given;`)
      k.line(
        `  memcpy(${k.output()} + (o * ${count} + i) * ${row}, ${k.input(0)} + (o * ${extent} + index) * ${row}, (size_t)${row} * sizeof *${k.output()});`,
      )
      k.line('}')
      return
    }
    k.line(`for (int64_t j = 0; j < ${count}; j++) {`)
    writeIndex(k, 'index', `${k.input(1)}[j]`, extent)
    k.line(`for (int64_t i = 0; i < ${outer}; i++)`)
    k.line(
      `  memcpy(${k.output()} + (i * ${count} + j) * ${row}, ${k.input(0)} + (i * ${extent} + index) * ${row}, (size_t)${row} * sizeof *${k.output()});`,
    )
    k.line('}')
  },
  flops: () => 0,
}

function gatherContents(
  node: Node,
  data: readonly Dim[] | undefined,
  indices: readonly Dim[] | undefined,
  rank: number,
): readonly Dim[] | undefined {
  if (!data || !indices || !isStatic(indices) || node.input(0).rank !== 1 || rank > 1) return undefined
  return indices.map((index) => data[frontIndex(node, index, data.length)]!)
}

/** ONNX GatherElements-11 … 13: one index per output element. */
const GatherElements: LoweredOperator = {
  name: 'GatherElements',
  rules: (node) => takes(`data:T[_, ...] indices:index${sameAxes(node.input(0).rank)}`, { T: 'any' }),
  infer(node): ValueInfo[] {
    const [data, indices] = [node.input(0), node.input(1)]
    axisOf(node)
    return [{ type: data.type, shape: indices.dims }]
  },
  fold(node) {
    const [data, indices] = [node.input(0).constant!, node.input(1).constant!]
    if (elementsOf(indices.dims) > MOST_PICKED) return undefined
    const axis = axisOf(node)
    const [chosen, strides, own] = [saturatedNumbers(indices), stridesOf(data.dims), stridesOf(indices.dims)]
    const positions = positionsOf(indices.dims, (index) => {
      const at = index.with(axis, frontIndex(node, chosen[offsetOf(index, own)]!, data.dims[axis]!))
      at.forEach((i, other) => frontIndex(node, i, data.dims[other]!))
      return offsetOf(at, strides)
    })
    return [pickElements([data], indices.dims, positions)]
  },
  lower(node, k) {
    const [data, indices] = [node.input(0), node.input(1)]
    const axis = axisOf(node)
    checkIndexedShape(node, k, axis)
    openLoops(k, indices.dims)
    k.line(`const int64_t at = ${loopOffset(k, indices.dims)};`)
    writeIndex(k, 'index', `${k.input(1)}[at]`, k.dim(data.dims[axis]!))
    k.line(`${k.output()}[at] = ${k.input(0)}[${elementOffset(k, data.dims, axis)}];`)
    closeLoops(k, indices.dims)
  },
}

/** Indices may be shorter than data beside `axis`, never longer (ONNX GatherElements-13, ScatterElements-18). */
export function checkIndexedShape(node: Node, k: KernelWriter, axis: number): void {
  const [data, indices] = [node.input(0), node.input(1)]
  data.dims.forEach((dim, i) => {
    const [extent, count] = [dim, indices.dims[i]!]
    if (i === axis || dimEquals(extent, count)) return
    if (typeof extent === 'number' && typeof count === 'number') {
      if (count > extent)
        throw node.error('MODEL_SHAPE', `indices are longer than data in axis ${i}: ${count} > ${extent}`)
    } else k.failIf(`${k.dim(count)} > ${k.dim(extent)}`, 'indices are longer than data')
  })
}

/** Offset in `dims` of the loop variables with `index` in the place of that of `axis`. */
export function elementOffset(k: KernelWriter, dims: readonly Dim[], axis: number): string {
  const others = dims.map((_, i) => i).filter((i) => i !== axis)
  return `index * ${k.count(dims.slice(axis + 1))} + ${loopOffset(k, dims, others)}`
}

/** How tuples of indices address rows of data: GatherND-11 … 13 (`batch_dims`), ScatterND-11 … 18. */
export interface TupleIndexing {
  /** Axes that data and indices share in front. */
  readonly batch: readonly Dim[]
  /** Axes of the indices between batch and tuple: how many rows. */
  readonly rows: readonly Dim[]
  /** Sizes of the axes that a tuple addresses. */
  readonly addressed: readonly Dim[]
  /** What one tuple selects. */
  readonly row: readonly Dim[]
}

export function tupleIndexing(node: Node, batchDims: number): TupleIndexing {
  const [data, indices] = [node.input(0), node.input(1)]
  const length = indices.dims.at(-1)
  if (typeof length !== 'number')
    throw node.error('UNSUPPORTED_DYNAMIC', 'the last axis of indices must be known at compile time')
  if (batchDims < 0 || batchDims >= indices.rank || batchDims + length > data.rank || length < 1) {
    throw node.error(
      'MODEL_SHAPE',
      `tuples of ${length} indices can't address data of rank ${data.rank} with ${batchDims} batch axes`,
    )
  }
  return {
    batch: data.dims.slice(0, batchDims),
    rows: indices.dims.slice(batchDims, -1),
    addressed: data.dims.slice(batchDims, batchDims + length),
    row: data.dims.slice(batchDims + length),
  }
}

/** Writes `row`, the offset in elements of what tuple `tuple` (a C expression) of the indices selects. */
export function writeTupleOffset(k: KernelWriter, { addressed, row }: TupleIndexing, tuple: string): void {
  k.line('int64_t row = 0;')
  addressed.forEach((dim, i) => {
    writeIndex(k, `index${i}`, `${k.input(1)}[(${tuple}) * ${addressed.length} + ${i}]`, k.dim(dim))
    k.line(`row += index${i} * ${k.count([...addressed.slice(i + 1), ...row])};`)
  })
}

/** ONNX GatherND-11 … 13: each tuple of indices selects a row, within its batch item where there are `batch_dims`. */
const GatherND: LoweredOperator = {
  name: 'GatherND',
  rules: takes('data:T[_, ...] indices:int64[_, ...]', { T: 'any' }, (node) => {
    const { batch } = tupleIndexing(node, node.int('batch_dims', 0))
    return batch.map((_, axis) => sameSize(node, [1, axis], [0, axis]))
  }),
  infer(node): ValueInfo[] {
    const { batch, rows, row } = tupleIndexing(node, node.int('batch_dims', 0))
    return [{ type: node.input(0).type, shape: [...batch, ...rows, ...row] }]
  },
  lower(node, k) {
    const indexing = tupleIndexing(node, node.int('batch_dims', 0))
    const { batch, rows, addressed, row } = indexing
    k.line(`for (int64_t b = 0; b < ${k.count(batch)}; b++)`)
    k.line(`  for (int64_t i = 0; i < ${k.count(rows)}; i++) {`)
    writeTupleOffset(k, indexing, `b * ${k.count(rows)} + i`)
    k.line(
      `memcpy(${k.output()} + (b * ${k.count(rows)} + i) * ${k.count(row)}, ${k.input(0)} + b * ${k.dim(product([...addressed, ...row]))} + row, (size_t)${k.count(row)} * sizeof *${k.output()});`,
    )
    k.line('  }')
  },
  flops: () => 0,
}

export const gathering: readonly LoweredOperator[] = [Gather, GatherElements, GatherND]
