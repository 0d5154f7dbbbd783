import { describe, expect, test } from 'vitest'
import { CompileError, ModelError, OnnxMlirError } from '../../src/errors/index.ts'
import { dimKey, substitute } from '../../src/graph/dim.ts'
import { allNodes } from '../../src/graph/graph.ts'
import type { FunctionSource, ModelSource } from '../../src/onnx/build.ts'
import { tensorType } from '../../src/onnx/build.ts'
import { tensorFrom, tensorValues } from '../../src/onnx/tensor.ts'
import { signatureOfGraph } from '../../src/builtin/signature.ts'
import { branch, f32, graphOf, node, ops } from './models.ts'
import { isTensor } from '../../src/runtime/signature.ts'

const fn = (name: string, init: Partial<FunctionSource> & Pick<FunctionSource, 'nodes'>): FunctionSource => ({
  name,
  domain: 'mine',
  opsets: { '': 21, mine: 1 },
  inputs: ['x'],
  outputs: ['y'],
  ...init,
})

const calling = (functions: FunctionSource[], ...nodes: ModelSource['nodes']): Parameters<typeof graphOf>[0] => ({
  opsets: { '': 21, mine: 1 },
  inputs: { a: f32('n') },
  outputs: { z: undefined },
  functions,
  nodes,
})

describe('graphs', () => {
  test('without nodes give their inputs; outputs keep the names that the model gives them', () => {
    const graph = graphOf({ inputs: { a: f32('n', 3) }, outputs: { a: undefined }, nodes: [] })
    expect(graph.nodes).toEqual([])
    expect(signatureOfGraph(graph).outputs).toEqual([{ name: 'a', type: 'float32', shape: ['n', 3] }])
    const passed = graphOf({
      inputs: { a: f32(2), which: tensorType('bool', []) },
      outputs: { b: undefined, c: undefined, d: undefined },
      nodes: [
        node('Identity', ['a'], ['b']),
        node('If', ['yes'], ['c'], { then_branch: branch('a'), else_branch: branch('b') }),
        node('Neg', ['k'], ['d']),
      ],
      initializers: { yes: tensorFrom('bool', [], [true]), k: tensorFrom('float32', [1], [3]) },
    })
    expect(signatureOfGraph(passed).outputs.map(({ name }) => name)).toEqual(['b', 'c', 'd'])
    expect(tensorValues(passed.outputs[2]!.constant!)).toEqual([-3])
  })

  test('drop what nobody uses, in long chains and in subgraphs', () => {
    const chain = Array.from({ length: 3000 }, (_, i) => node('Neg', [`v${i}`], [`v${i + 1}`]))
    const graph = graphOf({
      inputs: { v0: f32(2), c: tensorType('bool', []) },
      outputs: { y: undefined },
      nodes: [
        ...chain,
        node('If', ['c'], ['y'], {
          then_branch: branch('t', node('Neg', ['v0'], ['unused']), node('Abs', ['v0'], ['t'])),
          else_branch: branch('v0'),
        }),
      ],
    })
    expect([...allNodes(graph)].map(({ op }) => op)).toEqual(['If', 'Abs'])
  })

  test('keep a node whose elements nobody wants, but whose size somebody does', () => {
    const graph = graphOf({
      inputs: { a: f32('n') },
      outputs: { y: undefined },
      nodes: [node('NonZero', ['a'], ['z']), node('Shape', ['z'], ['s']), node('ConstantOfShape', ['s'], ['y'])],
    })
    expect(ops(graph)).toContain('NonZero')
  })

  test('dimensions: names, fixed names, and names that say nothing', () => {
    const graph = graphOf(
      {
        inputs: { a: f32('n', 'm', undefined, '?', '?0'), b: f32('n', '?') },
        outputs: { a: undefined, b: undefined },
        nodes: [],
      },
      { m: 7 },
    )
    expect(
      signatureOfGraph(graph)
        .inputs.filter(isTensor)
        .map(({ shape }) => shape),
    ).toEqual([
      ['n', 7, null, null, null],
      ['n', null],
    ])
    const [a, b] = graph.inputs.map(({ dims }) => dims.map(dimKey))
    expect(a![3]).toBe(b![1])
    expect(new Set(a).size).toBe(5)
  })

  test('a shape written in the graph is followed through it', () => {
    const graph = graphOf({
      inputs: { a: f32('n', 4, 3) },
      outputs: { y: undefined },
      initializers: { zero: tensorFrom('int64', [1], [0]), rest: tensorFrom('int64', [1], [-1]) },
      nodes: [
        node('Shape', ['a'], ['s']),
        node('Gather', ['s', 'zero'], ['n']),
        node('Concat', ['n', 'rest'], ['wanted'], { axis: 0n }),
        node('Reshape', ['a', 'wanted'], ['y']),
      ],
    })
    expect(graph.outputs[0]!.dims.map(dimKey)).toEqual(['n', '12'])
  })

  test('shape arithmetic divides as ONNX does, and gives up where it would never end', () => {
    const graph = graphOf({
      inputs: { a: f32('n') },
      outputs: { y: undefined },
      initializers: {
        three: tensorFrom('int64', [1], [3]),
        two: tensorFrom('int64', [1], [2]),
        five: tensorFrom('int64', [1], [5]),
      },
      nodes: [
        node('Shape', ['a'], ['n']),
        node('Sub', ['three', 'n'], ['d']),
        node('Div', ['d', 'two'], ['h']),
        node('Add', ['h', 'five'], ['s']),
        node('ConstantOfShape', ['s'], ['y']),
      ],
    })
    const size = (n: number) => substitute(graph.outputs[0]!.dims[0]!, () => n)
    // (3 - n) / 2 + 5, rounded towards zero.
    expect([0, 1, 2, 4, 6, 8].map(size)).toEqual([6, 6, 5, 5, 4, 3])
    const squares = Array.from({ length: 30 }, (_, i) => node('Mul', [`s${i}`, `s${i}`], [`s${i + 1}`]))
    const endless = graphOf({
      inputs: { a: f32('n'), b: f32('m') },
      outputs: { y: undefined },
      nodes: [
        node('Shape', ['a'], ['n']),
        node('Shape', ['b'], ['m']),
        node('Add', ['n', 'm'], ['s0']),
        ...squares,
        node('ConstantOfShape', ['s30'], ['y']),
      ],
    })
    expect(endless.outputs[0]!.dims).toHaveLength(1)
  })

  test('constant parts are folded, whatever their depth', () => {
    const graph = graphOf({
      inputs: { a: f32(2) },
      outputs: { y: undefined },
      initializers: { k: tensorFrom('float32', [2], [1, 2]) },
      nodes: [node('Add', ['k', 'k'], ['k2']), node('Neg', ['k2'], ['k3']), node('Mul', ['a', 'k3'], ['y'])],
    })
    expect(ops(graph)).toEqual(['Mul'])
    expect(tensorValues(graph.nodes[0]!.input(1).constant!)).toEqual([-2, -4])
  })

  test('every node tells which node of the main graph it comes from', () => {
    const graph = graphOf(
      calling([fn('f', { nodes: [node('Neg', ['x'], ['t']), node('Abs', ['t'], ['y'])] })], node('Exp', ['a'], ['b']), {
        ...node('f', ['b'], ['z']),
        domain: 'mine',
      }),
    )
    expect(graph.nodes.map(({ op, origin, name }) => [op, origin, name])).toEqual([
      ['Exp', 0, '#0'],
      ['Neg', 1, '#1/#0'],
      ['Abs', 1, '#1/#1'],
    ])
  })
})

