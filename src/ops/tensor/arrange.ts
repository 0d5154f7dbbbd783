import { type Dim, floorDivide, multiply } from '../../graph/dim.ts'
import type { Node, ValueInfo } from '../../graph/graph.ts'
import { type Agreement, sameSize, takes } from '../../graph/rules.ts'
import { elementTypeOf } from '../../onnx/element-type.ts'
import { literal, storeElement, stringLiteral } from '../../lowering/c-text.ts'
import type { KernelWriter, LoweredOperator } from '../../lowering/lowering.ts'
import { normalizeAxis } from '../../graph/shape-contents.ts'

function blockSize(node: Node): number {
  const size = node.int('blocksize')
  if (size !== undefined && size > 0) return size
  throw node.error('MODEL_ATTRIBUTE', 'blocksize must be a positive number')
}

/** Demands that an axis of the input can be divided. */
function agreeDivisible(node: Node, axis: number, by: number): Agreement {
  const whole = multiply(by, floorDivide(node.input(0).dims[axis]!, by))
  return { input: 0, axis, expected: whole, as: `blocks of ${by} need` }
}

/** ONNX DepthToSpace-1 … 13 (`mode` DCR or CRD since 11), as its page writes it: reshape, transpose, reshape. */
const DepthToSpace: LoweredOperator = {
  name: 'DepthToSpace',
  rules: takes('input:T[_, _, _, _]', { T: 'any' }, (node) => [agreeDivisible(node, 1, blockSize(node) ** 2)]),
  infer: (node) => [node.input(0)],
  decompose(node, b) {
    const block = blockSize(node)
    const [batch, channels, height, width] = node.input(0).dims as [Dim, Dim, Dim, Dim]
    const depth = floorDivide(channels, block * block)
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
  rules: takes('input:T[_, _, _, _]', { T: 'any' }, (node) =>
    [2, 3].map((axis) => agreeDivisible(node, axis, blockSize(node))),
  ),
  infer: (node) => [node.input(0)],
  decompose(node, b) {
    const block = blockSize(node)
    const [batch, channels, height, width] = node.input(0).dims as [Dim, Dim, Dim, Dim]
    const [rows, columns] = [floorDivide(height, block), floorDivide(width, block)]
    const split = b.reshape(node.input(0), [batch, channels, rows, block, columns, block])
    const blocks = b.op('Transpose', [split], { perm: [0, 3, 5, 1, 2, 4] })
    return [b.reshape(blocks, [batch, multiply(channels, block * block), rows, columns])]
  },
}

function reversedAxes(node: Node): { time: number; batch: number } {
  const { rank } = node.input(0)
  const time = normalizeAxis(node, node.int('time_axis', 0), rank)
  const batch = normalizeAxis(node, node.int('batch_axis', 1), rank)
  if (time !== batch && time < 2 && batch < 2) return { time, batch }
  throw node.error('MODEL_AXIS', 'batch_axis and time_axis must be 0 and 1, one each')
}

/** ONNX ReverseSequence-10: turns round the first `sequence_lens[batch]` steps of each batch item. */
const ReverseSequence: LoweredOperator = {
  name: 'ReverseSequence',
  rules: takes('input:T[_, _, ...] sequence_lens:int64[_]', { T: 'any' }, (node) => [
    sameSize(node, [1, 0], [0, reversedAxes(node).batch]),
  ]),
  infer: (node) => [{ type: node.input(0).type, shape: node.input(0).dims }],
  lower(node, k) {
    const { dims } = node.input(0)
    const { time, batch } = reversedAxes(node)
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
  rules: takes('input:T[..., _, _] k?:int64[.]', { T: 'number|bool|string|complex' }),
  infer(node): ValueInfo[] {
    const { type, dims } = node.input(0)
    return [{ type, shape: dims }]
  },
  lower(node, k) {
    const { dims, rank, type } = node.input(0)
    const [rows, columns] = [k.dim(dims[rank - 2]!), k.dim(dims[rank - 1]!)]
    k.line(
      `const int64_t diagonal = ${node.inputs[1] ? `om_dim_max(-OM_MAX_DIM, om_dim_min(${k.input(1)}[0], OM_MAX_DIM))` : '0'};`,
    )
    const isUpper = node.int('upper', 1) !== 0
    const [kept, none] = [`${k.input(0)}[i]`, type === 'string' ? stringLiteral('') : '0']
    k.line(`for (int64_t line = 0; line < ${k.count(dims.slice(0, -1))}; line++) {`)
    k.line(`  const int64_t first = line * ${columns}, column = line % ${rows} + diagonal${isUpper ? '' : ' + 1'};`)
    k.line(`  const int64_t edge = first + om_dim_min(om_dim_max(column, 0), ${columns}), end = first + ${columns};`)
    k.line(`  for (int64_t i = first; i < edge; i++) ${k.output()}[i] = ${isUpper ? none : kept};`)
    k.line(`  for (int64_t i = edge; i < end; i++) ${k.output()}[i] = ${isUpper ? kept : none};`)
    k.line('}')
  },
}

/** ONNX EyeLike-9 … 22: ones on diagonal `k`. */
const EyeLike: LoweredOperator = {
  name: 'EyeLike',
  rules: takes('input:number|bool[_, _]'),
  infer(node): ValueInfo[] {
    const { type, dims } = node.input(0)
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
