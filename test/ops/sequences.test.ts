import { spawnSync } from 'node:child_process'
import { afterAll, describe, expect, it } from 'vitest'
import { builtinSource } from '../../src/builtin/index.ts'
import type { Runnable } from '../../src/conformance/compiled.ts'
import { sanitizedProgram } from '../../src/conformance/sanitized.ts'
import { type GraphSource, modelBytes, type ModelSource, tensorType } from '../../src/onnx/build.ts'
import type { Tensor, TypeInfo } from '../../src/onnx/model.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import type { TestValue } from '../../src/onnx/test-data.ts'
import { tensorValues } from '../../src/onnx/tensor.ts'
import { resolveTarget } from '../../src/targets/index.ts'
import { onnxruntime } from '../onnxruntime.ts'
import { compileModel, f32, i64, t } from './harness.ts'

// Sequences whose length only the run knows. Programs run under the address and leak sanitizers, where there are any: also
// a run that ends in an error must have given everything back.

const target = resolveTarget('host')
const probe = spawnSync(process.env['CC'] ?? 'cc', ['-fsanitize=address', '-x', 'c', '-', '-o', '/dev/null'], {
  input: 'int main(void) { return 0; }',
})
const sanitizes = probe.status === 0
if (!sanitizes) console.log('skipped: the C compiler has no sanitizers here')
const runtime = onnxruntime()

const programs: Runnable[] = []
afterAll(() => Promise.all(programs.map((program) => program.close())))

type Feeds = Readonly<Record<string, Tensor>>
interface Given {
  readonly dims: readonly number[]
  readonly values: readonly unknown[]
}
type Run = (feeds: Feeds) => Promise<Record<string, Given>>

function givenOf(tensor: Tensor): Given {
  return { dims: tensor.dims, values: [...tensorValues(tensor)] }
}

function sanitized(source: ModelSource): Promise<Run>
function sanitized<T>(
  source: ModelSource,
  show: (value: TestValue) => T,
): Promise<(feeds: Feeds) => Promise<Record<string, T>>>
async function sanitized(
  source: ModelSource,
  show: (value: TestValue) => unknown = (value) => givenOf(value as Tensor),
) {
  const model = decodeModel(modelBytes(source), { path: 'sequences.onnx' })
  const program = await sanitizedProgram(builtinSource(model, { target, identity: 'test', apart: true }), target)
  programs.push(program)
  return async (feeds: Feeds) => {
    const results = await program.run(new Map(Object.entries(feeds)))
    return Object.fromEntries([...results].map(([name, value]) => [name, show(value)]))
  }
}

async function reference(source: ModelSource): Promise<Run> {
  const session = await runtime!.InferenceSession.create(modelBytes(source), { logSeverityLevel: 4 })
  return async (feeds) => {
    const tensors = Object.entries(feeds).map(([name, { type, dims, data }]) => {
      const bytes = new Uint8Array(data).buffer
      const elements = type === 'int64' ? new BigInt64Array(bytes) : new Float32Array(bytes)
      return [name, new runtime!.Tensor(type, elements, dims)]
    })
    const results = await session.run(Object.fromEntries(tensors) as Record<string, unknown>)
    const entries = Object.entries(results).map(([name, { dims, data }]) => [name, { dims, values: [...data] }])
    return Object.fromEntries(entries) as Record<string, Given>
  }
}

const scalar = tensorType('int64', [])

/** Inserts x[0:i+1] at position `at` of what it carries, `count` times. */
const growing: GraphSource = {
  inputs: { i: scalar, go: tensorType('bool', []), before: undefined },
  outputs: { go_on: undefined, after: undefined },
  initializers: { zero: i64([0]), one: i64([1]), axis: i64([0]) },
  nodes: [
    { op: 'Identity', inputs: ['go'], outputs: ['go_on'] },
    { op: 'Reshape', inputs: ['i', 'one'], outputs: ['from'] },
    { op: 'Add', inputs: ['from', 'one'], outputs: ['to'] },
    { op: 'Slice', inputs: ['x', 'zero', 'to', 'axis'], outputs: ['part'] },
    { op: 'SequenceInsert', inputs: ['before', 'part', 'zero_at'], outputs: ['after'] },
  ],
}

