import { type Dim, product } from '../../graph/dim.ts'
import type { Node } from '../../graph/graph.ts'
import { type Agreement, sameAxes, sameSize, takes } from '../../graph/rules.ts'
import type { ElementType } from '../../onnx/element-type.ts'
import { choiceOf } from '../../graph/choice.ts'
import { arithmetic, computeType, loadElement, storeElement } from '../../lowering/c-text.ts'
import { checkIndexedShape, elementOffset, tupleIndexing, writeIndex, writeTupleOffset } from './gather.ts'
import type { KernelWriter, LoweredOperator } from '../../lowering/lowering.ts'
import { normalizeAxis } from '../../graph/shape-contents.ts'
import { closeLoops, loopOffset, openLoops } from '../../lowering/strided.ts'

/** How an update joins the element that is there: `old` and `update` in compute type. */
const reductions: Readonly<Record<string, (type: ElementType) => string>> = {
  none: () => 'update',
  add: (type) => (type === 'bool' ? 'old || update' : arithmetic(type, 'old', '+', 'update')),
  mul: (type) => (type === 'bool' ? 'old && update' : arithmetic(type, 'old', '*', 'update')),
  max: () => 'update > old || update != update ? update : old',
  min: () => 'update < old || update != update ? update : old',
}

/** Writes the C that joins the update at `from` to the element at `to`. */
function writeUpdate(node: Node, k: KernelWriter, to: string, from: string): void {
  const { type } = node.input(0)
  const combine = choiceOf(node, 'reduction', 'none', reductions)
  if (combine === reductions['none']) return k.line(`${to} = ${from};`)
  k.include('types.h')
  k.line(`const ${computeType(type)} old = ${loadElement(type, to)}, update = ${loadElement(type, from)};`)
  k.line(storeElement(type, to, combine(type)))
}

function copyData(node: Node, k: KernelWriter): void {
  k.line(`memcpy(${k.output()}, ${k.input(0)}, (size_t)${k.count(node.input(0).dims)} * sizeof *${k.output()});`)
}

function sameAsData(node: Node): { type: ElementType; shape: readonly Dim[] }[] {
  const { type, dims } = node.input(0)
  return [{ type, shape: dims }]
}

/** What `reduction` computes with; nothing is computed where updates replace what was there. */
function updatedTypes(node: Node): string {
  const reduction = node.string('reduction', 'none')
  if (reduction === 'none') return 'any'
  return reduction === 'max' || reduction === 'min' ? 'number|bool' : 'number|bool|complex'
}

/** ONNX ScatterElements-11 … 18, and Scatter-9 … 11, which it was called before. */
function scatterElements(name: string): LoweredOperator {
  return {
    name,
    rules(node) {
      const shape = sameAxes(node.input(0).rank)
      return takes(`data:T[_, ...] indices:index${shape} updates:T${shape}`, { T: updatedTypes(node) })
    },
    infer: sameAsData,
    lower(node, k) {
      const [data, indices] = [node.input(0), node.input(1)]
      const axis = normalizeAxis(node, node.int('axis', 0), data.rank)
      checkIndexedShape(node, k, axis)
      copyData(node, k)
      openLoops(k, indices.dims)
      k.line(`const int64_t at = ${loopOffset(k, indices.dims)};`)
      writeIndex(k, 'index', `${k.input(1)}[at]`, k.dim(data.dims[axis]!))
      writeUpdate(node, k, `${k.output()}[${elementOffset(k, data.dims, axis)}]`, `${k.input(2)}[at]`)
      closeLoops(k, indices.dims)
    },
  }
}

/** Updates are rows of data, one for each tuple of indices. */
function agreeRows(node: Node): Agreement[] {
  const { rows, row } = tupleIndexing(node, 0)
  const [data, updates] = [node.input(0), node.input(2)]
  const rank = rows.length + row.length
  if (updates.rank !== rank)
    throw node.error('MODEL_SHAPE', `updates [${updates.dims.join(', ')}] should have ${rank} axes, as the indices say`)
  return updates.dims.map((_, axis) =>
    sameSize(node, [2, axis], axis < rows.length ? [1, axis] : [0, data.rank - rank + axis]),
  )
}

/** ONNX ScatterND-11 … 18: each tuple of indices names a row that is replaced or updated. */
const ScatterND: LoweredOperator = {
  name: 'ScatterND',
  rules: (node) => takes('data:T[_, ...] indices:int64[_, ...] updates:T', { T: updatedTypes(node) }, agreeRows),
  infer: sameAsData,
  lower(node, k) {
    const indexing = tupleIndexing(node, 0)
    const { rows, row } = indexing
    copyData(node, k)
    k.line(`for (int64_t i = 0; i < ${k.count(rows)}; i++) {`)
    writeTupleOffset(k, indexing, 'i')
    k.line(`for (int64_t j = 0; j < ${k.dim(product(row))}; j++) {`)
    writeUpdate(node, k, `${k.output()}[row + j]`, `${k.input(2)}[i * ${k.count(row)} + j]`)
    k.line('}}')
  },
}

function cacheAxis(node: Node): number {
  const axis = normalizeAxis(node, node.int('axis', -2), node.input(0).rank)
  if (axis > 0) return axis
  throw node.error('MODEL_AXIS', 'axis must not be the batch axis')
}

/**
 * ONNX TensorScatter-24: writes `update` into a cache along `axis`, from `write_indices` of each batch item on;
 * in mode `circular` it wraps round at the end.
 */
const TensorScatter: LoweredOperator = {
  name: 'TensorScatter',
  rules(node) {
    const shape = sameAxes(node.input(0).rank, cacheAxis(node))
    return takes(`past_cache:T${shape} update:T${shape} write_indices?:int64[d0]`, { T: 'any' })
  },
  infer: sameAsData,
  lower(node, k) {
    const [cache, update] = [node.input(0), node.input(1)]
    const axis = cacheAxis(node)
    const circular = node.string('mode', 'linear') === 'circular'
    const [size, length] = [k.dim(cache.dims[axis]!), k.dim(update.dims[axis]!)]
    const row = k.count(cache.dims.slice(axis + 1))
    const outer = k.count(cache.dims.slice(1, axis))
    copyData(node, k)
    k.line(`for (int64_t b = 0; b < ${k.dim(cache.dims[0]!)}; b++) {`)
    k.line(`const int64_t start = ${node.inputs[2] ? `${k.input(2)}[b]` : '0'};`)
    k.failIf(
      circular ? `start < 0 || ${length} > ${size}` : `start < 0 || start > ${size} - ${length}`,
      'the update does not fit into the cache',
    )
    k.line(`for (int64_t o = 0; o < ${outer}; o++)`)
    k.line(`  for (int64_t i = 0; i < ${length}; i++)`)
    k.line(
      `    memcpy(${k.output()} + ((b * ${outer} + o) * ${size} + ${circular ? `(start % ${size} + i) % ${size}` : 'start + i'}) * ${row}, ${k.input(1)} + ((b * ${outer} + o) * ${length} + i) * ${row}, (size_t)${row} * sizeof *${k.output()});`,
    )
    k.line('}')
  },
}

export const scattering: readonly LoweredOperator[] = [
  scatterElements('ScatterElements'),
  scatterElements('Scatter'),
  ScatterND,
  TensorScatter,
]
