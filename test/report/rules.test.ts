import { describe, expect, test } from 'vitest'
import { modelBytes, tensorType } from '../../src/onnx/build.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { devices, filled, modelOf, reasons, type Source } from './build.ts'
import { createReport } from '../../src/report/report.ts'

const notSameShape = "The dynamic dimension analysis couldn't identify input `A` and `B` have the same shape."
const needsZ17 = 'onnx-mlir NNPA level "--march=arch15" is not compatible with  NNPA level specified by "--march=z16".'

/** What a model's nodes end up on, on both levels or on each. */
type Expected = string | { readonly z16: string; readonly z17: string }

function expectDevices(source: Source, expected: Expected): void {
  const { z16, z17 } = typeof expected === 'string' ? { z16: expected, z17: expected } : expected
  expect({ z16: devices(source, 'z16'), z17: devices(source, 'z17') }).toEqual({ z16, z17 })
}

describe('elementwise operators', () => {
  test.each<[string, Source, Expected]>([
    ['same symbol', { inputs: { a: ['n', 8], b: ['n', 8] }, nodes: [['Add', 'a b']] }, 'nnpa'],
    ['other symbol', { inputs: { a: ['n', 8], b: ['m', 8] }, nodes: [['Add', 'a b']] }, 'cpu'],
    ['constant to expand', { inputs: { a: [4, 8] }, constants: { b: filled([8]) }, nodes: [['Sub', 'a b']] }, 'nnpa'],
    [
      'constant, size unknown',
      { inputs: { a: ['n', 8] }, constants: { b: filled([8]) }, nodes: [['Mul', 'a b']] },
      'cpu',
    ],
    [
      'constant that is larger',
      { inputs: { a: [8] }, constants: { b: filled([4, 8]) }, nodes: [['Add', 'a b']] },
      'cpu',
    ],
    ['three terms', { inputs: { a: [8], b: [8], c: [8] }, nodes: [['Sum', 'a b c']] }, 'nnpa'],
    ['z17 only', { inputs: { a: [8] }, nodes: [['Gelu', 'a']], opset: 20 }, { z16: 'cpu', z17: 'nnpa' }],
    ['square', { inputs: { a: [8] }, constants: { e: filled([], 2) }, nodes: [['Pow', 'a e']] }, 'nnpa'],
    ['sixth power', { inputs: { a: [8] }, constants: { e: filled([], 6) }, nodes: [['Pow', 'a e']] }, 'nnpa'],
    [
      'first power',
      {
        inputs: { a: [8] },
        constants: { e: filled([], 1) },
        nodes: [
          ['Pow', 'a e'],
          ['Exp', 'pow0'],
        ],
      },
      'folded nnpa',
    ],
    ['power beyond 64', { inputs: { a: [8] }, constants: { e: filled([], 65) }, nodes: [['Pow', 'a e']] }, 'cpu'],
  ])('%s', (_, source, expected) => expectDevices(source, expected))

  test('reasons are the compiler’s', () => {
    expect(reasons({ inputs: { a: [4, 8], b: [8] }, nodes: [['Add', 'a b']] }, 'z17')).toEqual([notSameShape])
    expect(reasons({ inputs: { a: [8] }, nodes: [['Sqrt', 'a']] }, 'z16')).toEqual([needsZ17])
    expect(reasons({ inputs: { a: tensorType('int32', [8]) }, nodes: [['Relu', 'a']], opset: 14 }, 'z16')).toEqual([
      'Element type is not F16 or F32.',
    ])
    expect(reasons({ inputs: { a: tensorType('float32') }, nodes: [['Exp', 'a']] }, 'z16')).toEqual([
      'Value does not have rank.',
    ])
  })

  test.each([
    [[1, 1, 1, 32768], 'nnpa', 'nnpa'],
    [[1, 1, 1, 32769], 'cpu', 'nnpa'],
    [[1, 1, 1, 2097152], 'cpu', 'nnpa'],
    [[1, 1, 1, 2097153], 'cpu', 'cpu'],
    [[1, 1, 1048576, 1], 'cpu', 'nnpa'],
    [[1, 1, 1048577, 1], 'cpu', 'cpu'],
    [[1, 32769, 1, 1], 'cpu', 'cpu'],
    [[32769, 1, 1, 1], 'cpu', 'cpu'],
    [[1, 1, 1, 1, 1], 'cpu', 'cpu'],
  ])('limits of dimensions: %j', (shape, z16, z17) => {
    expectDevices({ inputs: { a: shape }, nodes: [['Tanh', 'a']] }, { z16, z17 })
  })

  test('a light operation between operations on the CPU stays there, in a chain it does not', () => {
    expectDevices(
      {
        inputs: { a: [8] },
        nodes: [
          ['Abs', 'a'],
          ['Relu', 'abs0'],
          ['Neg', 'relu1'],
        ],
      },
      'cpu cpu cpu',
    )
    expectDevices(
      {
        inputs: { a: [8] },
        nodes: [
          ['Abs', 'a'],
          ['Relu', 'abs0'],
          ['Exp', 'relu1'],
        ],
      },
      'cpu nnpa nnpa',
    )
    // Sigmoid is not light, and inputs of the model are as good as on the way.
    expectDevices(
      {
        inputs: { a: [8] },
        nodes: [
          ['Abs', 'a'],
          ['Sigmoid', 'abs0'],
          ['Neg', 'sigmoid1'],
        ],
      },
      'cpu nnpa cpu',
    )
    expectDevices(
      {
        inputs: { a: [8] },
        nodes: [
          ['Relu', 'a'],
          ['Neg', 'relu0'],
        ],
      },
      'nnpa cpu',
    )
  })
})

