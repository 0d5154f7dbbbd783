import { describe, expect, it } from 'vitest'
import { type AttributeSource, type ModelSource, tensorType } from '../../src/onnx/build.ts'
import type { ElementType } from '../../src/onnx/element-type.ts'
import { onnxruntime } from '../onnxruntime.ts'
import { f32, i64, t } from './harness.ts'
import { apart, type Feeds, random, sessionsOf } from './sessions.ts'

// Operators of ai.onnx.ml in all their combinations of kernels, transforms, kinds of labels and types, against onnxruntime:
// the operator pages leave most of it open, and models were made to fit onnxruntime.

type Attributes = Readonly<Record<string, AttributeSource>>
interface MlNode {
  readonly op: string
  readonly attributes: Attributes
  readonly inputs: readonly string[]
  readonly outputs?: number
}

const runtime = onnxruntime()
const FEATURES = 3
const ROWS = 6

/** Every node beside the others in one model, whose inputs are of unknown sizes; the names of those that differ. */
async function differences(nodes: readonly MlNode[], feeds: Feeds, version = 3, tolerance = 2e-5): Promise<string[]> {
  const used = Object.entries(feeds).filter(([name]) => nodes.some(({ inputs }) => inputs.includes(name)))
  const outputs = nodes.map(({ outputs = 1 }, i) => Array.from({ length: outputs }, (_, k) => `${i}:${k}`))
  const source: ModelSource = {
    opsets: { '': 17, 'ai.onnx.ml': version },
    inputs: Object.fromEntries(
      used.map(([name, { type, dims }]) => [
        name,
        tensorType(
          type,
          dims.map((_, axis) => `${name}${axis}`),
        ),
      ]),
    ),
    outputs: Object.fromEntries(outputs.flat().map((name) => [name, undefined])),
    nodes: nodes.map(({ op, attributes, inputs }, i) => ({
      op,
      attributes,
      inputs,
      domain: 'ai.onnx.ml',
      outputs: outputs[i]!,
    })),
  }
  const sessions = await sessionsOf(runtime!, source)
  const given = Object.fromEntries(used)
  const [ours, theirs] = [sessions.ours(given), await sessions.theirs(given)]
  return outputs.flatMap((names, i) =>
    names
      .filter((name) => !(apart(ours[name]!, theirs[name]!) <= tolerance))
      .map((name) => {
        const { op, attributes } = nodes[i]!
        const text = JSON.stringify(attributes, (_, value: unknown) =>
          typeof value === 'bigint' ? String(value) : value,
        )
        return `${op} ${text}: ${ours[name]!.values.join()} but ${theirs[name]!.values.join()}`
      }),
  )
}

const next = random(5)
const numbers = (count: number): number[] => Array.from({ length: count }, next)
const magnitudes = (count: number): number[] => numbers(count).map(Math.abs)
const ints = (count: number, of: (i: number) => number): bigint[] =>
  Array.from({ length: count }, (_, i) => BigInt(of(i)))
const text = (value: string): AttributeSource => ({ kind: 'string', value })
const labels = (count: number, kind: 'strings' | 'ints' | 'int64s'): Attributes =>
  kind === 'strings'
    ? { classlabels_strings: Array.from({ length: count }, (_, i) => `L${i}`) }
    : { [`classlabels_${kind}`]: ints(count, (i) => 10 + i) }

const types: readonly ElementType[] = ['float32', 'float64', 'int64', 'int32']
const features: Feeds = Object.fromEntries(
  types.map((type) => {
    const values = numbers(ROWS * FEATURES).map((x) => (type.startsWith('int') ? Math.round(3 * x) : x))
    return [type, t(type, type === 'int64' ? values.map(BigInt) : values, [ROWS, FEATURES])]
  }),
)
const transforms = ['NONE', 'LOGISTIC', 'SOFTMAX', 'SOFTMAX_ZERO', 'PROBIT']
/** The inverse of erf is of probabilities; near a half it is rounding errors. */
const scoresFor = (transform: string, count: number): number[] =>
  transform === 'PROBIT' ? magnitudes(count).map((x) => x / 50) : numbers(count)
const biasFor = (transform: string, count: number): number[] =>
  transform === 'PROBIT' ? Array<number>(count).fill(0.75) : numbers(count)

