import { describe, expect, it } from 'vitest'
import { type Case, close, f32, i64, importCase, runCase, runCases, t } from './harness.ts'

const domain = 'ai.onnx.ml'

/** x0 <= 0.5 ? a : (x1 > 2 ? b : c), as the forerunners of TreeEnsemble write it, twice. */
const twoTrees = {
  nodes_treeids: [0n, 0n, 0n, 0n, 0n, 1n],
  nodes_nodeids: [0n, 1n, 2n, 3n, 4n, 0n],
  nodes_featureids: [0n, 0n, 1n, 0n, 0n, 0n],
  nodes_modes: ['BRANCH_LEQ', 'LEAF', 'BRANCH_GT', 'LEAF', 'LEAF', 'LEAF'],
  nodes_values: [0.5, 0, 2, 0, 0, 0],
  nodes_truenodeids: [1n, 0n, 3n, 0n, 0n, 0n],
  nodes_falsenodeids: [2n, 0n, 4n, 0n, 0n, 0n],
}

const rows = f32([0, 9, 1, 3, 1, 1], [3, 2])

describe('trees', () => {
  it('sums, averages and bounds what leaves say', async () => {
    const regressor = (aggregate_function: string, base_values: number[] = [0.5]): Case => ({
      op: 'TreeEnsembleRegressor',
      domain,
      inputs: [rows],
      attributes: {
        ...twoTrees,
        aggregate_function,
        base_values,
        n_targets: 1n,
        target_treeids: [0n, 0n, 0n, 1n],
        target_nodeids: [1n, 3n, 4n, 0n],
        target_ids: [0n, 0n, 0n, 0n],
        target_weights: [10, 20, 30, 15],
      },
    })
    const results = await runCases(
      ['SUM', 'AVERAGE', 'MIN', 'MAX'].map((name) => ({ ...regressor(name), dynamic: name === 'SUM' })),
    )
    expect(results.map(([y]) => y!.values)).toEqual([
      [25.5, 35.5, 45.5],
      [13, 18, 23],
      [10.5, 15.5, 15.5],
      [15.5, 20.5, 30.5],
    ])
    expect(results[0]![0]!.dims).toEqual([3, 1])
  })

  it('scores doubles as float32 up to TreeEnsembleRegressor, and as doubles from TreeEnsemble on', async () => {
    const [result] = await runCase({
      op: 'TreeEnsembleRegressor',
      domain,
      inputs: [t('float64', [0.5], [1, 1])],
      attributes: {
        n_targets: 1n,
        nodes_treeids: [0n],
        nodes_nodeids: [0n],
        nodes_featureids: [0n],
        nodes_values: [0],
        nodes_modes: ['LEAF'],
        nodes_truenodeids: [0n],
        nodes_falsenodeids: [0n],
        target_treeids: [0n],
        target_nodeids: [0n],
        target_ids: [0n],
        target_weights: [2.5],
      },
    })
    expect(result).toMatchObject({ type: 'float32', values: [2.5] })
  })

  it('classifies, with one score per class or one for two classes', async () => {
    const classifier = (classes: readonly bigint[], weights: readonly number[], post_transform: string): Case => ({
      op: 'TreeEnsembleClassifier',
      domain,
      inputs: [rows],
      outputs: 2,
      attributes: {
        ...twoTrees,
        post_transform,
        classlabels_strings: ['no', 'yes'],
        class_treeids: [0n, 0n, 0n],
        class_nodeids: [1n, 3n, 4n],
        class_ids: classes,
        class_weights: weights,
      },
    })
    const [each, one, probable] = await runCases([
      classifier([0n, 1n, 0n], [1, 2, 3], 'NONE'),
      classifier([0n, 0n, 0n], [-2, 1, 3], 'LOGISTIC'),
      classifier([0n, 0n, 0n], [0.25, 0.75, 0.5], 'NONE'),
    ])
    expect(each!.map(({ values }) => values)).toEqual([
      ['no', 'yes', 'no'],
      [1, 0, 0, 2, 3, 0],
    ])
    const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))
    expect(one![0]!.values).toEqual(['no', 'yes', 'yes'])
    expect(
      close(
        one![1]!.values,
        [-2, 1, 3].flatMap((s) => [sigmoid(-s), sigmoid(s)]),
      ),
    ).toBe(true)
    expect(probable!.map(({ values }) => values)).toEqual([
      ['no', 'yes', 'no'],
      [0.75, 0.25, 0.25, 0.75, 0.5, 0.5],
    ])
  })

  it('refuses nodes that form no tree, and features that are not there', async () => {
    const attributes = {
      ...twoTrees,
      target_treeids: [0n],
      target_nodeids: [1n],
      target_ids: [0n],
      target_weights: [1],
      n_targets: 1n,
    }
    const one: Case = { op: 'TreeEnsembleRegressor', domain, inputs: [rows], attributes }
    const circle = { ...attributes, nodes_falsenodeids: [2n, 0n, 0n, 0n, 0n, 0n] }
    await expect(runCase({ ...one, attributes: circle })).rejects.toThrow(/no tree/)
    const nowhere = { ...attributes, nodes_truenodeids: [7n, 0n, 3n, 0n, 0n, 0n] }
    await expect(runCase({ ...one, attributes: nowhere })).rejects.toThrow(/leads to no node/)
    await expect(runCase({ ...one, inputs: [f32([1], [1, 1])] })).rejects.toThrow(/feature 1 of 1 does not exist/)
    const huge = { ...attributes, target_weights_as_tensor: t('int64', [2n ** 60n + 1n]) }
    await expect(runCase({ ...one, attributes: huge })).rejects.toMatchObject({ code: 'MODEL_ATTRIBUTE' })
    await expect(runCase({ ...one, inputs: [f32([1], [1, 1])], dynamic: true })).rejects.toThrow(
      /features that are not given/,
    )
  })
})

