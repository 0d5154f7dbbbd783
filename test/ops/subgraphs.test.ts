import { describe, expect, it } from 'vitest'
import { type GraphSource, tensorType } from '../../src/onnx/build.ts'
import { type Case, close, compileModel, f32, i64, runCase, runCases, t } from './harness.ts'

/** state, x → state + x, (state + x) twice over. */
const runningSum: GraphSource = {
  inputs: { state: undefined, x: undefined },
  outputs: { next: undefined, seen: undefined },
  nodes: [
    { op: 'Add', inputs: ['state', 'x'], outputs: ['next'] },
    { op: 'Identity', inputs: ['next'], outputs: ['seen'] },
  ],
}

describe('Scan', () => {
  const table = f32([1, 2, 3, 4, 5, 6], [3, 2])
  const scan = (attributes: Case['attributes'], inputs: Case['inputs']): Case => ({
    op: 'Scan',
    inputs,
    outputs: 2,
    attributes: { body: runningSum, num_scan_inputs: 1n, ...(attributes as object) },
  })

  it('walks along any axis in both directions, and stacks likewise', async () => {
    const results = await runCases([
      scan({}, [f32([0, 0]), table]),
      { ...scan({}, [f32([0, 0]), table]), dynamic: true },
      scan({ scan_input_axes: [1n], scan_input_directions: [1n], scan_output_axes: [1n] }, [f32([0, 0, 0]), table]),
      scan({ scan_output_directions: [1n] }, [f32([0, 0]), table]),
    ])
    const sums = [1, 2, 4, 6, 9, 12]
    expect(results[0]!.map(({ values }) => values)).toEqual([[9, 12], sums])
    expect(results[1]).toEqual(results[0])
    expect(results[2]![1]).toMatchObject({ dims: [3, 2], values: [2, 3, 4, 7, 6, 11] })
    expect(results[3]![1]!.values).toEqual([9, 12, 4, 6, 1, 2])
  })

  it('has a batch axis in version 8', async () => {
    const one: Case = {
      op: 'Scan',
      inputs: [undefined, f32([0, 10], [2, 1]), f32([1, 2, 3, 4], [2, 2, 1])],
      outputs: 2,
      attributes: { body: runningSum, num_scan_inputs: 1n },
    }
    const results = await runCase(one, { opset: 8 })
    expect(results.map(({ values }) => values)).toEqual([
      [3, 17],
      [1, 3, 13, 17],
    ])
  })

  it('refuses axes of two lengths, known or not', async () => {
    const body: GraphSource = {
      inputs: { x: undefined, y: undefined },
      outputs: { sum: undefined },
      nodes: [{ op: 'Add', inputs: ['x', 'y'], outputs: ['sum'] }],
    }
    const pairs = (y: number[], dynamic: boolean): Case => ({
      op: 'Scan',
      inputs: [f32([1, 2, 3]), f32(y)],
      attributes: { body, num_scan_inputs: 2n },
      dynamic,
    })
    expect((await runCase(pairs([4, 5, 6], true)))[0]!.values).toEqual([5, 7, 9])
    await expect(runCase(pairs([4, 5], false))).rejects.toThrow(/axis 0 of input .* expected 3, given 2/)
    await expect(runCase(pairs([4, 5], true))).rejects.toThrow(/c0_x0_0 is 3 in input "c0_x0"/)
    const many = { ...pairs([4, 5, 6], false), attributes: { body, num_scan_inputs: 3n } }
    await expect(runCase(many)).rejects.toThrow(/num_scan_inputs is 3, but should be from 1 to 2/)
  })

  it('refuses attributes that do not fit', async () => {
    await expect(runCase(scan({ scan_input_axes: [2n] }, [f32([0, 0]), table]))).rejects.toThrow(
      /axis 2 is out of range/,
    )
    await expect(runCase(scan({ scan_output_axes: [0n, 1n] }, [f32([0, 0]), table]))).rejects.toThrow(
      /2 entries, not 1/,
    )
  })
})

