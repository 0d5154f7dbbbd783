import type { AttributeSource } from '../../src/onnx/build.ts'
import { tensorType } from '../../src/onnx/build.ts'
import { randomNumbers } from '../../src/compilers/random-numbers.ts'
import type { MadeModel } from './made-model.ts'
import { normalised } from './random.ts'

export interface ForestSize {
  readonly trees: number
  readonly depth: number
  readonly features: number
  readonly classes: number
  /** Rows of the larger workload. */
  readonly rows: number
}

/** Of this many splits, one is a leaf although the tree could be deeper. */
const leavesOfSplits = 8

/** A random forest of scikit-learn's as skl2onnx writes it: all trees in the attributes of one node. */
export function forest(name: string, size: ForestSize): MadeModel {
  const { features, classes } = size
  return {
    source: {
      opsets: { '': 15, 'ai.onnx.ml': 1 },
      irVersion: 8,
      producer: 'skl2onnx',
      inputs: { X: tensorType('float32', [undefined, features]) },
      outputs: {
        label: tensorType('int64', [undefined]),
        probabilities: tensorType('float32', [undefined, classes]),
      },
      nodes: [
        {
          op: 'TreeEnsembleClassifier',
          domain: 'ai.onnx.ml',
          name: 'TreeEnsembleClassifier',
          inputs: ['X'],
          outputs: ['label', 'probabilities'],
          attributes: attributesOf(size),
        },
      ],
    },
    workloads: {
      '': [{ X: normalised(`${name}/1`, [1, features]) }, { X: normalised(`${name}/7`, [7, features]) }],
      [`-${size.rows}-rows`]: [{ X: normalised(`${name}/rows`, [size.rows, features]) }],
    },
  }
}

/** A node of the trees; numbers of others are within its tree. */
interface TreeNode {
  readonly tree: number
  readonly id: number
  readonly isLeaf: boolean
  readonly feature: number
  readonly threshold: number
  readonly yes: number
  readonly no: number
}

function attributesOf({ trees, depth, features, classes }: ForestSize): Record<string, AttributeSource> {
  const random = randomNumbers(7)
  const nodes: TreeNode[] = []
  const weights: { readonly node: TreeNode; readonly weight: number }[] = []
  for (let tree = 0; tree < trees; tree++) {
    const first = nodes.length
    // In the order of scikit-learn: a node, then all of its left side.
    const grow = (level: number): number => {
      const at = nodes.length
      const id = at - first
      const isLeaf = level === depth || (level > 2 && random() < 1 / leavesOfSplits)
      nodes.push({ tree, id, isLeaf, feature: 0, threshold: 0, yes: 0, no: 0 })
      if (isLeaf) {
        const shares = Array.from({ length: classes }, () => random() ** 2)
        const sum = shares.reduce((a, b) => a + b, 0)
        for (const share of shares) weights.push({ node: nodes[at]!, weight: share / sum / trees })
      } else {
        const feature = Math.floor(random() * features)
        const threshold = (random() + random() - 1) * 2
        nodes[at] = { ...nodes[at]!, feature, threshold, yes: grow(level + 1), no: grow(level + 1) }
      }
      return id
    }
    grow(0)
  }
  const ints = (of: (node: TreeNode) => number) => nodes.map((node) => BigInt(of(node)))
  return {
    class_ids: weights.map((_, i) => BigInt(i % classes)),
    class_nodeids: weights.map(({ node }) => BigInt(node.id)),
    class_treeids: weights.map(({ node }) => BigInt(node.tree)),
    class_weights: weights.map(({ weight }) => Math.fround(weight)),
    classlabels_int64s: Array.from({ length: classes }, (_, i) => BigInt(i)),
    nodes_falsenodeids: ints(({ no }) => no),
    nodes_featureids: ints(({ feature }) => feature),
    nodes_hitrates: nodes.map(() => 1),
    nodes_missing_value_tracks_true: ints(() => 0),
    nodes_modes: nodes.map(({ isLeaf }) => (isLeaf ? 'LEAF' : 'BRANCH_LEQ')),
    nodes_nodeids: ints(({ id }) => id),
    nodes_treeids: ints(({ tree }) => tree),
    nodes_truenodeids: ints(({ yes }) => yes),
    nodes_values: nodes.map(({ threshold }) => Math.fround(threshold)),
    post_transform: 'NONE',
  }
}