/** Appends its first element. */
const doubling: GraphSource = {
  inputs: { i: scalar, go: tensorType('bool', []), before: undefined },
  outputs: { go: undefined, after: undefined },
  initializers: { first: i64([0], []) },
  nodes: [
    { op: 'SequenceAt', inputs: ['before', 'first'], outputs: ['head'] },
    { op: 'SequenceInsert', inputs: ['before', 'head'], outputs: ['after'] },
  ],
}

const listOfLengths: ModelSource = {
  opsets: { '': 17 },
  irVersion: 8,
  inputs: { x: tensorType('float32', ['n']), count: scalar, at: scalar },
  outputs: {
    length: scalar,
    element: tensorType('float32', ['k']),
    joined: tensorType('float32', ['m']),
    left: tensorType('float32', ['l']),
  },
  initializers: { zero_at: i64([0], []) },
  nodes: [
    { op: 'SequenceEmpty', outputs: ['empty'] },
    { op: 'Loop', inputs: ['count', '', 'empty'], outputs: ['list'], attributes: { body: growing } },
    { op: 'SequenceLength', inputs: ['list'], outputs: ['length'] },
    { op: 'SequenceAt', inputs: ['list', 'at'], outputs: ['element'] },
    { op: 'ConcatFromSequence', inputs: ['list'], outputs: ['joined'], attributes: { axis: 0n } },
    { op: 'SequenceErase', inputs: ['list', 'at'], outputs: ['fewer'] },
    { op: 'SequenceInsert', inputs: ['fewer', 'x', 'at'], outputs: ['replaced'] },
    { op: 'ConcatFromSequence', inputs: ['replaced'], outputs: ['left'], attributes: { axis: -1n } },
  ],
}

const numbers = (count: number): Tensor => f32(Array.from({ length: count }, (_, i) => i + 1))
const feedsOf = (n: number, count: number, at: number): Feeds => ({
  x: numbers(n),
  count: i64([count], []),
  at: i64([at], []),
})

describe.runIf(sanitizes)('a loop that carries a list of tensors of other sizes', () => {
  it('gives what is asked for at any position', async () => {
    const run = await sanitized(listOfLengths)
    expect(await run(feedsOf(5, 3, 0))).toEqual({
      length: { dims: [], values: [3n] },
      element: { dims: [3], values: [1, 2, 3] },
      joined: { dims: [6], values: [1, 2, 3, 1, 2, 1] },
      left: { dims: [8], values: [1, 2, 3, 4, 5, 1, 2, 1] },
    })
    const wanted = runtime && (await reference(listOfLengths))
    for (const [n, count, at] of [
      [5, 3, -1],
      [5, 7, -6],
      [1, 4, 2],
      [0, 2, 1],
      [40, 40, 17],
    ] as const)
      expect(await run(feedsOf(n, count, at))).toEqual(wanted ? await wanted(feedsOf(n, count, at)) : expect.anything())
  }, 60_000)

  it('refuses positions that are not there, and joins nothing of nothing, and leaks nothing', async () => {
    const run = await sanitized(listOfLengths)
    await expect(run(feedsOf(5, 3, 3))).rejects.toThrow(/SequenceAt\): the position is out of range/)
    await expect(run(feedsOf(5, 3, -4))).rejects.toThrow(/SequenceAt\): the position is out of range/)
    await expect(run(feedsOf(5, 0, 0))).rejects.toThrow(/SequenceAt\): the position is out of range/)
  }, 60_000)
})