describe('conditions and counts', () => {
  const branch = (value: number): GraphSource => ({
    outputs: { y: undefined },
    nodes: [{ op: 'Constant', outputs: ['y'], attributes: { value_float: value } }],
  })
  const choose = (cond: Case['inputs'][number], dynamic: boolean): Case => ({
    op: 'If',
    inputs: [cond],
    attributes: { then_branch: branch(1), else_branch: branch(2) },
    dynamic,
  })

  it('are single elements of any rank', async () => {
    const results = await runCases([
      choose(t('bool', [true], []), false),
      choose(t('bool', [false], [1, 1]), false),
      choose(t('bool', [false], [1, 1]), true),
    ])
    expect(results.map(([y]) => y!.values)).toEqual([[1], [2], [2]])
  })

  it.each([false, true])('and nothing else (unknown sizes: %s)', async (dynamic) => {
    await expect(runCase(choose(t('bool', [true, false]), dynamic))).rejects.toThrow(/(given 2|dims \[2\])/)
    await expect(runCase(choose(t('bool', []), dynamic))).rejects.toThrow(/(given 0|dims \[0\])/)
    await expect(runCase(choose(i64([1]), dynamic))).rejects.toThrow(/should be of type bool, but is int64/)
  })
})

describe('sequences and optionals', () => {
  it('are taken apart at compile time', async () => {
    const model = await compileModel({
      opsets: { '': 18 },
      inputs: { x: tensorType('float32', [4, 'n']), at: tensorType('int64', []) },
      outputs: { joined: undefined, stacked: undefined, picked: undefined, length: undefined, has: undefined },
      initializers: { one: i64([1], []), two: i64([2], []) },
      nodes: [
        { op: 'SplitToSequence', inputs: ['x', 'two'], outputs: ['halves'] },
        {
          op: 'SequenceMap',
          inputs: ['halves', 'halves'],
          outputs: ['doubled'],
          attributes: { body: { ...runningSum, outputs: { next: undefined } } },
        },
        { op: 'SequenceAt', inputs: ['halves', 'one'], outputs: ['second'] },
        { op: 'SequenceInsert', inputs: ['doubled', 'second'], outputs: ['three'] },
        { op: 'ConcatFromSequence', inputs: ['three'], outputs: ['joined'], attributes: { axis: 0n } },
        {
          op: 'ConcatFromSequence',
          inputs: ['doubled'],
          outputs: ['stacked'],
          attributes: { axis: -1n, new_axis: 1n },
        },
        { op: 'SequenceAt', inputs: ['three', 'at'], outputs: ['picked'] },
        { op: 'SequenceLength', inputs: ['three'], outputs: ['length'] },
        { op: 'Optional', inputs: ['second'], outputs: ['maybe'] },
        { op: 'OptionalHasElement', inputs: ['maybe'], outputs: ['has'] },
      ],
    })
    const run = (at: bigint): Record<string, unknown> => {
      const results = model.runSync({
        x: { data: new Float32Array([1, 2, 3, 4]), dims: [4, 1] },
        at: { data: new BigInt64Array([at]), dims: [] },
      })
      return Object.fromEntries(
        Object.entries(results).map(([name, { data }]) => [name, Array.from(data as ArrayLike<unknown>, Number)]),
      )
    }
    expect(run(-1n)).toEqual({
      joined: [2, 4, 6, 8, 3, 4],
      stacked: [2, 6, 4, 8],
      picked: [3, 4],
      length: [3],
      has: [1],
    })
    expect(run(1n).picked).toEqual([6, 8])
    expect(() => run(3n)).toThrow(/an index is out of range/)
  })

  it('refuses positions that are not there', async () => {
    const build = (nodes: GraphSource['nodes'], output: string): Promise<unknown> =>
      compileModel({
        opsets: { '': 18 },
        inputs: { x: tensorType('float32', ['n']) },
        outputs: { [output]: undefined },
        initializers: { five: i64([5], []) },
        nodes,
      })
    const list = { op: 'SequenceConstruct', inputs: ['x'], outputs: ['list'] }
    await expect(build([list, { op: 'SequenceAt', inputs: ['list', 'five'], outputs: ['y'] }], 'y')).rejects.toThrow(
      /position 5 is out of range/,
    )
  })
})

