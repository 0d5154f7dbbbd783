import { type Dim, dimEquals, multiply, product } from '../../graph/dim.ts'
import type { Node, Value, ValueInfo } from '../../graph/graph.ts'
import { gemmScratchBytes, packedGemmLength } from '../../lowering/kernel-shape.ts'
import { add } from '../../graph/dim.ts'
import { broadcastShapes } from '../../graph/broadcast.ts'
import { broadcastTo } from '../../graph/demands.ts'
import { type Agreement, sameSize, takes } from '../../graph/rules.ts'
import { sumType } from '../../lowering/c-text.ts'
import { epilogueLiteral, fusesEpilogue } from '../../lowering/epilogue.ts'
import type { KernelWriter, LoweredOperator } from '../../lowering/lowering.ts'
import { widenNarrowFloats } from '../../lowering/widen.ts'

/** ONNX MatMul-1 … 13: numpy.matmul. */
export function inferMatMul(node: Node): ValueInfo[] {
  const [a, b] = [node.input(0), node.input(1)]
  const rows = a.rank === 1 ? [] : [a.dims.at(-2)!]
  const columns = b.rank === 1 ? [] : [b.dims.at(-1)!]
  const batch = broadcastShapes(node, [a.dims.slice(0, -2), b.dims.slice(0, -2)])
  return [{ type: a.type, shape: [...batch, ...rows, ...columns] }]
}

/** Columns of A are rows of B; what stands before the matrices broadcasts (numpy.matmul). */
export function agreeMatMul(node: Node, first = 0, second = 1): Agreement[] {
  const [a, b] = [node.input(first), node.input(second)]
  const stacks = [a.dims.slice(0, -2), b.dims.slice(0, -2)] as const
  return [
    sameSize(node, [second, b.rank === 1 ? 0 : -2], [first, -1]),
    ...broadcastTo(
      node,
      broadcastShapes(node, stacks),
      stacks.map((dims, i) => ({ input: i === 0 ? first : second, from: 0, dims })),
    ),
  ]
}

/** One product C[m, n] = A[m, k]·B[k, n] per batch entry. */
export interface Product {
  readonly m: Dim
  readonly n: Dim
  readonly k: Dim
  readonly batch: readonly Dim[]
}

export function productOf(node: Node): Product {
  const [a, b] = [node.input(0), node.input(1)]
  const batch = broadcastShapes(node, [a.dims.slice(0, -2), b.dims.slice(0, -2)])
  const n = b.rank === 1 ? 1 : b.dims.at(-1)!
  // A matrix against a stack of rows is one tall product.
  if (b.rank <= 2) return { m: product(a.dims.slice(0, -1)), n, k: a.dims.at(-1)!, batch: [] }
  return { m: a.rank === 1 ? 1 : a.dims.at(-2)!, n, k: a.dims.at(-1)!, batch }
}

