import type { Node, Value } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'
import { type Agreement, takes } from '../../graph/rules.ts'
import { tensorFrom } from '../../onnx/tensor.ts'
import { agreeFeatures, type Decompose, floats, mlOperator } from './ml-operator.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'
import { bothScores, classify, featureMatrix, labelsOf, postTransform } from './ml-scores.ts'
import { castTo } from '../../lowering/widen.ts'

// Of ai.onnx.ml: what weighs features, or their likeness to those of support vectors.

/** How many features there are coefficients for. */
function linearFeatures(node: Node, targets: number): number {
  const { length } = node.floats('coefficients') ?? []
  if (Number.isInteger(length / targets)) return length / targets
  throw node.error('MODEL_ATTRIBUTE', `${length} coefficients can't be divided among ${targets} targets`)
}

/** X · coefficientsᵀ + intercepts, float32[rows, targets]. */
function linearScores(node: Node, b: Builder, targets: number, intercepts = node.floats('intercepts')): Value {
  const x = castTo(b, featureMatrix(node, b), 'float32')
  const coefficients = node.floats('coefficients') ?? []
  const features = linearFeatures(node, targets)
  const matrix = b.op('Transpose', [b.constant(tensorFrom('float32', [targets, features], coefficients))], {
    perm: [1, 0],
  })
  const product = b.op('MatMul', [x, matrix])
  if (intercepts?.length && intercepts.length !== targets)
    throw node.error('MODEL_ATTRIBUTE', `${intercepts.length} intercepts are given for ${targets} targets`)
  return intercepts?.length ? b.op('Add', [product, floats(b, intercepts)]) : product
}

/** Scores that a LinearClassifier makes: one for each class, or one for both. */
function classScores(node: Node): number {
  const classes = Math.max(node.strings('classlabels_strings')?.length ?? 0, node.ints('classlabels_ints')?.length ?? 0)
  return node.floats('intercepts')?.length || classes || 1
}

/** A number for one distance or product of each row and each support vector. */
function kernelValues(node: Node, b: Builder, x: Value, vectors: Value): Value {
  const [gamma = 0, constant = 0, degree = 0] = node.floats('kernel_params') ?? []
  const name = node.string('kernel_type', 'LINEAR')
  const product = b.op('MatMul', [x, b.op('Transpose', [vectors], { perm: [1, 0] })])
  const affine = (): Value =>
    b.op('Add', [b.op('Mul', [product, b.scalar(gamma, 'float32')]), b.scalar(constant, 'float32')])
  if (name === 'LINEAR') return product
  if (name === 'POLY') return b.op('Pow', [affine(), b.scalar(degree, 'float32')])
  if (name === 'SIGMOID') return b.op('Tanh', [affine()])
  if (name !== 'RBF')
    throw node.error('MODEL_ATTRIBUTE', `kernel_type ${JSON.stringify(name)} is not one of LINEAR, POLY, RBF, SIGMOID`)
  const difference = b.op('Sub', [b.op('Unsqueeze', [x, b.ints([1])]), vectors])
  return b.op('Exp', [
    b.op('Mul', [b.op('ReduceSumSquare', [difference, b.ints([2])], { keepdims: 0 }), b.scalar(-gamma, 'float32')]),
  ])
}

/** The likeness of each row to each of `supports` vectors, float32[rows, supports]. */
function likeness(node: Node, b: Builder, supports: number): Value {
  const x = castTo(b, featureMatrix(node, b), 'float32')
  const vectors = tensorFrom(
    'float32',
    [supports, vectorFeatures(node, supports)],
    node.floats('support_vectors') ?? [],
  )
  return kernelValues(node, b, x, b.constant(vectors))
}

function vectorFeatures(node: Node, supports: number): number {
  const { length } = node.floats('support_vectors') ?? []
  if (Number.isInteger(length / supports)) return length / supports
  throw node.error('MODEL_ATTRIBUTE', `${length} numbers do not make ${supports} support vectors`)
}

/** Refuses a list attribute of another length. */
function listOf(node: Node, name: 'coefficients' | 'rho' | 'prob_a' | 'prob_b', length: number): readonly number[] {
  const list = node.floats(name) ?? []
  if (list.length === length) return list
  throw node.error('MODEL_ATTRIBUTE', `attribute ${name} has ${list.length} entries, but should have ${length}`)
}

