import type { Node, Value } from '../../graph/graph.ts'
import type { Builder, PlainAttributes } from '../../graph/operator.ts'
import { type Agreement, takes } from '../../graph/rules.ts'
import { agreeConvolution } from '../nn/convolution-rules.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'
import { multiplied } from '../math/transposed-product.ts'
import { windowOf } from '../../lowering/window.ts'
import { gelu, sameAsFirst } from './activations.ts'
import { MICROSOFT } from './domain.ts'

/** Activations that onnxruntime fuses behind an operator, with the names of their parameters. */
const fusable: Readonly<Record<string, readonly ('alpha' | 'beta' | 'gamma')[]>> = {
  Relu: [],
  Sigmoid: [],
  Tanh: [],
  Softplus: [],
  Softsign: [],
  HardSwish: [],
  LeakyRelu: ['alpha'],
  Elu: ['alpha'],
  ThresholdedRelu: ['alpha'],
  Selu: ['alpha', 'gamma'],
  HardSigmoid: ['alpha', 'beta'],
}

function parametersOf(name: string): readonly ('alpha' | 'beta' | 'gamma')[] | undefined {
  return Object.hasOwn(fusable, name) ? fusable[name] : undefined
}

/**
 * The activation that a node states, of `x`. `given`: its parameters in order.
 *
 * @throws CompileError where the name is none
 */
function activated(node: Node, b: Builder, x: Value, given: readonly (number | undefined)[]): Value {
  const name = node.string('activation', '')
  if (name === '') return x
  if (name === 'Clip') {
    const [low, high] = [given[0], given[1]].map((bound) => (bound === undefined ? undefined : b.scalar(bound, x.type)))
    return b.op('Clip', [x, low, high])
  }
  if (name === 'Gelu') return gelu(b, x, 'none')
  const parameters = parametersOf(name)
  if (!parameters)
    throw node.error(
      'UNSUPPORTED_ATTRIBUTE',
      `activation ${JSON.stringify(name)} is not one of ${[...Object.keys(fusable), 'Clip', 'Gelu'].join(', ')}`,
    )
  const attributes: PlainAttributes = Object.fromEntries(
    parameters.map((parameter, i) => {
      const value = given[i]
      return [parameter, value === undefined ? undefined : { kind: 'float', value }]
    }),
  )
  return b.op(name, [x], attributes)
}

/** A node's attributes but for those that say what is behind it. */
function ownAttributes(node: Node, without: RegExp): PlainAttributes {
  return Object.fromEntries([...node.attributes].filter(([name]) => !without.test(name)))
}

/** Conv, to which Z is added, and then an activation. */
const FusedConv: LoweredOperator = {
  name: 'FusedConv',
  domain: MICROSOFT,
  rules: takes('X:T[_, _, _, ...] W:T[m, _, _, ...] B?:T[m] Z?:T[_, m, _, ...]', { T: 'float' }, (node) => [
    ...agreeConvolution(node),
    ...agreeResidual(node),
  ]),
  infer: sameAsFirst,
  decompose(node, b) {
    const convolved = b.op('Conv', node.inputs.slice(0, 3), ownAttributes(node, /^activation/))
    const z = node.inputs[3]
    const sum = z ? b.op('Add', [convolved, z]) : convolved
    return [activated(node, b, sum, node.floats('activation_params') ?? [])]
  },
}

/** Z has the shape of the result: it is added, and not broadcast. */
function agreeResidual(node: Node): Agreement[] {
  const [x, w, z] = [node.input(0), node.input(1), node.inputs[3]]
  if (!z) return []
  if (z.rank !== x.rank) throw node.error('MODEL_SHAPE', `Z is of rank ${z.rank}, but X of rank ${x.rank}`)
  const shape = [x.dims[0]!, w.dims[0]!, ...windowOf(node, x.dims.slice(2), w.dims.slice(2), 'within').output]
  return shape.map((expected, axis) => ({ input: 3, axis, expected, as: 'the convolution gives' }))
}

/** Gemm and an activation. */
const FusedGemm: LoweredOperator = {
  name: 'FusedGemm',
  domain: MICROSOFT,
  rules: takes('A:T[_, _] B:T[_, _] C?:T', { T: 'float' }),
  infer: sameAsFirst,
  decompose(node, b) {
    const product = b.op('Gemm', node.inputs, ownAttributes(node, /^activation/))
    const name = node.string('activation', '')
    const names = name === 'Clip' ? (['min', 'max'] as const) : (parametersOf(name) ?? [])
    const given = names.map((parameter) => node.float(`activation_${parameter}`))
    return [activated(node, b, product, given)]
  },
}

/**
 * MatMul of operands that may be stored transposed, times alpha. `transBatchA` and `transBatchB` say that the first axis
 * belongs before the last, and the axes of the batch come first then.
 */
function fusedMatMul(name: string): LoweredOperator {
  return {
    name,
    domain: MICROSOFT,
    // The rest is said by MatMul, which it becomes.
    rules: takes('A:T[..., _] B:T[..., _]', { T: 'float' }),
    infer: sameAsFirst,
    decompose(node, b) {
      const [x, y] = [operand(node, b, 0, 'transBatchA'), operand(node, b, 1, 'transBatchB')]
      // onnxruntime does not transpose vectors.
      const product = multiplied(b, x, y, {
        transA: node.int('transA', 0) === 1 && x.rank > 1,
        transB: node.int('transB', 0) === 1 && y.rank > 1,
      })
      const alpha = node.float('alpha', 1)
      return [alpha === 1 ? product : b.op('Mul', [product, b.scalar(alpha, product.type)])]
    },
  }
}

function operand(node: Node, b: Builder, input: 0 | 1, attribute: 'transBatchA' | 'transBatchB'): Value {
  const x = node.input(input)
  if (node.int(attribute, 0) === 0 || x.rank < 3) return x
  const batch = x.dims.slice(1, -1).map((_, i) => i + 1)
  return b.op('Transpose', [x], { perm: [...batch, 0, x.rank - 1] })
}

export const contribFused: readonly LoweredOperator[] = [
  FusedConv,
  FusedGemm,
  fusedMatMul('FusedMatMul'),
  fusedMatMul('TransposeMatMul'),
]
