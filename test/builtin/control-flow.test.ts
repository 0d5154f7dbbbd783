import { describe, expect, test } from 'vitest'
import { tensorType, type GraphSource, type NodeSource } from '../../src/onnx/build.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { compileModel } from '../ops/harness.ts'

// How If and Loop use memory: what a branch gives may be anybody's, carried values trade places, and shapes may change
// from one iteration to the next.

const f32 = (...shape: (number | string)[]) => tensorType('float32', shape)
const int = (value: number, dims: number[] = []) => tensorFrom('int64', dims, [value])
const node = (op: string, inputs: string[], outputs: string[], attributes = {}): NodeSource => ({
  op,
  inputs,
  outputs,
  attributes,
})

/** A body that takes (i, cond, …carried) and goes on while told. */
function loopBody(carried: string[], results: string[], nodes: NodeSource[]): GraphSource {
  return {
    inputs: Object.fromEntries(['i', 'go', ...carried].map((name) => [name, undefined])),
    outputs: Object.fromEntries(['going', ...results].map((name) => [name, undefined])),
    nodes: [node('Identity', ['go'], ['going']), ...nodes],
  }
}

const scalar = (value: number) => ({ data: BigInt64Array.of(BigInt(value)), dims: [] })
const list = (...values: number[]) => ({ data: Float32Array.from(values), dims: [values.length] })