/** SplitToSequence into what only the run knows, as its parts joined anew, the last of them, and how many there are. */
function splitting(split: ModelSource['inputs'], keepdims = 1n): ModelSource {
  return {
    opsets: { '': 17 },
    irVersion: 8,
    inputs: { x: tensorType('float32', ['r', 'n']), ...split },
    outputs: { joined: undefined, last: undefined, length: undefined },
    initializers: { end: i64([-1], []) },
    nodes: [
      {
        op: 'SplitToSequence',
        inputs: ['x', ...Object.keys(split ?? {})],
        outputs: ['parts'],
        attributes: { axis: 1n, keepdims },
      },
      {
        op: 'ConcatFromSequence',
        inputs: ['parts'],
        outputs: ['joined'],
        attributes: keepdims ? { axis: 1n } : { axis: -1n, new_axis: 1n },
      },
      { op: 'SequenceAt', inputs: ['parts', 'end'], outputs: ['last'] },
      { op: 'SequenceLength', inputs: ['parts'], outputs: ['length'] },
    ],
  }
}

describe.runIf(sanitizes)('SplitToSequence into parts whose number only the run knows', () => {
  const x = f32([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [2, 5])

  it('is of one size, but for the last', async () => {
    const run = await sanitized(splitting({ split: scalar }))
    for (const [part, last, length] of [
      [2, { dims: [2, 1], values: [5, 10] }, 3n],
      [5, { dims: [2, 5], values: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] }, 1n],
      [2 ** 40, { dims: [2, 5], values: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] }, 1n],
    ] as const)
      expect(await run({ x, split: i64([part], []) })).toEqual({
        joined: { dims: [2, 5], values: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] },
        last,
        length: { dims: [], values: [length] },
      })
    await expect(run({ x, split: i64([0], []) })).rejects.toThrow(/the size of the parts is less than 1/)
    await expect(run({ x, split: i64([-3], []) })).rejects.toThrow(/the size of the parts is less than 1/)
    await expect(run({ x: f32([], [2, 0]), split: i64([1], []) })).rejects.toThrow(/nothing to join/)
    await expect(run({ x: f32([], [0, 2 ** 40]), split: i64([1], []) })).rejects.toThrow(/more than 16777216 parts/)
  }, 60_000)

  it('is of listed sizes, which must add up', async () => {
    const run = await sanitized(splitting({ split: tensorType('int32', ['k']) }))
    const sizes = (...values: number[]): Feeds => ({ x, split: t('int32', values) })
    expect(await run(sizes(0, 2, 3))).toEqual({
      joined: { dims: [2, 5], values: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] },
      last: { dims: [2, 3], values: [3, 4, 5, 8, 9, 10] },
      length: { dims: [], values: [3n] },
    })
    await expect(run(sizes(2, 2))).rejects.toThrow(/do not add up/)
    await expect(run(sizes(2, 4))).rejects.toThrow(/do not fit/)
    await expect(run(sizes(6, -1))).rejects.toThrow(/do not fit/)
    await expect(run(sizes(-1, 6))).rejects.toThrow(/do not fit/)
  }, 60_000)

  it('is single slices, with or without their axis', async () => {
    const kept = await sanitized(splitting({}))
    const squeezed = await sanitized(splitting({}, 0n))
    const all = { dims: [2, 5], values: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] }
    expect(await kept({ x })).toMatchObject({ joined: all, last: { dims: [2, 1], values: [5, 10] } })
    expect(await squeezed({ x })).toMatchObject({ joined: all, last: { dims: [2], values: [5, 10] } })
  }, 60_000)
})

