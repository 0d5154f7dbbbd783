import { describe, expect, it } from 'vitest'
import { encode } from 'flatbuffers/js/flexbuffers.js'
import { fromRuntime, toRuntime } from '../../../src/conformance/runtime-tensor.ts'
import { tensorFrom, tensorValues } from '../../../src/onnx/tensor.ts'
import { compileBytes } from '../../ops/harness.ts'
import { converted, convertedModel } from './convert.ts'
import { type FileSource, tfliteBytes, type TensorSource } from './writer.ts'

// What is more than one operator: graphs that are called, states, lists of boxes, sizes that vary.

type Feeds = Readonly<Record<string, readonly [dims: readonly number[], values: readonly number[], type?: 'float32' | 'int32' | 'bool']>> // prettier-ignore

async function runFile(source: FileSource, ...runs: readonly Feeds[]) {
  const model = await compileBytes(converted(tfliteBytes(source)), 3)
  return runs.map((feeds) => {
    const given = Object.entries(feeds).map(([name, [dims, values, type = 'float32']]) => [name, toRuntime(tensorFrom(type, dims, values))] as const) // prettier-ignore
    const results = Object.entries(model.runSync(Object.fromEntries(given)))
    return Object.fromEntries(results.map(([name, value]) => [name, fromRuntime(value!)]))
  })
}

const numbers = (tensor: Parameters<typeof tensorValues>[0]): number[] => tensorValues(tensor).map(Number)
const float = (...shape: number[]): TensorSource => ({ shape })
const floats = (shape: readonly number[], values: readonly number[]): TensorSource => ({ shape, data: Float32Array.from(values) }) // prettier-ignore

describe('control flow', () => {
  const one = (op: string) => ({ tensors: [float(2), float(2)], inputs: [0], outputs: [1], operators: [{ op, inputs: [0], outputs: [1] }] }) // prettier-ignore

  it('IF', async () => {
    const main = {
      tensors: [{ shape: [], type: 'bool' as const, name: 'c' }, { ...float(2), name: 'x' }, { ...float(2), name: 'y' }], // prettier-ignore
      inputs: [0, 1],
      outputs: [2],
      operators: [{ op: 'IF', inputs: [0, 1], outputs: [2], options: [{ int32: 1 }, { int32: 2 }] }],
    }
    const feeds = (c: number): Feeds => ({ c: [[], [c], 'bool'], x: [[2], [-4, 9]] })
    const [yes, no] = await runFile({ subgraphs: [main, one('ABS'), one('NEG')] }, feeds(1), feeds(0))
    expect(numbers(yes!['y']!)).toEqual([4, 9])
    expect(numbers(no!['y']!)).toEqual([4, -9])
  })

  it.each([
    [1, 128],
    [200, 200],
  ])('WHILE x < 100: x = 2x, from %i', async (from, to) => {
    const [x, limit, y] = [{ ...float(1), name: 'x' }, floats([1], [100]), { ...float(1), name: 'y' }]
    const main = { tensors: [x, y], inputs: [0], outputs: [1], operators: [{ op: 'WHILE', inputs: [0], outputs: [1], options: [{ int32: 1 }, { int32: 2 }] }] } // prettier-ignore
    const condition = { tensors: [float(1), limit, { shape: [1], type: 'bool' as const }], inputs: [0], outputs: [2], operators: [{ op: 'LESS', inputs: [0, 1], outputs: [2] }] } // prettier-ignore
    const body = { tensors: [float(1), float(1)], inputs: [0], outputs: [1], operators: [{ op: 'ADD', inputs: [0, 0], outputs: [1] }] } // prettier-ignore
    const [result] = await runFile({ subgraphs: [main, condition, body] }, { x: [[1], [from]] })
    expect(numbers(result!['y']!)).toEqual([to])
  })

  it('STABLEHLO_COMPOSITE is what it is decomposed to', async () => {
    const main = {
      tensors: [
        { ...float(2), name: 'x' },
        { ...float(2), name: 'y' },
      ],
      inputs: [0],
      outputs: [1],
      operators: [{ op: 'STABLEHLO_COMPOSITE', inputs: [0], outputs: [1], options2: [{ text: 'mine' }, { int32: 1 }] }],
    }
    const [result] = await runFile({ subgraphs: [main, one('EXP')] }, { x: [[2], [0, 1]] })
    expect(numbers(result!['y']!)[1]).toBeCloseTo(Math.E)
  })
})

