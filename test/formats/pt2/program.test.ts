import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { fromRuntime, toRuntime } from '../../../src/conformance/runtime-tensor.ts'
import { pt2 } from '../../../src/formats/pt2/index.ts'
import { operators } from '../../../src/formats/pt2/operators/index.ts'
import type { Tensor } from '../../../src/onnx/model.ts'
import { decodeModel } from '../../../src/onnx/read.ts'
import { Reading } from '../../../src/onnx/reading.ts'
import { tensorNumbers } from '../../../src/onnx/tensor.ts'
import { modelErrorOf } from '../../onnx/errors.ts'
import { compileRead, f32 } from '../../ops/harness.ts'
import { convert } from './cases.ts'
import { float, graphOf, type Meta, type Node, type ProgramParts, pt2Of, Raw, size, symbol, tensor } from './writer.ts'

// What a program is made of beside its operators: sizes, memory, graphs inside, outputs.

async function run(
  parts: ProgramParts,
  feeds: Readonly<Record<string, Tensor>>,
): Promise<Record<string, readonly number[]>> {
  const model = await compileRead(decodeModel(convert(pt2Of(parts))))
  const results = model.runSync(
    Object.fromEntries(Object.entries(feeds).map(([name, value]) => [name, toRuntime(value)])),
  )
  return Object.fromEntries(Object.entries(results).map(([name, value]) => [name, tensorNumbers(fromRuntime(value!))]))
}

const refused = (parts: ProgramParts) => modelErrorOf(() => pt2.convert(pt2Of(parts), new Reading('m.pt2'), {}))
const vector: Meta = ['float32', [3]]
const [x, one] = [tensor('x'), f32([1, 2, 3])]
const step = (target: string, args: Node['args'], out: string): Node => ({ target, args, out })
const of = (nodes: readonly Node[], outputs: readonly string[], more: Partial<ProgramParts> = {}): ProgramParts => ({
  inputs: { x: vector },
  nodes,
  outputs,
  values: Object.fromEntries(
    nodes.flatMap(({ out }) => (typeof out === 'string' ? [out] : out)).map((name) => [name, vector]),
  ),
  ...more,
})

