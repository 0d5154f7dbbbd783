import { product } from '../../graph/dim.ts'
import type { Graph, Node, Value } from '../../graph/graph.ts'
import type { Rewrite, RewriteContext } from '../../graph/rewrite.ts'
import { bytesOf } from '../../graph/data.ts'
import { elementTypes } from '../../onnx/element-type.ts'
import type { Tensor } from '../../onnx/model.ts'
import { lazyTensor, tensorArray } from '../../onnx/tensor.ts'
import { type BitWeights, blocksOf, codeBytes, productOfBits } from '../contrib/packed-bits.ts'
import { permutationOf } from '../tensor/transpose.ts'

/**
 * Bytes that such weights take as floats, all together, from which on they stay as they are for any number of rows. What
 * caches hold is read as fast as it is multiplied, so that floats, made when the model is loaded, are faster there, by up to a
 * fifth; beyond them rows take as long as their weights take to come from memory, which are a fifth of the bytes.
 */
const LEAST_BYTES = 32 * 2 ** 20

/** Rows of the other operand up to which codes are multiplied one by one: OM_NBITS_FEW of matmul-nbits.h. They are faster in caches, too. */
const FEW_ROWS = 8

/**
 * Products with weights that are dequantised by blocks keep them as few bits: what onnxruntime's quantiser of 4 bits
 * writes as QDQ, and what other tools write with int4 of ONNX 21.
 *
 * Pattern: MatMul(a, w), or Gemm(a, w, bias) without factors, w = DequantizeLinear of constants, maybe transposed, of at most
 * 8 bits, with blocks along the depth of a power of two, 16 at least.
 * Condition: all such weights of the graph take {@link LEAST_BYTES} as floats, or rows are known to be few.
 * Replacement: om.MatMulBits over the codes, without their sign.
 */
export function bitProducts(graph: Graph): readonly Rewrite[] {
  const sizes = new Map<Value, number>()
  for (const node of graph.nodes) {
    const weights = weightsOfProduct(node)?.weights
    if (weights) sizes.set(node.input(1), 4 * weights.depth * weights.columns)
  }
  const bytes = [...sizes.values()].reduce((sum, size) => sum + size, 0)
  const isLarge = bytes >= LEAST_BYTES
  return [(node, b) => productOfBlocks(node, b, isLarge)]
}

function productOfBlocks(node: Node, b: RewriteContext, isLarge: boolean): readonly Value[] | undefined {
  const blocks = weightsOfProduct(node)
  if (!blocks || !(isLarge || hasFewRows(node))) return undefined
  const { weights, codes, scales, zeros } = blocks
  const c = node.inputs[2]
  const bias = c && rowOf(c, weights.columns, b)
  if (c && !bias) return undefined
  const operands = [node.input(0), b.constant(codes), b.constant(scales), zeros && b.constant(zeros), bias] as const
  return [productOfBits(b, operands, weights, false)]
}

function hasFewRows(node: Node): boolean {
  const rows = product(node.input(0).dims.slice(0, -1))
  return typeof rows === 'number' && rows <= FEW_ROWS
}

function weightsOfProduct(node: Node): Blocks | undefined {
  const isGemm = node.operator === 'Gemm'
  if (!isGemm && node.operator !== 'MatMul') return undefined
  const [a, right, c] = node.inputs as [Value, Value, Value | undefined]
  if (a.type !== 'float32' || a.rank < 2 || right.rank !== 2) return undefined
  const isPlain = node.float('alpha', 1) === 1 && (!c || node.float('beta', 1) === 1) && node.int('transA', 0) === 0
  return !isGemm || isPlain ? blocksOfWeights(right, isGemm && node.int('transB', 0) === 1) : undefined
}

/** What is added, as one number per column. */
function rowOf(c: Value, columns: number, b: RewriteContext): Value | undefined {
  const isRow = c.dims.at(-1) === columns && c.dims.slice(0, -1).every((dim) => dim === 1)
  return isRow ? b.reshape(c, [columns]) : undefined
}

interface Blocks {
  readonly weights: BitWeights
  /** As `productOfBits` takes them. */
  readonly codes: Tensor
  readonly scales: Tensor
  readonly zeros: Tensor | undefined
}

