import { multiply } from '../../graph/dim.ts'
import type { FloatsName, IntsName } from '../../graph/attributes.ts'
import type { Node, Value, ValueInfo } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'
import { takes } from '../../graph/rules.ts'
import type { Tensor } from '../../onnx/model.ts'
import { tensorFrom } from '../../onnx/tensor.ts'
import { numbersOf } from '../../graph/fold.ts'
import type { KernelWriter, LoweredOperator } from '../../lowering/lowering.ts'
import { castTo } from '../../lowering/widen.ts'
import { classify, featureMatrix, labelAbove, postTransform } from './ml-scores.ts'
import { flagNames, MEMBER, modeNames, MOST_FEATURES, tablesOf, type Trees } from './tree-tables.ts'

const aggregates = ['AVERAGE', 'SUM', 'MIN', 'MAX']
const transforms = ['NONE', 'SOFTMAX', 'LOGISTIC', 'SOFTMAX_ZERO', 'PROBIT']

/** ONNX TreeEnsemble-5. */
function readTrees5(node: Node): Trees {
  const list = (name: IntsName): readonly number[] => node.ints(name) ?? []
  const numbers = (name: string): readonly number[] => {
    const tensor = node.tensor(name)
    return tensor ? numbersIn(node, name, tensor) : []
  }
  const modes = numbers('nodes_modes')
  const follow = (ids: readonly number[], leaves: readonly number[]): number[] =>
    ids.map((id, i) => (leaves[i] ? ~id : id))
  const values = numbers('membership_values')
  const members: number[] = []
  let next = 0
  const memberEnds = modes.map((mode) => {
    if (mode === MEMBER)
      for (; next < values.length && !Number.isNaN(values[next]!); next++) members.push(values[next]!)
    if (mode === MEMBER) next++
    return members.length
  })
  const weights = numbers('leaf_weights')
  const count = node.int('n_targets', 1)
  return {
    roots: list('tree_roots'),
    features: list('nodes_featureids'),
    modes,
    splits: numbers('nodes_splits'),
    missingIsTrue: node.ints('nodes_missing_value_tracks_true') ?? modes.map(() => 0),
    whenTrue: follow(list('nodes_truenodeids'), list('nodes_trueleafs')),
    whenFalse: follow(list('nodes_falsenodeids'), list('nodes_falseleafs')),
    members,
    memberEnds,
    leafEnds: weights.map((_, i) => i + 1),
    targets: list('leaf_targetids'),
    weights,
    targetCount: count,
    aggregate: node.int('aggregate_function', 1),
    base: Array<number>(count).fill(0),
  }
}

/** Floats that versions 1 and 3 have in a list or a tensor. */
function floatsOf(node: Node, name: FloatsName): readonly number[] {
  const tensor: Tensor | undefined = node.tensor(`${name}_as_tensor`)
  return tensor ? numbersIn(node, `${name}_as_tensor`, tensor) : (node.floats(name) ?? [])
}

/** The elements of a tensor attribute: floats, or small integers where a file has those. */
function numbersIn(node: Node, name: string, tensor: Tensor): readonly number[] {
  const numbers = numbersOf(tensor)
  if (numbers) return Array.from(numbers)
  throw node.error('MODEL_ATTRIBUTE', `${name} holds what is no number, or none that trees can have`)
}

