import { describe, expect, it } from 'vitest'
import { type GraphSource, type ModelSource, tensorType } from '../../src/onnx/build.ts'
import type { ElementType } from '../../src/onnx/element-type.ts'
import type { OnnxDim, TypeInfo } from '../../src/onnx/model.ts'
import type { Model, Result, Tensor } from '../../src/runtime/index.ts'
import { compileModel, f32, i64, t } from '../ops/harness.ts'

// Inputs and outputs that are no tensors, through the whole of the runtime and a real library.

const sequence = (type: ElementType, shape?: readonly OnnxDim[]): TypeInfo => ({
  kind: 'sequence',
  element: tensorType(type, shape),
})
const optional = (element: TypeInfo): TypeInfo => ({ kind: 'optional', element })
const map = (key: ElementType, value: ElementType): TypeInfo => ({ kind: 'map', key, value: tensorType(value, []) })

function compile(source: Omit<ModelSource, 'opsets'>): Promise<Model> {
  return compileModel({ opsets: { '': 18, 'ai.onnx.ml': 3 }, ...source })
}

type Run = (inputs: Record<string, unknown>) => Promise<Record<string, Result>>

/** `run`, which must give what `runSync` gives. */
function runner(model: Model): Run {
  return async (inputs) => {
    const results = model.runSync(inputs)
    expect(await model.run(inputs)).toEqual(results)
    return results
  }
}

const floats = (...values: number[]): Float32Array => new Float32Array(values)
const tensor = (data: Tensor['data'], ...dims: number[]): Tensor => ({ type: 'float32', dims, data })

