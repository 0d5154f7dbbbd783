import type { Node, Value } from '../graph/graph.ts'
import type { Builder } from '../graph/operator.ts'
import { tensorFrom } from '../onnx/tensor.ts'
import { castTo } from './widen.ts'

/** ai.onnx.ml `post_transform` of float scores [rows, targets]. PROBIT needs the inverse of erf, which is not supported. */
export function postTransform(
  node: Node,
  b: Builder,
  scores: Value,
  name = node.string('post_transform', 'NONE'),
): Value {
  if (name === 'NONE') return scores
  if (name === 'LOGISTIC') return b.op('Sigmoid', [scores])
  if (name === 'SOFTMAX') return b.op('Softmax', [scores], { axis: -1 })
  if (name !== 'SOFTMAX_ZERO')
    throw node.error('UNSUPPORTED_ATTRIBUTE', `post_transform ${JSON.stringify(name)} is not supported`)
  // Softmax, but for scores of 0, which stay 0.
  const last = b.ints([-1])
  const powers = b.op('Exp', [b.op('Sub', [scores, b.op('ReduceMax', [scores, last])])])
  const zero = b.op('Equal', [scores, b.scalar(0, scores.type)])
  const kept = b.op('Where', [zero, b.scalar(0, scores.type), powers])
  const sum = b.op('ReduceSum', [kept, last])
  return b.op('Div', [
    kept,
    b.op('Where', [b.op('Equal', [sum, b.scalar(0, scores.type)]), b.scalar(1, scores.type), sum]),
  ])
}

/** The class labels of a classifier, as a constant; `undefined` where there are none. */
export function labelsOf(node: Node, b: Builder): Value {
  const strings = node.strings('classlabels_strings') ?? []
  const ints = node.bigints('classlabels_int64s') ?? node.bigints('classlabels_ints') ?? []
  if (strings.length > 0) return b.constant(tensorFrom('string', [strings.length], strings))
  if (ints.length > 0) return b.ints(ints)
  throw node.error('MODEL_ATTRIBUTE', 'class labels are missing')
}

/**
 * Labels and transformed scores of a classifier from raw scores [rows, classes]. One score for two classes is that of
 * the second: it is chosen above `threshold`; the first gets 1 - score or -score (onnxruntime's ml_common.h, which
 * sklearn's exporters are written for).
 */
export function classify(node: Node, b: Builder, scores: Value, probabilities: boolean): Value[] {
  const labels = labelsOf(node, b)
  if (scores.dims[1] !== 1 || labels.dims[0] !== 2) {
    return [
      b.op('Gather', [labels, b.op('ArgMax', [scores], { axis: 1, keepdims: 0 })]),
      postTransform(node, b, scores),
    ]
  }
  const threshold = b.scalar(probabilities ? 0.5 : 0, scores.type)
  const above = castTo(b, b.op('Greater', [b.op('Squeeze', [scores, b.ints([1])]), threshold]), 'int64')
  const logistic = node.string('post_transform', 'NONE') === 'LOGISTIC'
  const other = probabilities && !logistic ? b.op('Sub', [b.scalar(1, scores.type), scores]) : b.op('Neg', [scores])
  return [b.op('Gather', [labels, above]), postTransform(node, b, b.op('Concat', [other, scores], { axis: 1 }))]
}

/** A matrix [rows, features] of floats: whatever number type and rank 1 or 2 the input has. */
export function featureMatrix(node: Node, b: Builder): Value {
  const x = node.input(0)
  const floats = x.type === 'float32' || x.type === 'float64' ? x : castTo(b, x, 'float32')
  if (x.rank === 2) return floats
  if (x.rank === 1) return b.op('Unsqueeze', [floats, b.ints([0])])
  throw node.error('MODEL_SHAPE', `features of rank ${x.rank} should be a matrix`)
}