test('what stands between two operators of the accelerator is done there with others', () => {
  const constants = { w: filled([8, 8, 1, 1]) }
  const between = (op: string, attributes = {}): Source => ({
    inputs: { x: [1, 8, 4, 4] },
    constants,
    nodes: [
      ['Conv', 'x w'],
      [op, 'conv0', attributes],
      ['Conv', `${op.toLowerCase()}1 w`],
    ],
  })
  expectDevices(between('LeakyRelu'), 'nnpa nnpa nnpa')
  // The compiler prints its objection before it finds the way.
  expect(reasons(between('LeakyRelu'), 'z16')).toEqual([needsZ17])
  expectDevices(between('LeakyRelu', { alpha: -1 }), { z16: 'nnpa cpu nnpa', z17: 'nnpa nnpa nnpa' })
  expectDevices(between('Softplus'), 'nnpa nnpa nnpa')
  expectDevices(between('Erf'), 'nnpa cpu nnpa')
  const root: Source['nodes'] = [
    ['Exp', 'x'],
    ['Sqrt', 'exp0'],
    ['Reciprocal', 'sqrt1'],
    ['Tanh', 'reciprocal2'],
  ]
  expectDevices({ inputs: { x: [4, 8] }, nodes: root }, 'nnpa nnpa nnpa nnpa')
  expectDevices({ inputs: { x: ['n', 8] }, nodes: root }, { z16: 'nnpa cpu cpu nnpa', z17: 'nnpa nnpa nnpa nnpa' })
})