describe('Loop', () => {
  test('carried values trade places, sizes and all', async () => {
    const model = await compileModel({
      opsets: { '': 21 },
      inputs: { n: tensorType('int64', []), a: f32('p'), b: f32('q'), c: f32('r') },
      outputs: { x: undefined, y: undefined, z: undefined },
      nodes: [
        node('Loop', ['n', '', 'a', 'b', 'c'], ['x', 'y', 'z'], {
          body: loopBody(['a1', 'b1', 'c1'], ['b1', 'c1', 'a1'], []),
        }),
      ],
    })
    const inputs = { a: list(1), b: list(2, 3), c: list(4, 5, 6) }
    const rotated = [inputs.a, inputs.b, inputs.c].map(({ data }) => [...data])
    for (const n of [0, 1, 2, 3, 7]) {
      const results = model.runSync({ n: scalar(n), ...inputs })
      const expected = [0, 1, 2].map((k) => rotated[(k + n) % 3])
      expect(
        ['x', 'y', 'z'].map((name) => [...(results[name]!.data as Float32Array)]),
        `n = ${n}`,
      ).toEqual(expected)
      expect(results['x']!.dims).toEqual([expected[0]!.length])
    }
  })

  test('a carried value of fixed size may take the place of one of another size', async () => {
    const body = loopBody(['v'], ['w'], [])
    const model = await compileModel({
      opsets: { '': 21 },
      inputs: { n: tensorType('int64', []), a: f32(2), big: f32(1000) },
      outputs: { x: undefined },
      nodes: [
        node('Loop', ['n', '', 'a'], ['x'], { body: { ...body, nodes: [...body.nodes, node('Neg', ['big'], ['w'])] } }),
      ],
    })
    const big = Float32Array.from({ length: 1000 }, (_, i) => i)
    expect([...(model.runSync({ n: scalar(0), a: list(1, 2), big })['x']!.data as Float32Array)]).toEqual([1, 2])
    expect(model.runSync({ n: scalar(3), a: list(1, 2), big })['x']!.data).toEqual(big.map((x) => -x))
  })

  test('a carried value grows by concatenation, and scans collect nothing, one and many rows', async () => {
    const model = await compileModel({
      opsets: { '': 21 },
      inputs: { n: tensorType('int64', []), a: f32('p'), row: f32('w', 2) },
      outputs: { grown: undefined, scanned: undefined, numbers: undefined },
      nodes: [
        node('Loop', ['n', '', 'a'], ['grown', 'scanned', 'numbers'], {
          body: loopBody(
            ['v'],
            ['next', 'scan', 'number'],
            [
              node('Cast', ['i'], ['number'], { to: 1n }),
              node('Unsqueeze', ['number', 'zero'], ['one']),
              node('Concat', ['v', 'one'], ['next'], { axis: 0n }),
              node('Add', ['row', 'number'], ['scan']),
            ],
          ),
        }),
      ],
      initializers: { zero: int(0, [1]) },
    })
    const row = { data: Float32Array.of(1, 2, 3, 4, 5, 6), dims: [3, 2] }
    for (const n of [0, 1, 2, 5, 40]) {
      const { grown, scanned, numbers } = model.runSync({ n: scalar(n), a: list(-1), row })
      const counted = Array.from({ length: n }, (_, i) => i)
      expect([...(grown!.data as Float32Array)]).toEqual([-1, ...counted])
      expect(numbers!.dims).toEqual([n])
      expect([...(numbers!.data as Float32Array)]).toEqual(counted)
      expect(scanned!.dims).toEqual([n, 3, 2])
      expect([...(scanned!.data as Float32Array)]).toEqual(counted.flatMap((i) => [...row.data].map((x) => x + i)))
    }
  })

  test('a scan output whose rows change size is an error', async () => {
    const model = await compileModel({
      opsets: { '': 21 },
      inputs: { n: tensorType('int64', []), a: f32('p') },
      outputs: { last: undefined, rows: undefined },
      nodes: [
        node('Loop', ['n', '', 'a'], ['last', 'rows'], {
          body: loopBody(['v'], ['next', 'v'], [node('Concat', ['v', 'v'], ['next'], { axis: 0n })]),
        }),
      ],
    })
    const once = model.runSync({ n: scalar(1), a: list(1, 2) })
    expect(once['rows']!.dims).toEqual([1, 2])
    expect(once['last']!.dims).toEqual([4])
    const none = model.runSync({ n: scalar(0), a: list(1, 2) })
    expect(none['rows']!.dims[0]).toBe(0)
    expect(() => model.runSync({ n: scalar(2), a: list(1, 2) })).toThrow(/scan output changes/)
  })

  test('loops in loops: symbols and slots of the inner one start anew in each round', async () => {
    const inner = loopBody(['w'], ['w2', 'w'], [node('Concat', ['w', 'v'], ['w2'], { axis: 0n })])
    const model = await compileModel({
      opsets: { '': 21 },
      inputs: { n: tensorType('int64', []), m: tensorType('int64', []), a: f32('p') },
      outputs: { sums: undefined, last: undefined },
      nodes: [
        node('Loop', ['n', '', 'a'], ['last', 'sums'], {
          body: loopBody(
            ['v'],
            ['v2', 'sum'],
            [
              node('Loop', ['one', '', 'v'], ['grown', 'rows'], {
                body: {
                  ...inner,
                  inputs: { j: undefined, go2: undefined, w: undefined },
                  nodes: [node('Identity', ['go2'], ['going']), ...inner.nodes.slice(1)],
                },
              }),
              node('ReduceSum', ['grown'], ['sum0'], { keepdims: 0n }),
              node('ReduceSum', ['rows'], ['sum1'], { keepdims: 0n }),
              node('Add', ['sum0', 'sum1'], ['sum']),
              node('Identity', ['grown'], ['v2']),
            ],
          ),
        }),
      ],
      initializers: { one: int(1) },
    })
    // Each round doubles v; rows holds v once.
    const { sums, last } = model.runSync({ n: scalar(3), m: scalar(0), a: list(1, 2) })
    expect(last!.dims).toEqual([16])
    expect([...(sums!.data as Float32Array)]).toEqual([6 + 3, 12 + 6, 24 + 12])
  })

  test('what stands outside is seen inside, also by a branch in a body', async () => {
    const branch = (...nodes: NodeSource[]): GraphSource => ({ outputs: { chosen: undefined }, nodes })
    const model = await compileModel({
      opsets: { '': 21 },
      inputs: { n: tensorType('int64', []), a: f32('p'), limit: f32() },
      outputs: { x: undefined },
      nodes: [
        node('Abs', ['a'], ['abs']),
        node('Loop', ['n', '', 'a'], ['x'], {
          body: loopBody(
            ['v'],
            ['chosen0'],
            [
              node('ReduceMax', ['v'], ['largest'], { keepdims: 0n }),
              node('Less', ['largest', 'limit'], ['small']),
              node('If', ['small'], ['chosen0'], {
                then_branch: branch(node('Add', ['v', 'abs'], ['chosen'])),
                else_branch: branch(node('Identity', ['abs'], ['chosen'])),
              }),
            ],
          ),
        }),
      ],
    })
    const run = (n: number) => [
      ...(model.runSync({ n: scalar(n), a: list(-1, 2), limit: { data: Float32Array.of(5), dims: [] } })['x']!
        .data as Float32Array),
    ]
    expect([0, 1, 2, 3, 4].map(run)).toEqual([
      [-1, 2],
      [0, 4],
      [1, 6],
      [1, 2],
      [2, 4],
    ])
  })

  test.each([
    ['a body that takes too little', [['v'], ['v']], ['a', 'a'], /takes 3 inputs, but is given 4/],
    ['a body that gives too little', [['v'], []], ['a'], /gives fewer values/],
  ] as const)('%s is an error that names the node', async (_, [carried, results], given, message) => {
    const source = {
      opsets: { '': 21 },
      inputs: { n: tensorType('int64', []), a: f32(2) },
      outputs: { x: undefined },
      nodes: [
        {
          ...node('Loop', ['n', '', ...given], ['x'], { body: loopBody([...carried], [...results], []) }),
          name: 'my loop',
        },
      ],
    }
    await expect(compileModel(source)).rejects.toThrow(message)
    await expect(compileModel(source)).rejects.toThrow(/"my loop"/)
  })

  test('a trip count of several elements is an error', async () => {
    const source = {
      opsets: { '': 21 },
      inputs: { n: tensorType('int64', [2]), a: f32(2) },
      outputs: { x: undefined },
      nodes: [node('Loop', ['n', '', 'a'], ['x'], { body: loopBody(['v'], ['v'], []) })],
    }
    await expect(compileModel(source)).rejects.toThrow(/input M \("n"\).*expected 1, given 2/)
  })
})