/** One step of an LSTM with one unit and one input, all weights alike. */
function lstmStep([h, c]: readonly [number, number], x: number, w: readonly number[], clip: number): [number, number] {
  const sigmoid = (value: number): number => 1 / (1 + Math.exp(-value))
  const [i, f, g, o] = w.map((weight) => weight * x + 0.5 * weight * h + 0.1) as [number, number, number, number]
  const next = sigmoid(f) * c + sigmoid(i) * Math.tanh(g)
  const kept = clip > 0 ? Math.min(clip, Math.max(-clip, next)) : next
  return [sigmoid(o) * Math.tanh(kept), kept]
}

describe('states', () => {
  it.each([0, 0.4])('of an LSTM whose cell is clipped at %f go in and out', async (clip) => {
    const w = [1.5, 2, 3, -1]
    const tensors: TensorSource[] = [
      { ...float(1, 3, 1), name: 'x' },
      ...w.map((weight) => floats([1, 1], [weight])),
      ...w.map((weight) => floats([1, 1], [weight / 2])),
      ...w.map(() => floats([1], [0.1])),
      { ...float(1, 1), isVariable: true, name: 'h' },
      { ...float(1, 1), isVariable: true, name: 'c' },
      { ...float(1, 3, 1), name: 'y' },
    ]
    const inputs = [0, 1, 2, 3, 4, 5, 6, 7, 8, -1, -1, -1, 9, 10, 11, 12, -1, -1, 13, 14, -1, -1, -1, -1]
    const operator = { op: 'UNIDIRECTIONAL_SEQUENCE_LSTM', inputs, outputs: [15], options: [{ int8: 4 }, { float32: clip }] } // prettier-ignore
    const xs = [1, -0.5, 2]
    const file = { subgraphs: [{ tensors, inputs: [0], outputs: [15], operators: [operator] }] }
    const [result] = await runFile(file, { x: [[1, 3, 1], xs], h: [[1, 1], [0.2]], c: [[1, 1], [-0.3]] })
    let state: [number, number] = [0.2, -0.3]
    const expected = xs.map((x) => (state = lstmStep(state, x, w, clip))[0])
    numbers(result!['y']!).forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 5))
    expect(numbers(result!['h_next']!)[0]).toBeCloseTo(state[0], 5)
    expect(numbers(result!['c_next']!)[0]).toBeCloseTo(state[1], 5)
  })

  it('of an SVDF', async () => {
    const tensors: TensorSource[] = [
      { ...float(1, 2), name: 'x' },
      floats([2, 2], [1, 2, 3, 4]),
      floats([2, 3], [1, 10, 100, 2, 20, 200]),
      floats([1], [0.5]),
      { ...float(1, 6), isVariable: true, name: 's' },
      { ...float(1, 1), name: 'y' },
    ]
    const operator = { op: 'SVDF', inputs: [0, 1, 2, 3, 4], outputs: [5], options: [{ int32: 2 }] }
    const file = { subgraphs: [{ tensors, inputs: [0], outputs: [5], operators: [operator] }] }
    const [result] = await runFile(file, {
      x: [
        [1, 2],
        [1, 1],
      ],
      s: [
        [1, 6],
        [1, 2, 3, 4, 5, 6],
      ],
    })
    // Filters give 3 and 7; they remember [2, 3, 3] and [5, 6, 7].
    expect(numbers(result!['y']!)).toEqual([2 + 30 + 300 + 10 + 120 + 1400 + 0.5])
    expect(numbers(result!['s_next']!)).toEqual([2, 3, 3, 5, 6, 7])
  })

  it('of an SVDF of codes: its bias is in units of state and weights of time', async () => {
    const codes = (type: 'int8' | 'int16' | 'int32', shape: readonly number[], scale: number, data?: readonly number[]): TensorSource => ({ type, shape, scale, ...(data && { data: { int8: Int8Array, int16: Int16Array, int32: Int32Array }[type].from(data) }) }) // prettier-ignore
    const tensors: TensorSource[] = [
      { ...float(1, 2), name: 'x' },
      codes('int8', [1, 2], 0.5),
      codes('int8', [1, 2], 0.5, [2, 4]),
      codes('int16', [1, 2], 0.25, [4, 8]),
      codes('int32', [1], 0.25 * 0.5, [12]),
      { ...codes('int16', [1, 2], 0.5), isVariable: true, name: 's' },
      codes('int8', [1, 1], 0.25),
      { ...float(1, 1), name: 'y' },
    ]
    const operators = [
      { op: 'QUANTIZE', inputs: [0], outputs: [1] },
      { op: 'SVDF', inputs: [1, 2, 3, 4, 5], outputs: [6], options: [{ int32: 1 }] },
      { op: 'DEQUANTIZE', inputs: [6], outputs: [7] },
    ]
    const file = { subgraphs: [{ tensors, inputs: [0], outputs: [7], operators }] }
    const [result] = await runFile(file, { x: [[1, 2], [1, 0.5]], s: [[1, 2], [7, 3]] }) // prettier-ignore
    // 1 · 1 + 0.5 · 2 = 2; remembered [3, 2]; 3 · 1 + 2 · 2 + 1.5
    expect(numbers(result!['y']!)).toEqual([8.5])
    expect(numbers(result!['s_next']!)).toEqual([3, 2])
  })
})