/** `om_gemm_f32` over weights that are packed beforehand, or `om_matmul_f32` over an operand that is computed. */
export function lowerProduct(
  node: Node,
  k: KernelWriter,
  epilogue: readonly Node[],
  shape: Product,
  options: { transposeA?: boolean; transposeB?: boolean; bias?: { column?: string; row?: string } } = {},
): void {
  const [a, b] = [node.input(0), node.input(1)]
  const { m, n, k: depth, batch } = shape
  const aStride = options.transposeA ? `, .a_row = 1, .a_column = ${k.dim(m)}` : ''
  const gemm = `(om_gemm_shape){.m = ${k.dim(m)}, .n = ${k.dim(n)}, .k = ${k.dim(depth)}${aStride}}`
  const tail = `${gemm}, ${epilogueLiteral(k, node.output(), epilogue, options.bias ?? {})}`
  const packed = k.isFixed(b) && batch.length === 0 && typeof n === 'number' && typeof depth === 'number'
  const work = [...batch, m, n, depth].reduce(multiply)
  k.include(packed ? 'gemm.h' : 'gemm-unpacked.h')
  if (packed) {
    k.share(work, gemmScratchBytes(k.shape))
    const c = k.packed(b, { layout: 'matrices', depth, columns: [n], transposed: options.transposeB ?? false })
    k.line(`om_gemm_f32(${k.input(0)}, ${c}, ${k.output()}, ${tail}, ${k.scratch(gemmScratchBytes(k.shape), 'void')});`)
    return
  }
  const scratchBytes = matmulScratch(depth, n, k)
  const isShared = k.share(work, batch.length === 0 ? gemmScratchBytes(k.shape) : scratchBytes)
  const scratch = k.scratch(scratchBytes, 'void')
  const bStep = options.transposeB ? `1, ${k.dim(depth)}` : `${k.dim(n)}, 1`
  const call = (x: string, w: string, y: string, room = scratch): string =>
    `om_matmul_f32(${x}, ${w}, ${bStep}, ${y}, ${tail}, ${room});`
  if (batch.length === 0) return k.line(call(k.input(0), k.input(1), k.output()))
  const [xs, ws] = [a, b].map((operand) => batchOffset(operand, batch, k))
  batch.forEach((dim, axis) => k.line(`for (int64_t b${axis} = 0; b${axis} < ${k.dim(dim)}; b${axis}++)`))
  const y = batchOffset(node.output(), batch, k, multiply(m, n))
  const places = [`${k.input(0)} + ${xs}`, `${k.input(1)} + ${ws}`, `${k.output()} + ${y}`] as const
  if (!isShared) return k.line(`  ${call(...places)}`)
  k.line(`  if (om_is_mine()) {
    om_parts *shared = om_begin_alone();
    ${call(...places, `om_own_scratch(${scratch})`)}
    om_end_alone(shared);
  }`)
}

/** Columns are padded to whole vectors; a symbolic size is bounded from above. */
function matmulScratch(depth: Dim, n: Dim, k: KernelWriter): Dim {
  const columns = typeof n === 'number' ? packedGemmLength(1, n, k.shape) : add(n, k.shape.vectorBytes / 4)
  return add(gemmScratchBytes(k.shape), multiply(multiply(depth, columns), 4))
}

/** C expression of the offset of batch entry b0, b1, … in an operand that may be broadcast. */
export function batchOffset(
  operand: Value,
  batch: readonly Dim[],
  k: KernelWriter,
  matrix = product(operand.dims.slice(-2)),
): string {
  const own = operand.dims.slice(0, -2)
  const missing = batch.length - own.length
  const terms = batch.flatMap((dim, axis) => {
    const size = own[axis - missing]
    if (size === undefined || size === 1) return []
    const stride = k.dim(multiply(product(own.slice(axis - missing + 1)), matrix))
    return [dimEquals(size, dim) ? `b${axis} * ${stride}` : `(${k.dim(size)} == 1 ? 0 : b${axis} * ${stride})`]
  })
  return terms.join(' + ') || '0'
}

const MatMul: LoweredOperator = {
  name: 'MatMul',
  rules: takes('A:T[..., _] B:T[..., _]', { T: 'number' }, agreeMatMul),
  infer: inferMatMul,
  decompose(node, b) {
    const widened = widenNarrowFloats(node, b)
    if (widened) return widened
    const [x, w] = [node.input(0), node.input(1)]
    if (x.rank !== 1 || w.rank <= 2) return undefined
    // A vector against a stack of matrices: a row of one, whose axis goes away again.
    const rows = b.op('MatMul', [b.op('Unsqueeze', [x, b.ints([0])]), w])
    return [b.op('Squeeze', [rows, b.ints([-2])])]
  },
  fuses: (node, epilogue, next) =>
    node.input(0).type === 'float32' &&
    productOf(node).batch.length === 0 &&
    fusesEpilogue(node.output(), epilogue, next),
  lower(node, k, epilogue) {
    const shape = productOf(node)
    if (node.input(0).type === 'float32') lowerProduct(node, k, epilogue, shape)
    else plainProduct(node, k, shape)
  },
  flops: (node) => multiply(multiply(2, product(node.output().dims)), node.input(0).dims.at(-1)!),
}

