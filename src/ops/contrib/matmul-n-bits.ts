import { add, type Dim, multiply, product } from '../../graph/dim.ts'
import type { Node, ValueInfo } from '../../graph/graph.ts'
import { type Agreement, takes } from '../../graph/rules.ts'
import { gemmScratchBytes, lanes } from '../../lowering/kernel-shape.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'
import { widenNarrowFloats } from '../../lowering/widen.ts'
import { MICROSOFT, refuseInputs } from './domain.ts'

interface Weights {
  readonly k: number
  readonly n: number
  readonly bits: number
  readonly block: number
  readonly blocks: number
}

function weightsOf(node: Node): Weights {
  const [k, n] = [node.int('K', 0), node.int('N', 0)]
  const [bits, block] = [node.int('bits', 4), node.int('block_size', 0)]
  if (![2, 4, 8].includes(bits)) throw node.error('MODEL_ATTRIBUTE', `bits is ${bits}, but should be 2, 4 or 8`)
  if (block < 16 || Math.log2(block) % 1 !== 0)
    throw node.error('MODEL_ATTRIBUTE', `block_size is ${block}, but should be a power of two, 16 at least`)
  if (k < 1 || n < 1) throw node.error('MODEL_ATTRIBUTE', `K is ${k} and N is ${n}, but both should be 1 at least`)
  return { k, n, bits, block, blocks: Math.ceil(k / block) }
}

/** How many elements inputs have, in whatever shape: writers differ in that. */
function countsOf(node: Node): { readonly name: string; readonly given: Dim; readonly wanted: number }[] {
  const { n, bits, block, blocks } = weightsOf(node)
  const packedZeros = node.inputs[3]?.type === 'uint8'
  const wanted: readonly (readonly [input: number, name: string, count: number])[] = [
    [1, 'B', (n * blocks * block * bits) / 8],
    [2, 'scales', n * blocks],
    [3, 'zero_points', packedZeros ? n * Math.ceil((blocks * bits) / 8) : n * blocks],
    [5, 'bias', n],
  ]
  return wanted.flatMap(([input, name, count]) => {
    const value = node.inputs[input]
    return value ? [{ name, given: product(value.dims), wanted: count }] : []
  })
}

function agree(node: Node): Agreement[] {
  for (const { name, given, wanted } of countsOf(node)) {
    if (typeof given === 'number' && given !== wanted)
      throw node.error('MODEL_SHAPE', `${name} has ${given} elements, but K, N, bits and block_size ask for ${wanted}`)
  }
  const [a, zeros] = [node.input(0), node.inputs[3]]
  if (zeros && zeros.type !== 'uint8' && zeros.type !== a.type)
    throw node.error('MODEL_TYPES', `zero_points are of type ${zeros.type}, but should be uint8 or, as A, ${a.type}`)
  return [{ input: 0, axis: -1, expected: node.int('K', 0), as: 'K says' }]
}

/**
 * A product with weights of few bits, quantised in blocks along K. They stay in the artifact and in memory as they are in
 * the file.
 */
const MatMulNBits: LoweredOperator = {
  name: 'MatMulNBits',
  domain: MICROSOFT,
  rules: takes(
    'A:T[..., _, _] B:uint8 scales:T zero_points?:uint8|float16|bfloat16|float32 g_idx?:int32 bias?:T',
    { T: 'float16|bfloat16|float32' },
    agree,
  ),
  infer(node): ValueInfo[] {
    return [{ type: node.input(0).type, shape: [...node.input(0).dims.slice(0, -1), node.int('N', 0)] }]
  },
  decompose(node, b) {
    refuseInputs(node, { 4: 'g_idx' })
    const prepacked = node.int('weight_prepacked', 0)
    if (prepacked !== 0)
      throw node.error(
        'UNSUPPORTED_ATTRIBUTE',
        `weight_prepacked is ${prepacked}: weights in the order of a GPU's kernels`,
      )
    return widenNarrowFloats(node, b)
  },
  check(node, k) {
    for (const { name, given, wanted } of countsOf(node))
      if (typeof given !== 'number')
        k.failUnlessEqual(
          k.dim(given),
          String(wanted),
          `${name} has not as many elements as K, N, bits and block_size ask for`,
        )
  },
  lower(node, k) {
    const { k: depth, n, bits, block } = weightsOf(node)
    const zeros = node.inputs[3]
    const fields = [
      `.n = ${n}`,
      `.k = ${depth}`,
      `.block = ${block}`,
      `.bits = ${bits}`,
      `.weights = ${k.input(1)}`,
      `.scales = ${k.input(2)}`,
      ...(zeros ? [`.${zeros.type === 'uint8' ? 'zeros' : 'float_zeros'} = ${k.input(3)}`] : []),
    ]
    k.include('matmul-nbits.h')
    k.line(`const om_nbits weights = {${fields.join(', ')}};`)
    const rows: Dim = product(node.input(0).dims.slice(0, -1))
    // OM_NBITS_OWN and OM_NBITS_SCRATCH of matmul-nbits.h.
    const own = gemmScratchBytes(k.shape) + 8 * k.shape.tileVectors * lanes(k.shape) * (depth + block)
    const scratch = k.scratch(add(own, multiply(4 * (depth + block), add(rows, 4))), 'void')
    k.share(product([rows, n, depth]), own)
    const bias = node.inputs[5] ? k.input(5) : 'NULL'
    k.line(`om_matmul_nbits_f32(${k.input(0)}, &weights, ${bias}, ${k.output()}, ${k.dim(rows)}, ${scratch});`)
  },
  flops: (node) => multiply(2, multiply(product(node.output().dims), node.int('K', 0))),
}

export const matMulNBits: readonly LoweredOperator[] = [MatMulNBits]