it.each([
  ['COMPLEX_ABS', [10, Math.sqrt(8), 2]],
  ['REAL', [10, -2, -2]],
  ['IMAG', [0, 2, 0]],
])('RFFT2D, %s', async (op, expected) => {
  const tensors: TensorSource[] = [
    { ...float(1, 4), name: 'x' },
    { shape: [2], type: 'int32', data: Int32Array.of(1, 4) },
    { shape: [1, 3], type: 'complex64' },
    { ...float(1, 3), name: 'y' },
  ]
  const operators = [{ op: 'RFFT2D', inputs: [0, 1], outputs: [2] }, { op, inputs: [2], outputs: [3] }] // prettier-ignore
  const [result] = await runFile({ subgraphs: [{ tensors, inputs: [0], outputs: [3], operators }] }, { x: [[1, 4], [1, 2, 3, 4]] }) // prettier-ignore
  numbers(result!['y']!).forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 5))
})

it('complex numbers may be given another shape', async () => {
  const tensors: TensorSource[] = [
    { ...float(1, 4), name: 'x' },
    { shape: [2], type: 'int32', data: Int32Array.of(1, 4) },
    { shape: [1, 3], type: 'complex64' },
    { shape: [1], type: 'int32', data: Int32Array.of(3) },
    { shape: [3], type: 'complex64' },
    { ...float(3), name: 'y' },
  ]
  const operators = [{ op: 'RFFT2D', inputs: [0, 1], outputs: [2] }, { op: 'RESHAPE', inputs: [2, 3], outputs: [4] }, { op: 'REAL', inputs: [4], outputs: [5] }] // prettier-ignore
  const [result] = await runFile({ subgraphs: [{ tensors, inputs: [0], outputs: [5], operators }] }, { x: [[1, 4], [1, 2, 3, 4]] }) // prettier-ignore
  expect(result!['y']!.dims).toEqual([3])
  numbers(result!['y']!).forEach((value, i) => expect(value).toBeCloseTo([10, -2, -2][i]!, 5))
})

it('a batch that varies has a name, and runs at any size', async () => {
  const x = { shape: [1, 2], signature: [-1, 2], name: 'x' }
  const tensors = [x, floats([3, 2], [1, 2, 3, 4, 5, 6]), { shape: [1, 3], signature: [-1, 3], name: 'y' }]
  const file = { subgraphs: [{ tensors, inputs: [0], outputs: [2], operators: [{ op: 'FULLY_CONNECTED', inputs: [0, 1, -1], outputs: [2] }] }] } // prettier-ignore
  expect(convertedModel(tfliteBytes(file)).graph.inputs[0]!.type).toMatchObject({ shape: ['batch', 2] })
  const [one, two] = await runFile(
    file,
    {
      x: [
        [1, 2],
        [1, 1],
      ],
    },
    {
      x: [
        [2, 2],
        [1, 1, 0, 1],
      ],
    },
  )
  expect(numbers(one!['y']!)).toEqual([3, 7, 11])
  expect(numbers(two!['y']!)).toEqual([3, 7, 11, 2, 4, 6])
})

