import { type AttributeSource, type GraphSource, modelBytes, type Named, tensorType } from '../../src/onnx/build.ts'
import type { Tensor } from '../../src/onnx/model.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { f32, i64 } from '../ops/harness.ts'
import type { Seed } from './subjects.ts'

// Operators that ONNX's suite has no test of.

const ml = 'ai.onnx.ml'
const row = f32([1, 2, 3, 4], [2, 2])

const tree = {
  nodes_treeids: [0n, 0n, 0n],
  nodes_nodeids: [0n, 1n, 2n],
  nodes_featureids: [1n, 0n, 0n],
  nodes_modes: ['BRANCH_LEQ', 'LEAF', 'LEAF'],
  nodes_values: [2.5, 0, 0],
  nodes_truenodeids: [1n, 0n, 0n],
  nodes_falsenodeids: [2n, 0n, 0n],
}

const sumAndShape: GraphSource = {
  inputs: { part: undefined, plus: undefined },
  outputs: { sum: undefined, shape: undefined },
  nodes: [
    { op: 'Add', inputs: ['part', 'plus'], outputs: ['sum'] },
    { op: 'Shape', inputs: ['part'], outputs: ['shape'] },
  ],
}

/** Appends the rows of x0 one by one. */
const collecting: GraphSource = {
  inputs: { i: undefined, go: undefined, before: undefined },
  outputs: { go: undefined, after: undefined },
  nodes: [
    { op: 'Gather', inputs: ['x0', 'i'], outputs: ['part'] },
    { op: 'SequenceInsert', inputs: ['before', 'part'], outputs: ['after'] },
  ],
}

