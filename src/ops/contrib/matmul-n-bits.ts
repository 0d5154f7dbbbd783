import { product } from '../../graph/dim.ts'
import type { Node, ValueInfo } from '../../graph/graph.ts'
import type { Operator } from '../../graph/operator.ts'
import { type Agreement, takes } from '../../graph/rules.ts'
import { widenNarrowFloats } from '../../lowering/widen.ts'
import { MICROSOFT, refuseInputs } from './domain.ts'
import { bitsOf, type BitWeights, blockSizeOf, blocksOf, codeBytes, productOfBits, zerosOf } from './packed-bits.ts'

function weightsOf(node: Node): BitWeights {
  const [depth, columns] = [node.int('K', 0), node.int('N', 0)]
  const [bits, block] = [bitsOf(node), blockSizeOf(node, 0)]
  if (depth < 1 || columns < 1)
    throw node.error('MODEL_ATTRIBUTE', `K is ${depth} and N is ${columns}, but both should be 1 at least`)
  return { depth, columns, bits, block }
}

/** Inputs may be of any shape with so many elements: writers differ in that. */
function agree(node: Node): Agreement[] {
  const weights = weightsOf(node)
  const counts: readonly (readonly [input: number, name: string, wanted: number])[] = [
    [1, 'B', weights.columns * codeBytes(weights)],
    [2, 'scales', weights.columns * blocksOf(weights)],
    [3, 'zero_points', weights.columns * zerosOf(weights, node.inputs[3]?.type)],
    [5, 'bias', weights.columns],
  ]
  for (const [input, name, wanted] of counts) {
    const given = node.inputs[input] && product(node.inputs[input].dims)
    if (typeof given === 'number' && given !== wanted)
      throw node.error('MODEL_SHAPE', `${name} has ${given} elements, but K, N, bits and block_size ask for ${wanted}`)
  }
  const [a, zeros] = [node.input(0), node.inputs[3]]
  if (zeros && zeros.type !== 'uint8' && zeros.type !== a.type)
    throw node.error('MODEL_TYPES', `zero_points are of type ${zeros.type}, but should be uint8 or, as A, ${a.type}`)
  return [{ input: 0, axis: -1, expected: node.int('K', 0), as: 'K says' }]
}

/**
 * A product with weights of few bits, quantised in blocks along K. They stay as small in the artifact and in memory as they
 * are in the file. With accuracy_level 4 blocks of A are rounded to 8 bits, as onnxruntime does on the CPU.
 */
const MatMulNBits: Operator = {
  name: 'MatMulNBits',
  domain: MICROSOFT,
  rules: takes(
    'A:T[..., _] B:uint8 scales:T zero_points?:uint8|float16|bfloat16|float32 g_idx?:int32 bias?:T',
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
    const wider = widenNarrowFloats(node, b)
    if (wider) return wider
    const weights = weightsOf(node)
    const bias = node.inputs[5] && b.reshape(node.inputs[5], [weights.columns])
    const operands = [node.input(0), node.input(1), node.input(2), node.inputs[3], bias] as const
    return [productOfBits(b, operands, weights, node.int('accuracy_level', 0) === 4)]
  },
}

export const matMulNBits: readonly Operator[] = [MatMulNBits]
