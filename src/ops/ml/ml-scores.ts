import type { Node, Value } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'
import { tensorFrom } from '../../onnx/tensor.ts'
import { castTo } from '../../lowering/widen.ts'

const transforms: Readonly<Record<string, (b: Builder, scores: Value) => Value>> = {
  NONE: (_, scores) => scores,
  LOGISTIC: (b, scores) => b.op('Sigmoid', [scores]),
  SOFTMAX: (b, scores) => b.op('Softmax', [scores], { axis: -1 }),
  SOFTMAX_ZERO: softmaxZero,
  PROBIT: probit,
}

/** ai.onnx.ml `post_transform` of float scores [rows, targets]. */
export function postTransform(
  node: Node,
  b: Builder,
  scores: Value,
  name = node.string('post_transform', 'NONE'),
): Value {
  const transform = Object.hasOwn(transforms, name) ? transforms[name]! : undefined
  if (transform) return transform(b, scores)
  const names = Object.keys(transforms).join(', ')
  throw node.error('MODEL_ATTRIBUTE', `post_transform ${JSON.stringify(name)} is not one of ${names}`)
}

/** Softmax, but for scores of 0, which stay (nearly) 0; a half where all are. */
function softmaxZero(b: Builder, scores: Value): Value {
  const constant = (value: number): Value => b.scalar(value, scores.type)
  const last = b.ints([-1])
  const most = b.op('ReduceMax', [scores, last])
  const zero = b.op('LessOrEqual', [b.op('Abs', [scores]), constant(1e-7)])
  const small = b.op('Mul', [scores, b.op('Exp', [b.op('Neg', [most])])])
  const kept = b.op('Where', [zero, small, b.op('Exp', [b.op('Sub', [scores, most])])])
  const sum = b.op('ReduceSum', [b.op('Where', [zero, constant(0), kept]), last])
  return b.op('Where', [b.op('Equal', [sum, constant(0)]), constant(0.5), b.op('Div', [kept, sum])])
}

/**
 * √2 · erf⁻¹(2 · score - 1), with Winitzki's approximation of erf⁻¹ (a = 0.147), digit by digit as onnxruntime's ml_common.h
 * and ONNX's reference implementation have it: good to 2e-3, and that is what a model's author saw.
 */
function probit(b: Builder, scores: Value): Value {
  const constant = (value: number): Value => b.scalar(value, scores.type)
  const op = (name: string, ...inputs: Value[]): Value => b.op(name, inputs)
  const x = op('Sub', op('Mul', scores, constant(2)), constant(1))
  const log = op('Log', op('Mul', op('Sub', constant(1), x), op('Add', constant(1), x)))
  const v = op('Add', op('Mul', log, constant(0.5)), constant(2 / (3.14159 * 0.147)))
  const root = op('Sqrt', op('Sub', op('Mul', v, v), op('Mul', log, constant(1 / 0.147))))
  const size = op('Sqrt', op('Sub', root, v))
  const signed = op('Where', op('Less', x, constant(0)), op('Neg', size), size)
  return op('Mul', signed, constant(1.41421356))
}

/** The class labels of a classifier, as a constant: texts or integers, numbers from 0 on where none are listed. */
export function labelsOf(node: Node, b: Builder, classes = 2): Value {
  const strings = node.strings('classlabels_strings') ?? []
  const ints = node.bigints('classlabels_int64s') ?? node.bigints('classlabels_ints') ?? []
  if (strings.length > 0) return b.constant(tensorFrom('string', [strings.length], strings))
  return b.ints(ints.length > 0 ? ints : Array.from({ length: classes }, (_, i) => BigInt(i)))
}

/** Whether class labels are listed. */
function isLabelled(node: Node): boolean {
  const lists = [node.strings('classlabels_strings'), node.ints('classlabels_int64s'), node.ints('classlabels_ints')]
  return lists.some((list) => list?.length)
}

/**
 * What the one score of two classes means: `probability` and `decision` give the other class 1 - score, and `signed` gives
 * it -score; the second class is chosen above a half, or above 0.
 */
export type SingleScore = 'probability' | 'decision' | 'signed'

/**
 * Labels and transformed scores of a classifier from raw scores [rows, classes]. The rules for a single score are those of
 * onnxruntime's ml_common.h, which sklearn's exporters are written for; but where scores are transformed at all, those
 * of both classes are (onnx/reference/ops/aionnxml).
 */
export function classify(node: Node, b: Builder, scores: Value, single: SingleScore): readonly [Value, Value] {
  const count = Number(scores.dims[1])
  const labels = labelsOf(node, b, Math.max(count, 2))
  if (count !== 1 || labels.dims[0] !== 2) {
    if (labels.dims[0] !== count)
      throw node.error('MODEL_ATTRIBUTE', `${labels.dims[0]} class labels are listed for ${count} scores`)
    return [
      b.op('Gather', [labels, b.op('ArgMax', [scores], { axis: 1, keepdims: 0 })]),
      postTransform(node, b, scores),
    ]
  }
  const label = labelAbove(node, b, scores, single)
  if (!isLabelled(node)) return [label, postTransform(node, b, scores)]
  return [label, postTransform(node, b, bothScores(node, b, scores, single))]
}

/** The second of two classes where its score [rows, 1] is large enough, else the first. */
export function labelAbove(node: Node, b: Builder, score: Value, single: SingleScore): Value {
  const threshold = b.scalar(single === 'probability' ? 0.5 : 0, score.type)
  const above = b.op('Greater', [b.op('Squeeze', [score, b.ints([1])]), threshold])
  return b.op('Gather', [labelsOf(node, b), castTo(b, above, 'int64')])
}

/** The scores of two classes [rows, 2] from the one of the second [rows, 1]. */
export function bothScores(node: Node, b: Builder, score: Value, single: SingleScore): Value {
  const transform = node.string('post_transform', 'NONE')
  const complement = transform === 'PROBIT' || (transform === 'NONE' && single !== 'signed')
  const other = complement ? b.op('Sub', [b.scalar(1, score.type), score]) : b.op('Neg', [score])
  return b.op('Concat', [other, score], { axis: 1 })
}

/** A matrix [rows, features] of floats: whatever number type and rank 1 or 2 the input has. */
export function featureMatrix(node: Node, b: Builder): Value {
  const x = node.input(0)
  const floats = x.type === 'float32' || x.type === 'float64' ? x : castTo(b, x, 'float32')
  if (x.rank === 2) return floats
  if (x.rank === 1) return b.op('Unsqueeze', [floats, b.ints([0])])
  throw node.error('MODEL_SHAPE', `features of rank ${x.rank} should be a matrix`)
}