/** Softmax attention in plain numbers: one head, `mask` added to the scores. */
function attend(q: number[][], k: number[][], v: number[][], mask: (i: number, j: number) => number): number[][] {
  return q.map((query, i) => {
    const scores = k.map(
      (key, j) => query.reduce((sum, x, d) => sum + x * key[d]!, 0) / Math.sqrt(query.length) + mask(i, j),
    )
    const powers = scores.map((score) => Math.exp(score - Math.max(...scores)))
    const total = powers.reduce((a, b) => a + b)
    return v[0]!.map((_, d) => powers.reduce((sum, power, j) => sum + (power / total) * v[j]![d]!, 0))
  })
}

describe('Attention', () => {
  const q = [
    [0.1, 0.9],
    [0.8, -0.3],
    [0.4, 0.4],
    [-0.5, 0.2],
  ]
  const k = [
    [0.3, 0.7],
    [0.6, -0.1],
    [-0.2, 0.5],
  ]
  const v = [
    [1, 2],
    [3, 4],
    [5, 6],
  ]
  const tensors = (): Case['inputs'] => [
    f32(q.flat(), [1, 2, 2, 2]),
    f32(k.flat(), [1, 1, 3, 2]),
    f32(v.flat(), [1, 1, 3, 2]),
  ]

  it('lets heads share keys, masks and continues a cache', async () => {
    const [plain, causal, cached] = await runCases([
      { op: 'Attention', inputs: tensors() },
      {
        op: 'Attention',
        inputs: [...tensors(), f32([0, 1, 0, -1, 0, 2], [2, 3])],
        attributes: { is_causal: 1n },
        dynamic: false,
      },
      {
        op: 'Attention',
        inputs: [
          f32(q.slice(0, 1).flat(), [1, 1, 1, 2]),
          f32(k[2]!, [1, 1, 1, 2]),
          f32(v[2]!, [1, 1, 1, 2]),
          undefined,
          f32(k.slice(0, 2).flat(), [1, 1, 2, 2]),
          f32(v.slice(0, 2).flat(), [1, 1, 2, 2]),
        ],
        outputs: 3,
      },
    ])
    const heads = [q.slice(0, 2), q.slice(2)]
    expect(close(plain![0]!.values, heads.flatMap((head) => attend(head, k, v, () => 0)).flat(), 1e-5)).toBe(true)
    const mask = [
      [0, 1, 0],
      [-1, 0, 2],
    ]
    const masked = heads.flatMap((head) => attend(head, k, v, (i, j) => (j > i ? -Infinity : mask[i]![j]!)))
    expect(close(causal![0]!.values, masked.flat(), 1e-5)).toBe(true)
    expect(close(cached![0]!.values, attend(q.slice(0, 1), k, v, () => 0).flat(), 1e-5)).toBe(true)
    expect(close(cached![1]!.values, k.flat())).toBe(true)
    expect(cached![2]!.dims).toEqual([1, 1, 3, 2])
  })

  it('refuses heads that can not be shared', async () => {
    const [query] = tensors()
    const keys = f32(Array<number>(18).fill(0), [1, 3, 3, 2])
    await expect(runCase({ op: 'Attention', inputs: [query, keys, keys] })).rejects.toThrow(
      /input Q .* should be as the heads of K need: expected 3, given 2/,
    )
  })

  it('turns pairs of features with the position', async () => {
    const angle = 0.5
    const caches = [f32([1, Math.cos(angle)], [2, 1]), f32([0, Math.sin(angle)], [2, 1])]
    const [y] = await runCase({
      op: 'RotaryEmbedding',
      inputs: [f32([1, 2, 3, 1, 2, 3], [1, 1, 2, 3]), ...caches, i64([0, 1], [1, 2])],
      attributes: { rotary_embedding_dim: 2n },
    })
    const turned = [Math.cos(angle) - 2 * Math.sin(angle), Math.sin(angle) + 2 * Math.cos(angle)]
    expect(close(y!.values, [1, 2, 3, ...turned, 3], 1e-5)).toBe(true)
  })
})
