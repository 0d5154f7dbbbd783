import type { Node, Value } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'
import { type Agreement, takes } from '../../graph/rules.ts'
import type { ElementType } from '../../onnx/element-type.ts'
import { tensorFrom } from '../../onnx/tensor.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'

export type Decompose = (node: Node, b: Builder) => readonly Value[]

/** An operator of ai.onnx.ml that simpler ones carry out. `inputs`: its rules, in which T is any type of features. */
export function mlOperator(
  name: string,
  inputs: string,
  decompose: Decompose,
  agree?: (node: Node) => readonly Agreement[],
): LoweredOperator {
  const rules = takes(inputs, { T: 'float32|float64|int32|int64' }, agree)
  return { name, domain: 'ai.onnx.ml', rules, infer: (node) => [node.input(0)], decompose }
}

/** What goes by feature is as long as the last axis of the input. */
export function agreeFeatures(node: Node, count: number, as: string): Agreement[] {
  if (node.input(0).rank === 0) throw node.error('MODEL_SHAPE', 'a single number has no axis of features')
  return [{ input: 0, axis: -1, expected: count, as }]
}

export function floats(b: Builder, values: readonly number[], type: ElementType = 'float32'): Value {
  return b.constant(tensorFrom(type, [values.length], values))
}