describe('boxes', () => {
  const options = { max_detections: 3, max_classes_per_detection: 1, num_classes: 2, nms_score_threshold: 0.5, nms_iou_threshold: 0.5, y_scale: 10, x_scale: 10, h_scale: 5, w_scale: 5 } // prettier-ignore
  const custom = (more: object): Uint8Array => encode({ ...options, ...more })
  // Two boxes that overlap, one apart, one whose score is too low; a class of background comes first.
  const scores = [0, 0.9, 0.1, 0, 0.2, 0.8, 0, 0.5, 0.4, 0, 0.1, 0.3]
  const anchors = [0.5, 0.5, 1, 1, 0.5, 0.5, 1, 0.9, 2.5, 2.5, 1, 1, 9, 9, 1, 1]
  const file = (more: object): FileSource => ({
    subgraphs: [
      {
        tensors: [{ ...float(1, 4, 4), name: 'boxes' }, { ...float(1, 4, 3), name: 'scores' }, floats([4, 4], anchors), ...['b', 'c', 's', 'n'].map((name) => ({ shape: [], name }))], // prettier-ignore
        inputs: [0, 1],
        outputs: [3, 4, 5, 6],
        operators: [{ op: 'TFLite_Detection_PostProcess', inputs: [0, 1, 2], outputs: [3, 4, 5, 6], custom: custom(more) }], // prettier-ignore
      },
    ],
  })
  const feeds: Feeds = { boxes: [[1, 4, 4], Array.from({ length: 16 }, () => 0)], scores: [[1, 4, 3], scores] }

  it('are suppressed at once', async () => {
    const [result] = await runFile(file({}), feeds)
    expect(numbers(result!['n']!)).toEqual([2])
    expect(numbers(result!['c']!)).toEqual([0, 0, 0])
    numbers(result!['s']!).forEach((value, i) => expect(value).toBeCloseTo([0.9, 0.5, 0][i]!))
    expect(result!['b']!.dims).toEqual([1, 3, 4])
    expect(numbers(result!['b']!).slice(0, 8)).toEqual([0, 0, 1, 1, 2, 2, 3, 3])
  })

  it('or class by class', async () => {
    const [result] = await runFile(file({ use_regular_nms: true }), feeds)
    expect(numbers(result!['n']!)).toEqual([3])
    expect(numbers(result!['c']!)).toEqual([0, 1, 0])
    numbers(result!['s']!).forEach((value, i) => expect(value).toBeCloseTo([0.9, 0.8, 0.5][i]!))
  })

  it('NON_MAX_SUPPRESSION_V5 fills up', async () => {
    const scalar = (value: number): TensorSource => floats([], [value])
    const tensors: TensorSource[] = [{ ...float(3, 4), name: 'boxes' }, { ...float(3), name: 'scores' }, { shape: [], type: 'int32', data: Int32Array.of(3) }, scalar(0.5), scalar(0.1), scalar(0), { shape: [3], type: 'int32', name: 'i' }, { shape: [3], name: 's' }, { shape: [], type: 'int32', name: 'n' }] // prettier-ignore
    const operators = [{ op: 'NON_MAX_SUPPRESSION_V5', inputs: [0, 1, 2, 3, 4, 5], outputs: [6, 7, 8] }]
    const boxes = [0, 0, 1, 1, 0, 0, 1, 0.9, 2, 2, 3, 3]
    const [result] = await runFile({ subgraphs: [{ tensors, inputs: [0, 1], outputs: [6, 7, 8], operators }] }, { boxes: [[3, 4], boxes], scores: [[3], [0.25, 0.75, 0.5]] }) // prettier-ignore
    expect(numbers(result!['i']!)).toEqual([1, 2, 0])
    expect(numbers(result!['s']!)).toEqual([0.75, 0.5, 0])
    expect(numbers(result!['n']!)).toEqual([2])
  })
})