describe('a sequence', () => {
  const appended: Omit<ModelSource, 'opsets'> = {
    inputs: { list: sequence('float32', ['a', 2]), x: tensorType('float32', ['b', 2]) },
    outputs: { longer: undefined, joined: undefined, length: undefined },
    nodes: [
      { op: 'SequenceInsert', inputs: ['list', 'x'], outputs: ['longer'] },
      { op: 'ConcatFromSequence', inputs: ['longer'], outputs: ['joined'], attributes: { axis: 0n } },
      { op: 'SequenceLength', inputs: ['list'], outputs: ['length'] },
    ],
  }

  it('is an array of tensors, of another length in each call, and maybe none', async () => {
    const model = await compile(appended)
    expect(model.inputs[0]).toEqual({
      name: 'list',
      type: 'sequence',
      element: { type: 'float32', shape: [null, 2] },
    })
    expect(model.outputs[0]).toEqual({
      name: 'longer',
      type: 'sequence',
      element: { type: 'float32', shape: [null, 2] },
    })
    const run = runner(model)
    const x = floats(9, 9)
    expect(await run({ list: [], x })).toMatchObject({
      longer: [tensor(x, 1, 2)],
      joined: tensor(x, 1, 2),
      length: { data: new BigInt64Array([0n]) },
    })
    // A bare array has the one dimension that is open; a plain array and a tensor are elements as well.
    const list = [floats(1, 2), [3, 4, 5, 6], { data: floats(), dims: [0, 2] }, tensor(floats(7, 8), 1, 2)]
    expect(await run({ list, x })).toMatchObject({
      longer: [
        tensor(floats(1, 2), 1, 2),
        tensor(floats(3, 4, 5, 6), 2, 2),
        tensor(floats(), 0, 2),
        tensor(floats(7, 8), 1, 2),
        tensor(x, 1, 2),
      ],
      joined: tensor(floats(1, 2, 3, 4, 5, 6, 7, 8, 9, 9), 5, 2),
      length: { data: new BigInt64Array([4n]) },
    })
    const many = Array.from({ length: 3000 }, (_, i) => floats(i, i))
    expect((await run({ list: many, x }))['joined']).toMatchObject({ dims: [3001, 2] })
  })

  it.each<[string, unknown, typeof TypeError | typeof RangeError, string]>([
    ['nothing', undefined, TypeError, 'input "list": expected a sequence, given nothing'],
    ['null', null, TypeError, 'input "list": expected a sequence, given nothing'],
    ['a tensor', floats(1, 2), TypeError, 'expected an array of float32 tensors, given Float32Array(2)'],
    [
      'another type',
      [floats(1, 2), new Float64Array(2)],
      TypeError,
      'input "list", element 1: expected float32 [?, 2], as Float32Array or number[], given Float64Array(2)',
    ],
    ['a hole', [floats(1, 2), undefined], TypeError, 'element 1: expected float32 [?, 2], as Float32Array or number[]'],
    [
      'a count that does not fit',
      [floats(1, 2), floats(1, 2), floats(1, 2, 3)],
      RangeError,
      'element 2: expected float32 [?, 2], so a multiple of 2 elements, given Float32Array(3)',
    ],
    [
      'another rank',
      [{ data: floats(1, 2), dims: [2] }],
      RangeError,
      'element 0: expected float32 [?, 2], given 1 dims [2]',
    ],
    [
      'another size',
      [{ data: floats(1, 2), dims: [2, 1] }],
      RangeError,
      'element 0: expected float32 [?, 2], given dims [2, 1]',
    ],
    ['a count other than the dims', [{ data: floats(1), dims: [1, 2] }], RangeError, 'element 0: expected'],
  ])('refuses %s', async (_, list, Kind, message) => {
    const model = await compile(appended)
    const given = { list, x: floats(1, 2) }
    expect(() => model.runSync(given)).toThrow(Kind)
    expect(() => model.runSync(given)).toThrow(message)
    await expect(model.run(given)).rejects.toThrow(message)
  })

  it('is read once, before anything is checked', async () => {
    const model = await compile(appended)
    let reads = 0
    const element = {
      get data() {
        reads++
        return floats(1, 2)
      },
      dims: [1, 2],
    }
    model.runSync({ list: [element], x: floats(1, 2) })
    expect(reads).toBe(1)
    const growing: unknown[] = [
      {
        get data() {
          growing.push('more')
          return floats(1, 2)
        },
        dims: [1, 2],
      },
    ]
    expect(model.runSync({ list: growing, x: floats(1, 2) })['longer']).toHaveLength(2)
  })

  it('notices what a caller does to elements that were read', async () => {
    const model = await compile(appended)
    const x = floats(5, 6)
    const first = floats(1, 2)
    const detaching = {
      get data() {
        structuredClone(first, { transfer: [first.buffer as ArrayBuffer] })
        return floats(3, 4)
      },
      dims: [1, 2],
    }
    const stated = { data: first, dims: [1, 2] }
    expect(() => model.runSync({ list: [stated, detaching], x })).toThrow(/element 0: .*2 elements.*Float32Array\(0\)/)
    const shared = new Float32Array(new SharedArrayBuffer(8))
    shared.set([7, 8])
    expect(model.runSync({ list: [shared], x })['joined']).toMatchObject({ data: floats(7, 8, 5, 6) })
    const list = new Proxy([floats(1, 2)], { get: (target, key) => (key === 'length' ? 1 : Reflect.get(target, key)) })
    expect(model.runSync({ list, x })['joined']).toMatchObject({ data: floats(1, 2, 5, 6) })
    const endless = new Proxy([], { get: (_, key) => (key === 'length' ? 2 ** 32 - 1 : undefined) })
    expect(() => model.runSync({ list: endless, x })).toThrow(/element 0: .*given undefined/)
  })

  it('is copied before run() returns', async () => {
    const model = await compile(appended)
    const list = [floats(1, 2), floats(3, 4)]
    const pending = model.run({ list, x: floats(5, 6) })
    for (const element of list) element.fill(7)
    list.length = 0
    expect((await pending)['joined']).toMatchObject({ data: floats(1, 2, 3, 4, 5, 6) })
  })

  it('gives results that are nobody else’s', async () => {
    const model = await compile({
      inputs: { list: sequence('float32', ['n']) },
      outputs: { same: undefined, again: undefined },
      nodes: [
        { op: 'Identity', inputs: ['list'], outputs: ['same'] },
        { op: 'Identity', inputs: ['list'], outputs: ['again'] },
      ],
    })
    const list = [floats(1, 2)]
    const { same, again } = model.runSync({ list }) as unknown as Record<string, Tensor<'float32'>[]>
    same![0]!.data[0] = 5
    expect([list[0]![0], again![0]!.data[0]]).toEqual([1, 1])
  })

  it('of any rank needs elements that state their dimensions, and gives them back', async () => {
    const model = await compile({
      inputs: { list: sequence('int64') },
      outputs: { same: undefined },
      nodes: [{ op: 'Identity', inputs: ['list'], outputs: ['same'] }],
    })
    const element = (...dims: number[]): unknown => ({
      type: 'int64',
      dims,
      data: new BigInt64Array(dims.reduce((product, dim) => product * dim, 1)).fill(3n),
    })
    const list = [element(), element(2, 1, 3), element(0, 1e12)]
    expect(await runner(model)({ list })).toEqual({ same: list })
    expect(() => model.runSync({ list: [new BigInt64Array(1)] })).toThrow(
      /element 0: expected int64 of any rank, given BigInt64Array\(1\): it says nothing of its rank; give \{ data, dims \}/,
    )
    expect(() => model.runSync({ list: [element(...Array<number>(17).fill(1))] })).toThrow(/given 17 dims/)
  })

  it('may be of texts', async () => {
    const model = await compile({
      inputs: { words: sequence('string', ['n']) },
      outputs: { more: undefined, all: undefined },
      initializers: { last: t('string', ['ende']) },
      nodes: [
        { op: 'SequenceInsert', inputs: ['words', 'last'], outputs: ['more'] },
        { op: 'ConcatFromSequence', inputs: ['more'], outputs: ['all'], attributes: { axis: 0n } },
      ],
    })
    const run = runner(model)
    const words = (...data: string[]): Tensor => ({ type: 'string', dims: [data.length], data })
    expect(await run({ words: [['ä', ''], [], ['日本語']] })).toEqual({
      more: [words('ä', ''), words(), words('日本語'), words('ende')],
      all: words('ä', '', '日本語', 'ende'),
    })
    expect(() => model.runSync({ words: [['a\0b']] })).toThrow(/input "words", element 0: .*NUL/)
    expect(() => model.runSync({ words: [['a', 1]] })).toThrow(/input "words", element 0: expected string \[\?\]/)
  })

  it('keeps bools and half-precision floats what they are', async () => {
    const model = await compile({
      inputs: { flags: sequence('bool', [2]), halves: sequence('float16', [1]) },
      outputs: { f: undefined, h: undefined },
      nodes: [
        { op: 'Identity', inputs: ['flags'], outputs: ['f'] },
        { op: 'Identity', inputs: ['halves'], outputs: ['h'] },
      ],
    })
    const { f, h } = model.runSync({ flags: [[true, false]], halves: [[1.5]] }) as unknown as Record<string, Tensor[]>
    expect(f![0]!.data).toEqual(new Uint8Array([1, 0]))
    expect(Array.from(new Uint16Array((h![0]!.data as Uint16Array).buffer))).toEqual([0x3e00])
    expect(() => model.runSync({ flags: [new Uint8Array([1, 2])], halves: [] })).toThrow(
      /input "flags", element 0: .*element 1 is 2, not 0 or 1/,
    )
  })

  it('carries errors of the model, after which it runs on', async () => {
    const model = await compile({
      inputs: { list: sequence('float32', ['n', 'm']), at: tensorType('int64', []) },
      outputs: { element: undefined, joined: undefined },
      nodes: [
        { op: 'SequenceAt', inputs: ['list', 'at'], outputs: ['element'] },
        { op: 'ConcatFromSequence', inputs: ['list'], outputs: ['joined'], attributes: { axis: 0n } },
      ],
    })
    const list = [tensor(floats(1, 2), 1, 2), tensor(floats(3, 4, 5, 6), 2, 2)]
    expect(() => model.runSync({ list, at: 2n })).toThrow(/SequenceAt\): the position is out of range/)
    expect(() => model.runSync({ list, at: -3n })).toThrow(/SequenceAt\): the position is out of range/)
    expect(() => model.runSync({ list: [list[0], tensor(floats(1, 2, 3), 1, 3)], at: 0n })).toThrow(
      /ConcatFromSequence\): axis 1 of an element differs from the others: expected 2, given 3/,
    )
    expect(await runner(model)({ list, at: -1n })).toEqual({
      element: list[1],
      joined: tensor(floats(1, 2, 3, 4, 5, 6), 3, 2),
    })
  })
})

