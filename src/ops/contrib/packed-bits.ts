import { type Dim, multiply, product } from '../../graph/dim.ts'
import { bytesOf } from '../../graph/data.ts'
import type { Node, Value } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'
import { takes } from '../../graph/rules.ts'
import { bitsOwnBytes, bitsScratchBytes, packBits, packBlocks, wholeGroups } from '../../lowering/pack-nbits.ts'
import type { KernelWriter, LoweredOperator } from '../../lowering/lowering.ts'
import type { ElementType } from '../../onnx/element-type.ts'
import { lazyTensor, tensorArray } from '../../onnx/tensor.ts'

/** What weights of few bits are: `columns` of `depth` numbers, in blocks along it. */
export interface BitWeights {
  readonly depth: number
  readonly columns: number
  readonly bits: number
  readonly block: number
}

export function blocksOf({ depth, block }: Pick<BitWeights, 'depth' | 'block'>): number {
  return Math.ceil(depth / block)
}

/** Numbers of a column in whole blocks. */
function lengthOf(weights: BitWeights): number {
  return blocksOf(weights) * weights.block
}

/** Bytes of a column's codes. */
export function codeBytes(weights: BitWeights): number {
  return (lengthOf(weights) * weights.bits) / 8
}

/** Elements of a column's zero points: a number per block, or whole bytes of codes. */
export function zerosOf(weights: BitWeights, type: ElementType | undefined): number {
  const blocks = blocksOf(weights)
  return type === 'uint8' ? Math.ceil((blocks * weights.bits) / 8) : blocks
}

/** How many numbers of a column share a scale, and how many bits a code has, as an operator of onnxruntime's says. */
export function blockSizeOf(node: Node, otherwise: number): number {
  const block = node.int('block_size', otherwise)
  if (block >= 16 && Math.log2(block) % 1 === 0) return block
  throw node.error('MODEL_ATTRIBUTE', `block_size is ${block}, but should be a power of two, 16 at least`)
}
export function bitsOf(node: Node): number {
  const bits = node.int('bits', 4)
  if ([2, 4, 8].includes(bits)) return bits
  throw node.error('MODEL_ATTRIBUTE', `bits is ${bits}, but should be 2, 4 or 8`)
}

/** The same as attributes of the operators of this file, and back. */
function attributesOf({ depth, columns, bits, block }: BitWeights): Record<'K' | 'N' | 'bits' | 'block_size', number> {
  return { K: depth, N: columns, bits, block_size: block }
}
function weightsOf(node: Node): BitWeights {
  const [depth, columns] = [node.int('K', 0), node.int('N', 0)]
  return { depth, columns, bits: node.int('bits', 0), block: node.int('block_size', 0) }
}

/** Numbers of a block whose products with bytes an int32 holds: 2^16 times 255 times 127. */
const MOST_IN_BYTES = 2 ** 16

/** Ends the run where what only the run knows has another number of elements. */
function checkCount(k: KernelWriter, { dims }: Value, name: string, wanted: number): void {
  const given = product(dims)
  const sentence = `${name} has not as many elements as K, N, bits and block_size ask for`
  if (typeof given !== 'number') k.failUnlessEqual(k.dim(given), String(wanted), sentence)
}

/**
 * A product with weights of few bits, which are packed for the kernel: when compiling, where they are constants.
 *
 * @param codes uint8, per column the bytes of whole blocks, the first number of a byte in its lowest bits
 * @param scales float32, per column one of each block
 * @param zeros float32 alike, or uint8, per column whole bytes of codes; without: the middle of the range
 * @param bias float32 [columns]
 * @param inBytes whether a block of A may be rounded to 8 bits
 */
export function productOfBits(
  b: Builder,
  [a, codes, scales, zeros, bias]: readonly [Value, Value, Value, Value | undefined, Value | undefined],
  weights: BitWeights,
  inBytes: boolean,
): Value {
  const attributes = attributesOf(weights)
  const packed = b.op('PackBits', [codes], attributes, 'om')
  const packedScales = b.op('PackBlocks', [scales], { ...attributes, numbers: 'scales' }, 'om')
  const packedZeros = zeros && b.op('PackBlocks', [zeros], { ...attributes, numbers: 'zero_points' }, 'om')
  const accuracy = { ...attributes, accuracy_level: inBytes && weights.block <= MOST_IN_BYTES ? 4 : 1 }
  return b.op('MatMulBits', [a, packed, packedScales, packedZeros, bias], accuracy, 'om')
}