describe('products', () => {
  const product = (a: readonly (number | string)[], b: readonly (number | string)[]): Source => ({
    inputs: { a, b },
    nodes: [['MatMul', 'a b']],
  })

  test.each<[string, Source, Expected]>([
    ['matrices', product([4, 8], [8, 5]), 'nnpa'],
    ['stacks', product(['n', 4, 8], ['n', 8, 5]), 'nnpa'],
    ['stack and matrix', product([3, 4, 8], [8, 5]), 'nnpa'],
    ['matrix and stack', product([4, 8], [3, 8, 5]), { z16: 'cpu', z17: 'nnpa' }],
    ['more dimensions', product([2, 3, 4, 8], [2, 3, 8, 5]), 'nnpa'],
    ['five dimensions', product([2, 2, 3, 4, 8], [2, 2, 3, 8, 5]), 'nnpa'],
    ['stacks that differ', product([2, 3, 4, 8], [1, 3, 8, 5]), 'cpu'],
    ['vector', product([8], [8, 5]), 'cpu'],
    ['columns beyond the limit are split', product([4, 8], [8, 40000]), 'nnpa'],
    ['depth beyond the limit', product([4, 40000], [40000, 4]), { z16: 'cpu', z17: 'nnpa' }],
  ])('%s', (_, source, expected) => expectDevices(source, expected))

  test('what is added to every row goes along', () => {
    const constants = { w: filled([8, 5]), b: filled([5]) }
    const nodes: Source['nodes'] = [
      ['MatMul', 'x w'],
      ['Add', 'matmul0 b'],
    ]
    expectDevices({ inputs: { x: ['n', 4, 8] }, constants, nodes }, 'nnpa nnpa')
    // Of matrices the compiler makes a Gemm, whose C has to fit.
    expectDevices({ inputs: { x: [4, 8] }, constants, nodes }, 'nnpa nnpa')
    expect(reasons({ inputs: { x: [4, 8] }, constants: { ...constants, b: filled([1]) }, nodes }, 'z16')).toEqual(
      Array(2).fill('When the rank of C is 1, The 2nd dim of B` must be the same as the first dim of `C`.'),
    )
  })

  test('a Gemm that adds a matrix adds it by itself', () => {
    const gemm = (c: readonly number[]): Source => ({ inputs: { a: [4, 8], b: [8, 5], c }, nodes: [['Gemm', 'a b c']] })
    expectDevices(gemm([4, 5]), 'nnpa')
    expect(reasons(gemm([4, 5]), 'z16')).toEqual([])
    expectDevices(gemm([1, 5]), 'nnpa')
    expect(reasons(gemm([1, 5]), 'z16')).toEqual([notSameShape])
  })

  test('z17 takes operands transposed', () => {
    const nodes: Source['nodes'] = [
      ['Transpose', 'b', { perm: [1n, 0n] }],
      ['MatMul', 'a transpose0'],
    ]
    expectDevices({ inputs: { a: [4, 8], b: [5, 8] }, nodes }, { z16: 'cpu nnpa', z17: 'nnpa nnpa' })
  })

  test('a Reshape to rows and back vanishes', () => {
    const constants = {
      flat: tensorFrom('int64', [2], [12, 8]),
      back: tensorFrom('int64', [3], [3, 4, 5]),
      w: filled([8, 5]),
    }
    const nodes: Source['nodes'] = [
      ['Reshape', 'x flat'],
      ['MatMul', 'reshape0 w'],
      ['Reshape', 'matmul1 back'],
    ]
    expectDevices({ inputs: { x: [3, 4, 8] }, constants, nodes }, 'nnpa nnpa folded')
  })

  test('the scale of attention goes into the weights of the query', () => {
    const nodes: Source['nodes'] = [
      ['MatMul', 'x w'],
      ['Add', 'matmul0 b'],
      ['Transpose', 'k', { perm: [0n, 2n, 1n] }],
      ['MatMul', 'add1 transpose2'],
      ['Div', 'matmul3 eight'],
      ['Softmax', 'div4'],
    ]
    const constants = { w: filled([16, 64]), b: filled([64]), eight: filled([], 8) }
    const inputs = { x: ['n', 4, 16], k: ['n', 4, 64] }
    expectDevices(
      { inputs, constants, nodes },
      { z16: 'nnpa nnpa cpu nnpa folded nnpa', z17: 'nnpa nnpa nnpa nnpa folded nnpa' },
    )
  })

  test('integer products need scalar zero points, which absent ones are not', () => {
    const bytes = { a: tensorType('uint8', [4, 8]), b: tensorType('uint8', [8, 5]) }
    const zero = filled([], 0, 'uint8')
    expectDevices(
      { inputs: bytes, constants: { z: zero }, nodes: [['MatMulInteger', 'a b z z']] },
      { z16: 'cpu', z17: 'nnpa' },
    )
    expect(reasons({ inputs: bytes, nodes: [['MatMulInteger', 'a b']] }, 'z17')).toEqual([
      'onnx-mlir NNPA level "A\'s zeropoint is not scalar" is not compatible with  NNPA level specified by "--march=arch15".',
    ])
  })
})

