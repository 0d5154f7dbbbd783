import { floorDivide, type Dim } from '../../graph/dim.ts'
import type { Node, Value, ValueInfo } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'
import { multipleOf, takes } from '../../graph/rules.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'
import { MICROSOFT } from './domain.ts'

// The schemas are those of docs/ContribOperators.md of onnxruntime.

export function sameAsFirst(node: Node): ValueInfo[] {
  return [{ type: node.input(0).type, shape: node.input(0).shape }]
}

/** x · Φ(x), by the error function or by its approximation with tanh. */
export function gelu(b: Builder, x: Value, approximate: 'none' | 'tanh'): Value {
  return b.op('Gelu', [x], { approximate })
}

/** A bias of the size of the last axis, where one is given. */
function biased(b: Builder, x: Value, bias: Value | undefined): Value {
  return bias ? b.op('Add', [x, bias]) : x
}

const Gelu: LoweredOperator = {
  name: 'Gelu',
  domain: MICROSOFT,
  rules: takes('X:float'),
  infer: sameAsFirst,
  decompose: (node, b) => [gelu(b, node.input(0), 'none')],
}

const BiasGelu: LoweredOperator = {
  name: 'BiasGelu',
  domain: MICROSOFT,
  rules: takes('A:T[..., c] B:T[c]', { T: 'float' }),
  infer: sameAsFirst,
  decompose: (node, b) => [gelu(b, biased(b, node.input(0), node.input(1)), 'none')],
}

const FastGelu: LoweredOperator = {
  name: 'FastGelu',
  domain: MICROSOFT,
  rules: (node) => takes(node.inputs[1] ? 'X:T[..., c] bias?:T[c]' : 'X:T bias?:T', { T: 'float' }),
  infer: sameAsFirst,
  decompose: (node, b) => [gelu(b, biased(b, node.input(0), node.inputs[1]), 'tanh')],
}

/** x · sigmoid(alpha · x), which ONNX 24 calls Swish; the default is that of the approximation of Gelu. */
const QuickGelu: LoweredOperator = {
  name: 'QuickGelu',
  domain: MICROSOFT,
  rules: takes('X:float'),
  infer: sameAsFirst,
  decompose: (node, b) => [
    b.op('Swish', [node.input(0)], { alpha: { kind: 'float', value: node.float('alpha', 1.702) } }),
  ],
}

/** A product and FastGelu behind it. */
const GemmFastGelu: LoweredOperator = {
  name: 'GemmFastGelu',
  domain: MICROSOFT,
  rules: takes('X:T[..., _, k] W:T[k, n] bias?:T[n]', { T: 'float' }),
  infer: sameAsFirst,
  decompose: (node, b) => [gelu(b, biased(b, b.op('MatMul', [node.input(0), node.input(1)]), node.inputs[2]), 'tanh')],
}

/** Of the sum with a bias, the first half of the features times Gelu of the second. */
const BiasSplitGelu: LoweredOperator = {
  name: 'BiasSplitGelu',
  domain: MICROSOFT,
  rules: takes('X:T[n, s, c] bias:T[c]', { T: 'float16|float32' }, (node) => [
    multipleOf(node, [0, 2], 2, 'two halves need'),
  ]),
  infer: sameAsFirst,
  decompose(node, b) {
    const half = floorDivide(node.input(0).dims[2]!, 2)
    const sum = biased(b, node.input(0), node.input(1))
    const part = (from: Dim, to: Dim): Value => b.op('Slice', [sum, b.dims([from]), b.dims([to]), b.ints([2])])
    return [b.op('Mul', [part(0, half), gelu(b, part(half, node.input(0).dims[2]!), 'none')])]
  },
}

/** X + bias + skip. */
const BiasAdd: LoweredOperator = {
  name: 'BiasAdd',
  domain: MICROSOFT,
  rules: takes('X:T[n, s, c] bias:T[c] skip:T[n, s, c]', { T: 'float16|float32' }),
  infer: sameAsFirst,
  decompose: (node, b) => [b.op('Add', [biased(b, node.input(0), node.input(1)), node.input(2)])],
}

export const contribActivations: readonly LoweredOperator[] = [
  Gelu,
  BiasGelu,
  FastGelu,
  QuickGelu,
  GemmFastGelu,
  BiasSplitGelu,
  BiasAdd,
]