describe.runIf(runtime)('ai.onnx.ml as onnxruntime', () => {
  it('weighs features', async () => {
    const nodes = transforms.flatMap((post_transform) =>
      [1, 2, 3].flatMap((targets): MlNode[] => {
        const weights = {
          coefficients: scoresFor(post_transform, targets * FEATURES),
          intercepts: biasFor(post_transform, targets),
          post_transform,
        }
        // A single score is transformed, as the operator page says, and not by onnxruntime.
        const regressor = { op: 'LinearRegressor', attributes: { ...weights, targets: BigInt(targets) } }
        const regressors =
          targets > 1 || /NONE|PROBIT/.test(post_transform) ? [{ ...regressor, inputs: ['float32'] }] : []
        const classifiers = types.flatMap((type) =>
          (['strings', 'ints'] as const).map((kind) => ({
            op: 'LinearClassifier',
            inputs: [type],
            outputs: 2,
            attributes: { ...weights, ...labels(Math.max(targets, 2), kind) },
          })),
        )
        return [...regressors, ...(targets > 1 || post_transform === 'NONE' ? classifiers : [])]
      }),
    )
    expect(await differences(nodes, features)).toEqual([])
  })

  it('compares features with support vectors', async () => {
    const kernels = ['LINEAR', 'POLY', 'RBF', 'SIGMOID'].map((kernel_type, i) => ({
      kernel_type,
      kernel_params: [0.3, 0.2, 1 + i],
    }))
    const regressors = kernels.flatMap((kernel) =>
      [0n, 1n].flatMap((one_class): MlNode[] => {
        const common = { op: 'SVMRegressor', inputs: ['float32'] }
        const vectors = { n_supports: 4n, support_vectors: numbers(4 * FEATURES), coefficients: numbers(4) }
        const none = { n_supports: 0n, coefficients: numbers(FEATURES) }
        return [vectors, none].map((machine) => ({
          ...common,
          attributes: { ...kernel, ...machine, rho: [0.1], one_class },
        }))
      }),
    )
    const classifiers = transforms.flatMap((post_transform) =>
      kernels.flatMap((kernel) =>
        [2, 3, 4].flatMap((classes) => {
          const per = Array.from({ length: classes }, (_, i) => 1 + (i % 3))
          const count = per.reduce((a, b) => a + b)
          const pairs = (classes * (classes - 1)) / 2
          const machine = {
            ...kernel,
            post_transform,
            vectors_per_class: per.map(BigInt),
            support_vectors: numbers(count * FEATURES),
            coefficients: scoresFor(post_transform, count * (classes - 1)),
            rho: biasFor(post_transform, pairs),
          }
          const linear = {
            post_transform,
            kernel_params: [0, 0, 0],
            rho: biasFor(post_transform, 1),
            coefficients: scoresFor(post_transform, classes * FEATURES),
          }
          const probable = { ...machine, prob_a: numbers(pairs), prob_b: numbers(pairs) }
          const machines = [linear, ...(post_transform === 'PROBIT' ? [] : [probable])]
          // The two scores that one makes are transformed, as ONNX's reference has it, and not by onnxruntime.
          if (post_transform === 'NONE' || classes > 2) machines.push(machine)
          return machines.map((attributes, i): MlNode => {
            const inputs = [types[(i + classes) % types.length]!]
            const kind = i % 2 === 0 ? 'strings' : 'ints'
            return { op: 'SVMClassifier', inputs, outputs: 2, attributes: { ...attributes, ...labels(classes, kind) } }
          })
        }),
      ),
    )
    expect(await differences([...regressors, ...classifiers], features, 3, 1e-3)).toEqual([])
  })

  it('walks trees', async () => {
    const branches = ['BRANCH_LEQ', 'BRANCH_LT', 'BRANCH_GTE', 'BRANCH_GT', 'BRANCH_EQ', 'BRANCH_NEQ']
    const pick = (count: number): number => Math.floor(((next() + 1) / 2) * count)
    /** Two trees of three tests and four leaves each; every leaf has a weight for each of `targets`, or for `only`. */
    const trees = (what: 'target' | 'class', targets: number, weigh: () => number, only?: number): Attributes => {
      const nodes = [0, 1].flatMap((tree) => Array.from({ length: 7 }, (_, id) => ({ tree, id, leaf: id > 2 })))
      const all = only === undefined ? Array.from({ length: targets }, (_, i) => i) : [only]
      const votes = nodes
        .filter(({ leaf }) => leaf)
        .flatMap(({ tree, id }) => all.map((target) => ({ tree, id, target })))
      return {
        nodes_treeids: nodes.map(({ tree }) => BigInt(tree)),
        nodes_nodeids: nodes.map(({ id }) => BigInt(id)),
        nodes_featureids: nodes.map(({ leaf }) => BigInt(leaf ? 0 : pick(FEATURES))),
        nodes_modes: nodes.map(({ leaf }) => (leaf ? 'LEAF' : branches[pick(branches.length)]!)),
        nodes_values: nodes.map(({ leaf }) => (leaf ? 0 : (pick(5) - 2) / 2)),
        nodes_truenodeids: nodes.map(({ leaf, id }) => BigInt(leaf ? 0 : 2 * id + 1)),
        nodes_falsenodeids: nodes.map(({ leaf, id }) => BigInt(leaf ? 0 : 2 * id + 2)),
        nodes_missing_value_tracks_true: nodes.map(({ leaf }) => BigInt(leaf ? 0 : pick(2))),
        [`${what}_treeids`]: votes.map(({ tree }) => BigInt(tree)),
        [`${what}_nodeids`]: votes.map(({ id }) => BigInt(id)),
        [`${what}_ids`]: votes.map(({ target }) => BigInt(target)),
        [`${what}_weights`]: votes.map(weigh),
      }
    }
    const weightFor = (transform: string) => () => (transform === 'PROBIT' ? 0.3 + Math.abs(next()) / 10 : next())
    const regressors = transforms.flatMap((post_transform) =>
      ['SUM', 'AVERAGE', 'MIN', 'MAX'].flatMap((aggregate_function) =>
        [1, 3].flatMap((targets): MlNode[] => {
          if (targets === 1 && !/NONE|PROBIT/.test(post_transform)) return []
          const common = { post_transform, aggregate_function, n_targets: BigInt(targets) }
          const base: Attributes = post_transform === 'PROBIT' ? {} : { base_values: numbers(targets) }
          return ['float32', 'float64'].map((type) => ({
            op: 'TreeEnsembleRegressor',
            inputs: [type],
            attributes: { ...trees('target', targets, weightFor(post_transform)), ...common, ...base },
          }))
        }),
      ),
    )
    const classifiers = types.flatMap((type) =>
      transforms.flatMap((post_transform) =>
        ([2, 3] as const).flatMap((classes): MlNode[] => {
          // onnxruntime's label of two classes is a plain 0 or 1, listed or not, unless only one class has weights.
          const voted = classes === 2 ? [0, 1] : [undefined]
          return voted.flatMap((only) =>
            [true, false].flatMap((positive) => {
              if (only === 0 && !/NONE|LOGISTIC/.test(post_transform)) return []
              if (only === 0 && positive && post_transform === 'LOGISTIC') return []
              const weigh = weightFor(post_transform)
              const own = trees('class', classes, positive ? () => Math.abs(weigh()) : weigh, only)
              const base: Attributes = classes === 3 && post_transform !== 'PROBIT' ? { base_values: numbers(3) } : {}
              const common = { post_transform, ...base, ...labels(classes, positive ? 'strings' : 'int64s') }
              return [{ op: 'TreeEnsembleClassifier', inputs: [type], outputs: 2, attributes: { ...own, ...common } }]
            }),
          )
        }),
      ),
    )
    expect(await differences([...regressors, ...classifiers], features)).toEqual([])
  })

  it('prepares features', async () => {
    const rows: Feeds = {
      ...features,
      signs: f32([1, 0, -2, 0, 0, 0, -1, -2, -4, 0, -3, 0], [4, 3]),
      missing: f32([NaN, 1, NaN, 2, NaN, 0.5], [2, 3]),
      single: f32([3, -4, 0.5]),
      words: t('string', ['a', 'b', '', 'é', 'a', 'zz'], [2, 3]),
      codes: i64([2, 9, 1, 0, 3, 1], [2, 3]),
      place: i64([2, 0, 0]),
    }
    const named = (op: string, inputs: readonly string[], ...all: readonly Attributes[]): MlNode[] =>
      all.map((attributes) => ({ op, inputs, attributes }))
    const numeric = types.flatMap((type) => [
      ...['MAX', 'L1', 'L2'].flatMap((norm) => named('Normalizer', [type], { norm })),
      ...named('Scaler', [type], { offset: numbers(3), scale: numbers(3) }, { offset: [0.5], scale: [2] }),
      ...named('ArrayFeatureExtractor', [type, 'place'], {}),
      ...named('FeatureVectorizer', [type, type], { inputdimensions: [3n, 3n] }, { inputdimensions: [2n, 5n] }),
    ])
    const nodes = [
      ...numeric,
      ...['MAX', 'L1', 'L2'].flatMap((norm) => [
        ...named('Normalizer', ['signs'], { norm }),
        ...named('Normalizer', ['single'], { norm }),
      ]),
      ...named('Binarizer', ['float32'], { threshold: 0.25 }, {}),
      ...named(
        'Imputer',
        ['missing'],
        { imputed_value_floats: [7], replaced_value_float: NaN },
        { imputed_value_floats: [7, 8, 9], replaced_value_float: NaN },
        { imputed_value_floats: [7], replaced_value_float: 0.5 },
      ),
      ...named('Imputer', ['codes'], { imputed_value_int64s: [5n, 6n, 7n], replaced_value_int64: 1n }),
      ...named('ArrayFeatureExtractor', ['words', 'place'], {}),
      ...named('OneHotEncoder', ['words'], { cats_strings: ['a', 'é'], zeros: 1n }),
      ...named('OneHotEncoder', ['codes'], { cats_int64s: [1n, 2n, 3n] }),
      ...['words', 'codes'].flatMap((input) =>
        named(
          'CategoryMapper',
          [input],
          { cats_strings: ['a', 'b'], cats_int64s: [1n, 2n] },
          { cats_strings: ['a', 'b'], cats_int64s: [1n, 2n], default_string: text('?'), default_int64: 7n },
        ),
      ),
    ]
    expect(await differences(nodes, rows, 1)).toEqual([])
  })

  it('maps labels between all kinds, in lists and in tensors', async () => {
    const feeds: Feeds = {
      strings: t('string', ['a', 'b', '', 'c']),
      int64s: i64([1, 2, 0, 1]),
      floats: f32([0.5, 1, 2, -0]),
      doubles: t('float64', [0.5, 1, 2, -0]),
    }
    const keys = { strings: ['a', 'b'], int64s: [1n, 2n], floats: [0.5, 0] } as const
    const values = { strings: ['x', 'y'], int64s: [10n, 20n], floats: [0.25, 7] } as const
    const defaults = { default_string: text('D'), default_int64: 99n, default_float: 9.5 }
    const lists = Object.entries(keys).flatMap(([from, listed]) =>
      Object.entries(values).flatMap(([to, given]) =>
        [{}, defaults].map((otherwise) => ({
          op: 'LabelEncoder',
          inputs: [from],
          attributes: { [`keys_${from}`]: listed, [`values_${to}`]: given, ...otherwise },
        })),
      ),
    )
    for (const version of [2, 4]) expect(await differences(lists, feeds, version)).toEqual([])
    const tensors = (
      [
        ['strings', 'string'],
        ['int64s', 'int64'],
        ['doubles', 'float64'],
      ] as const
    ).flatMap(([input, from]) =>
      (['string', 'int64', 'float64'] as const).map((to) => {
        const listed = { string: ['a', 'b'], int64: [1n, 2n], float64: [0.5, 0] }
        const given = { string: ['x', 'y'], int64: [10n, 20n], float64: [0.25, 7] }
        const otherwise = { string: ['D'], int64: [99n], float64: [9.5] }
        return {
          op: 'LabelEncoder',
          inputs: [input],
          attributes: {
            keys_tensor: t(from, listed[from]),
            values_tensor: t(to, given[to]),
            default_tensor: t(to, otherwise[to]),
          },
        }
      }),
    )
    const supported = tensors.filter(
      ({ attributes: { keys_tensor: from, values_tensor: to } }) =>
        from.type === to.type || [from.type, to.type].includes('string'),
    )
    expect(await differences(supported, feeds, 4)).toEqual([])
  })
})