describe('after a convolution, whose channels are first', () => {
  const codes = (shape: readonly number[], values?: readonly number[]): TensorSource => ({ shape, type: 'int8', scale: 1, ...(values && { data: Int8Array.from(values) }) }) // prettier-ignore

  it('slopes of a PRELU that are codes per pixel', async () => {
    const tensors: TensorSource[] = [
      { ...codes([1, 2, 2, 2]), name: 'x' },
      codes([2, 1, 1, 2], [1, 0, 0, 1]),
      codes([1, 2, 2, 2]),
      codes([2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8]),
      { ...float(1, 2, 2, 2), name: 'y' },
      codes([1, 2, 2, 2]),
    ]
    const operators = [
      { op: 'DEQUANTIZE', inputs: [5], outputs: [4] },
      { op: 'PRELU', inputs: [2, 3], outputs: [5] },
      { op: 'CONV_2D', inputs: [0, 1, -1], outputs: [2], options: [{ int8: 1 }, { int32: 1 }, { int32: 1 }] },
    ].reverse()
    const model = await compileBytes(converted(tfliteBytes({ subgraphs: [{ tensors, inputs: [0], outputs: [4], operators }] })), 3) // prettier-ignore
    const { y } = model.runSync({ x: toRuntime(tensorFrom('int8', [1, 2, 2, 2], Array<number>(8).fill(-1))) })
    expect(numbers(fromRuntime(y!))).toEqual([-1, -2, -3, -4, -5, -6, -7, -8])
  })

  it('TRANSPOSE_CONV to a shape whose batch is packed in the run', async () => {
    const one = (value: number): TensorSource => ({ shape: [], type: 'int32', data: Int32Array.of(value) })
    const tensors: TensorSource[] = [
      { shape: [1, 2, 2, 1], signature: [-1, 2, 2, 1], name: 'x' },
      floats([1, 2, 2, 1], [1, 2, 3, 4]),
      { shape: [4], type: 'int32' },
      one(0),
      { shape: [], type: 'int32' },
      one(4),
      one(1),
      { shape: [4], type: 'int32' },
      { shape: [1, 1, 1, 1], signature: [-1, -1, -1, 1], name: 'y' },
    ]
    const operators = [
      { op: 'SHAPE', inputs: [0], outputs: [2] },
      { op: 'GATHER', inputs: [2, 3], outputs: [4] },
      { op: 'PACK', inputs: [4, 5, 5, 6], outputs: [7], options: [{ int32: 4 }] },
      { op: 'TRANSPOSE_CONV', inputs: [7, 1, 0], outputs: [8], options: [{ int8: 0 }, { int32: 2 }, { int32: 2 }] },
    ]
    const file = { subgraphs: [{ tensors, inputs: [0], outputs: [8], operators }] }
    const [result] = await runFile(file, { x: [[1, 2, 2, 1], [1, 10, 100, 1000]] }) // prettier-ignore
    expect(result!['y']!.dims).toEqual([1, 4, 4, 1])
    expect(numbers(result!['y']!)).toEqual([1, 2, 10, 20, 3, 4, 30, 40, 100, 200, 1000, 2000, 300, 400, 3000, 4000])
  })
})

it.each([[[1, 1]], [[1]]])('one tensor with two names in a signature, listed as %j', async (outputs) => {
  const tensors: TensorSource[] = [float(2), float(2)]
  const file = {
    subgraphs: [{ tensors, inputs: [0], outputs, operators: [{ op: 'NEG', inputs: [0], outputs: [1] }] }],
    signatures: [{ key: 's', subgraph: 0, inputs: { x: 0 }, outputs: { a: 1, b: 1 } }],
  }
  const [result] = await runFile(file, { x: [[2], [1, 2]] })
  expect(Object.keys(result!)).toEqual(['a', 'b'])
  expect(numbers(result!['b']!)).toEqual([-1, -2])
})
