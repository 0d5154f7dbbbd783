import type { NodeSource } from '../../src/onnx/build.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { type Case, float, inputOf, weight } from './shared-cases.ts'

// Models whose kernels threads share by rows, planes, columns or points that are independent.

const opsets = { '': 21 }
const ints = (...values: number[]) => tensorFrom('int64', [values.length], values.map(BigInt))

/** A node whose one output is an output of the model, as float32. */
type Sole = readonly [name: string, op: string, inputs: readonly string[], attributes?: NodeSource['attributes']]

const nodesOf = (soles: readonly Sole[]): NodeSource[] =>
  soles.map(([name, op, inputs, attributes = {}]) => ({ op, inputs: [...inputs], outputs: [name], attributes }))
const outputsOf = (soles: readonly Sole[]) => Object.fromEntries(soles.map(([name]) => [name, float()]))

const normalised: readonly Sole[] = [
  ['rows', 'Softmax', ['x']],
  ['columns', 'Softmax', ['x'], { axis: 1n }],
  ['short', 'Softmax', ['t']],
  ['logarithms', 'LogSoftmax', ['x'], { axis: 2n }],
  ['layers', 'LayerNormalization', ['r', 'scale', 'bias']],
  ['squares', 'SimplifiedLayerNormalization', ['r', 'scale']],
  ['groups', 'GroupNormalization', ['x', 'eight', 'eight'], { num_groups: 4n }],
  ['instances', 'InstanceNormalization', ['x', 'eight', 'eight']],
  ['neighbours', 'LRN', ['x'], { size: 3n }],
]

const reduced: readonly Sole[] = [
  ['rows', 'ReduceMean', ['x', 'last']],
  ['columns', 'ReduceSum', ['x', 'second']],
  ['largest', 'ReduceMax', ['x', 'first']],
  ['powers', 'ReduceLogSumExp', ['x', 'last']],
  ['pooled', 'GlobalAveragePool', ['c']],
  ['hard', 'Hardmax', ['x'], { axis: 1n }],
]

const resized: readonly Sole[] = [
  ['linear', 'Resize', ['x', '', 'up'], { mode: 'linear' }],
  ['cubic', 'Resize', ['x', '', 'up'], { mode: 'cubic' }],
  ['nearest', 'Resize', ['x', '', 'up'], { mode: 'nearest' }],
  ['smooth', 'Resize', ['x', '', 'down'], { mode: 'linear', antialias: 1n }],
]

const windows: readonly Sole[] = [
  ['transposed', 'ConvTranspose', ['x', 'kernel', 'five'], { strides: [2n, 2n], pads: [0n, 1n, 1n, 0n] }],
  ['norms', 'LpPool', ['x'], { kernel_shape: [2n, 3n], pads: [1n, 1n, 0n, 1n] }],
  ['volumes', 'MaxPool', ['v'], { kernel_shape: [1n, 2n, 3n] }],
  ['means', 'AveragePool', ['v'], { kernel_shape: [1n, 3n, 2n] }],
  ['convolved', 'Conv', ['v', 'cube'], { auto_pad: 'SAME_UPPER', strides: [2n, 1n, 1n] }],
  ['sampled', 'GridSample', ['x', 'g'], { mode: 'linear' }],
]

/** Complete trees over four features, of so many levels of tests. */
function forest(trees: number, levels: number): NodeSource['attributes'] {
  const inner = 2 ** levels - 1
  const nodes = Array.from({ length: trees * (2 * inner + 1) }, (_, i) => ({
    tree: BigInt(Math.floor(i / (2 * inner + 1))),
    at: i % (2 * inner + 1),
  }))
  const leaves = nodes.filter(({ at }) => at >= inner)
  const splits = inputOf([nodes.length]).data
  const child = (more: number) => nodes.map(({ at }) => (at < inner ? BigInt(2 * at + more) : 0n))
  return {
    n_targets: 2n,
    nodes_treeids: nodes.map(({ tree }) => tree),
    nodes_nodeids: nodes.map(({ at }) => BigInt(at)),
    nodes_featureids: nodes.map(({ at }) => BigInt(at % 4)),
    nodes_values: [...splits],
    nodes_modes: nodes.map(({ at }) => (at < inner ? 'BRANCH_LEQ' : 'LEAF')),
    nodes_truenodeids: child(1),
    nodes_falsenodeids: child(2),
    target_treeids: leaves.map(({ tree }) => tree),
    target_nodeids: leaves.map(({ at }) => BigInt(at)),
    target_ids: leaves.map(({ at }) => BigInt(at % 2)),
    target_weights: [...inputOf([leaves.length]).data],
  }
}