describe.runIf(sanitizes)('SequenceMap over what only the run knows', () => {
  const body: GraphSource = {
    inputs: { part: undefined, plus: undefined },
    outputs: { sum: undefined, shape: undefined },
    nodes: [
      { op: 'Add', inputs: ['part', 'plus'], outputs: ['sum'] },
      { op: 'Shape', inputs: ['part'], outputs: ['shape'] },
    ],
  }
  const source: ModelSource = {
    opsets: { '': 17 },
    inputs: {
      x: tensorType('float32', ['n', 2]),
      split: tensorType('int64', ['k']),
      plus: tensorType('float32', [1, 2]),
    },
    outputs: { joined: undefined, shapes: undefined },
    nodes: [
      { op: 'SplitToSequence', inputs: ['x', 'split'], outputs: ['parts'] },
      { op: 'SequenceMap', inputs: ['parts', 'plus'], outputs: ['sums', 'sizes'], attributes: { body } },
      { op: 'ConcatFromSequence', inputs: ['sums'], outputs: ['joined'], attributes: { axis: 0n } },
      { op: 'ConcatFromSequence', inputs: ['sizes'], outputs: ['shapes'], attributes: { axis: 0n, new_axis: 1n } },
    ],
  }

  it('takes each element as it is, and other inputs every time', async () => {
    const run = await sanitized(source)
    const x = f32([1, 2, 3, 4, 5, 6], [3, 2])
    const plus = f32([10, 20], [1, 2])
    const joined = { dims: [3, 2], values: [11, 22, 13, 24, 15, 26] }
    expect(await run({ x, plus, split: i64([1, 2]) })).toEqual({
      joined,
      shapes: { dims: [2, 2], values: [1n, 2n, 2n, 2n] },
    })
    expect(await run({ x, plus, split: i64([2, 0, 1]) })).toEqual({
      joined,
      shapes: { dims: [3, 2], values: [2n, 2n, 0n, 2n, 1n, 2n] },
    })
  }, 60_000)

  it('needs sequences of one length', async () => {
    const run = await sanitized({
      opsets: { '': 17 },
      inputs: { x: tensorType('float32', ['n']), y: tensorType('float32', ['m']) },
      outputs: { joined: undefined },
      nodes: [
        { op: 'SplitToSequence', inputs: ['x'], outputs: ['xs'] },
        { op: 'SplitToSequence', inputs: ['y'], outputs: ['ys'] },
        {
          op: 'SequenceMap',
          inputs: ['xs', 'ys'],
          outputs: ['sums'],
          attributes: { body: { ...body, outputs: { sum: undefined } } },
        },
        { op: 'ConcatFromSequence', inputs: ['sums'], outputs: ['joined'], attributes: { axis: 0n } },
      ],
    })
    expect(await run({ x: f32([1, 2]), y: f32([3, 4]) })).toEqual({ joined: { dims: [2], values: [4, 6] } })
    await expect(run({ x: f32([1, 2]), y: f32([3]) })).rejects.toThrow(
      /SequenceMap\): the sequences are of different lengths\s+expected 2, given 1/,
    )
  }, 60_000)
})

