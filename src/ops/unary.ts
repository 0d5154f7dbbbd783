import type { Node, ValueInfo } from '../graph/graph.ts'
import { tensorFrom } from '../onnx/tensor.ts'
import { foldElementwise } from './fold.ts'
import { literal } from './c-text.ts'
import type { LoweredOperator } from './lowering.ts'

type Scalar = NonNullable<LoweredOperator['scalar']>

function sameAsInput(node: Node): ValueInfo[] {
  return [{ type: node.input(0).type, shape: node.input(0).shape }]
}

function unaryOperator(name: string, scalar: Scalar, more: Partial<LoweredOperator> = {}): LoweredOperator {
  return { name, infer: sameAsInput, scalar, ...more }
}

/** Functions of native/kernels/elementary.h; double uses the C library. */
function elementary(name: string, c: string): LoweredOperator {
  return unaryOperator(name, (node, [x], k) => {
    if (node.input(0).type === 'float64') return `${c}(${x})`
    k.include('elementary.h')
    return `om_${c}_f32(${x})`
  })
}

/** Elementwise functions of one input (ONNX operator pages of the same names). */
export const unary: readonly LoweredOperator[] = [
  unaryOperator('Relu', (node, [x]) => `${x} < ${zero(node)} ? ${zero(node)} : ${x}`),
  unaryOperator('Neg', (_node, [x]) => `-${x}`),
  elementary('Exp', 'exp'),
  elementary('Log', 'log'),
  elementary('Tanh', 'tanh'),
  elementary('Erf', 'erf'),
  elementary('Sigmoid', 'sigmoid'),
  unaryOperator('Sqrt', (node, [x]) => (node.input(0).type === 'float64' ? `sqrt(${x})` : `sqrtf(${x})`), {
    fold: (node) => foldElementwise(node, node.input(0).type, Math.sqrt),
  }),
  {
    name: 'Dropout',
    infer: (node) => [node.input(0), { type: 'bool', shape: node.input(0).shape }],
    decompose(node, b) {
      const value = tensorFrom('bool', [1], [true])
      return [node.input(0), b.op('ConstantOfShape', [b.op('Shape', [node.input(0)])], { value })]
    },
  },
]

function zero(node: Node): string {
  return literal(node.input(0).type, 0)
}
