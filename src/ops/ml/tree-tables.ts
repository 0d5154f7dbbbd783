import type { ElementType } from '../../onnx/element-type.ts'
import type { Tensor } from '../../onnx/model.ts'
import { tensorFrom } from '../../onnx/tensor.ts'

/** The tests of nodes, by the number that `nodes_modes` of TreeEnsemble-5 gives them. */
export const modeNames = [
  'BRANCH_LEQ',
  'BRANCH_LT',
  'BRANCH_GTE',
  'BRANCH_GT',
  'BRANCH_EQ',
  'BRANCH_NEQ',
  'BRANCH_MEMBER',
]
export const MEMBER = modeNames.indexOf('BRANCH_MEMBER')

/** Trees as files have them: nodes are numbered over all trees, and leaf i is `~i`. From a root, every node is met once. */
export interface Trees {
  readonly roots: readonly number[]
  readonly features: readonly number[]
  readonly modes: readonly number[]
  readonly splits: readonly number[]
  readonly missingIsTrue: readonly number[]
  readonly whenTrue: readonly number[]
  readonly whenFalse: readonly number[]
  /** Values of member nodes, and where each node's end. */
  readonly members: readonly number[]
  readonly memberEnds: readonly number[]
  /** Targets and weights of leaves, and where each leaf's end. */
  readonly leafEnds: readonly number[]
  readonly targets: readonly number[]
  readonly weights: readonly number[]
  readonly targetCount: number
  readonly aggregate: number
  readonly base: readonly number[]
}

/** What `om_trees` of native/kernels/trees.h points at, and its numbers. */
export interface TreeTables {
  readonly nodes: Tensor
  readonly roots: readonly number[]
  readonly depths: readonly number[]
  readonly leaves: readonly number[]
  /** Empty where every leaf has `perLeaf` weights. */
  readonly leafEnds: readonly number[]
  /** Empty where the weights of a leaf are those of targets 0, 1, … */
  readonly targets: readonly number[]
  /** 0 where leaves differ. */
  readonly perLeaf: number
  /** Outcomes beside LESS that all tests accept, and those that only some do; see `flagNames`. */
  readonly every: number
  readonly some: number
}

/** The most features that a test can tell apart. */
export const MOST_FEATURES = 2 ** 29

// Outcomes of comparing a feature with a split; all but the first as in trees.h, above the number of a feature.
const [LESS, EQUAL, GREATER, NAN] = [1, 2, 4, 8]
const NUMBER = LESS | EQUAL | GREATER
const FLAGS_SHIFT = 28
const UNEQUAL = LESS | GREATER | NAN
/** By mode; of membership, without members. */
const accepted = [LESS | EQUAL, LESS, GREATER | EQUAL, GREATER, EQUAL, UNEQUAL, 0]

/** `first` is the next node for the outcomes in `accepts`, of which LESS is always one, and `second` for the others. */
interface Test {
  readonly feature: number
  readonly split: number
  readonly accepts: number
  readonly first: number
  readonly second: number
}

/** Lays trees out for native/kernels/trees.h, whose features and weights are of `type`. */
export function tablesOf(trees: Trees, type: ElementType): TreeTables {
  const tests = testsOf(trees)
  const anywhere = tests.reduce((all, { accepts }) => all | accepts, 0)
  // Only of equality: what is less or equal is one comparison.
  const every = tests.reduce((all, { accepts }) => all & accepts, EQUAL)
  const some = anywhere & ~every & ~LESS
  const layout = new Layout(tests, some)
  const starts = trees.roots.map((root) => layout.place(root))
  const count = trees.leafEnds[0] ?? 0
  const perLeaf = trees.leafEnds.every((end, i) => end === (i + 1) * count) ? count : 0
  const isDense = perLeaf > 0 && trees.targets.every((target, i) => target === i % perLeaf)
  return {
    nodes: layout.nodes(type),
    roots: starts.map(({ root }) => root),
    depths: starts.map(({ depth }) => depth),
    leaves: layout.leaves,
    leafEnds: perLeaf > 0 ? [] : trees.leafEnds,
    targets: isDense ? [] : trees.targets,
    perLeaf,
    every,
    some,
  }
}

/** Outcomes but LESS as C expression. */
export function flagNames(outcomes: number): string {
  const flags = { OM_TREE_EQUAL: EQUAL, OM_TREE_GREATER: GREATER, OM_TREE_NAN: NAN }
  const accepted = Object.entries(flags).filter(([, outcome]) => outcomes & outcome)
  return accepted.map(([name]) => name).join(' | ') || '0'
}