const images: Case['runs'] = [[[1, 8, 5, 9]], [[3, 8, 21, 40]], [[2, 8, 1, 130]], [[0, 8, 4, 4]]]

export const rowCases: Record<string, Case> = {
  'softmax and normalisations': {
    source: {
      opsets,
      inputs: { x: float('n', 8, 'h', 'w'), t: float('m', 5), r: float('l', 70) },
      outputs: outputsOf(normalised),
      initializers: { scale: weight([70]), bias: weight([70]), eight: weight([8]) },
      nodes: nodesOf(normalised),
    },
    runs: [
      [
        [1, 8, 5, 9],
        [1, 5],
        [1, 70],
      ],
      [
        [3, 8, 21, 40],
        [300, 5],
        [31, 70],
      ],
      [
        [2, 8, 1, 130],
        [64, 5],
        [2, 70],
      ],
      [
        [0, 8, 4, 4],
        [0, 5],
        [0, 70],
      ],
    ],
    shared: [
      'softmax',
      'logsoftmax',
      'layernormalization',
      'rmsnormalization',
      'groupnormalization',
      'instancenormalization',
      'lrn',
    ],
  },
  'reductions and the largest': {
    source: {
      opsets,
      inputs: { x: float('n', 8, 'h', 'w') },
      outputs: { ...outputsOf(reduced), whole: float(), place: float() },
      initializers: {
        first: ints(0),
        second: ints(1, 2),
        last: ints(3),
        kernel: weight([21, 8, 1, 1]),
        hundred: tensorFrom('float32', [], [100]),
      },
      nodes: [
        { op: 'Conv', inputs: ['x', 'kernel'], outputs: ['c'] },
        ...nodesOf(reduced),
        { op: 'Mul', inputs: ['x', 'hundred'], outputs: ['scaled'] },
        { op: 'Cast', inputs: ['scaled'], outputs: ['integers'], attributes: { to: 7n } },
        { op: 'ReduceSum', inputs: ['integers', 'second'], outputs: ['sums'] },
        { op: 'Cast', inputs: ['sums'], outputs: ['whole'], attributes: { to: 1n } },
        { op: 'ArgMax', inputs: ['x'], outputs: ['places'], attributes: { axis: 1n } },
        { op: 'Cast', inputs: ['places'], outputs: ['place'], attributes: { to: 1n } },
      ],
    },
    runs: images.slice(0, 3),
    shared: ['reducemean', 'reducesum', 'reducemax', 'reducelogsumexp', 'globalaveragepool2d', 'hardmax', 'argmax'],
  },
  'images that are resized': {
    source: {
      opsets,
      inputs: { x: float('n', 8, 'h', 'w') },
      outputs: outputsOf(resized),
      initializers: {
        up: tensorFrom('float32', [4], [1, 1, 2, 3]),
        down: tensorFrom('float32', [4], [1, 1, 0.5, 0.4]),
      },
      nodes: nodesOf(resized),
    },
    runs: [[[1, 8, 20, 10]], [[3, 8, 20, 10]], [[1, 8, 40, 60]]],
    shared: ['resizeaxis'],
  },
  'windows and points': {
    source: {
      opsets,
      // Pads over a depth that the run knows, and places: neither goes by images.
      inputs: { x: float('n', 8, 'h', 'w'), v: float('n', 8, 'd', 'h', 'w'), g: float('n', 'p', 'q', 2) },
      outputs: { ...outputsOf(windows), placed: float() },
      initializers: { kernel: weight([8, 5, 3, 2]), five: weight([5]), cube: weight([6, 8, 1, 3, 3]) },
      nodes: [
        ...nodesOf(windows),
        { op: 'MaxPool', inputs: ['v'], outputs: ['largest', 'places'], attributes: { kernel_shape: [1n, 2n, 2n] } },
        { op: 'Cast', inputs: ['places'], outputs: ['placed'], attributes: { to: 1n } },
      ],
    },
    runs: (
      [
        [1, 5, 9],
        [3, 21, 40],
        [0, 4, 4],
      ] as const
    ).map(([n, h, w]) => [
      [n, 8, h, w],
      [n, 8, 2, h, w],
      [n, w, h, 2],
    ]),
    shared: ['addwindows', 'lppool', 'maxpool2d', 'averagepool2d', 'maxpool', 'conv', 'gridsample'],
  },
  'columns that become images': {
    source: {
      opsets,
      inputs: { x: float('n', 30, 'l') },
      outputs: { y: float() },
      initializers: { image: ints(9, 14), block: ints(2, 3) },
      nodes: [{ op: 'Col2Im', inputs: ['x', 'image', 'block'], outputs: ['y'] }],
    },
    runs: [[[1, 30, 96]], [[7, 30, 96]]],
    shared: ['col2im'],
  },
  trees: {
    source: {
      opsets: { '': 17, 'ai.onnx.ml': 3 },
      inputs: { x: float('n', 4) },
      outputs: { sums: float(), least: float() },
      nodes: (
        [
          ['sums', 'SUM', 19],
          ['least', 'MIN', 3],
        ] as const
      ).map(([name, aggregate_function, trees]) => ({
        op: 'TreeEnsembleRegressor',
        domain: 'ai.onnx.ml',
        inputs: ['x'],
        outputs: [name],
        attributes: { ...forest(trees, 4), aggregate_function },
      })),
    },
    runs: [0, 1, 8, 9, 63, 65, 200].map((n) => [[n, 4]]),
    shared: ['treescores'],
  },
  'rows that are looked up': {
    source: {
      opsets,
      inputs: { x: float('n') },
      outputs: { y: float(), z: float() },
      initializers: { words: weight([50, 70]), scale: tensorFrom('float32', [], [49]), planes: weight([5, 50, 16]) },
      nodes: [
        { op: 'Mul', inputs: ['x', 'scale'], outputs: ['s'] },
        { op: 'Cast', inputs: ['s'], outputs: ['i'], attributes: { to: 7n } },
        { op: 'Gather', inputs: ['words', 'i'], outputs: ['y'] },
        { op: 'Gather', inputs: ['planes', 'i'], outputs: ['z'], attributes: { axis: 1n } },
      ],
    },
    runs: [0, 1, 2, 77].map((n) => [[n]]),
    shared: ['gather'],
  },
  'windows of bytes': {
    source: {
      opsets,
      inputs: { x: float('n', 8, 'h', 'w') },
      outputs: { y: float() },
      initializers: { s: tensorFrom('float32', [], [2 ** -7]), z: tensorFrom('int8', [], [0]) },
      nodes: [
        { op: 'QuantizeLinear', inputs: ['x', 's', 'z'], outputs: ['q'] },
        { op: 'MaxPool', inputs: ['q'], outputs: ['p'], attributes: { kernel_shape: [2n, 2n] } },
        { op: 'DequantizeLinear', inputs: ['p', 's', 'z'], outputs: ['y'] },
      ],
    },
    runs: [[[1, 8, 5, 9]], [[2, 8, 21, 40]]],
    shared: ['maxpool2d'],
  },
  'heads of attention, and the range of all elements': {
    source: {
      opsets,
      inputs: { x: float('n', 8, 'h', 'w') },
      outputs: { heads: float(), scale: float(), y: float() },
      nodes: [
        { op: 'Transpose', inputs: ['x'], outputs: ['heads'], attributes: { perm: [0n, 2n, 1n, 3n] } },
        { op: 'DynamicQuantizeLinear', inputs: ['x'], outputs: ['q', 'scale', 'zero'] },
        { op: 'Cast', inputs: ['q'], outputs: ['y'], attributes: { to: 1n } },
      ],
    },
    runs: images,
    shared: ['transpose', 'rangewithzero'],
  },
  'products with weights of four bits': {
    source: {
      opsets: { ...opsets, 'com.microsoft': 1 },
      inputs: { x: float('m', 70) },
      outputs: { y: float(), rounded: float() },
      initializers: {
        w: tensorFrom(
          'uint8',
          [150, 3, 16],
          Array.from({ length: 150 * 48 }, (_, i) => (i * 37) % 256),
        ),
        scales: weight([450]),
        bias: weight([150]),
      },
      nodes: [
        {
          op: 'MatMulNBits',
          domain: 'com.microsoft',
          inputs: ['x', 'w', 'scales', '', '', 'bias'],
          outputs: ['y'],
          attributes: { K: 70n, N: 150n, bits: 4n, block_size: 32n },
        },
        {
          op: 'MatMulNBits',
          domain: 'com.microsoft',
          inputs: ['x', 'w', 'scales', '', '', 'bias'],
          outputs: ['rounded'],
          attributes: { K: 70n, N: 150n, bits: 4n, block_size: 32n, accuracy_level: 4n },
        },
      ],
    },
    runs: [0, 1, 5, 16, 17, 40].map((m) => [[m, 70]]),
    shared: ['matmulbits'],
  },
}