describe('operators in place', { timeout: 60_000 }, () => {
  it('change every name of fresh memory, for whoever reads it behind', async () => {
    // y = x + 1; early = y · 2; y += 10; late = y · 2, by the old name and by the one that add_ gives.
    const nodes = [
      step('aten.add.Tensor', { self: x, other: 1 }, 'y'),
      step('aten.mul.Tensor', { self: tensor('y'), other: 2 }, 'early'),
      step('aten.add_.Tensor', { self: tensor('y'), other: 10 }, 'y2'),
      step('aten.mul.Tensor', { self: tensor('y'), other: 2 }, 'late'),
      step('aten.relu_.default', { self: tensor('y2') }, 'y3'),
    ]
    expect(await run(of(nodes, ['early', 'late', 'y', 'y3']), { x: one })).toEqual({
      early: [4, 6, 8],
      late: [24, 26, 28],
      y: [12, 13, 14],
      y3: [12, 13, 14],
    })
  })

  it('see through dropout, which gives its input itself', async () => {
    const nodes = [
      step('aten.relu.default', { self: x }, 'y'),
      step('aten.dropout.default', { input: tensor('y'), p: float(0.5), train: false }, 'd'),
      step('aten.mul_.Tensor', { self: tensor('d'), other: 3 }, 'm'),
      step('aten.add.Tensor', { self: tensor('y'), other: 0 }, 'z'),
    ]
    expect(await run(of(nodes, ['z']), { x: one })).toEqual({ z: [3, 6, 9] })
  })

  it.each([
    ['an input', [step('aten.add_.Tensor', { self: x, other: 1 }, 'y')]],
    [
      'a view of an input',
      [
        step('aten.slice.Tensor', { self: x }, 'v'),
        step('aten.select.int', { self: tensor('v'), dim: 0, index: 0 }, 'w'),
        step('aten.add_.Tensor', { self: tensor('w'), other: 1 }, 'y'),
      ],
    ],
    [
      'what may be a copy or a view',
      [
        step('aten.relu.default', { self: x }, 'r'),
        step('aten.reshape.default', { self: tensor('r'), shape: [3] }, 'v'),
        step('aten.add_.Tensor', { self: tensor('v'), other: 1 }, 'y'),
      ],
    ],
    [
      'what has such a view',
      [
        step('aten.relu.default', { self: x }, 'r'),
        step('aten.view.default', { self: tensor('r'), size: [3] }, 'v'),
        step('aten.reshape.default', { self: tensor('v'), shape: [3] }, 'w'),
        step('aten.add_.Tensor', { self: tensor('r'), other: 1 }, 'y'),
      ],
    ],
    [
      'what may be a transposed view',
      [
        step('aten.relu.default', { self: x }, 'r'),
        step('aten.einsum.default', { equation: 'i->i', tensors: [tensor('r')] }, 'v'),
        step('aten.add_.Tensor', { self: tensor('v'), other: 1 }, 'y'),
      ],
    ],
    [
      'elements that lie on one another',
      [
        step('aten.relu.default', { self: x }, 'r'),
        step('aten.expand.default', { self: tensor('r'), size: [3] }, 'v'),
        step('aten.add_.Tensor', { self: tensor('v'), other: 1 }, 'y'),
      ],
    ],
  ])('on %s are refused by name', (_, nodes) => {
    const error = refused(of(nodes, ['y']))
    expect(error.code).toBe('MODEL_UNSUPPORTED')
    expect(error.message).toMatch(/aten\.add_\.Tensor \(in place.*run_decompositions\(\)/)
  })

  it('change the shape of fresh memory, and not of what has views', async () => {
    const values: ProgramParts['values'] = { r: vector, v: vector, y: ['float32', [1, 3]] }
    const [r, y] = [
      step('aten.relu.default', { self: x }, 'r'),
      step('aten.unsqueeze_.default', { self: tensor('r'), dim: 0 }, 'y'),
    ]
    expect(await run(of([r, y], ['y'], { values }), { x: one })).toEqual({ y: [1, 2, 3] })
    const view = step('aten.slice.Tensor', { self: tensor('r') }, 'v')
    expect(refused(of([r, view, y], ['y', 'v'], { values })).message).toMatch(/aten\.unsqueeze_\.default \(in place/)
    const turned = { ...y, args: { self: tensor('v'), dim: 0 } }
    expect(refused(of([r, view, turned], ['y', 'r'], { values })).message).toMatch(
      /aten\.unsqueeze_\.default \(in place/,
    )
  })

  it('change views of fresh memory, what they are views of, and its other views', async () => {
    // y = x + 1 as 4 × 3; y[:, 1:] = 9, y[2] *= 10; the view of all of y as it was made before sees both, and changes in turn.
    const [matrix, block]: Meta[] = [
      ['float32', [4, 3]],
      ['float32', [4, 2]],
    ]
    const row: Meta = ['float32', [3]]
    const turned: Meta = ['float32', [3, 4]]
    const flat: Meta = ['float32', [12]]
    const one = step('aten.mul_.Tensor', { self: tensor('row'), other: 10 }, 'row2')
    const nodes = [
      step('aten.add.Tensor', { self: x, other: 1 }, 'y'),
      step('aten.view.default', { self: tensor('y'), size: [12] }, 'flat'),
      step('aten.permute.default', { self: tensor('y'), dims: [1, 0] }, 'turned'),
      step('aten.mul.Tensor', { self: tensor('flat'), other: 2 }, 'early'),
      step('aten.slice.Tensor', { self: tensor('y'), dim: 1, start: 1 }, 'block'),
      step('aten.fill_.Scalar', { self: tensor('block'), value: 9 }, 'block2'),
      step('aten.select.int', { self: tensor('turned'), dim: 1, index: 2 }, 'row'),
      one,
      step('aten.mul.Tensor', { self: tensor('flat'), other: 1 }, 'late'),
      step('aten.select.int', { self: tensor('flat'), dim: 0, index: 0 }, 'first'),
      step('aten.unsqueeze.default', { self: tensor('first'), dim: 0 }, 'first1'),
      step('aten.zero_.default', { self: tensor('first1') }, 'first2'),
    ]
    const parts: ProgramParts = {
      inputs: { x: matrix! },
      nodes,
      outputs: ['early', 'late', 'y', 'turned', 'block', 'row2'],
      values: {
        y: matrix!,
        turned,
        block: block!,
        block2: block!,
        row,
        row2: row,
        flat,
        early: flat,
        late: flat,
        first: ['float32', []],
        first1: ['float32', [1]],
        first2: ['float32', [1]],
      },
    }
    const given = f32(
      Array.from({ length: 12 }, (_, i) => i),
      [4, 3],
    )
    expect(await run(parts, { x: given })).toEqual({
      early: Array.from({ length: 12 }, (_, i) => 2 * (i + 1)),
      late: [1, 9, 9, 4, 9, 9, 70, 90, 90, 10, 9, 9],
      y: [0, 9, 9, 4, 9, 9, 70, 90, 90, 10, 9, 9],
      turned: [0, 4, 70, 10, 9, 9, 90, 9, 9, 9, 90, 9],
      block: [9, 9, 9, 9, 90, 90, 9, 9],
      row2: [70, 90, 90],
    })
  })
})

describe('sizes', { timeout: 60_000 }, () => {
  const s = symbol('s0')
  const dynamic = (more: Partial<ProgramParts>): ProgramParts => ({
    inputs: { x: ['float32', [s, 2]] },
    nodes: [],
    outputs: [],
    values: {},
    ...more,
  })

  it('are values where the program computes with them', async () => {
    const parts = dynamic({
      nodes: [
        step('aten.sym_size.int', { self: x, dim: 0 }, 'n'),
        step('_operator.mul', [size('n'), 2], 'm'),
        step('aten.view.default', { self: x, size: new Raw({ as_sym_ints: [{ as_name: 'm' }, { as_int: 1 }] }) }, 'v'),
        step('aten.arange.default', { end: size('n') }, 'a'),
      ],
      values: { v: ['float32', [`Mul(Integer(2), ${s})`, 1]], a: ['int64', [s]] },
      outputs: ['v', 'a'],
    })
    expect(await run(parts, { x: f32([1, 2, 3, 4], [2, 2]) })).toEqual({ v: [1, 2, 3, 4], a: [0, 1] })
  })

  it('are rounded down where they are divided, below 0, too', async () => {
    // -(-n // 2) is n / 2, rounded up.
    const parts = dynamic({
      nodes: [
        step('aten.sym_size.int', { self: x, dim: 0 }, 'n'),
        step('_operator.neg', [size('n')], 'm'),
        step('_operator.floordiv', [size('m'), 2], 'd'),
        step('_operator.neg', [size('d')], 'u'),
        step('aten.arange.default', { end: size('u') }, 'a'),
      ],
      values: { a: ['int64', [symbol('s1')]] },
      outputs: ['a'],
    })
    expect(await run(parts, { x: f32([1, 2, 3, 4, 5, 6], [3, 2]) })).toEqual({ a: [0, 1] })
  })

  it('are named batch, or by their input and axis, and are held to their ranges', async () => {
    const parts = dynamic({
      inputs: { x: ['float32', [s, `Mul(Integer(4), ${symbol('s1')})`]], y: ['float32', [s]] },
      nodes: [step('aten.relu.default', { self: x }, 'r')],
      values: { r: ['float32', [s, `Mul(Integer(4), ${symbol('s1')})`]] },
      outputs: ['r'],
      ranges: { s0: { min_val: 3, max_val: 4 }, s1: { min_val: 2, max_val: null } },
    })
    const model = decodeModel(convert(pt2Of(parts)))
    expect(model.graph.inputs.map(({ type }) => type)).toMatchObject([
      { shape: ['batch', 'x_1'] },
      { shape: ['batch'] },
    ])
    const compiled = await compileRead(model)
    const go = (rows: number, columns: number): unknown =>
      compiled.runSync({
        x: toRuntime(f32(Array<number>(rows * columns).fill(1), [rows, columns])),
        y: toRuntime(f32(Array<number>(rows).fill(1))),
      })
    expect(go(3, 4)).toMatchObject({ r: { dims: [3, 4] } })
    expect(() => go(2, 4)).toThrow(/at least 3/)
    expect(() => go(5, 4)).toThrow(/at most 4/)
    expect(() => go(3, 6)).toThrow(/a multiple of 4/)
  })

  it('that depend on one another are refused', () => {
    const parts = dynamic({ inputs: { x: ['float32', [s]], y: ['float32', [`Mul(Integer(2), ${s})`]] } })
    expect(refused(parts).message).toContain('depends on that of another')
    expect(refused(dynamic({ inputs: { x: ['float32', [`Add(${s}, Integer(1))`]] } })).message).toContain('Add(Symbol')
  })
})

describe('graphs inside', { timeout: 60_000 }, () => {
  const graph = (parts: Parameters<typeof graphOf>[0]): Raw =>
    new Raw({ as_graph: { name: 'g', graph: graphOf(parts) } })

  it('of while_loop run until its condition fails, not once where it does at first', async () => {
    // while sum(v) < limit: v = v · 2 + k
    const inner = { inputs: { v: vector, k: vector } }
    const condition = graph({
      ...inner,
      nodes: [
        step('aten.sum.default', { self: tensor('v') }, 's'),
        step('aten.lt.Scalar', { self: tensor('s'), other: 100 }, 'b'),
      ],
      outputs: ['b'],
      values: { s: ['float32', []], b: ['bool', []] },
    })
    const body = graph({
      ...inner,
      nodes: [
        step('aten.add.Tensor', { self: tensor('v'), other: tensor('v') }, 'w'),
        step('aten.add.Tensor', { self: tensor('w'), other: tensor('k') }, 'u'),
      ],
      outputs: ['u'],
      values: { w: vector, u: vector },
    })
    const parts = of(
      [{ target: 'higher_order.while_loop', args: [condition, body, [x], [tensor('x')]], out: ['y'], isList: true }],
      ['y'],
    )
    // 1, 2, 3 → 3, 6, 9 → 7, 14, 21 → 15, 30, 45 → 31, 62, 93: sums 6, 18, 42, 90, 186
    expect(await run({ ...parts, values: { y: vector } }, { x: one })).toEqual({ y: [31, 62, 93] })
    expect(await run({ ...parts, values: { y: vector } }, { x: f32([50, 50, 50]) })).toEqual({ y: [50, 50, 50] })
  })

  it('that are only wrapped are inlined', async () => {
    const body = graph({
      inputs: { a: vector },
      nodes: [step('aten.neg.default', { self: tensor('a') }, 'b')],
      outputs: ['b'],
      values: { b: vector },
    })
    const parts = of([{ target: 'higher_order.wrap_with_set_grad_enabled', args: [false, body, x], out: 'y' }], ['y'])
    expect(await run(parts, { x: one })).toEqual({ y: [-1, -2, -3] })
  })
})

describe('outputs', { timeout: 60_000 }, () => {
  const leaf = { type: null, context: null, children_spec: [] }
  const spec = (tree: object): string => JSON.stringify([1, tree])
  const dict = (keys: string[], children: object[]): object => ({
    type: 'builtins.dict',
    context: JSON.stringify(keys),
    children_spec: children,
  })
  const tuple = (children: object[]): object => ({ type: 'builtins.tuple', context: 'null', children_spec: children })
  const nodes = [step('aten.neg.default', { self: x }, 'a'), step('aten.relu.default', { self: x }, 'b')]
  const namesOf = (outSpec: string, outputs = ['a', 'b']): string[] =>
    decodeModel(convert(pt2Of(of(nodes, outputs, { outSpec })))).graph.outputs.map(({ name }) => name)

  it('have the keys of dicts, nested ones with dots, and else the names of the program', () => {
    expect(namesOf(spec(dict(['p', 'q'], [leaf, leaf])))).toEqual(['p', 'q'])
    expect(namesOf(spec(dict(['p'], [tuple([leaf, leaf])])))).toEqual(['p.0', 'p.1'])
    expect(namesOf(spec(tuple([leaf, dict(['q'], [leaf])])))).toEqual(['a', '1.q'])
    expect(namesOf(spec(tuple([leaf, leaf])))).toEqual(['a', 'b'])
  })

  it('may be inputs, weights, or one value twice', async () => {
    const weights = { w: f32([7, 8, 9]) }
    const results = await run(of([nodes[0]!], ['a', 'a', 'x', 'w'], { weights }), { x: one })
    expect(Object.values(results)).toEqual([
      [-1, -2, -3],
      [-1, -2, -3],
      [1, 2, 3],
      [7, 8, 9],
    ])
  })

  it('named as an inner value is take its place', async () => {
    const outSpec = spec(dict(['b', 'a'], [leaf, leaf]))
    expect(await run(of(nodes, ['a', 'b'], { outSpec }), { x: f32([-1, 0, 1]) })).toEqual({
      b: [1, -0, -1],
      a: [0, 0, 1],
    })
  })
})

describe('what is not converted', () => {
  it('is named all at once', () => {
    const parts = of(
      [
        step('aten.fft_rfft.default', { self: x }, 'a'),
        step('aten.linalg_svd.default', { A: tensor('a') }, 'b'),
        step('aten.dropout.default', { input: tensor('b'), p: float(0.5), train: true }, 'c'),
        step('mine.op.default', { a: x }, 'd'),
      ],
      ['d'],
    )
    const error = refused(parts)
    expect(error.code).toBe('MODEL_UNSUPPORTED')
    for (const name of [
      'aten.fft_rfft.default',
      'aten.linalg_svd.default',
      'aten.dropout.default (it is exported for training',
      'mine.op.default',
    ])
      expect(error.message).toContain(name)
  })

  it('includes changes of buffers that the signature names', () => {
    const error = refused(
      of([], ['x'], {
        change: (program) =>
          ((program['graph_module'] as { signature: Record<string, unknown> }).signature['output_specs'] = [
            { buffer_mutation: { arg: { name: 'x' }, buffer_name: 'n' } },
          ]),
      }),
    )
    expect(error.message).toContain('changes a buffer')
  })

  it.each([
    [{ major: 9, minor: 0 }, '2.20.0', 'version 9'],
    [{ major: 7, minor: 3 }, '2.5.1', 'torch 2.5.1'],
    [2, undefined, 'torch before 2.6'],
  ])('schema %o is refused naming the torch', (schema_version, torch_version, text) => {
    const error = refused(
      of([], ['x'], { change: (program) => Object.assign(program, { schema_version, torch_version }) }),
    )
    expect(error.code).toBe('MODEL_VERSION')
    expect(error.message).toContain(text)
    expect(error.message).toContain('Export it again with torch 2.6 or newer')
  })

  it('unknown keys of the schema are passed over', () => {
    expect(() =>
      convert(
        pt2Of(
          of([step('aten.neg.default', { self: x }, 'y')], ['y'], { change: (program) => (program['news'] = [1]) }),
        ),
      ),
    ).not.toThrow()
  })

  it('a value that nothing makes is named', () => {
    expect(refused(of([step('aten.neg.default', { self: tensor('gone') }, 'y')], ['y'])).message).toContain('"gone"')
  })

  it('an integer that is none is refused', () => {
    expect(
      refused(
        of([step('aten.add.Tensor', { self: x, other: x, alpha: new Raw({ as_int: '9'.repeat(5) }) }, 'y')], ['y']),
      ).code,
    ).toBe('MODEL_DAMAGED')
  })
})

describe('docs/pytorch.md', () => {
  it('names every operator that is converted, and no other', () => {
    const page = readFileSync(new URL('../../../docs/pytorch.md', import.meta.url), 'utf8')
    const table = page.slice(page.indexOf('## Operators'))
    const named = [...table.matchAll(/`([^`]+)`/g)].map(([, name]) => name!)
    const converted = Object.keys(operators).map((name) => name.replace(/^aten\.(\w+)\.\w+$/, '$1'))
    expect([...new Set(named)].sort()).toEqual([...new Set(converted)].sort())
  })
})