describe('images', () => {
  const conv = (
    attributes: NonNullable<Source['nodes'][0][2]>,
    kernel = 3,
    x: (number | string)[] = [1, 3, 64, 64],
  ): Source => ({
    inputs: { x },
    constants: { w: filled([4, 3, kernel, kernel]) },
    nodes: [['Conv', 'x w', attributes]],
  })

  test.each<[string, Source, Expected]>([
    ['same padding', conv({ auto_pad: 'SAME_UPPER' }), 'nnpa'],
    ['pads made before', conv({ auto_pad: 'SAME_LOWER' }, 2), 'nnpa'],
    ['uneven pads', conv({ pads: [2n, 0n, 1n, 3n] }), 'nnpa'],
    ['batch unknown', conv({ pads: [2n, 0n, 1n, 3n] }, 3, ['n', 3, 64, 64]), 'nnpa'],
    ['size unknown', conv({}, 3, [1, 3, 'h', 'w']), 'cpu'],
    ['stride 13', conv({ strides: [13n, 13n] }), 'nnpa'],
    ['stride 14', conv({ strides: [14n, 14n] }), 'cpu'],
    ['kernel 64', conv({}, 64), 'nnpa'],
  ])('Conv: %s', (_, source, expected) => expectDevices(source, expected))

  test('normalisation after a Conv goes into it', () => {
    const constants = { w: filled([4, 3, 3, 3]), c: filled([4]) }
    const nodes: Source['nodes'] = [
      ['Conv', 'x w', { group: 1n }],
      ['BatchNormalization', 'conv0 c c c c'],
      ['Relu', 'batchnormalization1'],
    ]
    const { nodes: reported } = createReport(modelOf({ inputs: { x: [1, 3, 8, 8] }, constants, nodes }), 'z16')
    expect(reported.map(({ device }) => device)).toEqual(['nnpa', 'nnpa', 'nnpa'])
    expect(reported[2]!.with.toSorted()).toEqual(['BatchNormalization_1', 'Conv_0'])
  })

  test.each([
    [[1, 3, 8, 8], 'nnpa', []],
    [[1, 3, 'h', 'w'], 'cpu', ['Height or Width dimension must be static dimension.']],
    [[1, 1, 1025, 2], 'cpu', ['Height (1025) or Width (2) dimension must be less than or equal to 1024.']],
    [[1, 3, 8, 8, 8], 'cpu', ['Exceed maximum dimension index size.']],
  ])('GlobalAveragePool of %j', (x, device, why) => {
    const source: Source = { inputs: { x }, nodes: [['GlobalAveragePool', 'x']] }
    expectDevices(source, device)
    expect(reasons(source, 'z16')).toEqual(why)
  })

  test('AveragePool that counts pads', () => {
    const attributes = { kernel_shape: [3n, 3n], pads: [1n, 1n, 1n, 1n], count_include_pad: 1n }
    expect(reasons({ inputs: { x: [1, 3, 8, 8] }, nodes: [['AveragePool', 'x', attributes]] }, 'z16')).toEqual([
      '`count_include_pad` (1) must be default one (0).',
    ])
  })
})