export const moreSeeds: readonly Seed[] = [
  seed('GlobalLpPool', [f32([1, 2, 3, 4], [1, 1, 2, 2])], { p: 2n }),
  seed('MaxRoiPool', [f32([1, 2, 3, 4], [1, 1, 2, 2]), f32([0, 0, 0, 1, 1], [1, 5])], { pooled_shape: [1n, 2n] }),
  seed('Multinomial', [f32([0, 1], [1, 2])], { sample_size: 5n }),
  seed('Bernoulli', [f32([0, 0.5, 1, 0.25], [2, 2])], { seed: 3 }),
  seed('RandomNormalLike', [row], {}),
  seed('RandomUniformLike', [row], {}),
  seed('Softsign', [row], {}),
  seed('Swish', [row], {}),
  seed('CategoryMapper', [i64([1, 9])], { cats_int64s: [1n, 2n], cats_strings: ['a', 'b'] }, ml),
  seed('FeatureVectorizer', [f32([1, 2], [2, 1]), i64([3, 4], [2, 1])], { inputdimensions: [1n, 1n] }, ml),
  seed('Imputer', [row], { imputed_value_floats: [5, 6], replaced_value_float: 2 }, ml),
  seed(
    'LinearClassifier',
    [row],
    { coefficients: [1, 0, 0, 1], intercepts: [0, 0], classlabels_ints: [7n, 8n] },
    ml,
    2,
  ),
  seed('LinearRegressor', [row], { coefficients: [1, 2, 3, 4], intercepts: [0.5, -1], targets: 2n }, ml),
  seed('Normalizer', [row], { norm: 'L2' }, ml),
  seed('OneHotEncoder', [i64([2, 9])], { cats_int64s: [1n, 2n], zeros: 1n }, ml),
  seed(
    'SVMRegressor',
    [row],
    {
      kernel_type: 'RBF',
      kernel_params: [0.5, 0, 3],
      n_supports: 1n,
      support_vectors: [0, 0],
      coefficients: [2],
      rho: [0.25],
    },
    ml,
  ),
  seed('ZipMap', [row], { classlabels_strings: ['cat', 'dog'] }, ml),
  seed(
    'SVMClassifier',
    [row],
    {
      kernel_type: 'RBF',
      kernel_params: [0.5, 0, 3],
      vectors_per_class: [1n, 1n, 1n],
      support_vectors: [0, 0, 1, 2, 3, 1],
      coefficients: [1, -1, 2, 0.5, 1, -2],
      rho: [0.25, 0, 1],
      prob_a: [-1, -2, -1],
      prob_b: [0, 0.5, 1],
      classlabels_strings: ['a', 'b', 'c'],
    },
    ml,
    2,
  ),
  seed('Scaler', [row], { offset: [1, 1], scale: [2, 3] }, ml),
  seed(
    'TreeEnsembleClassifier',
    [row],
    {
      ...tree,
      classlabels_int64s: [0n, 1n],
      class_treeids: [0n, 0n],
      class_nodeids: [1n, 2n],
      class_ids: [0n, 1n],
      class_weights: [1, 2],
    },
    ml,
    2,
  ),
  seed(
    'TreeEnsembleRegressor',
    [row],
    {
      ...tree,
      n_targets: 1n,
      target_treeids: [0n, 0n],
      target_nodeids: [1n, 2n],
      target_ids: [0n, 0n],
      target_weights: [1, 2],
    },
    ml,
  ),
  seedOf('sequences', [f32([1, 2, 3, 4, 5, 6], [3, 2]), i64([1, 2]), row, i64([-1], [])], {
    outputs: { fewer: undefined, element: undefined, joined: undefined, sums: undefined, shapes: undefined },
    nodes: [
      { op: 'SplitToSequence', inputs: ['x0', 'x1'], outputs: ['parts'] },
      { op: 'SequenceInsert', inputs: ['parts', 'x2', 'x3'], outputs: ['more'] },
      { op: 'SequenceErase', inputs: ['more', 'x3'], outputs: ['fewer'] },
      { op: 'SequenceAt', inputs: ['more', 'x3'], outputs: ['element'] },
      { op: 'ConcatFromSequence', inputs: ['more'], outputs: ['joined'], attributes: { axis: 0n } },
      { op: 'SequenceMap', inputs: ['more', 'x2'], outputs: ['sums', 'shapes'], attributes: { body: sumAndShape } },
    ],
  }),
  seedOf('a loop with a sequence', [f32([1, 2, 3, 4, 5, 6], [3, 2]), i64([2], []), i64([0], [])], {
    outputs: { all: undefined, last: undefined, joined: undefined },
    nodes: [
      { op: 'SequenceEmpty', outputs: ['none'] },
      { op: 'Loop', inputs: ['x1', '', 'none'], outputs: ['all'], attributes: { body: collecting } },
      { op: 'SequenceAt', inputs: ['all', 'x2'], outputs: ['last'] },
      {
        op: 'ConcatFromSequence',
        inputs: ['all'],
        outputs: ['joined'],
        attributes: { axis: -1n, new_axis: 1n },
      },
    ],
  }),
]

function seed(
  op: string,
  inputs: readonly Tensor[],
  attributes: Named<AttributeSource>,
  domain = '',
  outputs = 1,
): Seed {
  const results = Array.from({ length: outputs }, (_, i) => `y${i}`)
  return seedOf(op, inputs, {
    outputs: Object.fromEntries(results.map((name) => [name, undefined])),
    nodes: [{ op, domain, inputs: inputs.map((_, i) => `x${i}`), outputs: results, attributes }],
  })
}

/** A graph of inputs `x0`, `x1`, … */
function seedOf(name: string, inputs: readonly Tensor[], graph: Pick<GraphSource, 'outputs' | 'nodes'>): Seed {
  const bytes = modelBytes({
    opsets: { '': name === 'Swish' ? 24 : 22, [ml]: 4 },
    inputs: Object.fromEntries(inputs.map(({ type, dims }, i) => [`x${i}`, tensorType(type, dims)])),
    ...graph,
  })
  return { name, model: decodeModel(bytes, { path: `${name}.onnx` }), inputs }
}