describe.runIf(sanitizes)('an If', () => {
  const branch = (
    name: string,
    nodes: GraphSource['nodes'],
    initializers?: GraphSource['initializers'],
  ): GraphSource => ({
    outputs: { [name]: undefined },
    nodes,
    ...(initializers && { initializers }),
  })

  it('gives lists of other lengths, also of strings, whose elements may differ in rank', async () => {
    const run = await sanitized({
      opsets: { '': 17 },
      inputs: { cond: tensorType('bool', []), x: tensorType('float32', ['n']), s: tensorType('string', ['k']) },
      outputs: { length: undefined, word: undefined, all: undefined },
      initializers: { zero: i64([0], []) },
      nodes: [
        { op: 'SplitToSequence', inputs: ['x'], outputs: ['parts'] },
        { op: 'SplitToSequence', inputs: ['s'], outputs: ['words'] },
        {
          op: 'If',
          inputs: ['cond'],
          outputs: ['list'],
          attributes: {
            then_branch: branch('parts_again', [{ op: 'Identity', inputs: ['parts'], outputs: ['parts_again'] }]),
            else_branch: branch('more', [{ op: 'SequenceInsert', inputs: ['parts', 'table'], outputs: ['more'] }], {
              table: f32([1, 2], [1, 2]),
            }),
          },
        },
        {
          op: 'If',
          inputs: ['cond'],
          outputs: ['texts'],
          attributes: {
            then_branch: branch('w', [{ op: 'Identity', inputs: ['words'], outputs: ['w'] }]),
            else_branch: branch('v', [{ op: 'SequenceInsert', inputs: ['words', 'extra', 'zero'], outputs: ['v'] }], {
              extra: t('string', ['grüezi'], [1]),
            }),
          },
        },
        { op: 'SequenceLength', inputs: ['list'], outputs: ['length'] },
        { op: 'SequenceAt', inputs: ['texts', 'zero'], outputs: ['word'] },
        { op: 'ConcatFromSequence', inputs: ['texts'], outputs: ['all'], attributes: { axis: 0n } },
      ],
    })
    const given = { x: f32([1, 2]), s: t('string', ['a', 'bc']) }
    expect(await run({ cond: t('bool', [true], []), ...given })).toEqual({
      length: { dims: [], values: [2n] },
      word: { dims: [1], values: ['a'] },
      all: { dims: [2], values: ['a', 'bc'] },
    })
    expect(await run({ cond: t('bool', [false], []), ...given })).toEqual({
      length: { dims: [], values: [3n] },
      word: { dims: [1], values: ['grüezi'] },
      all: { dims: [3], values: ['grüezi', 'a', 'bc'] },
    })
  }, 60_000)
})

describe('what must be known', () => {
  const build = (nodes: GraphSource['nodes'], initializers: GraphSource['initializers'] = {}): Promise<unknown> =>
    compileModel({
      opsets: { '': 17 },
      inputs: { x: tensorType('float32', ['n', 2]), at: scalar },
      outputs: { y: undefined },
      initializers,
      nodes,
    })

  it('is the rank of what is read', async () => {
    const nodes = [
      { op: 'SplitToSequence', inputs: ['x'], outputs: ['parts'] },
      { op: 'SequenceInsert', inputs: ['parts', 'flat'], outputs: ['mixed'] },
      { op: 'SequenceAt', name: 'pick', inputs: ['mixed', 'at'], outputs: ['y'] },
    ]
    await expect(build(nodes, { flat: f32([1, 2]) })).rejects.toThrow(
      /Node "pick" \(SequenceAt.*rank of what it takes from "mixed" is not known.*several ranks/,
    )
  })

  it('is the type of what is put in', async () => {
    const nodes = [
      { op: 'SplitToSequence', inputs: ['x'], outputs: ['parts'] },
      { op: 'SequenceInsert', inputs: ['parts', 'at'], outputs: ['mixed'] },
      { op: 'SequenceLength', inputs: ['mixed'], outputs: ['y'] },
    ]
    await expect(build(nodes)).rejects.toThrow(/a sequence of float32 can't hold int64/)
  })

  it('is a tensor where one is needed', async () => {
    const nodes = [
      { op: 'SplitToSequence', inputs: ['x'], outputs: ['parts'] },
      { op: 'Relu', inputs: ['parts'], outputs: ['y'] },
    ]
    await expect(build(nodes)).rejects.toThrow(/input X \("parts"\) should be a tensor, but is a sequence/)
  })
})

describe.runIf(sanitizes)('lists that come in and go out', () => {
  const sequence: TypeInfo = { kind: 'sequence', element: tensorType('float32', ['n', 2]) }
  const source: ModelSource = {
    opsets: { '': 18 },
    inputs: { list: sequence, maybe: { kind: 'optional', element: sequence }, at: scalar, count: scalar },
    outputs: { element: undefined, joined: undefined, same: undefined, grown: undefined, had: undefined },
    initializers: { none: t('float32', [], [0, 2]) },
    nodes: [
      { op: 'SequenceAt', inputs: ['list', 'at'], outputs: ['element'] },
      { op: 'SequenceInsert', inputs: ['list', 'none'], outputs: ['never_empty'] },
      { op: 'ConcatFromSequence', inputs: ['never_empty'], outputs: ['joined'], attributes: { axis: 0n } },
      { op: 'Identity', inputs: ['maybe'], outputs: ['same'] },
      { op: 'Loop', inputs: ['count', '', 'list'], outputs: ['grown'], attributes: { body: doubling } },
      { op: 'OptionalHasElement', inputs: ['maybe'], outputs: ['had'] },
    ],
  }
  const row = (...values: number[]): Tensor => f32(values, [values.length / 2, 2])
  const feeds = (list: Tensor[], at: number, count: number, maybe?: Tensor[]): Feeds =>
    ({ list, maybe, at: i64([at], []), count: i64([count], []) }) as unknown as Feeds

  it('are the caller’s, and the caller’s again', async () => {
    const run = await sanitized(source, (value) => value)
    const list = [row(1, 2), row(3, 4, 5, 6)]
    for (const maybe of [undefined, [], [row(7, 8)]])
      expect(await run(feeds(list, -1, 2, maybe))).toMatchObject({
        element: list[1],
        joined: row(1, 2, 3, 4, 5, 6),
        same: maybe,
        grown: [...list, list[0], list[0]],
        had: t('bool', [maybe !== undefined], []),
      })
    expect(await run(feeds([row()], 0, 0))).toMatchObject({ joined: row(), grown: [row()] })
  }, 60_000)

  it('are looked at where they are read, whatever a caller says', async () => {
    const run = await sanitized(source, (value) => value)
    const wrong = (list: Tensor[]) => run(feeds(list, 0, 1))
    await expect(wrong([f32([1, 2])])).rejects.toThrow(/SequenceAt\): the rank of an element.*\n?.*expected 2, given 1/)
    await expect(wrong([f32([1, 2, 3], [1, 3])])).rejects.toThrow(/SequenceAt\): axis 1 of an element/)
    await expect(wrong([row(1, 2), f32([1], [1, 1, 1])])).rejects.toThrow(
      /ConcatFromSequence\): the rank of an element/,
    )
    await expect(wrong([row(1, 2), f32([1, 2, 3], [1, 3])])).rejects.toThrow(
      /ConcatFromSequence\): axis 1 of an element/,
    )
    await expect(wrong([])).rejects.toThrow(/SequenceAt\): the position is out of range/)
  }, 60_000)
})