/** ONNX TreeEnsembleRegressor and TreeEnsembleClassifier, 1 … 3: nodes are named by tree and node, leaves are nodes. */
function readTrees1(node: Node, what: 'target' | 'class', targetCount: number): Trees {
  const trees = node.ints('nodes_treeids') ?? []
  const ids = node.ints('nodes_nodeids') ?? []
  const names = node.strings('nodes_modes') ?? []
  const key = (tree: number, id: number): string => `${tree}:${id}`
  const leafWeights = new Map<string, { target: number; weight: number }[]>()
  const [weightTrees, weightNodes, weightTargets] = [
    node.ints(`${what}_treeids`) ?? [],
    node.ints(`${what}_nodeids`) ?? [],
    node.ints(`${what}_ids`) ?? [],
  ]
  floatsOf(node, `${what}_weights`).forEach((weight, i) => {
    const at = key(weightTrees[i]!, weightNodes[i]!)
    const leaf = leafWeights.get(at) ?? []
    leaf.push({ target: weightTargets[i]!, weight })
    leafWeights.set(at, leaf)
  })
  const places = new Map<string, number>()
  const inner: number[] = []
  const [leafEnds, targets, weights]: [number[], number[], number[]] = [[], [], []]
  ids.forEach((id, i) => {
    const at = key(trees[i]!, id)
    if (names[i] !== 'LEAF') places.set(at, inner.push(i) - 1)
    else {
      const leaf = leafWeights.get(at) ?? []
      for (const { target, weight } of leaf) {
        targets.push(target)
        weights.push(weight)
      }
      places.set(at, ~(leafEnds.push(targets.length) - 1))
    }
  })
  const follow = (name: IntsName): number[] => {
    const next = node.ints(name) ?? []
    return inner.map((i) => places.get(key(trees[i]!, next[i]!)) ?? NaN)
  }
  const [features, values, missing] = [
    node.ints('nodes_featureids') ?? [],
    floatsOf(node, 'nodes_values'),
    node.ints('nodes_missing_value_tracks_true') ?? [],
  ]
  const base = floatsOf(node, 'base_values')
  const rootIds = new Map<number, number>()
  trees.forEach((tree, i) => rootIds.has(tree) || rootIds.set(tree, ids[i]!))
  const roots = [...rootIds].map(([tree, id]) => places.get(key(tree, id))!)
  return {
    roots,
    features: inner.map((i) => features[i]!),
    modes: inner.map((i) => modeNames.indexOf(names[i]!)),
    splits: inner.map((i) => values[i]!),
    missingIsTrue: inner.map((i) => missing[i] ?? 0),
    whenTrue: follow('nodes_truenodeids'),
    whenFalse: follow('nodes_falsenodeids'),
    members: [],
    memberEnds: inner.map(() => 0),
    leafEnds,
    targets,
    weights,
    targetCount,
    aggregate: aggregates.indexOf(node.string('aggregate_function', 'SUM')),
    base: base.length === targetCount ? base : Array<number>(targetCount).fill(base[0] ?? 0),
  }
}

/** Refuses trees that would read outside of their tables, or never end: from a root, every node is met once. */
function checkTrees(node: Node, t: Trees): void {
  const nodes = t.modes.length
  const bad = (problem: string): never => {
    throw node.error('MODEL_TREES', problem)
  }
  for (const list of [t.features, t.splits, t.missingIsTrue, t.whenTrue, t.whenFalse])
    if (list.length !== nodes) bad('lists of nodes are of different lengths')
  if (t.targets.length !== t.weights.length) bad('leaves have not as many targets as weights')
  if (t.modes.some((mode) => !modeNames[mode])) bad('a node is of an unknown mode')
  if (!aggregates[t.aggregate]) bad('the aggregate function is unknown')
  if (t.targets.some((target) => !(target >= 0 && target < t.targetCount))) bad('a leaf has a target out of range')
  const seen = new Set<number>()
  const waiting = [...t.roots]
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    if (at < 0 ? ~at >= t.leafEnds.length : !(at < nodes)) bad('a branch leads to no node')
    if (at < 0) continue
    if (seen.has(at)) bad('a node is reached twice, so the nodes form no tree')
    seen.add(at)
    waiting.push(t.whenTrue[at]!, t.whenFalse[at]!)
  }
  const links = [t.roots, t.features, t.whenTrue, t.whenFalse, t.memberEnds, t.leafEnds, t.targets]
  if (links.some((list) => list.some((value) => !Number.isInteger(value))))
    bad('lists that belong together differ in length')
}

/** Raw scores [rows, targets] of a matrix of features. */
function treeScores(node: Node, b: Builder, trees: Trees): Value {
  checkTrees(node, trees)
  const x = featureMatrix(node, b)
  const columns = x.dims[1]
  const widest = trees.features.reduce((most, feature) => Math.max(most, feature), -1)
  if (trees.features.some((feature) => feature < 0) || (typeof columns === 'number' && widest >= columns))
    throw node.error('MODEL_TREES', `feature ${widest} of ${columns} does not exist`)
  if (widest >= MOST_FEATURES)
    throw node.error('MODEL_TREES', `feature ${widest} is beyond the ${MOST_FEATURES} that trees can test`)
  const tables = tablesOf(trees, x.type)
  const ints = (values: readonly number[]): Value => b.constant(tensorFrom('int32', [values.length], values))
  const floats = (values: readonly number[]): Value => b.constant(tensorFrom(x.type, [values.length], values))
  const { roots, depths, leaves, leafEnds, targets, perLeaf, every, some } = tables
  const inputs = [
    x,
    b.constant(tables.nodes),
    ...[roots, depths, leaves, leafEnds, targets].map(ints),
    ...[trees.weights, trees.base].map(floats),
  ]
  const sizes = { targets: trees.targetCount, per_leaf: perLeaf, widest }
  return b.op('TreeScores', inputs, { ...sizes, every, some, aggregate: trees.aggregate }, 'om')
}

/** Multiplications that take as long as a step from a node to the next, 1 ns. */
const STEP = 64