describe('an optional', () => {
  it('is there or not, going in and coming out', async () => {
    const branch = (name: string, nodes: GraphSource['nodes']): GraphSource => ({
      outputs: { [name]: undefined },
      nodes,
    })
    const model = await compile({
      inputs: { x: tensorType('float32', [2]), bias: optional(tensorType('float32', [2])) },
      outputs: { y: undefined, same: optional(tensorType('float32', [2])) },
      nodes: [
        { op: 'OptionalHasElement', inputs: ['bias'], outputs: ['has'] },
        {
          op: 'If',
          inputs: ['has'],
          outputs: ['y'],
          attributes: {
            then_branch: branch('sum', [
              { op: 'OptionalGetElement', inputs: ['bias'], outputs: ['b'] },
              { op: 'Add', inputs: ['x', 'b'], outputs: ['sum'] },
            ]),
            else_branch: branch('neg', [{ op: 'Neg', inputs: ['x'], outputs: ['neg'] }]),
          },
        },
        { op: 'Identity', inputs: ['bias'], outputs: ['same'] },
      ],
    })
    expect(model.inputs[1]).toEqual({ name: 'bias', type: 'optional', element: { type: 'float32', shape: [2] } })
    const run = runner(model)
    const x = floats(1, 2)
    const without = { y: tensor(floats(-1, -2), 2), same: undefined }
    expect(await run({ x })).toEqual(without)
    expect(await run({ x, bias: undefined })).toEqual(without)
    expect(await run({ x, bias: null })).toEqual(without)
    expect(await run({ x, bias: floats(10, 20) })).toEqual({
      y: tensor(floats(11, 22), 2),
      same: tensor(floats(10, 20), 2),
    })
    expect(() => model.runSync({ x, bias: floats(1) })).toThrow(
      /input "bias": expected float32 \[2\].*Float32Array\(1\)/,
    )
    expect(() => model.runSync({ x, bia: floats(1, 2) })).toThrow(/there is no input "bia"; did you mean "bias"\?/)
    expect(() => model.runSync({ bias: floats(1, 2) })).toThrow(/input "x": .*given nothing/)
  })

  it('that is empty has nothing to be taken', async () => {
    const model = await compile({
      inputs: { maybe: optional(sequence('float32', ['n'])) },
      outputs: { list: undefined },
      nodes: [{ op: 'OptionalGetElement', name: 'take', inputs: ['maybe'], outputs: ['list'] }],
    })
    expect(await runner(model)({ maybe: [floats(1), floats()] })).toEqual({
      list: [tensor(floats(1), 1), tensor(floats(), 0)],
    })
    expect(await runner(model)({ maybe: [] })).toEqual({ list: [] })
    expect(() => model.runSync({})).toThrow(/node take \(OptionalGetElement\): the optional is empty/)
  })
})