describe('reductions and softmax', () => {
  const along = (axis: number, opset: number, keepdims = 1n): Source => ({
    inputs: { x: [2, 3, 8] },
    constants: { axes: tensorFrom('int64', [1], [axis]) },
    nodes: [['ReduceMax', 'x axes', { keepdims }]],
    opset,
  })

  test('maxima of rows, on z17, from opset 18 on', () => {
    expectDevices(along(2, 18), { z16: 'cpu', z17: 'nnpa' })
    expectDevices(along(-1, 20), { z16: 'cpu', z17: 'nnpa' })
    expect(reasons(along(1, 18), 'z17')).toEqual(['Reduction axis must be the innermost dimension. '])
    expect(reasons(along(2, 18, 0n), 'z17')).toEqual([
      '`noop_with_empty_axes` (0) must be 0 and `keepdims` (0) must be 1.',
    ])
    const [node] = createReport(
      modelOf({ inputs: { x: [2, 8] }, nodes: [['ReduceMax', 'x', { axes: [1n] }]] }),
      'z17',
    ).nodes
    expect(node).toMatchObject({
      device: 'cpu',
      reasons: [],
      note: 'onnx-mlir keeps ReduceMax from before opset 18 on the CPU.',
    })
  })

  test.each<[string, Source, Expected]>([
    ['rank 5', { inputs: { x: [2, 2, 3, 4, 5] }, nodes: [['Softmax', 'x']] }, 'nnpa'],
    ['another axis', { inputs: { x: [2, 3, 4] }, nodes: [['Softmax', 'x', { axis: 1n }]] }, 'cpu'],
    ['vector', { inputs: { x: [4] }, nodes: [['Softmax', 'x']] }, 'cpu'],
    ['opset 11, matrix', { inputs: { x: [3, 4] }, nodes: [['Softmax', 'x']], opset: 11 }, 'nnpa'],
    ['opset 11, more', { inputs: { x: [2, 3, 4] }, nodes: [['Softmax', 'x']], opset: 11 }, 'cpu'],
  ])('Softmax: %s', (_, source, expected) => expectDevices(source, expected))
})

describe('recurrent operators', () => {
  const gru = (attributes: NonNullable<Source['nodes'][0][2]>, inputs = 'x w r b', directions = 1): Source => ({
    inputs: { x: [3, 2, 8], l: tensorType('int32', [2]) },
    constants: { w: filled([directions, 12, 8]), r: filled([directions, 12, 4]), b: filled([directions, 24]) },
    nodes: [['GRU', inputs, { hidden_size: 4n, ...attributes }]],
  })

  test('GRU', () => {
    expect(reasons(gru({}), 'z16')).toEqual(['The `linear_before_reset` (0) must be 1.'])
    expectDevices(gru({ linear_before_reset: 1n }, 'x w r b l'), 'nnpa')
    expect(reasons(gru({ linear_before_reset: 1n, direction: 'bidirectional' }, 'x w r b l', 2), 'z16')).toEqual([
      'The `sequence_lens` is not supported when `direction` is `bidirectional`.',
    ])
  })

  test('an LSTM with lengths says nothing, unless there is but one sequence', () => {
    const lstm = (batch: number): Source => ({
      inputs: { x: [3, batch, 8], l: tensorType('int32', [batch]) },
      constants: { w: filled([1, 16, 8]), r: filled([1, 16, 4]), b: filled([1, 32]) },
      nodes: [['LSTM', 'x w r b l', { hidden_size: 4n }]],
    })
    const [node] = createReport(modelOf(lstm(2)), 'z16').nodes
    expect(node).toMatchObject({ device: 'cpu', reasons: [], note: 'NNPA has no LSTM with sequence lengths.' })
    expectDevices(lstm(1), 'nnpa')
  })
})