/** The blocks that a constant of two axes is made of; `turned`: it is read as its transpose. */
function blocksOfWeights(value: Value, turned: boolean): Blocks | undefined {
  const node = value.madeBy
  if (node?.operator === 'Transpose')
    return permutationOf(node)[0] === 1 ? blocksOfWeights(node.input(0), !turned) : undefined
  if (node?.operator !== 'om.Dequantize') return undefined
  const [x, scale, zeroPoint] = [node.input(0).constant, node.input(1), node.inputs[2]]
  if (!x) return undefined
  const { type, dims } = x
  const { bits } = elementTypes[type]
  const axis = turned ? 1 : 0
  const [depth, columns] = [dims[axis]!, dims[1 - axis]!]
  const [scales, zeros] = [perBlock(scale, axis), zeroPoint && perBlock(zeroPoint, axis)]
  if (bits > 8 || !scales || (zeroPoint && zeros?.block !== scales.block)) return undefined
  const weights = { depth, columns, bits, block: scales.block }
  const middle = type.startsWith('u') ? 0 : 2 ** (bits - 1)
  const blocks = blocksOf(weights)
  // Without zero points, signed codes are about the middle of the range.
  const isCentred = middle > 0 && !zeros
  const zeroOf = (column: number, block: number): number => middle + (zeros ? zeros.at(column, block) : 0)
  return {
    weights,
    codes: lazyTensor('uint8', [columns, codeBytes(weights)], () => codesOf(x, axis, weights)),
    scales: perColumn(columns, blocks, scales.at),
    zeros: isCentred ? undefined : perColumn(columns, blocks, zeroOf),
  }
}

type NumberOfBlock = (column: number, block: number) => number

/**
 * Scales or zero points that are repeated along an axis by blocks: how many numbers share one, and which. What
 * DequantizeLinear's decomposition makes of a block size is a Gather of indices i / block.
 */
function perBlock(value: Value, axis: number): { block: number; at: NumberOfBlock } | undefined {
  const node = value.madeBy
  if (node?.operator !== 'Gather' || node.int('axis', 0) !== axis) return undefined
  const [parameter, places] = node.inputs.map((input) => input?.constant)
  if (!parameter || !places) return undefined
  const indices = [...(tensorArray(places) as BigInt64Array)].map(Number)
  const next = indices.indexOf(1)
  const block = next < 0 ? 2 ** Math.ceil(Math.log2(Math.max(16, indices.length))) : next
  if (block < 16 || Math.log2(block) % 1 !== 0 || indices.some((index, i) => index !== Math.floor(i / block)))
    return undefined
  let numbers: ArrayLike<number> | undefined
  const [columnStep, blockStep] = axis === 0 ? [1, parameter.dims[1]!] : [parameter.dims[1]!, 1]
  const at: NumberOfBlock = (column, index) => {
    numbers ??= tensorArray(parameter) as ArrayLike<number>
    return numbers[column * columnStep + index * blockStep]!
  }
  return { block, at }
}

function perColumn(columns: number, blocks: number, number: NumberOfBlock): Tensor {
  const make = (): Float32Array =>
    Float32Array.from({ length: columns * blocks }, (_, i) => number(Math.floor(i / blocks), i % blocks))
  return lazyTensor('float32', [columns, blocks], () => bytesOf(make()))
}

/** Codes of a matrix, whose depth is along `axis`, without their sign: per column packed, the first in the lowest bits. */
function codesOf(x: Tensor, axis: number, weights: BitWeights): Uint8Array {
  const { depth, columns, bits } = weights
  const numbers = tensorArray(x) as Int8Array | Uint8Array
  const [columnStep, step] = axis === 0 ? [1, columns] : [depth, 1]
  const row = codeBytes(weights)
  const [flip, mask] = [x.type.startsWith('u') ? 0 : 2 ** (bits - 1), 2 ** bits - 1]
  const packed = new Uint8Array(columns * row)
  for (let column = 0; column < columns; column++)
    for (let k = 0, from = column * columnStep; k < depth; k++, from += step) {
      const at = k * bits
      packed[column * row + (at >> 3)]! |= ((numbers[from]! ^ flip) & mask) << (at & 7)
    }
  return packed
}