describe('a map', () => {
  const ml = 'ai.onnx.ml'
  const zipMap = (labels: object): Promise<Model> =>
    compile({
      inputs: { x: tensorType('float32', ['n', 3]) },
      outputs: { rows: undefined },
      nodes: [{ op: 'ZipMap', domain: ml, inputs: ['x'], outputs: ['rows'], attributes: labels as never }],
    })

  it('comes out as a record, whatever its labels are', async () => {
    const labels = ['cat', '__proto__', 'toString']
    const model = await zipMap({ classlabels_strings: labels })
    expect(model.outputs[0]).toEqual({
      name: 'rows',
      type: 'sequence',
      element: { type: 'map', keys: 'string', values: 'float32', labels },
      length: 'n',
    })
    const { rows } = (await runner(model)({ x: floats(1, 2, 3, 4, 5, 6) })) as unknown as {
      rows: Record<string, number>[]
    }
    expect(rows.map((row) => labels.map((label) => row[label]))).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ])
    expect(rows.map((row) => Object.keys(row))).toEqual([labels, labels])
    expect(Object.getPrototypeOf(rows[0])).toBeNull()
    expect(model.runSync({ x: { data: floats(), dims: [0, 3] } })).toEqual({ rows: [] })
  })

  it('has integers as keys, beyond 2^53 as text', async () => {
    const model = await zipMap({ classlabels_int64s: [-1n, 7n, 2n ** 62n] })
    const { rows } = model.runSync({ x: floats(1, 2, 3) }) as unknown as { rows: Record<string | number, number>[] }
    expect([rows[0]![-1], rows[0]![7], rows[0]!['4611686018427387904']]).toEqual([1, 2, 3])
  })

  it('of a single row comes from a list, and of labels that do not fit not at all', async () => {
    const model = await compile({
      inputs: { x: tensorType('float32', [2]) },
      outputs: { rows: undefined },
      nodes: [
        { op: 'ZipMap', domain: ml, inputs: ['x'], outputs: ['rows'], attributes: { classlabels_strings: ['a', 'b'] } },
      ],
    })
    expect(model.runSync({ x: floats(1, 2) })).toEqual({ rows: [{ a: 1, b: 2 }] })
    await expect(zipMap({ classlabels_strings: ['a', 'b'] })).rejects.toThrow(/expected 2, given 3/)
    await expect(zipMap({ classlabels_strings: ['a', 'b', 'a'] })).rejects.toThrow(/the label "a" is listed twice/)
    await expect(zipMap({})).rejects.toThrow(/must list the labels/)
  })

  it('is an end: no node takes it', async () => {
    const one = {
      inputs: { x: tensorType('float32', ['n', 1]), go: tensorType('bool', []) },
      outputs: { y: undefined },
    }
    const zipped = { op: 'ZipMap', domain: ml, inputs: ['x'], outputs: ['m'], attributes: { classlabels_int64s: [1n] } }
    const relu = { op: 'Relu', inputs: ['m'], outputs: ['y'] }
    await expect(compile({ ...one, nodes: [zipped, relu] })).rejects.toThrow(
      /X \("m"\) should be a tensor, but is a map/,
    )
    const at: GraphSource['nodes'] = [{ op: 'SequenceConstruct', inputs: ['m'], outputs: ['y'] }]
    await expect(compile({ ...one, nodes: [zipped, ...at] })).rejects.toThrow(/should be a tensor, but is a map/)
  })

  it('can go in and not come out', async () => {
    const nodes = [{ op: 'Identity', inputs: ['m'], outputs: ['y'] }]
    await expect(
      compile({ inputs: { m: map('string', 'float32') }, outputs: { y: undefined }, nodes }),
    ).rejects.toThrow(/output "y" is a map whose keys only the run knows/)
  })

  it('goes in as an object or a Map', async () => {
    const model = await compile({
      inputs: { words: map('string', 'float32'), counts: map('int64', 'float32') },
      outputs: { w: undefined, dense: undefined, sparse: undefined },
      nodes: [
        {
          op: 'DictVectorizer',
          domain: ml,
          inputs: ['words'],
          outputs: ['w'],
          attributes: { string_vocabulary: ['a', '__proto__', 'c'] },
        },
        { op: 'CastMap', domain: ml, inputs: ['counts'], outputs: ['dense'], attributes: { cast_to: 'TO_INT64' } },
        {
          op: 'CastMap',
          domain: ml,
          inputs: ['counts'],
          outputs: ['sparse'],
          attributes: { map_form: 'SPARSE', max_map: 4n },
        },
      ],
    })
    const run = runner(model)
    expect(await run({ words: { c: 3, other: 9 }, counts: { 2: 5, 0: 7 } })).toEqual({
      w: tensor(floats(0, 0, 3), 1, 3),
      dense: { type: 'int64', dims: [1, 2], data: new BigInt64Array([7n, 5n]) },
      sparse: tensor(floats(7, 0, 5, 0), 1, 4),
    })
    const given = {
      words: new Map([['__proto__', 2]]),
      counts: new Map<number | bigint, number>([
        [3, 4],
        [0n, 1],
      ]),
    }
    expect(await run(given)).toMatchObject({
      w: tensor(floats(0, 2, 0), 1, 3),
      dense: { data: new BigInt64Array([1n, 4n]) },
      sparse: tensor(floats(1, 0, 0, 4), 1, 4),
    })
    expect(await run({ words: {}, counts: {} })).toMatchObject({ w: tensor(floats(0, 0, 0), 1, 3) })
    expect(() => model.runSync({ words: {}, counts: { '-3': 1 } })).toThrow(/a key of a sparse map is negative/)
    const refusal = (inputs: Record<string, unknown>) => () => model.runSync({ words: {}, counts: {}, ...inputs })
    expect(refusal({ words: undefined })).toThrow(/input "words": expected a Map or an object of float32 by string/)
    expect(refusal({ words: [1] })).toThrow(/input "words": .*given Array\(1\)/)
    expect(refusal({ words: new Map([[1, 2]]) })).toThrow(/input "words": .*given the key 1/)
    // What holds nothing in its keys is no empty map.
    for (const [value, kind] of [
      [Promise.resolve({ a: 1 }), 'Promise'],
      [new Set(['a']), 'Set'],
      [new Date(0), 'Date'],
      [new Proxy(new Map([['a', 1]]), {}), 'Map'],
      [{ [Symbol.toStringTag]: 'Map', a: 1 }, 'Map'],
    ] as const)
      expect(refusal({ words: value })).toThrow(
        new RegExp(`input "words": expected a Map or an object of float32 by string, given an object \\(${kind}\\)`),
      )
    expect(refusal({ words: { a: '1' } })).toThrow(/input "words": expected float32 \[\?\]/)
    expect(refusal({ counts: { a: 1 } })).toThrow(/input "counts": .*given the key "a"/)
    expect(
      refusal({
        counts: new Map<unknown, number>([
          [1, 1],
          [1n, 2],
        ]),
      }),
    ).toThrow(/given the key 1 twice/)
  })
})