describe('functions', () => {
  const call = (name: string, inputs: string[], outputs: string[], attributes = {}): ModelSource['nodes'][number] => ({
    ...node(name, inputs, outputs, attributes),
    domain: 'mine',
  })

  test('bind attributes, also in the graphs inside their nodes; defaults count where the call says nothing', () => {
    const alpha = { alpha: { kind: 'reference', value: 'slope' } } as const
    const inner = fn('f', {
      inputs: ['x', 'c'],
      attributeDefaults: { slope: 0.5 },
      nodes: [
        node('If', ['c'], ['y'], {
          then_branch: branch('t', node('LeakyRelu', ['x'], ['t'], alpha)),
          else_branch: branch('x'),
        }),
      ],
    })
    const graph = graphOf({
      ...calling([inner], call('f', ['a', 'c'], ['b'], { slope: 0.25 }), call('f', ['b', 'c'], ['z'])),
      inputs: { a: f32('n'), c: tensorType('bool', []) },
    })
    expect([...allNodes(graph)].filter(({ op }) => op === 'LeakyRelu').map((one) => one.float('alpha'))).toEqual([
      0.25, 0.5,
    ])
  })

  test('see their own names only, and may be called without optional inputs', () => {
    const clip = fn('clip', { inputs: ['x', 'low', 'high'], nodes: [node('Clip', ['x', 'low', 'high'], ['y'])] })
    const graph = graphOf({
      ...calling([clip], call('clip', ['a', '', 'high'], ['z'])),
      initializers: { high: tensorFrom('float32', [], [1]) },
    })
    const [, low, high] = graph.nodes[0]!.inputs
    expect([low?.name, high?.name]).toEqual(['', 'high'])
    // The file's reader already refuses names from outside.
    expect(() =>
      graphOf(calling([fn('f', { nodes: [node('Add', ['x', 'a'], ['y'])] })], call('f', ['a'], ['z']))),
    ).toThrow(ModelError)
  })

  test('too many inputs and outputs are errors', () => {
    const f = fn('f', { nodes: [node('Neg', ['x'], ['y'])] })
    expect(() => graphOf(calling([f], call('f', ['a', 'a'], ['z'])))).toThrow(
      /gives 2 inputs to the function "f", which takes 1/,
    )
    expect(() => graphOf(calling([f], call('f', ['a'], ['w', 'z'])))).toThrow(/has no output 1/)
  })

  test('that call themselves are an error, and so are those that would never be done', () => {
    const ping = fn('ping', { nodes: [call('pong', ['x'], ['y'])] })
    const pong = fn('pong', { nodes: [call('ping', ['x'], ['y'])] })
    expect(() => graphOf(calling([ping, pong], call('ping', ['a'], ['z'])))).toThrow(/"ping" → "pong" → "ping"/)
    const doubling = Array.from({ length: 40 }, (_, i) =>
      fn(`f${i}`, {
        nodes:
          i === 0 ? [node('Neg', ['x'], ['y'])] : [call(`f${i - 1}`, ['x'], ['t']), call(`f${i - 1}`, ['t'], ['y'])],
      }),
    )
    expect(() => graphOf(calling(doubling, call('f39', ['a'], ['z'])))).toThrow(/functions expanded it has \d+ nodes/)
  })
})

