import { type Dim, multiply, product } from '../../graph/dim.ts'
import type { Node, ValueInfo } from '../../graph/graph.ts'
import { takes } from '../../graph/rules.ts'
import { type ElementType, isFloat } from '../../onnx/element-type.ts'
import { loadElement } from '../../lowering/c-text.ts'
import { numbersOf } from '../../graph/fold.ts'
import type { KernelWriter, LoweredOperator } from '../../lowering/lowering.ts'
import { normalizeAxis } from '../../graph/shape-contents.ts'
import { closeLoops, loopOffset, openLoops } from '../../lowering/strided.ts'
import { widenNarrowFloats } from '../../lowering/widen.ts'

/** C condition: the element `at` of input 0 counts as true. */
function isTrue(node: Node, k: KernelWriter, at: string): string {
  const { type } = node.input(0)
  k.include('types.h')
  const element = `${k.input(0)}[${at}]`
  return type === 'string' ? `${element}[0] != 0` : `${loadElement(type, element)} != 0`
}

/** ONNX NonZero-9 … 13: the indices of elements that are not 0, one column each, in row-major order. */
const NonZero: LoweredOperator = {
  name: 'NonZero',
  rules: takes('X:number|bool|string|complex'),
  infer: (node, context): ValueInfo[] => [{ type: 'int64', shape: [node.input(0).rank, context.freshDim()] }],
  sizes(node, k) {
    k.line('int64_t count = 0;')
    k.line(`for (int64_t i = 0; i < ${k.count(node.input(0).dims)}; i++) count += ${isTrue(node, k, 'i')};`)
    k.line(`*${k.symbol(node.output().dims[1]!)} = count;`)
  },
  lower(node, k) {
    const { dims } = node.input(0)
    const count = k.dim(node.output().dims[1]!)
    k.line('int64_t column = 0;')
    openLoops(k, dims)
    k.line(`if (${isTrue(node, k, loopOffset(k, dims))}) {`)
    dims.forEach((_, axis) => k.line(`  ${k.output()}[${axis} * ${count} + column] = i${axis};`))
    k.line('  column++;\n}')
    closeLoops(k, dims)
  },
}

/** ONNX Compress-9 … 11: slices along `axis` whose condition is true; of the flattened input where no axis is given. */
const Compress: LoweredOperator = {
  name: 'Compress',
  rules: takes('input:T[_, ...] condition:bool[_]', { T: 'any' }),
  sizedBy: [1],
  infer(node, context): ValueInfo[] {
    const { type, dims, rank } = node.input(0)
    const axis = node.int('axis')
    return [
      {
        type,
        shape:
          axis === undefined ? [context.freshDim()] : dims.with(normalizeAxis(node, axis, rank), context.freshDim()),
      },
    ]
  },
  sizes(node, k) {
    const { axis, extent } = compressed(node)
    k.line(`for (int64_t i = ${k.dim(extent)}; i < ${k.count(node.input(1).dims)}; i++)`)
    k.failIf(`${k.input(1)}[i]`, 'the condition is true beyond the end of the axis')
    k.line('int64_t count = 0;')
    k.line(
      `for (int64_t i = 0; i < om_dim_min(${k.count(node.input(1).dims)}, ${k.dim(extent)}); i++) count += ${k.input(1)}[i];`,
    )
    k.line(`*${k.symbol(node.output().dims[axis]!)} = count;`)
  },
  lower(node, k) {
    const { extent, outer, inner } = compressed(node)
    const row = k.count(inner)
    k.line(`__typeof__(${k.output()}) to = ${k.output()};`)
    k.line(`for (int64_t o = 0; o < ${k.count(outer)}; o++)`)
    k.line(`  for (int64_t i = 0; i < om_dim_min(${k.count(node.input(1).dims)}, ${k.dim(extent)}); i++) {`)
    k.line(`    if (!${k.input(1)}[i]) continue;`)
    k.line(`    memcpy(to, ${k.input(0)} + (o * ${k.dim(extent)} + i) * ${row}, (size_t)${row} * sizeof *to);`)
    k.line(`    to += ${row};\n  }`)
  },
  flops: () => 0,
}

function compressed(node: Node): { axis: number; extent: Dim; outer: readonly Dim[]; inner: readonly Dim[] } {
  const { dims, rank } = node.input(0)
  const given = node.int('axis')
  if (given === undefined) return { axis: 0, extent: product(dims), outer: [], inner: [] }
  const axis = normalizeAxis(node, given, rank)
  return { axis, extent: dims[axis]!, outer: dims.slice(0, axis), inner: dims.slice(axis + 1) }
}

/** The depth of a OneHot node, where it is known; it may be of any number type. */
function depthOf(node: Node): Dim | undefined {
  const { contents, constant } = node.input(1)
  const depth = contents?.[0] ?? (constant && numbersOf(constant)?.[0])
  if (typeof depth !== 'number' || depth >= 0) return typeof depth === 'number' ? Math.trunc(depth) : depth
  throw node.error('MODEL_SHAPE', `the depth is ${depth}, which is no size`)
}

