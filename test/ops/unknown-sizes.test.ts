import { describe, expect, it } from 'vitest'
import { tensorType } from '../../src/onnx/build.ts'
import type { OnnxDim } from '../../src/onnx/model.ts'
import { toRuntime } from '../../src/conformance/runtime-tensor.ts'
import type { Model } from '../../src/runtime/index.ts'
import { type Case, close, compileModel, f32, i64, runCase, runCases } from './harness.ts'

// What would be an error of the build for known sizes is one of the run for unknown ones, and never an answer.

const refused: readonly { readonly what: string; readonly one: Case; readonly known: RegExp; readonly run?: RegExp }[] =
  [
    {
      what: 'a Reshape that leaves elements over',
      one: { op: 'Reshape', inputs: [f32([1, 2, 3, 4, 5, 6]), i64([4, -1])], constants: [1] },
      known: /can't be reshaped/,
      run: /does not fit the number of elements/,
    },
    {
      what: 'a Reshape of a constant that leaves elements over',
      one: { op: 'Reshape', inputs: [f32([1, 2, 3, 4, 5, 6]), i64([4, -1])], constants: [0, 1] },
      known: /can't be reshaped/,
    },
    {
      what: 'a Reshape that leaves two dimensions open',
      one: { op: 'Reshape', inputs: [f32([1, 2, 3, 4]), i64([-1, -1])], constants: [1] },
      known: /more than one dimension open/,
      run: /more than one dimension open/,
    },
    {
      what: 'an Unsqueeze that names an axis twice',
      one: { op: 'Unsqueeze', inputs: [f32([1, 2]), i64([0, 0])], constants: [1] },
      known: /name an axis twice/,
      run: /name an axis twice/,
    },
    {
      what: 'a MaxUnpool of other indices than data',
      one: {
        op: 'MaxUnpool',
        inputs: [f32([1, 2], [1, 1, 2]), i64([0, 1, 2], [1, 1, 3])],
        attributes: { kernel_shape: [2n], strides: [2n] },
      },
      known: /expected 2, given 3/,
      run: /expected/,
    },
    {
      what: 'a DepthToSpace of channels that do not make blocks',
      one: { op: 'DepthToSpace', inputs: [f32([1, 2, 3], [1, 3, 1, 1])], attributes: { blocksize: 2n } },
      known: /blocks of 4/,
      run: /blocks of 4/,
    },
  ]

describe('sizes that do not fit', () => {
  for (const { what, one, known, run } of refused) {
    it(what, async () => {
      await expect(runCase(one)).rejects.toThrow(known)
      if (run) await expect(runCase({ ...one, dynamic: true })).rejects.toThrow(run)
    })
  }

  it('scanned axes of different sizes', async () => {
    const model = await compileModel({
      opsets: { '': 17 },
      inputs: { a: tensorType('float32', ['n'] as OnnxDim[]), b: tensorType('float32', ['m'] as OnnxDim[]) },
      outputs: { y: undefined },
      nodes: [
        {
          op: 'Scan',
          inputs: ['a', 'b'],
          outputs: ['y'],
          attributes: {
            num_scan_inputs: 2n,
            body: {
              inputs: { p: tensorType('float32', []), q: tensorType('float32', []) },
              outputs: { r: undefined },
              nodes: [{ op: 'Add', inputs: ['p', 'q'], outputs: ['r'] }],
            },
          },
        },
      ],
    })
    const run = (a: number[], b: number[]) => model.runSync({ a: toRuntime(f32(a)), b: toRuntime(f32(b)) })['y']
    expect([...(run([1, 2], [3, 4])!.data as Float32Array)]).toEqual([4, 6])
    expect(() => run([1, 2], [3, 4, 5])).toThrow(/m is 2 in input "a"/)
  })
})

it('transposed convolutions over unknown sizes have the pads that output_shape and SAME ask for', async () => {
  const x = [1, 2, 3, 4]
  const w = [1, 10, 100]
  const stride = 2
  /** Each element puts its share under the window, which begins `begin` before the output. */
  const spread = (count: number, begin: number): number[] =>
    Array.from({ length: count }, (_, at) =>
      x.reduce((sum, value, i) => sum + value * (w[at + begin - i * stride] ?? 0), 0),
    )
  const full = (x.length - 1) * stride + w.length
  const padsOf = (count: number): number => Math.max(0, full - count)
  const conv = (attributes: Case['attributes']): Case => ({
    op: 'ConvTranspose',
    inputs: [f32(x, [1, 1, 4]), f32(w, [1, 1, 3])],
    attributes: { kernel_shape: [3n], strides: [BigInt(stride)], ...attributes },
    dynamic: true,
  })
  const cases: readonly [Case['attributes'], number, number][] = [
    [{ output_shape: [7n] }, 7, Math.ceil(padsOf(7) / 2)],
    [{ output_shape: [8n] }, 8, Math.ceil(padsOf(8) / 2)],
    [{ output_shape: [6n], auto_pad: 'SAME_UPPER' }, 6, Math.floor(padsOf(6) / 2)],
    [{ auto_pad: 'SAME_UPPER' }, 8, Math.floor(padsOf(8) / 2)],
    [{ auto_pad: 'SAME_LOWER' }, 8, Math.ceil(padsOf(8) / 2)],
  ]
  for (const constants of [[1], []]) {
    const results = await runCases(cases.map(([attributes]) => ({ ...conv(attributes), constants })))
    results.forEach(([y], i) => {
      const [attributes, count, begin] = cases[i]!
      expect(y!.dims, JSON.stringify(attributes, String)).toEqual([1, 1, count])
      expect(close(y!.values, spread(count, begin)), `${JSON.stringify(attributes, String)}: ${y!.values.join()}`).toBe(
        true,
      )
    })
  }
})