describe('what the built-in compiler does not have', () => {
  test('every missing operator is listed, once, with a node and its opset, wherever it is', () => {
    const f = fn('f', { nodes: [node('Bar', ['x'], ['y'])] })
    const source = {
      ...calling(
        [f],
        { ...node('Foo', ['a'], ['b']), name: 'first' },
        node('Foo', ['b'], ['c']),
        { ...node('f', ['c'], ['d']), domain: 'mine' },
        node('If', ['yes'], ['z'], {
          then_branch: branch('t', { ...node('Ba"z\n', ['d'], ['t']), domain: 'my.domain' }),
          else_branch: branch('d'),
        }),
      ),
      opsets: { '': 21, mine: 1, 'my.domain': 3 },
      initializers: { yes: tensorFrom('bool', [], [false]) },
    }
    try {
      graphOf(source)
      expect.unreachable()
    } catch (error) {
      expect(error).toBeInstanceOf(CompileError)
      const { message, data } = error as CompileError
      expect(message).toContain('test.onnx')
      expect(message).toContain('Foo (opset 21): 2 nodes, the first "first"; Bar (opset 21): node "y"')
      expect(data['missing']).toEqual(['Foo (opset 21)', 'Bar (opset 21)', '"my.domain.Ba\\"z\\n" (opset 3)'])
      expect(message).not.toContain('\n')
    }
  })

  test.each([
    ['inputs', { a: f32(2 ** 30, 2 ** 30) }, [], { a: undefined }],
    ['with a symbol', { a: f32('n', 2 ** 30, 2 ** 20) }, [], { a: undefined }],
    ['although empty', { a: f32(0, 2 ** 30, 2 ** 30) }, [], { a: undefined }],
    ['results', { a: f32(2 ** 30, 1), b: f32(1, 2 ** 30) }, [node('Add', ['a', 'b'], ['y'])], { y: undefined }],
  ] as const)('%s that no memory can hold are named with their shape', (_, inputs, nodes, outputs) => {
    expect(() => graphOf({ inputs, nodes, outputs })).toThrow(
      /Value "[ay]" is float32\[.*1073741824.*\], which no memory can hold/,
    )
  })

  test.each([
    ['ConstantOfShape', ['size'], {}],
    ['Expand', ['one', 'size'], {}],
    ['Tile', ['cube', 'size'], {}],
    ['Pad', ['cube', 'pads'], {}],
    ['OneHot', ['size', 'large', 'off_on'], {}],
    ['Resize', ['cube', '', '', 'size'], { mode: 'nearest' }],
    ['Reshape', ['cube', 'size'], {}],
    ['RandomNormal', [], { shape: [2n ** 30n, 2n ** 30n] }],
    ['HannWindow', ['large'], {}],
  ])('%s of constants that ask for more than any memory is refused before it is made', (op, inputs, attributes) => {
    const size = tensorFrom('int64', [3], [2 ** 20, 2 ** 20, 2 ** 20])
    const initializers = {
      size,
      one: tensorFrom('float32', [1, 1], [1]),
      cube: tensorFrom('float32', [1, 1, 1], [1]),
      pads: tensorFrom('int64', [6], [2 ** 30, 2 ** 30, 0, 0, 0, 0]),
      large: tensorFrom('int64', [], [2 ** 45]),
      off_on: tensorFrom('float32', [2], [0, 1]),
    }
    const source = { inputs: {}, outputs: { y: undefined }, initializers, nodes: [node(op, inputs, ['y'], attributes)] }
    const started = performance.now()
    expect(() => graphOf(source)).toThrow(OnnxMlirError)
    expect(performance.now() - started).toBeLessThan(2000)
  })

  test.each([
    ['sequence(sequence(float32))', { kind: 'sequence', element: { kind: 'sequence', element: f32(1) } } as const],
    ['no stated rank', tensorType('float32')],
  ])('an input of %s names the input', (what, type) => {
    expect(() => graphOf({ inputs: { odd: type }, outputs: { odd: undefined }, nodes: [] })).toThrow(/input "odd"/)
    expect(() => graphOf({ inputs: { odd: type }, outputs: { odd: undefined }, nodes: [] })).toThrow(what)
  })
})