describe('If', () => {
  const give = (name: string, ...nodes: NodeSource[]): GraphSource => ({ outputs: { [name]: undefined }, nodes })

  test('a branch may give an input, a constant, an outer value, or something of another size', async () => {
    const model = await compileModel({
      opsets: { '': 21 },
      inputs: { which: tensorType('bool', []), a: f32('p') },
      outputs: { x: undefined, y: undefined, z: undefined },
      nodes: [
        node('Neg', ['a'], ['outer']),
        node('If', ['which'], ['x'], { then_branch: give('a'), else_branch: give('outer') }),
        node('If', ['which'], ['y'], {
          then_branch: give('k'),
          else_branch: give('d', node('Concat', ['a', 'a', 'k'], ['d'], { axis: 0n })),
        }),
        node('If', ['which'], ['z'], {
          then_branch: give('t', node('Add', ['y', 'y'], ['t'])),
          else_branch: give('y'),
        }),
      ],
      initializers: { k: tensorFrom('float32', [3], [7, 8, 9]) },
    })
    const run = (which: boolean) => {
      const { x, y, z } = model.runSync({ which: { data: Uint8Array.of(which ? 1 : 0), dims: [] }, a: list(1, 2) })
      return [x, y, z].map((tensor) => [...(tensor!.data as Float32Array)])
    }
    expect(run(true)).toEqual([
      [1, 2],
      [7, 8, 9],
      [14, 16, 18],
    ])
    expect(run(false)).toEqual([
      [-1, -2],
      [1, 2, 1, 2, 7, 8, 9],
      [1, 2, 1, 2, 7, 8, 9],
    ])
  })

  test('strings and values of static size', async () => {
    const model = await compileModel({
      opsets: { '': 21 },
      inputs: { which: tensorType('bool', [1]), s: tensorType('string', [2]) },
      outputs: { x: undefined },
      nodes: [node('If', ['which'], ['x'], { then_branch: give('s'), else_branch: give('k') })],
      initializers: { k: tensorFrom('string', [2], ['"quoted"\n??/', 'ü']) },
    })
    const run = (which: number) => model.runSync({ which: Uint8Array.of(which), s: ['a', ''] })['x']!.data
    expect(run(1)).toEqual(['a', ''])
    expect(run(0)).toEqual(['"quoted"\n??/', 'ü'])
  })

  test('branches that disagree in type or rank are an error', async () => {
    const source = {
      opsets: { '': 21 },
      inputs: { which: tensorType('bool', []), a: f32(2), b: f32(2, 2) },
      outputs: { x: undefined },
      nodes: [node('If', ['which'], ['x'], { then_branch: give('a'), else_branch: give('b') })],
    }
    await expect(compileModel(source)).rejects.toThrow(/"x" may be float32 of rank 1 or float32 of rank 2/)
  })
})