it('what a run makes a scalar has one element', async () => {
  const toScalar = (op: string, shape: OnnxDim[], list: string, length: OnnxDim): Promise<Model> =>
    compileModel({
      opsets: { '': 21 },
      inputs: { x: tensorType('float32', shape), [list]: tensorType('int64', [length]) },
      outputs: { y: tensorType('float32', []) },
      nodes: [{ op, inputs: ['x', list], outputs: ['y'] }],
    })
  const call = (model: Model, dims: number[], list: string, values: number[]): unknown => {
    const x = { data: new Float32Array(dims.reduce((a, b) => a * b, 1)).fill(7), dims }
    return model.runSync({ x, [list]: { data: BigInt64Array.from(values, BigInt), dims: [values.length] } })['y']!.data
  }
  const reshape = await toScalar('Reshape', ['a', 'b'], 'shape', 'k')
  expect(call(reshape, [1, 1], 'shape', [])).toEqual(Float32Array.of(7))
  for (const dims of [
    [2, 3],
    [0, 1],
  ])
    expect(() => call(reshape, dims, 'shape', [])).toThrow(/Reshape.*does not fit/)
  const squeeze = await toScalar('Squeeze', ['a'], 'axes', 1)
  expect(call(squeeze, [1], 'axes', [-1])).toEqual(Float32Array.of(7))
  for (const size of [0, 2]) expect(() => call(squeeze, [size], 'axes', [0])).toThrow(/Squeeze.*not of size 1/)
  for (const axis of [1, -2]) expect(() => call(squeeze, [1], 'axes', [axis])).toThrow(/Squeeze.*out of range/)
})

it('axes that only one rank can have say what the rank is', async () => {
  const model = await compileModel({
    opsets: { '': 15 },
    inputs: { x: tensorType('float32', ['a', 'b']), axes: tensorType('int64', ['k']) },
    outputs: { part: undefined, y: undefined },
    nodes: [
      { op: 'Unsqueeze', inputs: ['x', 'axes'], outputs: ['u'] },
      { op: 'Slice', inputs: ['u', 'starts', 'ends', 'sliced'], outputs: ['part'] },
      { op: 'Pad', inputs: ['u', 'pads'], outputs: ['y'] },
    ],
    // Of rank 5, -3 would be 2 again; of rank 3, there is no axis 3; of higher ranks, eight pads are too few.
    initializers: {
      pads: i64([0, 0, 0, 0, 0, 0, 0, 1]),
      starts: i64([0, 1, 0]),
      ends: i64([9, 9, 9]),
      sliced: i64([3, 2, -3]),
    },
  })
  const call = (...axes: number[]): readonly number[] =>
    model.runSync({
      x: { data: new Float32Array(6), dims: [2, 3] },
      axes: { data: BigInt64Array.from(axes, BigInt), dims: [axes.length] },
    })['y']!.dims
  expect(call(0, 3)).toEqual([1, 2, 3, 2])
  expect(() => call(0)).toThrow(/axes/)
})

it('Slice: how many axes are cut is what any of its lists says', async () => {
  const x = f32(
    Array.from({ length: 12 }, (_, i) => i),
    [3, 4],
  )
  const lists = [i64([1]), i64([3]), i64([-1]), i64([1])]
  // Which of the lists are inputs of an unknown length: all sets of them.
  const cases = Array.from({ length: 2 ** lists.length }, (_, set): Case => {
    const constants = lists.flatMap((_, i) => (set & (1 << i) ? [] : [i + 1]))
    return { op: 'Slice', inputs: [x, ...lists], constants, dynamic: true }
  })
  for (const [part] of await runCases(cases)) {
    expect(part!.dims).toEqual([3, 2])
    expect(part!.values).toEqual([1, 2, 5, 6, 9, 10])
  }
})

it('Pad: how many axes are padded is what any of its lists says', async () => {
  const lists = [i64([1, 0]), f32([7], []), i64([-1])]
  const cases = Array.from({ length: 2 ** lists.length }, (_, set): Case => {
    const constants = lists.flatMap((_, i) => (set & (1 << i) ? [] : [i + 1]))
    return { op: 'Pad', inputs: [f32([1, 2, 3, 4], [2, 2]), ...lists], constants, dynamic: true }
  })
  for (const [padded] of await runCases(cases)) {
    expect(padded!.dims).toEqual([2, 3])
    expect(padded!.values).toEqual([7, 1, 2, 7, 3, 4])
  }
})

it('Slice: lists of unknown lengths are checked against each other', async () => {
  const model = await compileModel({
    opsets: { '': 17 },
    inputs: {
      x: tensorType('float32', ['a', 'b']),
      starts: tensorType('int64', ['n']),
      ends: tensorType('int64', ['m']),
    },
    outputs: { y: undefined },
    nodes: [{ op: 'Slice', inputs: ['x', 'starts', 'ends', 'axes'], outputs: ['y'] }],
    initializers: { axes: i64([1]) },
  })
  const call = (starts: readonly bigint[], ends: readonly bigint[]): readonly number[] =>
    model.runSync({
      x: { data: new Float32Array(6), dims: [2, 3] },
      starts: { data: BigInt64Array.from(starts), dims: [starts.length] },
      ends: { data: BigInt64Array.from(ends), dims: [ends.length] },
    })['y']!.dims
  expect(call([1n], [3n])).toEqual([2, 2])
  expect(() => call([1n, 0n], [3n])).toThrow(/starts/)
  expect(() => call([1n], [3n, 2n])).toThrow(/ends/)
  expect(() => call([], [])).toThrow(/starts/)
})
