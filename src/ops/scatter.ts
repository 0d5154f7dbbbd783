import { type Dim, dimEquals, product } from '../graph/dim.ts'
import type { Node } from '../graph/graph.ts'
import type { ElementType } from '../onnx/element-type.ts'
import { choiceOf } from './choice.ts'
import { arithmetic, computeType, loadElement, storeElement } from './c-text.ts'
import { checkIndexedShape, elementOffset, tupleIndexing, writeIndex, writeTupleOffset } from './gather.ts'
import type { KernelWriter, LoweredOperator } from './lowering.ts'
import { demandEqual, normalizeAxis } from './shape-contents.ts'
import { closeLoops, loopOffset, openLoops } from './strided.ts'

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
  if (type === 'string') throw node.error('MODEL_TYPES', 'strings can only be replaced')
  k.include('types.h')
  k.line(`const ${computeType(type)} old = ${loadElement(type, to)}, update = ${loadElement(type, from)};`)
  k.line(storeElement(type, to, combine(type)))
}

function copyData(node: Node, k: KernelWriter): void {
  k.line(`memcpy(${k.output()}, ${k.input(0)}, (size_t)${k.count(node.input(0).dims)} * sizeof *${k.output()});`)
}

function sameAsData(node: Node): { type: ElementType; shape: readonly Dim[] }[] {
  const [data, updates] = [node.input(0), node.input(2)]
  if (data.type !== updates.type)
    throw node.error('MODEL_TYPES', `data is of type ${data.type} and updates of type ${updates.type}`)
  return [{ type: data.type, shape: data.dims }]
}

/** ONNX ScatterElements-11 … 18, and Scatter-9 … 11, which it was called before. */
function scatterElements(name: string): LoweredOperator {
  return {
    name,
    infer(node) {
      const [data, indices, updates] = [node.input(0), node.input(1), node.input(2)]
      if (data.rank !== indices.rank || indices.rank !== updates.rank)
        throw node.error('MODEL_SHAPE', 'data, indices and updates must be of one rank')
      return sameAsData(node)
    },
    lower(node, k) {
      const [data, indices, updates] = [node.input(0), node.input(1), node.input(2)]
      const axis = normalizeAxis(node, node.int('axis', 0), data.rank)
      checkIndexedShape(node, k, axis)
      checkUpdates(node, k, indices.dims, updates.dims)
      copyData(node, k)
      openLoops(k, indices.dims)
      k.line(`const int64_t at = ${loopOffset(k, indices.dims)};`)
      writeIndex(k, 'index', `${k.input(1)}[at]`, k.dim(data.dims[axis]!))
      writeUpdate(node, k, `${k.output()}[${elementOffset(k, data.dims, axis)}]`, `${k.input(2)}[at]`)
      closeLoops(k, indices.dims)
    },
  }
}

function checkUpdates(node: Node, k: KernelWriter, expected: readonly Dim[], given: readonly Dim[]): void {
  const bad = (): Error =>
    node.error('MODEL_SHAPE', `updates [${given.join(', ')}] should be of shape [${expected.join(', ')}]`)
  if (given.length !== expected.length) throw bad()
  expected.forEach((dim, axis) => {
    const other = given[axis]!
    if (dimEquals(dim, other)) return
    if (typeof dim === 'number' && typeof other === 'number') throw bad()
    k.failIf(`${k.dim(dim)} != ${k.dim(other)}`, 'updates are of another shape than the indices say')
  })
}

/** ONNX ScatterND-11 … 18: each tuple of indices names a row that is replaced or updated. */
const ScatterND: LoweredOperator = {
  name: 'ScatterND',
  infer: sameAsData,
  lower(node, k) {
    const indexing = tupleIndexing(node, 0)
    const { rows, row } = indexing
    checkUpdates(node, k, [...rows, ...row], node.input(2).dims)
    copyData(node, k)
    k.line(`for (int64_t i = 0; i < ${k.count(rows)}; i++) {`)
    writeTupleOffset(k, indexing, 'i')
    k.line(`for (int64_t j = 0; j < ${k.dim(product(row))}; j++) {`)
    writeUpdate(node, k, `${k.output()}[row + j]`, `${k.input(2)}[i * ${k.count(row)} + j]`)
    k.line('}}')
  },
}

/**
 * ONNX TensorScatter-24: writes `update` into a cache along `axis`, from `write_indices` of each batch item on;
 * in mode `circular` it wraps round at the end.
 */
const TensorScatter: LoweredOperator = {
  name: 'TensorScatter',
  infer(node) {
    const { type, dims } = node.input(0)
    return [{ type, shape: dims }]
  },
  lower(node, k) {
    const [cache, update] = [node.input(0), node.input(1)]
    const axis = normalizeAxis(node, node.int('axis', -2), cache.rank)
    if (axis === 0) throw node.error('MODEL_AXIS', 'axis must not be the batch axis')
    checkUpdates(node, k, cache.dims.with(axis, update.dims[axis]!), update.dims)
    const circular = node.string('mode', 'linear') === 'circular'
    if (node.inputs[2])
      demandEqual(
        node,
        k,
        node.inputs[2].dims[0]!,
        cache.dims[0]!,
        'there should be one write index for each batch item',
      )
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