describe('lists in a Loop', () => {
  it('may begin with an input, and a Loop may give what it was given', async () => {
    const body: GraphSource = {
      inputs: { i: tensorType('int64', []), go: tensorType('bool', []), before: undefined, kept: undefined },
      outputs: { go: undefined, after: undefined, kept: undefined },
      nodes: [{ op: 'SequenceInsert', inputs: ['before', 'i'], outputs: ['after'] }],
    }
    const model = await compile({
      inputs: { count: tensorType('int64', []), list: sequence('int64', []) },
      outputs: { all: undefined, same: undefined },
      initializers: { zero: i64([0], []), pad: f32([0], []) },
      nodes: [{ op: 'Loop', inputs: ['count', '', 'list', 'list'], outputs: ['all', 'same'], attributes: { body } }],
    })
    const numbers = (list: unknown): number[] => (list as Tensor[]).map(({ data }) => Number(data[0]))
    for (const count of [0n, 1n, 5n]) {
      const { all, same } = await runner(model)({ count, list: [7n, 8n] })
      expect(numbers(all)).toEqual([7, 8, ...Array(Number(count)).keys()])
      expect(numbers(same)).toEqual([7, 8])
    }
  })

  it('grow in time that is in proportion', async () => {
    const body: GraphSource = {
      inputs: { i: tensorType('int64', []), go: tensorType('bool', []), before: undefined },
      outputs: { go: undefined, after: undefined },
      nodes: [{ op: 'SequenceInsert', inputs: ['before', 'i'], outputs: ['after'] }],
    }
    const model = await compile({
      inputs: { count: tensorType('int64', []) },
      outputs: { length: undefined },
      nodes: [
        { op: 'SequenceEmpty', outputs: ['none'], attributes: { dtype: 7n } },
        { op: 'Loop', inputs: ['count', '', 'none'], outputs: ['all'], attributes: { body } },
        { op: 'SequenceLength', inputs: ['all'], outputs: ['length'] },
      ],
    })
    const started = performance.now()
    expect(model.runSync({ count: 300_000n })['length']!.data[0]).toBe(300_000n)
    // Some 50 ms; a copy of the list in each iteration would take minutes.
    expect(performance.now() - started).toBeLessThan(5000)
  })
})