/** The compiler's own: codes of few bits in the order of their kernel, see src/lowering/pack-nbits.ts. */
const PackBits: LoweredOperator = {
  name: 'PackBits',
  domain: 'om',
  rules: takes('codes:uint8'),
  infer(node) {
    const weights = weightsOf(node)
    return [{ type: 'uint8', shape: [wholeGroups(weights.columns) * codeBytes(weights)] }]
  },
  fold(node) {
    const weights = weightsOf(node)
    const { columns, bits } = weights
    const codes = node.input(0).constant!
    const make = (): Uint8Array => packBits(tensorArray(codes) as Uint8Array, columns, lengthOf(weights), bits)
    return [lazyTensor('uint8', [wholeGroups(columns) * codeBytes(weights)], make)]
  },
  check(node, k) {
    const weights = weightsOf(node)
    checkCount(k, node.input(0), 'B', weights.columns * codeBytes(weights))
  },
  lower(node, k) {
    const weights = weightsOf(node)
    const sizes = `${weights.columns}, ${lengthOf(weights)}, ${weights.bits}`
    k.include('nbits.h')
    k.line(`om_nbits_pack(${k.input(0)}, ${sizes}, ${k.output()});`)
  },
}

/** The compiler's own: scales or zero points of blocks in that order. */
const PackBlocks: LoweredOperator = {
  name: 'PackBlocks',
  domain: 'om',
  rules: takes('numbers:uint8|float32'),
  infer(node) {
    const weights = weightsOf(node)
    return [{ type: 'float32', shape: [wholeGroups(weights.columns) * blocksOf(weights)] }]
  },
  fold(node) {
    const weights = weightsOf(node)
    const { columns, bits } = weights
    const blocks = blocksOf(weights)
    const numbers = node.input(0).constant!
    const make = (): Float32Array => {
      const given = tensorArray(numbers) as Uint8Array | Float32Array
      const row = zerosOf(weights, 'uint8')
      const codeOf = (column: number, block: number): number =>
        (given[column * row + Math.floor((block * bits) / 8)]! >> ((block * bits) % 8)) & (2 ** bits - 1)
      const floatOf = (column: number, block: number): number => given[column * blocks + block]!
      return packBlocks(numbers.type === 'uint8' ? codeOf : floatOf, columns, blocks)
    }
    return [lazyTensor('float32', [wholeGroups(columns) * blocks], () => bytesOf(make()))]
  },
  check(node, k) {
    const weights = weightsOf(node)
    const numbers = node.input(0)
    checkCount(k, numbers, node.string('numbers', ''), weights.columns * zerosOf(weights, numbers.type))
  },
  lower(node, k) {
    const weights = weightsOf(node)
    const given = node.input(0).type === 'uint8' ? `NULL, ${k.input(0)}` : `${k.input(0)}, NULL`
    const sizes = `${weights.columns}, ${blocksOf(weights)}, ${weights.bits}`
    k.include('nbits.h')
    k.line(`om_nbits_pack_blocks(${given}, ${sizes}, ${k.output()});`)
  },
}

/** The compiler's own: a product with what those two give. They stay as they are in memory. */
const MatMulBits: LoweredOperator = {
  name: 'MatMulBits',
  domain: 'om',
  rules: takes('A:float32[..., _] codes:uint8[_] scales:float32[_] zeros?:float32[_] bias?:float32[_]'),
  infer: (node) => [{ type: 'float32', shape: [...node.input(0).dims.slice(0, -1), node.int('N', 0)] }],
  lower(node, k) {
    const { depth, columns, bits, block } = weightsOf(node)
    const inBytes = node.int('accuracy_level', 0) === 4
    const fields = [
      `.n = ${columns}`,
      `.k = ${depth}`,
      `.block = ${block}`,
      `.bits = ${bits}`,
      `.codes = ${k.input(1)}`,
      `.scales = ${k.input(2)}`,
      ...(node.inputs[3] ? [`.zeros = ${k.input(3)}`] : []),
    ]
    k.include(inBytes ? 'matmul-nbits-bytes.h' : 'matmul-nbits.h')
    k.line(`const om_nbits weights = {${fields.join(', ')}};`)
    const rows: Dim = product(node.input(0).dims.slice(0, -1))
    const own = inBytes ? 0 : bitsOwnBytes(depth, block, k.shape)
    const scratch = k.scratch(bitsScratchBytes(own, rows, depth, block, k.shape), 'void')
    k.share(product([rows, columns, depth]), own)
    const bias = node.inputs[4] ? k.input(4) : 'NULL'
    const kernel = inBytes ? 'om_matmul_nbits_int8' : 'om_matmul_nbits_f32'
    k.line(`${kernel}(${k.input(0)}, &weights, ${bias}, ${k.output()}, ${k.dim(rows)}, ${scratch});`)
  },
  flops: (node) => multiply(2, multiply(product(node.output().dims), node.int('K', 0))),
}

export const packedBits: readonly LoweredOperator[] = [PackBits, PackBlocks, MatMulBits]
