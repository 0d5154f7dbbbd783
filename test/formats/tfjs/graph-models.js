/** Graph models to compare with, written by hand as TensorFlow writes them: by name. @param random numbers from 0 to 1 */
export function graphModels(random) {
  const T = { float32: 'DT_FLOAT', int32: 'DT_INT32', bool: 'DT_BOOL' }
  const count = (dims) => dims.reduce((n, size) => n * size, 1)
  const S = (text) => ({ s: Buffer.from(text).toString('base64') })
  const I = (value) => ({ i: String(value) })
  const F = (value) => ({ f: value })
  const B = (value) => ({ b: value })
  const L = (...list) => ({ list: { i: list.map(String) } })
  const LS = (...list) => ({ list: { s: list.map((text) => S(text).s) } })
  const type = (name) => ({ type: T[name] })
  const shape = (dims) => ({ shape: { dim: dims.map((size) => ({ size: String(size) })) } })
  const fn = (name) => ({ func: { name } })

  /** A tensor that is given in the run; sizes of −1 are 2 there. */
  const given = (dims, { of = 'float32', values } = {}) => ({ kind: 'Placeholder', dims, of, values })
  /** A constant. */
  const fixed = (values, dims = [values.length], of = 'float32') => ({ kind: 'Const', dims, of, values })
  const ints = (...values) => fixed(values, [values.length], 'int32')
  const int = (value) => fixed([value], [], 'int32')
  const weights = (...dims) => fixed(Array.from({ length: count(dims) }, () => random() - 0.5), dims) // prettier-ignore
  const positive = (...dims) => fixed(Array.from({ length: count(dims) }, () => random() + 0.25), dims) // prettier-ignore

  /** Nodes in order: [name, operator, inputs (names, or tensors), attributes]; `outputs`: results, by default of the last. */
  function graph(nodes, outputs, library) {
    const node = []
    const inputs = []
    const specs = []
    const bytes = []
    const signature = { inputs: {}, outputs: {} }
    const add = (tensor) => {
      const { kind, dims, of, values } = tensor
      if (tensor.name) return tensor.name
      tensor.name = `${kind === 'Const' ? 'c' : 'x'}${node.length}`
      const attr = { dtype: type(of), ...(kind === 'Placeholder' && { shape: shape(dims) }) }
      node.push({ name: tensor.name, op: kind, attr })
      const sizes = dims.map((size) => (size < 0 ? 2 : size))
      const own = () => (of === 'bool' ? Number(random() < 0.5) : of === 'int32' ? Math.floor(random() * 20) - 10 : 4 * random() - 2) // prettier-ignore
      const data = values ?? Array.from({ length: count(sizes) }, own)
      if (kind === 'Placeholder') {
        inputs.push({ dims: sizes, type: of, data })
        signature.inputs[tensor.name] = { name: `${tensor.name}:0`, dtype: T[of], tensorShape: shape(dims).shape }
      } else {
        specs.push({ name: tensor.name, shape: dims, dtype: of })
        const array = of === 'float32' ? Float32Array.from(data) : of === 'int32' ? Int32Array.from(data) : Uint8Array.from(data) // prettier-ignore
        bytes.push(Buffer.from(array.buffer))
      }
      return tensor.name
    }
    for (const [name, op, operands, attr = {}] of nodes) {
      const input = operands.map((operand) => (typeof operand === 'string' ? operand : add(operand)))
      node.push({ name, op, input, attr: { T: type('float32'), ...attr } })
    }
    for (const name of outputs ?? [nodes.at(-1)[0]])
      signature.outputs[name] = { name, dtype: 'DT_FLOAT', tensorShape: {} }
    const modelTopology = { node, library: library ?? {}, versions: { producer: 987 } }
    const weightsManifest = [{ paths: ['w.bin'], weights: specs }]
    return { model: { format: 'graph-model', modelTopology, weightsManifest, signature }, weights: Buffer.concat(bytes).toString('base64'), inputs } // prettier-ignore
  }
  /** Several operators on the same tensors, each an output. */
  const each = (tensors, list) => graph(list.map(([op, attr], i) => [`${op}_${i}`, op, tensors, attr]), list.map(([op], i) => `${op}_${i}`)) // prettier-ignore
  const all = (tensors, ...ops) =>
    each(
      tensors,
      ops.map((op) => [op]),
    )
  const one = (op, tensors, attr) => graph([['y', op, tensors, attr]])

  const conv = (more = {}) => ({
    strides: L(1, 1, 1, 1),
    dilations: L(1, 1, 1, 1),
    padding: S('SAME'),
    data_format: S('NHWC'),
    ...more,
  })
  const image = () => given([1, 7, 6, 3])
  const function_ = (name, args, body, ret) => ({
    signature: { name, inputArg: args.map((arg) => ({ name: arg, type: 'DT_FLOAT' })), outputArg: ret.map((_, i) => ({ name: `out${i}`, type: 'DT_FLOAT' })) }, // prettier-ignore
    nodeDef: body.map(([node, op, input, attr = {}]) => ({
      name: node,
      op,
      input,
      attr: { T: type('float32'), ...attr },
    })),
    ret: Object.fromEntries(ret.map((result, i) => [`out${i}`, result])),
  })

  return {
    'on floats': all([given([-1, 5])], 'Abs', 'Neg', 'Sign', 'Exp', 'Floor', 'Ceil', 'Round', 'Sin', 'Cos', 'Tan', 'Sinh', 'Cosh', 'Tanh', 'Atan', 'Asinh', 'Erf', 'Reciprocal', 'IsNan', 'IsInf', 'IsFinite', 'Square', 'Expm1', 'Relu', 'Relu6', 'Elu', 'Selu', 'Sigmoid', 'Softplus', 'Softmax', 'LogSoftmax', 'Identity', 'ZerosLike', 'OnesLike'), // prettier-ignore
    'on positive floats': all([given([6], { values: [0.125, 0.25, 0.5, 0.75, 0.875, 0.9375] })], 'Log', 'Sqrt', 'Rsqrt', 'Log1p', 'Asin', 'Acos', 'Atanh'), // prettier-ignore
    'of floats that are broadcast': all([given([2, 3]), given([3])], 'Add', 'AddV2', 'Sub', 'Mul', 'RealDiv', 'Maximum', 'Minimum', 'SquaredDifference', 'Mod', 'FloorMod', 'Atan2', 'Less', 'LessEqual', 'Greater', 'GreaterEqual', 'Equal', 'NotEqual'), // prettier-ignore
    'of integers': all([given([2, 4], { of: 'int32' }), given([4], { of: 'int32', values: [3, -2, 5, -7] })], 'Add', 'Sub', 'Mul', 'RealDiv', 'FloorDiv', 'FloorMod', 'Maximum', 'Minimum', 'Less', 'Equal'), // prettier-ignore
    'of truths': all([given([6], { of: 'bool' }), given([6], { of: 'bool' })], 'LogicalAnd', 'LogicalOr'),
    not: one('LogicalNot', [given([6], { of: 'bool' })]),
    DivNoNan: one('DivNoNan', [given([4]), given([4], { values: [0, 2, 0, -1] })]),
    Pow: one('Pow', [given([4], { values: [0.5, 1, 2, 3] }), given([4])]),
    AddN: one('AddN', [given([3]), given([3]), given([3])]),
    BiasAdd: one('BiasAdd', [image(), weights(3)]),
    ClipByValue: one('ClipByValue', [given([6]), fixed([-1], []), fixed([0.5], [])]),
    LeakyRelu: one('LeakyRelu', [given([6])], { alpha: F(0.3) }),
    Prelu: one('Prelu', [image(), weights(3)]),
    'Cast': each([given([6])], [['Cast', { SrcT: type('float32'), DstT: type('int32') }], ['Cast', { SrcT: type('float32'), DstT: type('bool') }]]), // prettier-ignore
    Select: one('Select', [given([3, 2], { of: 'bool' }), given([3, 2]), given([3, 2])]),
    SelectV2: one('SelectV2', [given([3, 1], { of: 'bool' }), given([3, 2]), given([2])]),

    Conv2D: one('Conv2D', [image(), weights(3, 2, 3, 4)], conv({ strides: L(1, 2, 2, 1) })),
    'Conv2D, dilated, of any size': one('Conv2D', [given([-1, 9, 9, 3]), weights(3, 3, 3, 4)], conv({ dilations: L(1, 2, 2, 1) })), // prettier-ignore
    'Conv2D, explicit pads': one('Conv2D', [image(), weights(3, 3, 3, 2)], conv({ padding: S('EXPLICIT'), explicit_paddings: L(0, 0, 1, 2, 0, 1, 0, 0) })), // prettier-ignore
    '_FusedConv2D': one('_FusedConv2D', [image(), weights(3, 3, 3, 4), weights(4)], conv({ num_args: I(1), fused_ops: LS('BiasAdd', 'Relu6') })), // prettier-ignore
    '_FusedConv2D, Prelu': one('_FusedConv2D', [image(), weights(3, 3, 3, 4), weights(4), weights(4)], conv({ num_args: I(2), fused_ops: LS('BiasAdd', 'Prelu') })), // prettier-ignore
    'DepthwiseConv2dNative': one('DepthwiseConv2dNative', [image(), weights(3, 3, 3, 2)], conv({ padding: S('VALID') })), // prettier-ignore
    'FusedDepthwiseConv2dNative': one('FusedDepthwiseConv2dNative', [image(), weights(3, 3, 3, 1), weights(3)], conv({ strides: L(1, 2, 2, 1), num_args: I(1), fused_ops: LS('BiasAdd', 'Relu') })), // prettier-ignore
    'Conv2DBackpropInput': one('Conv2DBackpropInput', [ints(1, 8, 10, 2), weights(3, 3, 2, 3), given([1, 4, 5, 3])], conv({ strides: L(1, 2, 2, 1) })), // prettier-ignore
    'pools': each([given([1, 7, 8, 2])], [
      ['MaxPool', { ksize: L(1, 3, 2, 1), strides: L(1, 2, 2, 1), padding: S('SAME') }],
      ['AvgPool', { ksize: L(1, 3, 3, 1), strides: L(1, 1, 1, 1), padding: S('SAME') }],
      ['AvgPool', { ksize: L(1, 2, 2, 1), strides: L(1, 2, 2, 1), padding: S('VALID') }],
    ]), // prettier-ignore
    'FusedBatchNormV3': one('FusedBatchNormV3', [image(), positive(3), weights(3), weights(3), positive(3)], { epsilon: F(0.01), is_training: B(false) }), // prettier-ignore
    LRN: one('LRN', [given([1, 3, 3, 8])], { depth_radius: I(2), bias: F(1), alpha: F(0.5), beta: F(0.75) }),
    'convolutions without Transposes between': graph([
      ['a', '_FusedConv2D', [image(), weights(3, 3, 3, 4), weights(4)], conv({ num_args: I(1), fused_ops: LS('BiasAdd', 'Relu') })], // prettier-ignore
      ['b', 'Mul', ['a', weights(4)]],
      ['c', 'AddV2', ['b', fixed([0.5], [])]],
      ['d', 'ConcatV2', ['c', 'a', int(3)], { N: I(2) }],
      ['e', 'Pad', ['d', fixed([0, 0, 1, 1, 0, 1, 0, 0], [4, 2], 'int32')]],
      ['f', 'Conv2D', ['e', weights(2, 2, 8, 3)], conv()],
      ['g', 'Mean', ['f', ints(1, 2)], { keep_dims: B(true) }],
      ['h', 'Squeeze', ['g'], { squeeze_dims: L(1, 2) }],
      ['i', 'MatMul', ['h', weights(3, 5)], {}],
    ]), // prettier-ignore

    'MatMul': each([given([3, 4]), given([4, 3])], [['MatMul'], ['MatMul', { transpose_a: B(true), transpose_b: B(true) }]]), // prettier-ignore
    '_FusedMatMul': one('_FusedMatMul', [given([-1, 4]), weights(4, 3), weights(3)], { num_args: I(1), fused_ops: LS('BiasAdd', 'Elu') }), // prettier-ignore
    BatchMatMulV2: one('BatchMatMulV2', [given([2, 3, 4]), given([1, 5, 4])], { adj_y: B(true) }),
    Einsum: one('Einsum', [given([2, 3, 4]), weights(4, 2, 5)], { equation: S('abc,cde->abde') }),
    Transpose: one('Transpose', [given([2, 3, 4]), ints(2, 0, 1)]),

    reductions: graph(
      ['Sum', 'Mean', 'Max', 'Min', 'Prod'].flatMap((op, i) => {
        const x = i === 0 ? given([2, 3, 4]) : 'x0'
        return [
          [op, op, [x, ints(1)]],
          [`${op}_all`, op, ['x0', ints(-1, 0)], { keep_dims: B(true) }],
        ]
      }),
      ['Sum', 'Mean', 'Max', 'Min', 'Prod'].flatMap((op) => [op, `${op}_all`]),
    ),
    'Any, All': graph([['a', 'Any', [given([3, 4], { of: 'bool' }), ints(1)]], ['b', 'All', ['x0', ints(0)], { keep_dims: B(true) }]], ['a', 'b']), // prettier-ignore
    'ArgMax, ArgMin': graph(
      [
        ['a', 'ArgMax', [given([3, 5]), int(1)]],
        ['b', 'ArgMin', ['x0', int(0)]],
      ],
      ['a', 'b'],
    ),
    TopKV2: graph([['y', 'TopKV2', [given([3, 7]), int(3)], { sorted: B(true) }]], ['y:0', 'y:1']),
    Cumsum: one('Cumsum', [given([3, 4]), int(1)], { exclusive: B(true), reverse: B(true) }),

    Reshape: one('Reshape', [given([-1, 3, 4]), ints(-1, 6)]),
    'Reshape to sizes of the run': graph([
      ['s', 'Shape', [given([-1, 2, 3, 4])]],
      ['n', 'StridedSlice', ['s', ints(0), ints(1), ints(1)], { shrink_axis_mask: I(1) }],
      ['p', 'Mul', [int(2), int(3)], { T: type('int32') }],
      ['q', 'Pack', ['n', 'p', int(4)], { N: I(3), axis: I(0), T: type('int32') }],
      ['y', 'Reshape', ['x0', 'q']],
    ]), // prettier-ignore
    'Squeeze, ExpandDims': graph([['a', 'Squeeze', [given([1, 3, 1, 2])], { squeeze_dims: L(2) }], ['b', 'ExpandDims', ['a', int(-1)]]]), // prettier-ignore
    'Pack, Unpack': graph([['a', 'Pack', [given([2, 3]), given([2, 3])], { axis: I(1), N: I(2) }], ['b', 'Unpack', ['a'], { num: I(2), axis: I(0) }]], ['a', 'b:0', 'b:1']), // prettier-ignore
    'Split, SplitV': graph([['a', 'Split', [int(1), given([2, 6])], { num_split: I(3) }], ['b', 'SplitV', ['x1', ints(1, -1, 2), int(1)], { num_split: I(3) }]], ['a:0', 'a:2', 'b:0', 'b:1', 'b:2']), // prettier-ignore
    'Tile, BroadcastTo, Fill': graph([['a', 'Tile', [given([2, 3]), ints(2, 1)]], ['b', 'BroadcastTo', ['x0', ints(4, 2, 3)]], ['c', 'Fill', [ints(2, 2), fixed([1.5], [])]], ['d', 'Range', [int(1), int(9), int(3)], { Tidx: type('int32') }]], ['a', 'b', 'c', 'd']), // prettier-ignore
    'Pad, PadV2, MirrorPad': graph([
      ['a', 'Pad', [given([3, 4]), fixed([1, 0, 2, 1], [2, 2], 'int32')]],
      ['b', 'PadV2', ['x0', fixed([1, 0, 2, 1], [2, 2], 'int32'), fixed([7], [])]],
      ['c', 'MirrorPad', ['x0', fixed([1, 2, 2, 1], [2, 2], 'int32')], { mode: S('REFLECT') }],
      ['d', 'MirrorPad', ['x0', fixed([1, 3, 2, 0], [2, 2], 'int32')], { mode: S('SYMMETRIC') }],
    ], ['a', 'b', 'c', 'd']), // prettier-ignore
    ReverseV2: one('ReverseV2', [given([3, 4]), ints(-1)]),
    'Shape, Rank, Size': graph([['a', 'Shape', [given([-1, 3])]], ['b', 'Rank', ['x0']], ['c', 'Size', ['x0']]], ['a', 'b', 'c']), // prettier-ignore

    Slice: one('Slice', [given([4, 5]), ints(1, 2), ints(2, -1)]),
    'StridedSlice': graph([
      ['a', 'StridedSlice', [given([4, 5, 6]), ints(1, 0, 4), ints(3, 5, 0), ints(1, 2, -1)]],
      ['b', 'StridedSlice', ['x0', ints(0, -1), ints(0, 0), ints(1, 1)], { ellipsis_mask: I(1), shrink_axis_mask: I(2) }],
      ['c', 'StridedSlice', ['x0', ints(0, 1, 0), ints(0, 3, 0), ints(1, 1, 1)], { begin_mask: I(4), end_mask: I(4), new_axis_mask: I(1) }], // prettier-ignore
    ], ['a', 'b', 'c']), // prettier-ignore
    'StridedSlice from the run': one('StridedSlice', [given([6]), given([1], { of: 'int32', values: [2] }), given([1], { of: 'int32', values: [5] }), ints(1)]), // prettier-ignore
    'GatherV2': graph([['a', 'GatherV2', [given([4, 5]), ints(3, 0, 1), int(1)]], ['b', 'GatherV2', ['x0', given([2, 2], { of: 'int32', values: [0, 3, 1, 2] }), int(0)]]], ['a', 'b']), // prettier-ignore
    'GatherV2, batch_dims': one('GatherV2', [given([2, 4, 3]), given([2, 2], { of: 'int32', values: [0, 3, 1, 2] }), int(1)], { batch_dims: I(1) }), // prettier-ignore
    GatherNd: one('GatherNd', [given([4, 5, 2]), given([3, 2], { of: 'int32', values: [0, 1, 3, 4, 2, 2] })]),
    ScatterNd: one('ScatterNd', [given([3, 1], { of: 'int32', values: [1, 4, 1] }), given([3, 2]), ints(5, 2)]),
    'OneHot': one('OneHot', [given([4], { of: 'int32', values: [0, 2, 5, -1] }), int(4), fixed([2], []), fixed([-1], [])], { axis: I(-1) }), // prettier-ignore
    Where: one('Where', [given([3, 4], { of: 'bool' })]),

    resizing: graph(
      ['ResizeBilinear', 'ResizeNearestNeighbor'].flatMap((op, i) => [
        [`${op}_0`, op, [i === 0 ? given([1, 4, 5, 2]) : 'x0', ints(7, 9)]],
        [`${op}_1`, op, ['x0', ints(7, 3)], { align_corners: B(true) }],
        [`${op}_2`, op, ['x0', ints(8, 4)], { half_pixel_centers: B(true) }],
      ]),
      ['ResizeBilinear', 'ResizeNearestNeighbor'].flatMap((op) => [0, 1, 2].map((i) => `${op}_${i}`)),
    ),
    CropAndResize: graph(
      ['bilinear', 'nearest'].map((method, i) => [
        method,
        'CropAndResize',
        [i === 0 ? given([2, 6, 7, 2]) : 'x0', fixed([0, 0, 1, 1, 0.2, 0.3, 0.85, 0.75, -0.25, 0.5, 0.5, 1.25], [3, 4]), ints(0, 1, 1), ints(3, 4)], // prettier-ignore
        { method: S(method), extrapolation_value: F(-1) },
      ]),
      ['bilinear', 'nearest'],
    ),
    'NonMaxSuppressionV3': one('NonMaxSuppressionV3', [fixed([0, 0, 1, 1, 0, 0.1, 1, 1.1, 0, 2, 1, 3, 0, 2.1, 1, 3.1], [4, 4]), given([4], { values: [0.5, 0.75, 0.25, 0.9] }), int(3), fixed([0.5], []), fixed([0.3], [])]), // prettier-ignore
    'NonMaxSuppressionV4': graph([['y', 'NonMaxSuppressionV4', [fixed([0, 0, 1, 1, 0, 0.1, 1, 1.1, 0, 2, 1, 3, 0, 2.1, 1, 3.1], [4, 4]), given([4], { values: [0.5, 0.75, 0.25, 0.9] }), int(3), fixed([0.5], []), fixed([0.3], [])], { pad_to_max_output_size: B(true) }]], ['y:0', 'y:1']), // prettier-ignore
    'NonMaxSuppressionV5': graph([['y', 'NonMaxSuppressionV5', [fixed([0, 0, 1, 1, 0, 0.1, 1, 1.1, 0, 2, 1, 3, 0, 2.1, 1, 3.1], [4, 4]), given([4], { values: [0.5, 0.75, 0.25, 0.9] }), int(3), fixed([0.5], []), fixed([0.3], []), fixed([0], [])], { pad_to_max_output_size: B(false) }]], ['y:0', 'y:1']), // prettier-ignore
    'SpaceToBatchND, BatchToSpaceND': graph([
      ['a', 'SpaceToBatchND', [given([1, 5, 6, 2]), ints(2, 2), fixed([1, 0, 0, 2], [2, 2], 'int32')]],
      ['b', 'Conv2D', ['a', weights(2, 2, 2, 3)], conv({ padding: S('VALID') })],
      ['c', 'BatchToSpaceND', ['b', ints(2, 2), fixed([0, 1, 0, 1], [2, 2], 'int32')]],
    ], ['a', 'c']), // prettier-ignore
    DepthToSpace: one('DepthToSpace', [given([1, 2, 3, 8])], { block_size: I(2), data_format: S('NHWC') }),

    StatelessIf: graph(
      [['y', 'StatelessIf', [given([], { of: 'bool', values: [1] }), given([3])], { then_branch: fn('yes'), else_branch: fn('no') }]], // prettier-ignore
      ['y'],
      { function: [function_('yes', ['a'], [['n', 'Neg', ['a']]], ['n:y:0']), function_('no', ['a'], [['n', 'Abs', ['a']]], ['n:y:0'])] }, // prettier-ignore
    ),
    StatelessWhile: graph(
      [
        [
          'y',
          'StatelessWhile',
          [given([], { values: [3] }), fixed([100], [])],
          { cond: fn('less'), body: fn('twice') },
        ],
      ],
      ['y:0'],
      {
        function: [
          function_('less', ['a', 'b'], [['l', 'Less', ['a', 'b']]], ['l:z:0']),
          function_('twice', ['a', 'b'], [['n', 'AddV2', ['a', 'a']], ['k', 'Identity', ['b']]], ['n:z:0', 'k:output:0']), // prettier-ignore
        ],
      },
    ),
  }
}
