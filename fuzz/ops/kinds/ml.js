import { float, floats, int, ints } from '../build.js'

const ml = { domain: 'ai.onnx.ml' }
const featureTypes = ['float32', 'float64', 'int32', 'int64']
const strings = (value) => ({ kind: 'strings', value })
const text = (value) => ({ kind: 'string', value })
const times = (count, make) => Array.from({ length: count }, (_, i) => make(i))

/** Classic machine learning, as skl2onnx writes it. */
export const classic = {
  async Scaler(g) {
    const x = features(g)
    const count = g.random.chance(0.3) ? 1 : x.dims[1]
    const attributes = { offset: floats(numbers(g, count)), scale: floats(numbers(g, count)) }
    await g.node('Scaler', [x], attributes, ml)
  },

  async Normalizer(g) {
    await g.node('Normalizer', [features(g)], { norm: text(g.random.pick(['MAX', 'L1', 'L2'])) }, ml)
  },

  async Binarizer(g) {
    const x = g.operand({ types: ['float32'], rank: [1, 3], isExact: true })
    await g.node(
      'Binarizer',
      [x],
      { threshold: g.maybe(() => float(g.random.pick([0, 0.5, -1]))) },
      { ...ml, isExact: true },
    )
  },

  async Imputer(g) {
    const x = g.operand({
      types: ['float32'],
      rank: [2, 2],
      isExact: true,
      style: 'ties',
      dims: [g.size(), g.random.between(1, 5)],
    })
    const count = g.random.chance(0.4) ? 1 : x.dims[1]
    const replaced_value_float = g.random.pick([float(0), float(1.5), float(NaN)])
    await g.node('Imputer', [x], { imputed_value_floats: floats(numbers(g, count)), replaced_value_float }, ml)
  },

  async LinearRegressor(g) {
    const x = features(g)
    const targets = g.random.between(1, 3)
    const attributes = {
      coefficients: floats(numbers(g, targets * x.dims[1])),
      intercepts: g.maybe(() => floats(numbers(g, targets))),
      targets: int(targets),
    }
    await g.node('LinearRegressor', [x], attributes, ml)
  },

  async LinearClassifier(g) {
    const x = features(g)
    const classes = g.random.between(2, 4)
    const attributes = {
      coefficients: floats(numbers(g, classes * x.dims[1])),
      intercepts: floats(numbers(g, classes)),
      ...labels(g, classes),
      post_transform: text(g.random.pick(['NONE', 'SOFTMAX', 'LOGISTIC'])),
      multi_class: int(0),
    }
    await g.node('LinearClassifier', [x], attributes, { ...ml, outputs: 2 })
  },

  async SVMRegressor(g) {
    const x = g.operand({ types: ['float32'], rank: [2, 2], dims: [g.size(), g.random.between(1, 4)] })
    const vectors = g.random.between(1, 4)
    const attributes = {
      coefficients: floats(numbers(g, vectors)),
      support_vectors: floats(numbers(g, vectors * x.dims[1])),
      n_supports: int(vectors),
      rho: floats(numbers(g, 1)),
      kernel_type: text(g.random.pick(['LINEAR', 'RBF', 'POLY', 'SIGMOID'])),
      kernel_params: floats([0.5, 0.25, 2]),
    }
    await g.node('SVMRegressor', [x], attributes, ml)
  },

  async LabelEncoder(g) {
    if (g.opset < 9) return
    const [from, to] = [g.random.pick(['int64', 'string', 'float']), g.random.pick(['int64', 'string', 'float'])]
    const list = {
      int64: (n) => ints(times(n, (i) => i * 2)),
      string: (n) => strings(['a', 'b', 'ab', 'x'].slice(0, n)),
      float: (n) => floats(times(n, (i) => i / 2)),
    }
    const plural = { int64: 'int64s', string: 'strings', float: 'floats' }
    const count = g.random.between(1, 4)
    const x = g.operand({ types: [from === 'float' ? 'float32' : from], rank: [1, 2], isExact: true, style: 'ties' })
    const attributes = { [`keys_${plural[from]}`]: list[from](count), [`values_${plural[to]}`]: list[to](count) }
    await g.node('LabelEncoder', [x], attributes, { ...ml, isExact: true })
  },

  async OneHotEncoder(g) {
    const x = g.operand({ types: ['int64', 'string'], rank: [1, 2], isExact: true, style: 'ties' })
    const categories =
      x.type === 'string' ? { cats_strings: strings(['a', 'b', 'ab']) } : { cats_int64s: ints([0, 1, 3]) }
    await g.node('OneHotEncoder', [x], { ...categories, zeros: int(1) }, { ...ml, isExact: true })
  },

  async ArrayFeatureExtractor(g) {
    const x = g.operand({ types: ['float32', 'float64', 'int32', 'int64', 'string'], rank: [1, 3], isExact: false })
    const size = x.dims.at(-1)
    if (size === 0) return
    const picked = times(g.random.between(1, 3), () => g.random.below(size))
    await g.node('ArrayFeatureExtractor', [x, g.list(picked)], {}, { ...ml, isExact: true })
  },

  async TreeEnsembleRegressor(g) {
    const x = g.operand({
      types: ['float32', 'float64'],
      rank: [2, 2],
      isExact: true,
      style: 'ties',
      dims: [g.size(), 3],
    })
    const trees = g.random.between(1, 3)
    const nodes = times(trees, (tree) => [0, 1, 2, 3, 4].map((node) => ({ tree, node }))).flat()
    const isLeaf = ({ node }) => node === 2 || node >= 3
    const leaves = nodes.filter(isLeaf)
    const attributes = {
      n_targets: int(1),
      nodes_treeids: ints(nodes.map(({ tree }) => tree)),
      nodes_nodeids: ints(nodes.map(({ node }) => node)),
      nodes_modes: strings(
        nodes.map((one) =>
          isLeaf(one) ? 'LEAF' : g.random.pick(['BRANCH_LEQ', 'BRANCH_LT', 'BRANCH_GT', 'BRANCH_EQ']),
        ),
      ),
      nodes_featureids: ints(nodes.map(() => g.random.below(3))),
      nodes_values: floats(nodes.map(() => g.random.between(-2, 2) / 2)),
      nodes_truenodeids: ints(nodes.map(({ node }) => [1, 3, 0, 0, 0][node])),
      nodes_falsenodeids: ints(nodes.map(({ node }) => [2, 4, 0, 0, 0][node])),
      target_treeids: ints(leaves.map(({ tree }) => tree)),
      target_nodeids: ints(leaves.map(({ node }) => node)),
      target_ids: ints(leaves.map(() => 0)),
      target_weights: floats(numbers(g, leaves.length)),
      aggregate_function: g.maybe(() => text(g.random.pick(['SUM', 'AVERAGE', 'MIN', 'MAX']))),
    }
    await g.node('TreeEnsembleRegressor', [x], attributes, ml)
  },
}

/** Rows of features. */
function features(g) {
  return g.operand({ types: featureTypes, rank: [2, 2], dims: [g.size(), g.random.between(1, 5)] })
}

function numbers(g, count) {
  return times(count, () => g.random.between(-8, 8) / 4)
}

function labels(g, count) {
  return g.random.chance(0.5)
    ? { classlabels_ints: ints(times(count, (i) => i * 3)) }
    : { classlabels_strings: strings(['cat', 'dog', 'owl', 'bee'].slice(0, count)) }
}
