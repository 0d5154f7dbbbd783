import { type Dim, divideExactly, floorDivide, multiply } from '../graph/dim.ts'
import type { Node, ValueInfo } from '../graph/graph.ts'
import { elementTypeOf } from '../onnx/element-type.ts'
import { literal, storeElement, stringLiteral } from './c-text.ts'
import type { KernelWriter, LoweredOperator } from './lowering.ts'
import { demandEqual, normalizeAxis } from './shape-contents.ts'

function blockSize(node: Node): number {
  const size = node.int('blocksize')
  if (size !== undefined && size > 0) return size
  throw node.error('MODEL_ATTRIBUTE', 'blocksize must be a positive number')
}

function part(node: Node, dim: Dim, by: number): Dim {
  const quotient = divideExactly(dim, by)
  if (quotient !== undefined) return quotient
  if (typeof dim === 'number') throw node.error('MODEL_SHAPE', `an axis of size ${dim} can't be divided by ${by}`)
  return floorDivide(dim, by)
}

/** ONNX DepthToSpace-1 … 13 (`mode` DCR or CRD since 11), as its page writes it: reshape, transpose, reshape. */
const DepthToSpace: LoweredOperator = {
  name: 'DepthToSpace',
  infer: (node) => [node.input(0)],
  decompose(node, b) {
    const block = blockSize(node)
    const [batch, channels, height, width] = node.input(0).dims as [Dim, Dim, Dim, Dim]
    const depth = part(node, channels, block * block)
    const columnsFirst = node.string('mode', 'DCR') === 'CRD'
    const split = columnsFirst
      ? [batch, depth, block, block, height, width]
      : [batch, block, block, depth, height, width]
    const perm = columnsFirst ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2]
    const blocks = b.op('Transpose', [b.reshape(node.input(0), split)], { perm })
    return [b.reshape(blocks, [batch, depth, multiply(height, block), multiply(width, block)])]
  },
}

/** ONNX SpaceToDepth-1 … 13. */
const SpaceToDepth: LoweredOperator = {
  name: 'SpaceToDepth',
  infer: (node) => [node.input(0)],
  decompose(node, b) {
    const block = blockSize(node)
    const [batch, channels, height, width] = node.input(0).dims as [Dim, Dim, Dim, Dim]
    const [rows, columns] = [part(node, height, block), part(node, width, block)]
    const split = b.reshape(node.input(0), [batch, channels, rows, block, columns, block])
    const blocks = b.op('Transpose', [split], { perm: [0, 3, 5, 1, 2, 4] })
    return [b.reshape(blocks, [batch, multiply(channels, block * block), rows, columns])]
  },
}

/** ONNX ReverseSequence-10: turns round the first `sequence_lens[batch]` steps of each batch item. */
const ReverseSequence: LoweredOperator = {
  name: 'ReverseSequence',
  infer: (node) => [{ type: node.input(0).type, shape: node.input(0).dims }],
  lower(node, k) {
    const { dims, rank } = node.input(0)
    const time = normalizeAxis(node, node.int('time_axis', 0), rank)
    const batch = normalizeAxis(node, node.int('batch_axis', 1), rank)
    if (time + batch !== 1) throw node.error('MODEL_AXIS', 'batch_axis and time_axis must be 0 and 1, one each')
    demandEqual(node, k, node.input(1).dims[0]!, dims[batch]!, 'there should be one length for each sequence')
    const [steps, batches, row] = [k.dim(dims[time]!), k.dim(dims[batch]!), k.count(dims.slice(2))]
    const at = (t: string): string =>
      time === 0 ? `(${t} * ${batches} + b) * ${row}` : `(b * ${steps} + ${t}) * ${row}`
    k.line(`for (int64_t b = 0; b < ${batches}; b++) {`)
    k.line(`const int64_t length = ${k.input(1)}[b];`)
    k.failIf(`length < 0 || length > ${steps}`, 'a sequence is longer than its axis')
    k.line(`for (int64_t t = 0; t < ${steps}; t++)`)
    k.line(
      `  memcpy(${k.output()} + ${at('t')}, ${k.input(0)} + ${at('(t < length ? length - 1 - t : t)')}, (size_t)${row} * sizeof *${k.output()});`,
    )
    k.line('}')
  },
  flops: () => 0,
}

/** ONNX Trilu-14: keeps one triangle of the last two axes; `k` moves the diagonal to the right. */
const Trilu: LoweredOperator = {
  name: 'Trilu',
  infer(node): ValueInfo[] {
    const { type, dims, rank } = node.input(0)
    if (rank < 2) throw node.error('MODEL_SHAPE', `input is of rank ${rank}, but matrices are needed`)
    return [{ type, shape: dims }]
  },
  lower(node, k) {
    const { dims, rank, type } = node.input(0)
    const [rows, columns] = [k.dim(dims[rank - 2]!), k.dim(dims[rank - 1]!)]
    k.line(
      `const int64_t diagonal = ${node.inputs[1] ? `om_dim_max(-OM_MAX_DIM, om_dim_min(${k.input(1)}[0], OM_MAX_DIM))` : '0'};`,
    )
    k.line(`for (int64_t i = 0; i < ${k.count(dims)}; i++) {`)
    k.line(`  const int64_t row = i / ${columns} % ${rows}, column = i % ${columns};`)
    const kept = node.int('upper', 1) ? 'column >= row + diagonal' : 'column <= row + diagonal'
    k.line(`  ${k.output()}[i] = ${kept} ? ${k.input(0)}[i] : ${type === 'string' ? stringLiteral('') : '0'};`)
    k.line('}')
  },
}

/** ONNX EyeLike-9 … 22: ones on diagonal `k`. */
const EyeLike: LoweredOperator = {
  name: 'EyeLike',
  infer(node): ValueInfo[] {
    const { type, dims, rank } = node.input(0)
    if (rank !== 2) throw node.error('MODEL_SHAPE', `input is of rank ${rank}, but a matrix is needed`)
    const code = node.int('dtype')
    const wanted = code === undefined ? type : elementTypeOf(code)
    if (!wanted || wanted === 'string') throw node.error('MODEL_ATTRIBUTE', `dtype ${code} is no number type`)
    return [{ type: wanted, shape: dims }]
  },
  lower(node, k: KernelWriter) {
    const { dims, type } = node.output()
    const columns = k.dim(dims[1]!)
    k.include('types.h')
    k.line(`memset(${k.output()}, 0, (size_t)${k.count(dims)} * sizeof *${k.output()});`)
    k.line(`for (int64_t row = 0; row < ${k.dim(dims[0]!)}; row++) {`)
    k.line(`  const int64_t column = row + ${k.dim(node.int('k', 0))};`)
    k.line(
      `  if (column >= 0 && column < ${columns}) { ${storeElement(type, `${k.output()}[row * ${columns} + column]`, literal(type, 1))} }`,
    )
    k.line('}')
  },
}

export const arranging: readonly LoweredOperator[] = [DepthToSpace, SpaceToDepth, ReverseSequence, Trilu, EyeLike]