/** ONNX SVMRegressor-1; without support vectors it is linear, whatever the kernel. */
const svmRegressor: Decompose = (node, b) => {
  const supports = node.int('n_supports', 0)
  const rho = node.floats('rho')?.[0] ?? 0
  const score =
    supports === 0
      ? linearScores(node, b, 1, [rho])
      : b.op('Add', [
          b.op('MatMul', [
            likeness(node, b, supports),
            b.constant(tensorFrom('float32', [supports, 1], listOf(node, 'coefficients', supports))),
          ]),
          b.scalar(rho, 'float32'),
        ])
  if (!node.int('one_class', 0)) return [postTransform(node, b, score)]
  const inside = b.op('Greater', [score, b.scalar(0, 'float32')])
  return [b.op('Where', [inside, b.scalar(1, 'float32'), b.scalar(-1, 'float32')])]
}

/** How many support vectors each class of an SVMClassifier has; none where it is linear. */
function vectorsPerClass(node: Node, classes: number): readonly number[] {
  const counts = node.ints('vectors_per_class') ?? []
  if (counts.every((count) => count === 0)) return []
  if (counts.length === classes) return counts
  throw node.error('MODEL_ATTRIBUTE', `vectors_per_class has ${counts.length} entries for ${classes} classes`)
}

/** All pairs of classes i < j, in order: each has a machine of its own. */
function pairsOf(classes: number): (readonly [number, number])[] {
  const all = Array.from({ length: classes }, (_, i) => i)
  return all.flatMap((i) => all.slice(i + 1).map((j) => [i, j] as const))
}

/**
 * The scores of all pairs: for classes i and j, the support vectors of i count with row j - 1 of the coefficients, those
 * of j with row i (LIBSVM's layout). As a product with a matrix [vectors, pairs].
 */
function pairScores(node: Node, b: Builder, counts: readonly number[]): Value {
  const classOf = counts.flatMap((count, i) => Array<number>(count).fill(i))
  const pairs = pairsOf(counts.length)
  const coefficients = listOf(node, 'coefficients', (counts.length - 1) * classOf.length)
  const weights = classOf.flatMap((owner, vector) =>
    pairs.map(([i, j]) => {
      const row = owner === i ? j - 1 : owner === j ? i : undefined
      return row === undefined ? 0 : coefficients[row * classOf.length + vector]!
    }),
  )
  const matrix = b.constant(tensorFrom('float32', [classOf.length, pairs.length], weights))
  const sums = b.op('MatMul', [likeness(node, b, classOf.length), matrix])
  return b.op('Add', [sums, floats(b, listOf(node, 'rho', pairs.length))])
}

/** The class that most pairs vote for, the first of equals: int64[rows]. */
function winners(b: Builder, scores: Value, classes: number): Value {
  const pairs = pairsOf(classes)
  const votes = pairs.flatMap(([i, j]) => Array.from({ length: classes }, (_, c) => Number(c === i) - Number(c === j)))
  const otherwise = Array.from({ length: classes }, (_, c) => pairs.filter(([, j]) => j === c).length)
  const first = castTo(b, b.op('Greater', [scores, b.scalar(0, 'float32')]), 'float32')
  const matrix = b.constant(tensorFrom('float32', [pairs.length, classes], votes))
  const counted = b.op('Add', [b.op('MatMul', [first, matrix]), floats(b, otherwise)])
  return b.op('ArgMax', [counted], { axis: 1, keepdims: 0 })
}

/** Probabilities of the classes, with Platt's scaling of each pair's score by prob_a and prob_b: float32[rows, classes]. */
function probabilities(node: Node, b: Builder, scores: Value, classes: number): Value {
  const [slopes, shifts] = (['prob_a', 'prob_b'] as const).map((name) =>
    floats(b, listOf(node, name, pairsOf(classes).length)),
  ) as [Value, Value]
  const logits = b.op('Neg', [b.op('Add', [b.op('Mul', [scores, slopes]), shifts])])
  const least = Math.fround(1e-7)
  const bounds = [least, 1 - least].map((bound) => b.scalar(bound, 'float32'))
  const pairs = b.op('Clip', [b.op('Sigmoid', [logits]), ...bounds])
  return b.op('CouplePairs', [pairs], { count: classes }, 'om')
}