describe('features and labels', () => {
  it('maps labels of every kind, with defaults for those that are not listed', async () => {
    const [codes, texts, numbers] = await runCases([
      {
        op: 'LabelEncoder',
        domain,
        inputs: [t('string', ['b', '?'])],
        attributes: { keys_strings: ['a', 'b'], values_int64s: [5n, 6n] },
      },
      {
        op: 'LabelEncoder',
        domain,
        inputs: [i64([6, 0])],
        attributes: { keys_int64s: [6n], values_strings: ['six'], default_string: 'none' },
      },
      {
        op: 'LabelEncoder',
        domain,
        inputs: [f32([NaN, 1])],
        attributes: { keys_floats: [NaN], values_floats: [7], default_float: 8 },
      },
    ])
    expect([codes, texts, numbers].map((outputs) => outputs![0]!.values)).toEqual([
      [6n, -1n],
      ['six', 'none'],
      [7, 8],
    ])
  })

  it('encodes categories, and refuses unknown ones where asked to', async () => {
    const encode = (zeros: bigint): Case => ({
      op: 'OneHotEncoder',
      domain,
      inputs: [i64([2, 9])],
      attributes: { cats_int64s: [1n, 2n], zeros },
    })
    expect((await runCase(encode(1n)))[0]).toMatchObject({ dims: [2, 2], values: [0, 1, 0, 0] })
    await expect(runCase(encode(0n))).rejects.toThrow(/a category is not listed/)
  })

  it('refuses a norm that is none', () => {
    for (const norm of ['L3', 'constructor'])
      expect(() =>
        importCase({ op: 'Normalizer', domain, inputs: [f32([3, -4], [1, 2])], attributes: { norm } }),
      ).toThrow(`norm "${norm}" is not one of MAX, L1, L2`)
  })

  it('scales, normalises, fills in and puts side by side', async () => {
    const results = await runCases([
      { op: 'Scaler', domain, inputs: [f32([1, 2], [1, 2])], attributes: { offset: [1, 1], scale: [2, 3] } },
      { op: 'Normalizer', domain, inputs: [f32([3, -4, 0, 0], [2, 2])], attributes: { norm: 'L2' } },
      { op: 'Normalizer', domain, inputs: [f32([3, -4], [1, 2])], attributes: { norm: 'MAX' } },
      {
        op: 'Imputer',
        domain,
        inputs: [f32([NaN, 2], [1, 2])],
        attributes: { imputed_value_floats: [5], replaced_value_float: NaN },
      },
      {
        op: 'FeatureVectorizer',
        domain,
        inputs: [f32([1, 2], [2, 1]), i64([3, 4], [2, 1])],
        attributes: { inputdimensions: [1n, 1n] },
      },
      { op: 'Binarizer', domain, inputs: [f32([1, 1.5])], attributes: { threshold: 1 } },
    ])
    const expected = [
      [0, 3],
      [0.6, -0.8, 0, 0],
      [1, -4 / 3],
      [5, 2],
      [1, 3, 2, 4],
      [0, 1],
    ]
    results.forEach(([y], i) => expect(close(y!.values, expected[i]!), String(i)).toBe(true))
    // Integers are filled in with integers.
    const attributes = { imputed_value_floats: [-1.25] }
    const integers: Case = { op: 'Imputer', domain, inputs: [i64([1, 2], [1, 2])], attributes }
    await expect(runCase(integers)).rejects.toThrow(/imputed values for int64 are missing/)
  })

  it('weighs features linearly, and by their likeness to support vectors', async () => {
    const x = f32([1, 2], [1, 2])
    const [linear, classes, machine] = await runCases([
      {
        op: 'LinearRegressor',
        domain,
        inputs: [x],
        attributes: { coefficients: [1, 2, 3, 4], intercepts: [0.5, -1], targets: 2n },
      },
      {
        op: 'LinearClassifier',
        domain,
        inputs: [x],
        outputs: 2,
        attributes: { coefficients: [1, 0, 0, 1], intercepts: [0, 0], classlabels_ints: [7n, 8n] },
      },
      {
        op: 'SVMRegressor',
        domain,
        inputs: [x],
        attributes: {
          kernel_type: 'RBF',
          kernel_params: [0.5, 0, 3],
          n_supports: 1n,
          support_vectors: [0, 0],
          coefficients: [2],
          rho: [0.25],
        },
      },
    ])
    expect(linear![0]!.values).toEqual([5.5, 10])
    expect(classes!.map(({ values }) => values)).toEqual([[8n], [1, 2]])
    expect(close(machine![0]!.values, [2 * Math.exp(-0.5 * 5) + 0.25])).toBe(true)
  })
})