/** The tests of nodes by number, and behind them those that tests for membership are made of. */
function testsOf(trees: Trees): readonly Test[] {
  const missing = (i: number): number => (trees.missingIsTrue[i] ? NAN : 0)
  const testOfNode = (i: number, split: number, outcomes: number): Test =>
    testOf(trees.features[i]!, split, outcomes | missing(i), trees.whenTrue[i]!, trees.whenFalse[i]!)
  const tests = trees.modes.map((mode, i) => testOfNode(i, trees.splits[i]!, accepted[mode]!))
  trees.modes.forEach((mode, i) => {
    if (mode !== MEMBER) return
    const members = trees.members.slice(trees.memberEnds[i - 1] ?? 0, trees.memberEnds[i]).sort((a, b) => a - b)
    /** A test for some of the members, halves by halves. NaN, which is not less, ends at the last of them. */
    const among = (from: number, end: number): Test => {
      if (end - from === 1) return testOfNode(i, members[from]!, EQUAL)
      const middle = (from + end) >> 1
      const [low, high] = [among(from, middle), among(middle, end)].map((test) => tests.push(test) - 1)
      return testOf(trees.features[i]!, members[middle]!, LESS, low!, high!)
    }
    if (members.length > 0) tests[i] = among(0, members.length)
  })
  return tests
}

function testOf(feature: number, split: number, outcomes: number, yes: number, no: number): Test {
  // Nothing that is a number compares with NaN: it is unequal.
  const isNaN = Number.isNaN(split)
  const accepts = isNaN ? (outcomes & NAN) | (outcomes === UNEQUAL ? NUMBER : 0) : outcomes
  const common = { feature, split: isNaN ? 0 : split }
  if (accepts & LESS) return { ...common, accepts, first: yes, second: no }
  return { ...common, accepts: accepts ^ (NUMBER | NAN), first: no, second: yes }
}

/** Trees in the order of their levels, so that the first nodes of a tree, which most rows meet, are neighbours. */
class Layout {
  /** The number of the leaf at each place; whatever it is where there is none. */
  readonly leaves: number[] = []
  private readonly splits: number[] = []
  private readonly children: number[] = []
  private readonly words: number[] = []
  private readonly placed = new Map<number, number>()

  private readonly tests: readonly Test[]
  private readonly some: number

  constructor(tests: readonly Test[], some: number) {
    this.tests = tests
    this.some = some
  }

  /** Where a tree now begins, and the length of its longest path or more. */
  place(root: number): { readonly root: number; readonly depth: number } {
    const start = this.leaves.length
    let level = [this.claim()]
    let [nodes, depth, hasJumps] = [[root], 0, false]
    for (; ; depth++) {
      const [nextLevel, nextNodes]: [number[], number[]] = [[], []]
      nodes.forEach((node, i) => {
        const at = level[i]!
        const before = this.placed.get(node)
        if (node < 0) this.write(at, NaN, at - 1, 0, ~node)
        // Only what a test for membership leads to is met twice: the test leads to where that is.
        else if (before !== undefined) this.write(at, NaN, before - 1, 0, 0)
        else {
          const { feature, split, accepts, first, second } = this.tests[node]!
          this.placed.set(node, at)
          const child = this.claim()
          this.write(at, split, child, feature | ((accepts & this.some) << FLAGS_SHIFT), 0)
          nextLevel.push(child, this.claim())
          nextNodes.push(first, second)
        }
        hasJumps ||= before !== undefined
      })
      if (nextNodes.length === 0) break
      ;[level, nodes] = [nextLevel, nextNodes]
    }
    return { root: start, depth: hasJumps ? this.leaves.length - start : depth }
  }

  /** Elements of the width of `type`: a split, where its children are, and feature and flags; see trees.h. */
  nodes(type: ElementType): Tensor {
    const count = this.splits.length
    if (type === 'float64') {
      const bits = new BigInt64Array(Float64Array.from(this.splits).buffer)
      const links = this.words.map((word, i) => (BigInt(word) << 32n) | BigInt(this.children[i]! >>> 0))
      const elements = links.flatMap((link, i) => [bits[i]!, link])
      return tensorFrom('int64', [count, 2], elements)
    }
    const bits = new Int32Array(Float32Array.from(this.splits).buffer)
    const elements = this.words.flatMap((word, i) => [bits[i]!, this.children[i]!, word])
    return tensorFrom('int32', [count, 3], elements)
  }

  private claim(): number {
    return this.leaves.push(0) - 1
  }

  private write(at: number, split: number, child: number, word: number, leaf: number): void {
    this.splits[at] = split
    this.children[at] = child
    this.words[at] = word
    this.leaves[at] = leaf
  }
}