/** The compiler's own: probabilities of `count` classes from those of their pairs, each with the first class of the pair. */
const CouplePairs: LoweredOperator = {
  name: 'CouplePairs',
  domain: 'om',
  rules: takes('pairs:float32[_, _]', {}, (node) => {
    const classes = node.int('count', 0)
    return [{ input: 0, axis: 1, expected: pairsOf(classes).length, as: `${classes} classes need` }]
  }),
  infer: (node) => [{ type: 'float32', shape: [node.input(0).dims[0]!, node.int('count', 0)] }],
  lower(node, k) {
    const [rows, pairs] = node.input(0).dims.map((dim) => k.dim(dim))
    const classes = node.int('count', 0)
    const work = k.scratch(4 * classes * (classes + 1), 'float')
    k.include('coupling.h')
    k.line(`for (int64_t i = 0; i < ${rows}; i++)`)
    k.line(`  om_couple_pairs(${k.input(0)} + i * ${pairs}, ${k.output()} + i * ${classes}, ${classes}, ${work});`)
  },
}

/** Classes of an SVMClassifier. */
function machineClasses(node: Node): number {
  const count = node.strings('classlabels_strings')?.length || (node.ints('classlabels_ints')?.length ?? 0)
  if (count >= 2) return count
  throw node.error('MODEL_ATTRIBUTE', `${count} class labels are given, but there should be two or more`)
}

/**
 * ONNX SVMClassifier-1: machines for each pair of classes that vote, or without support vectors a linear one for each
 * class. There is a score for each pair, for each class where probabilities are asked for, and two for two classes.
 */
const svmClassifier: Decompose = (node, b) => {
  const [labels, classes] = [labelsOf(node, b), machineClasses(node)]
  const counts = vectorsPerClass(node, classes)
  if (counts.length === 0) return linearMachine(node, b, labels, classes)
  const scores = pairScores(node, b, counts)
  const label = b.op('Gather', [labels, winners(b, scores, classes)])
  if (node.floats('prob_a')?.length) return [label, postTransform(node, b, probabilities(node, b, scores, classes))]
  if (classes > 2) return [label, postTransform(node, b, scores)]
  return [label, postTransform(node, b, bothScores(node, b, scores, 'signed'))]
}

/** Of two classes the second is taken where any score is positive enough: so do onnxruntime's svmclassifier.cc and who tests with it. */
function linearMachine(node: Node, b: Builder, labels: Value, classes: number): Value[] {
  const rho = node.floats('rho')?.[0] ?? 0
  const scores = linearScores(node, b, classes, Array<number>(classes).fill(rho))
  const largest = b.op('ArgMax', [scores], { axis: 1, keepdims: 0 })
  if (classes > 2) return [b.op('Gather', [labels, largest]), postTransform(node, b, scores)]
  const most = b.op('ReduceMax', [scores, b.ints([1])], { keepdims: 0 })
  const positive = (node.floats('coefficients') ?? []).every((weight) => weight >= 0)
  const enough = b.op(positive ? 'GreaterOrEqual' : 'Greater', [most, b.scalar(positive ? 0.5 : 0, 'float32')])
  const chosen = b.op('Where', [enough, b.scalar(1, 'int64'), largest])
  return [b.op('Gather', [labels, chosen]), postTransform(node, b, scores)]
}

function agreeMachine(node: Node): Agreement[] {
  const classes = machineClasses(node)
  const supports = vectorsPerClass(node, classes).reduce((sum, count) => sum + count, 0)
  const features = supports === 0 ? linearFeatures(node, classes) : vectorFeatures(node, supports)
  return agreeFeatures(node, features, 'the support vectors need')
}

export const linearMachines: readonly LoweredOperator[] = [
  mlOperator(
    'LinearClassifier',
    'X:T',
    (node, b) => classify(node, b, linearScores(node, b, classScores(node)), 'decision'),
    (node) => agreeFeatures(node, linearFeatures(node, classScores(node)), 'the coefficients need'),
  ),
  mlOperator(
    'LinearRegressor',
    'X:T',
    (node, b) => [postTransform(node, b, linearScores(node, b, node.int('targets', 1)))],
    (node) => agreeFeatures(node, linearFeatures(node, node.int('targets', 1)), 'the coefficients need'),
  ),
  mlOperator('SVMClassifier', 'X:T', svmClassifier, agreeMachine),
  mlOperator('SVMRegressor', 'X:T', svmRegressor, (node) => {
    const supports = node.int('n_supports', 0)
    const features = supports === 0 ? linearFeatures(node, 1) : vectorFeatures(node, supports)
    return agreeFeatures(node, features, 'the support vectors need')
  }),
  CouplePairs,
]