describe('what the compiler puts together first', () => {
  test('Gelu written out', () => {
    const constants = { r2: filled([], Math.SQRT2), one: filled([], 1), half: filled([], 0.5) }
    const nodes: Source['nodes'] = [
      ['Div', 'x r2'],
      ['Erf', 'div0'],
      ['Add', 'erf1 one'],
      ['Mul', 'x add2'],
      ['Mul', 'mul3 half'],
    ]
    const source: Source = { inputs: { x: [4, 8] }, constants, nodes }
    // The compiler keeps the last node's name.
    const vanished = 'folded folded folded folded'
    expectDevices(source, { z16: `${vanished} cpu`, z17: `${vanished} nnpa` })
    expect(reasons(source, 'z16')).toEqual([needsZ17])
    const { nodes: reported } = createReport(modelOf(source), 'z17')
    expect(reported[0]!.with.toSorted()).toEqual(['Add_2', 'Erf_1', 'Mul_3', 'Mul_4'])
  })

  const written = (axis: bigint): Source => ({
    inputs: { x: [2, 4, 8] },
    constants: { two: filled([], 2), eps: filled([], 1e-5), g: filled([8]), b: filled([8]) },
    nodes: [
      ['ReduceMean', 'x', { axes: [axis] }],
      ['Sub', 'x reducemean0'],
      ['Pow', 'sub1 two'],
      ['ReduceMean', 'pow2', { axes: [axis] }],
      ['Add', 'reducemean3 eps'],
      ['Sqrt', 'add4'],
      ['Div', 'sub1 sqrt5'],
      ['Mul', 'div6 g'],
      ['Add', 'mul7 b'],
      ['Exp', 'add8'],
    ],
  })

  test('LayerNormalization written out stays on the CPU, its bias too', () => {
    expectDevices(written(2n), 'folded folded folded folded folded folded folded folded cpu nnpa')
  })

  test('with its axis counted from the end it is not recognised', () => {
    expectDevices(written(-1n), {
      z16: 'cpu cpu cpu cpu cpu cpu cpu nnpa nnpa nnpa',
      z17: 'cpu cpu cpu cpu nnpa nnpa cpu nnpa nnpa nnpa',
    })
  })
})

test('operators without the inputs that they need are judged by what they have, or named', () => {
  expect(devices({ inputs: { x: [1, 4, 8, 8] }, nodes: [['BatchNormalization', 'x']] }, 'z16')).toBe('cpu')
  expect(() => devices({ inputs: { x: [4] }, nodes: [['Transpose', '-']] }, 'z17')).toThrow(
    /"Transpose_0" .* input 0 is required/,
  )
})

test('operators and names may be anything', () => {
  const model = modelOf({
    inputs: { x: [8] },
    nodes: [
      ['constructor', 'x'],
      ['__proto__', 'constructor0'],
      ['Exp', '__proto__1'],
    ],
  })
  expect(createReport(model, 'z16').nodes.map(({ op, device, note }) => [op, device, note])).toEqual([
    ['constructor', 'cpu', 'NNPA has no constructor.'],
    ['__proto__', 'cpu', 'NNPA has no __proto__.'],
    ['Exp', 'cpu', undefined],
  ])
})

test('what a subgraph uses counts as used, and what comes after it has the shape that the file states', () => {
  const model = decodeModel(
    modelBytes({
      opsets: { '': 13 },
      inputs: { x: tensorType('float32', [4]), c: tensorType('bool', []) },
      outputs: { z: tensorType('float32', [4]) },
      valueInfo: { y: tensorType('float32', [4]) },
      nodes: [
        { name: 'abs', op: 'Abs', inputs: ['x'], outputs: ['a'] },
        {
          name: 'if',
          op: 'If',
          inputs: ['c'],
          outputs: ['y'],
          attributes: {
            then_branch: { outputs: { t: undefined }, nodes: [{ op: 'Neg', inputs: ['a'], outputs: ['t'] }] },
            else_branch: { outputs: { a: undefined }, nodes: [] },
          },
        },
        { name: 'exp', op: 'Exp', inputs: ['y'], outputs: ['z'] },
      ],
    }),
  )
  const { nodes } = createReport(model, 'z16')
  expect(nodes.map(({ name, device }) => [name, device])).toEqual([
    ['abs', 'cpu'],
    ['if', 'cpu'],
    ['exp', 'nnpa'],
  ])
})