describe('a list that is known at compile time', () => {
  it('is made at run time where only the run knows what is asked of it', async () => {
    const model = await compileModel({
      opsets: { '': 17 },
      inputs: { x: tensorType('float32', ['n']), y: tensorType('float32', ['m']), at: scalar },
      outputs: { element: undefined, fewer: undefined, more: undefined },
      nodes: [
        { op: 'SequenceConstruct', inputs: ['x', 'y', 'x'], outputs: ['list'] },
        { op: 'SequenceAt', inputs: ['list', 'at'], outputs: ['element'] },
        { op: 'SequenceErase', inputs: ['list', 'at'], outputs: ['left'] },
        { op: 'ConcatFromSequence', inputs: ['left'], outputs: ['fewer'], attributes: { axis: 0n } },
        { op: 'SequenceInsert', inputs: ['list', 'y', 'at'], outputs: ['longer'] },
        { op: 'ConcatFromSequence', inputs: ['longer'], outputs: ['more'], attributes: { axis: 0n } },
      ],
    })
    const [x, y] = [new Float32Array([1, 2]), new Float32Array([3])]
    const run = (at: bigint): unknown =>
      Object.values(model.runSync({ x, y, at })).map(({ data }) => [...(data as Float32Array)])
    expect(run(1n)).toEqual([[3], [1, 2, 1, 2], [1, 2, 3, 3, 1, 2]])
    expect(run(-1n)).toEqual([
      [1, 2],
      [1, 2, 3],
      [1, 2, 3, 3, 1, 2],
    ])
    expect(() => run(3n)).toThrow(/SequenceAt\): the position is out of range/)
  })
})
