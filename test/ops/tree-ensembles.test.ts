import { describe, expect, test } from 'vitest'
import { type AttributeSource, type ModelSource, tensorType } from '../../src/onnx/build.ts'
import { onnxruntime } from '../onnxruntime.ts'
import { t } from './harness.ts'
import { apart, random, sessionsOf } from './sessions.ts'

// Ensembles of uneven trees, of every number beside that of the trees that are walked at once, of every mode, for blocks of
// rows that end anywhere, against onnxruntime.

const runtime = onnxruntime()
const FEATURES = 4
const MEMBER = 6
const aggregates = ['AVERAGE', 'SUM', 'MIN', 'MAX']

type Type = 'float32' | 'float64'

interface Ensemble {
  readonly type: Type
  readonly trees: number
  readonly targets: number
  readonly aggregate: number
  /** Numbers of `nodes_modes`. */
  readonly modes: readonly number[]
  readonly missing: boolean
}

/** TreeEnsemble-5: nodes of all trees in one list, leaves in another. */
class Grown {
  readonly roots: bigint[] = []
  readonly features: bigint[] = []
  readonly modes: number[] = []
  readonly splits: number[] = []
  readonly missing: bigint[] = []
  readonly ends: { yes: bigint; yesIsLeaf: bigint; no: bigint; noIsLeaf: bigint }[] = []
  readonly members: number[] = []
  readonly leafTargets: bigint[] = []
  readonly leafWeights: number[] = []

  private readonly next: () => number
  private readonly of: Ensemble

  constructor(next: () => number, of: Ensemble) {
    this.next = next
    this.of = of
    for (let tree = 0; tree < of.trees; tree++) {
      this.roots.push(BigInt(this.modes.length))
      this.test(tree % 7)
    }
  }

  /** One node and all below it, whose paths have up to `depth` more. */
  private test(depth: number): number {
    const mode = this.of.modes[this.pick(this.of.modes.length)]!
    const at = this.modes.push(mode) - 1
    this.features.push(BigInt(this.pick(FEATURES)))
    this.splits.push((this.pick(9) - 4) / 4)
    this.missing.push(BigInt(this.of.missing ? this.pick(2) : 0))
    this.ends.push({ yes: 0n, yesIsLeaf: 1n, no: 0n, noIsLeaf: 1n })
    if (mode === MEMBER) {
      // onnxruntime takes whole numbers only.
      for (let i = this.pick(5); i >= 0; i--) this.members.push(1 + this.pick(9))
      this.members.push(NaN)
    }
    const [yes, yesIsLeaf] = this.branch(depth)
    const [no, noIsLeaf] = this.branch(depth)
    this.ends[at] = { yes, yesIsLeaf, no, noIsLeaf }
    return at
  }

  private branch(depth: number): [bigint, bigint] {
    if (depth > 0 && this.next() > -0.6) return [BigInt(this.test(depth - 1)), 0n]
    this.leafWeights.push(this.next())
    return [BigInt(this.leafTargets.push(BigInt(this.pick(this.of.targets))) - 1), 1n]
  }

  private pick(count: number): number {
    return Math.floor(((this.next() + 1) / 2) * count)
  }
}

function modelOf(of: Ensemble, seed: number): ModelSource {
  const grown = new Grown(random(seed), of)
  const list = (values: readonly number[]) => t(of.type, values, [values.length])
  const attributes: Record<string, AttributeSource> = {
    n_targets: BigInt(of.targets),
    aggregate_function: BigInt(of.aggregate),
    post_transform: 0n,
    tree_roots: grown.roots,
    nodes_featureids: grown.features,
    nodes_modes: t('uint8', grown.modes, [grown.modes.length]),
    nodes_splits: list(grown.splits),
    nodes_truenodeids: grown.ends.map(({ yes }) => yes),
    nodes_trueleafs: grown.ends.map(({ yesIsLeaf }) => yesIsLeaf),
    nodes_falsenodeids: grown.ends.map(({ no }) => no),
    nodes_falseleafs: grown.ends.map(({ noIsLeaf }) => noIsLeaf),
    nodes_missing_value_tracks_true: grown.missing,
    leaf_targetids: grown.leafTargets,
    leaf_weights: list(grown.leafWeights),
    ...(grown.members.length > 0 && { membership_values: list(grown.members) }),
  }
  return {
    opsets: { '': 21, 'ai.onnx.ml': 5 },
    inputs: { x: tensorType(of.type, ['rows', FEATURES]) },
    outputs: { y: undefined },
    nodes: [{ op: 'TreeEnsemble', domain: 'ai.onnx.ml', inputs: ['x'], outputs: ['y'], attributes }],
  }
}

/** Features that often equal a split, and are seldom no number, or none that is finite. */
function rowsOf(type: Type, rows: number, seed: number) {
  const next = random(seed)
  const rare = [NaN, Infinity, -Infinity, -0]
  const values = Array.from({ length: rows * FEATURES }, () => {
    const value = next()
    if (Math.abs(value) > 0.9) return rare[Math.floor(Math.abs(next()) * rare.length)]!
    return next() > 0 ? Math.round(value * 5) / 4 : Math.round(value * 10)
  })
  return t(type, values, [rows, FEATURES])
}

const forests: Readonly<Record<string, Pick<Ensemble, 'modes' | 'missing'>>> = {
  'of less or equal': { modes: [0], missing: false },
  'of less': { modes: [1], missing: false },
  'of less or equal, with rows that miss features': { modes: [0], missing: true },
  'of all comparisons': { modes: [0, 1, 2, 3, 4, 5], missing: true },
  'of membership': { modes: [MEMBER], missing: false },
  'of everything': { modes: [0, 1, 2, 3, 4, 5, MEMBER, MEMBER], missing: true },
}

describe.skipIf(!runtime)('forests give what onnxruntime gives', () => {
  test.each(Object.entries(forests))('%s', { timeout: 300_000 }, async (_, kind) => {
    let seed = 1
    for (const type of ['float32', 'float64'] as const)
      for (const trees of [1, 7, 8, 9, 23]) {
        const aggregate = seed % aggregates.length
        const of: Ensemble = { ...kind, type, trees, aggregate, targets: 1 + (trees % 3) }
        const { ours, theirs } = await sessionsOf(runtime!, modelOf(of, ++seed), 3)
        for (const rows of [0, 1, 2, 63, 64, 65, 200]) {
          const feeds = { x: rowsOf(type, rows, rows + seed) }
          const far = apart(ours(feeds).y!, (await theirs(feeds)).y!)
          expect(far, `${type}, ${trees} trees, ${aggregates[aggregate]}, ${rows} rows`).toBeLessThan(3e-6)
        }
      }
  })
})
