import { broadcastShapes } from '../../graph/broadcast.ts'
import { broadcastTo } from '../../graph/demands.ts'
import { type Dim, multiply, product } from '../../graph/dim.ts'
import type { Node, Value } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'
import { type Agreement, sameSize, takes } from '../../graph/rules.ts'
import { fusesEpilogue } from '../../lowering/epilogue.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'
import { lowerProduct, type Product } from './matmul.ts'

/** The compiler's own: MatMul of matrices of which either may be stored transposed, which the kernels read as they are. */
const TransposedMatMul: LoweredOperator = {
  name: 'TransposedMatMul',
  domain: 'om',
  rules: takes('A:float32[..., _, _] B:float32[..., _, _]', {}, agree),
  infer(node) {
    const { m, n } = sizesOf(node)
    return [{ type: 'float32', shape: [...batchOf(node), m, n] }]
  },
  fuses: (node, epilogue, next) => productOf(node).batch.length === 0 && fusesEpilogue(node.output(), epilogue, next),
  lower: (node, k, epilogue) =>
    lowerProduct(node, k, epilogue, productOf(node), {
      transposeA: transposes(node, 'transA'),
      transposeB: transposes(node, 'transB'),
    }),
  flops: (node) => multiply(multiply(2, product(node.output().dims)), sizesOf(node).k),
}

function transposes(node: Node, attribute: 'transA' | 'transB'): boolean {
  return node.int(attribute, 0) === 1
}

function sizesOf(node: Node): Omit<Product, 'batch'> {
  const [rows, columns] = [node.input(0).dims.slice(-2), node.input(1).dims.slice(-2)]
  const [m, k] = transposes(node, 'transA') ? [rows[1]!, rows[0]!] : [rows[0]!, rows[1]!]
  return { m, k, n: columns[transposes(node, 'transB') ? 0 : 1]! }
}

function stacksOf(node: Node): Dim[][] {
  return [node.input(0).dims.slice(0, -2), node.input(1).dims.slice(0, -2)]
}

function batchOf(node: Node): readonly Dim[] {
  return broadcastShapes(node, stacksOf(node))
}

function productOf(node: Node): Product {
  const sizes = sizesOf(node)
  // A stack of matrices against one is one tall product.
  if (node.input(1).rank === 2 && !transposes(node, 'transA'))
    return { ...sizes, m: product(node.input(0).dims.slice(0, -1)), batch: [] }
  return { ...sizes, batch: batchOf(node) }
}

function agree(node: Node): Agreement[] {
  const depth = sameSize(node, [1, transposes(node, 'transB') ? -1 : -2], [0, transposes(node, 'transA') ? -2 : -1])
  const operands = stacksOf(node).map((dims, input) => ({ input, from: 0, dims }))
  return [depth, ...broadcastTo(node, batchOf(node), operands)]
}

/** Swaps the last two axes. */
export function transposed(b: Builder, x: Value): Value {
  const axes = x.dims.map((_, axis) => axis)
  return b.op('Transpose', [x], { perm: [...axes.slice(0, -2), x.rank - 1, x.rank - 2] })
}

/** A·B of matrices (and stacks of them), either of which may be stored transposed. */
export function multiplied(b: Builder, x: Value, y: Value, { transA = false, transB = false } = {}): Value {
  if (!transA && !transB) return b.op('MatMul', [x, y])
  if (x.type === 'float32')
    return b.op('TransposedMatMul', [x, y], { transA: Number(transA), transB: Number(transB) }, 'om')
  return b.op('MatMul', [transA ? transposed(b, x) : x, transB ? transposed(b, y) : y])
}

export const transposedProducts: readonly LoweredOperator[] = [TransposedMatMul]