/** Nodes that a row passes at most. */
function longestPaths(node: Node): number {
  return Array.from(numbersOf(node.input(3).constant!)!).reduce((sum, depth) => sum + depth, 0)
}

/** The compiler's own: inputs are the features, the tables of `om_trees` in their order, weights and base. */
const TreeScores: LoweredOperator = {
  name: 'TreeScores',
  domain: 'om',
  rules: takes(
    'X:T[_, _] nodes:int32|int64[n, _] roots:int32[t] depths:int32[t] leaves:int32[n] leaf_ends:int32[_] targets:int32[_] ' +
      'weights:T[_] base:T[_]',
    { T: 'float32|float64' },
  ),
  infer(node): ValueInfo[] {
    const { type, dims } = node.input(0)
    return [{ type, shape: [dims[0]!, node.int('targets', 1)] }]
  },
  check(node, k) {
    const features = node.input(0).dims[1]!
    if (typeof features !== 'number')
      k.failIf(`${node.int('widest', 0)} >= ${k.dim(features)}`, 'the trees test features that are not given')
  },
  lower(node, k: KernelWriter) {
    const { dims, type } = node.input(0)
    const [rows, features] = dims.map((dim) => k.dim(dim))
    const targets = node.int('targets', 1)
    const table = (i: number): string => (node.input(i).dims[0] === 0 ? 'NULL' : k.input(i))
    k.include('trees.h')
    const sums = node.int('aggregate', 1) <= aggregates.indexOf('SUM')
    const count = node.input(2).dims[0]!
    const aggregate = `OM_TREE_${aggregates[node.int('aggregate', 1)]}`
    const sizes = [k.dim(count), features, targets, node.int('per_leaf', 0)]
    const fields = [
      ...sizes,
      ...[node.int('every', 0), node.int('some', 0)].map(flagNames),
      aggregate,
      ...[2, 3, 4, 5, 6].map(table),
    ]
    const suffix = type === 'float64' ? 'f64' : 'f32'
    k.line(`const om_trees trees = {${fields.join(', ')}};`)
    const nodes = `(const om_tree_node_${suffix} *)${k.input(1)}`
    const seen = sums ? 'NULL' : k.scratch(targets, 'bool')
    k.share(multiply(STEP * longestPaths(node), dims[0]!), sums ? 0 : targets)
    k.line(
      `om_tree_scores_${suffix}(trees, ${nodes}, ${k.input(0)}, ${k.output()}, ${rows}, ${k.input(7)}, ${k.input(8)}, ${seen});`,
    )
  },
}

/**
 * Labels and scores of a TreeEnsembleClassifier. Two classes of which only the first gets weights have one score, which is
 * the second's (as xgboost and lightgbm are exported); where only the second gets any, the first has none (catboost).
 */
function classifyTrees(node: Node, b: Builder): readonly [Value, Value] {
  const classes = Math.max(
    node.strings('classlabels_strings')?.length ?? 0,
    node.ints('classlabels_int64s')?.length ?? 0,
  )
  const given = new Set(node.ints('class_ids'))
  const only = classes === 2 && given.size === 1 ? [...given][0] : undefined
  const read = readTrees1(node, 'class', only === 0 ? 1 : classes)
  const scores = treeScores(node, b, read)
  const meaning = read.weights.every((weight) => weight >= 0) ? 'probability' : 'signed'
  if (only !== 1) return classify(node, b, scores, meaning)
  const second = b.op('Gather', [scores, b.ints([1])], { axis: 1 })
  return [labelAbove(node, b, second, meaning), postTransform(node, b, scores)]
}

function ensemble(name: string, decompose: NonNullable<LoweredOperator['decompose']>): LoweredOperator {
  const rules = takes('X:float|index')
  return { name, domain: 'ai.onnx.ml', rules, infer: (node) => [node.input(0)], decompose }
}

export const trees: readonly LoweredOperator[] = [
  ensemble('TreeEnsemble', (node, b) => {
    const name = transforms[node.int('post_transform', 0)]
    return [postTransform(node, b, treeScores(node, b, readTrees5(node)), name)]
  }),
  ensemble('TreeEnsembleRegressor', (node, b) => {
    const scores = postTransform(node, b, treeScores(node, b, readTrees1(node, 'target', node.int('n_targets', 1))))
    // Of float32 whatever the features are, unlike those of TreeEnsemble-5.
    return [castTo(b, scores, 'float32')]
  }),
  ensemble('TreeEnsembleClassifier', (node, b) => {
    const [label, scores] = classifyTrees(node, b)
    return [label, castTo(b, scores, 'float32')]
  }),
  TreeScores,
]
