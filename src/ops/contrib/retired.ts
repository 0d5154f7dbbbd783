import type { FloatName } from '../../graph/attributes.ts'
import type { Node, Value } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'
import { type Agreement, takes } from '../../graph/rules.ts'
import { tensorFrom } from '../../onnx/tensor.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'
import { sameAsFirst } from './activations.ts'

// Experimental operators of ONNX 1.0 to 1.4, which onnxruntime kept in ONNX's own domain: converters from Core ML wrote them.

function elementwise(
  name: string,
  make: (b: Builder, x: Value, attribute: (name: FloatName, otherwise: number) => Value) => Value,
): LoweredOperator {
  return {
    name,
    rules: takes('input:float'),
    infer: sameAsFirst,
    decompose: (node, b) => [
      make(b, node.input(0), (attribute, otherwise) => b.scalar(node.float(attribute, otherwise), node.input(0).type)),
    ],
  }
}

/** input · scale + bias of each channel. */
const ImageScaler: LoweredOperator = {
  name: 'ImageScaler',
  rules: takes('input:float[_, c, _, _]', {}, (node): Agreement[] => [
    { input: 0, axis: 1, expected: biasesOf(node).length, as: 'the biases need' },
  ]),
  infer: sameAsFirst,
  decompose(node, b) {
    const { type } = node.input(0)
    const biases = biasesOf(node)
    const scaled = b.op('Mul', [node.input(0), b.scalar(node.float('scale', 1), type)])
    return [b.op('Add', [scaled, b.constant(tensorFrom(type, [biases.length, 1, 1], biases))])]
  },
}

function biasesOf(node: Node): readonly number[] {
  return node.floats('bias') ?? []
}

export const retired: readonly LoweredOperator[] = [
  ImageScaler,
  elementwise('Affine', (b, x, of) => b.op('Add', [b.op('Mul', [x, of('alpha', 1)]), of('beta', 0)])),
  elementwise('ScaledTanh', (b, x, of) =>
    b.op('Mul', [b.op('Tanh', [b.op('Mul', [x, of('beta', 0)])]), of('alpha', 0)]),
  ),
  elementwise('ParametricSoftplus', (b, x, of) =>
    b.op('Mul', [b.op('Softplus', [b.op('Mul', [x, of('beta', 0)])]), of('alpha', 0)]),
  ),
]