/** C expression of an element of any number type as int64_t. */
function toInteger(type: ElementType, place: string): string {
  return isFloat(type) ? `om_to_int64(${loadElement(type, place)})` : `(int64_t)${place}`
}

/** ONNX OneHot-9 … 11: `values` is [off, on]; indices out of range give a row of off. */
const OneHot: LoweredOperator = {
  name: 'OneHot',
  rules: takes('indices:number depth:number[.] values:T[2]', { T: 'any' }),
  sizedBy: [1],
  infer(node, context): ValueInfo[] {
    const { dims, rank } = node.input(0)
    const axis = normalizeAxis(node, node.int('axis', -1), rank + 1)
    return [
      {
        type: node.input(2).type,
        shape: [...dims.slice(0, axis), depthOf(node) ?? context.freshDim(), ...dims.slice(axis)],
      },
    ]
  },
  sizes(node, k) {
    if (depthOf(node) !== undefined) return
    const axis = normalizeAxis(node, node.int('axis', -1), node.input(0).rank + 1)
    k.include('types.h')
    k.line(`*${k.symbol(node.output().dims[axis]!)} = ${toInteger(node.input(1).type, `${k.input(1)}[0]`)};`)
  },
  lower(node, k) {
    const { dims, rank, type } = node.input(0)
    const axis = normalizeAxis(node, node.int('axis', -1), rank + 1)
    const [inner, depth] = [k.count(dims.slice(axis)), k.dim(node.output().dims[axis]!)]
    k.include('types.h')
    k.line(`for (int64_t i = 0; i < ${k.count(node.output().dims)}; i++) ${k.output()}[i] = ${k.input(2)}[0];`)
    k.line(`for (int64_t i = 0; i < ${k.count(dims)}; i++) {`)
    k.line(`  int64_t index = ${toInteger(type, `${k.input(0)}[i]`)};`)
    if (!type.startsWith('uint')) k.line(`  if (index < 0) index += ${depth};`)
    k.line(
      `  if (index >= 0 && index < ${depth}) ${k.output()}[(i / ${inner} * ${depth} + index) * ${inner} + i % ${inner}] = ${k.input(2)}[1];`,
    )
    k.line('}')
  },
}

/** ONNX Unique-11: a matter of distinct rows once the axis comes first. */
const Unique: LoweredOperator = {
  name: 'Unique',
  rules: (node) => takes(`X:number|bool|string${node.has('axis') ? '[_, ...]' : ''}`),
  infer: (node) => [node.input(0)],
  decompose(node, b) {
    const widened = widenNarrowFloats(node, b)
    if (widened) return widened
    const x = node.input(0)
    const given = node.int('axis')
    const axis = given === undefined ? undefined : normalizeAxis(node, given, x.rank)
    const others = x.dims.map((_, i) => i).filter((i) => i !== axis)
    const perm = axis === undefined ? others : [axis, ...others]
    const moved = b.op('Transpose', [x], { perm })
    const rest = others.map((i) => x.dims[i]!)
    const rows = axis === undefined ? [product(x.dims), 1] : [x.dims[axis]!, product(rest)]
    const unique = b.ops('UniqueRows', [b.reshape(moved, rows)], 4, { sorted: node.int('sorted', 1) }, 'om')
    const [count] = unique[0]!.dims
    const shape = axis === undefined ? [count!] : [count!, ...rest]
    const y = b.reshape(unique[0]!, shape)
    const back = perm.map((_, i) => perm.indexOf(i))
    return [axis === undefined ? y : b.op('Transpose', [y], { perm: back }), ...unique.slice(1)]
  },
}

/** The compiler's own: Unique of the rows of a matrix. */
const UniqueRows: LoweredOperator = {
  name: 'UniqueRows',
  domain: 'om',
  rules: takes('X:float32|float64|integer|bool|string[_, _]'),
  infer(node, context): ValueInfo[] {
    const { type, dims } = node.input(0)
    const count = context.freshDim()
    const index = (dim: Dim): ValueInfo => ({ type: 'int64', shape: [dim] })
    return [{ type, shape: [count, dims[1]!] }, index(count), index(dims[0]!), index(count)]
  },
  sizes: (node, k) =>
    k.line(`*${k.symbol(node.output().dims[0]!)} = ${uniqueCall(node, k, 'NULL, NULL, NULL, NULL')};`),
  lower: (node, k) =>
    k.line(`${uniqueCall(node, k, `${k.output(0)}, ${k.output(1)}, ${k.output(2)}, ${k.output(3)}`)};`),
}

function uniqueCall(node: Node, k: KernelWriter, results: string): string {
  const { dims, type } = node.input(0)
  k.include('unique.h')
  const work = k.scratch(multiply(dims[0]!, 24), 'int64_t')
  const rows = `(om_rows){(const char *)${k.input(0)}, ${k.dim(dims[0]!)}, ${k.dim(dims[1]!)}, sizeof *${k.input(0)}, om_compare_${type}}`
  return `om_unique(&${rows}, ${node.int('sorted', 1) !== 0}, ${work}, ${results})`
}

export const searches: readonly LoweredOperator[] = [NonZero, Compress, OneHot, Unique, UniqueRows]