/** Integers and doubles: plain loops in the element type. */
function plainProduct(node: Node, k: KernelWriter, { m, n, k: depth, batch }: Product): void {
  const [xs, ws] = [node.input(0), node.input(1)].map((operand) =>
    batch.length === 0 ? '0' : batchOffset(operand, batch, k),
  )
  k.include('matmul.h')
  batch.forEach((dim, axis) => k.line(`for (int64_t b${axis} = 0; b${axis} < ${k.dim(dim)}; b${axis}++)`))
  const y = batch.length === 0 ? '0' : batchOffset(node.output(), batch, k, multiply(m, n))
  k.line(
    `OM_MATMUL_PLAIN((${k.input(0)} + ${xs}), (${k.input(1)} + ${ws}), (${k.output()} + ${y}), ${k.dim(m)}, ${k.dim(n)}, ${k.dim(depth)}, ${sumType(node.input(0).type)});`,
  )
}

/** ONNX Gemm-1 … 13: alpha * A'·B' + beta * C. Factors other than 1 become operators of their own. */
const Gemm: LoweredOperator = {
  name: 'Gemm',
  rules: takes('A:T[_, _] B:T[_, _] C?:T', { T: 'number' }, agreeGemm),
  infer(node) {
    const { m, n } = gemmShape(node)
    return [{ type: node.input(0).type, shape: [m, n] }]
  },
  decompose(node, b) {
    const widened = widenNarrowFloats(node, b)
    if (widened) return widened
    const [alpha, beta] = [node.float('alpha', 1), node.float('beta', 1)]
    const [a, w] = [node.input(0), node.input(1)]
    const bias = node.inputs[2]
    const { n } = gemmShape(node)
    const columnBias = bias && bias.rank === 1 && dimEquals(bias.dims[0]!, n)
    if (alpha === 1 && beta === 1 && a.type === 'float32' && (!bias || columnBias)) return undefined
    const transposed = (value: Value, attribute: 'transA' | 'transB'): Value =>
      node.int(attribute, 0) ? b.op('Transpose', [value], { perm: [1, 0] }) : value
    let result =
      a.type === 'float32'
        ? b.op('Gemm', [a, w], { transA: node.int('transA', 0), transB: node.int('transB', 0) })
        : b.op('MatMul', [transposed(a, 'transA'), transposed(w, 'transB')])
    if (alpha !== 1) result = b.op('Mul', [result, b.scalar(alpha, a.type)])
    if (bias) result = b.op('Add', [result, beta === 1 ? bias : b.op('Mul', [bias, b.scalar(beta, a.type)])])
    return [result]
  },
  fuses: (node, epilogue, next) => fusesEpilogue(node.output(), epilogue, next),
  lower(node, k, epilogue) {
    const { m, n, depth } = gemmShape(node)
    lowerProduct(
      node,
      k,
      epilogue,
      { m, n, k: depth, batch: [] },
      {
        transposeA: Boolean(node.int('transA', 0)),
        transposeB: Boolean(node.int('transB', 0)),
        bias: node.inputs[2] ? { column: k.input(2) } : {},
      },
    )
  },
  flops: (node) => multiply(multiply(2, product(node.output().dims)), gemmShape(node).depth),
}

function gemmShape(node: Node): { m: Dim; n: Dim; depth: Dim } {
  const [a, b] = [node.input(0), node.input(1)]
  const [m, depth] = node.int('transA', 0) ? [a.dims[1]!, a.dims[0]!] : [a.dims[0]!, a.dims[1]!]
  return { m, n: b.dims[node.int('transB', 0) ? 0 : 1]!, depth }
}

/** C goes only one way: it is broadcast to the product, never the product to it. */
function agreeGemm(node: Node): Agreement[] {
  const c = node.inputs[2]
  const depth = sameSize(node, [1, node.int('transB', 0) ? 1 : 0], [0, node.int('transA', 0) ? 0 : 1])
  if (!c) return [depth]
  const { m, n } = gemmShape(node)
  return [depth, ...broadcastTo(node, [m, n], [{ input: 2, from: 0, dims: c.dims }])]
}

export const matmul: readonly LoweredOperator[] = [MatMul, Gemm]
