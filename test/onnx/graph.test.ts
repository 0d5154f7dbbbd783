import { describe, expect, it } from 'vitest'
import { modelBytes, tensorType, type GraphSource, type ModelSource, type NodeSource } from '../../src/onnx/build.ts'
import { onnx } from '../../src/onnx/generated/onnx.js'
import { decodeModel } from '../../src/onnx/read.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { WireWriter } from '../../src/onnx/wire.ts'
import { modelErrorOf } from './errors.ts'

const float = tensorType('float32', [2])
const relu = (input: string, output: string, name?: string): NodeSource => ({
  op: 'Relu',
  inputs: [input],
  outputs: [output],
  name,
})

function source(nodes: readonly NodeSource[], more: Partial<ModelSource> = {}): ModelSource {
  return { opsets: { '': 21 }, inputs: { x: float }, outputs: { y: float }, nodes, ...more }
}
const read = (nodes: readonly NodeSource[], more?: Partial<ModelSource>) => decodeModel(modelBytes(source(nodes, more)))
const order = (nodes: readonly NodeSource[]) => read(nodes).graph.nodes.map((node) => node.outputs[0])

describe('node order', () => {
  it('is kept where every value is made before it is used', () => {
    expect(order([relu('x', 'b'), relu('x', 'a'), relu('a', 'y')])).toEqual(['b', 'a', 'y'])
  })

  it('is put right where it is not', () => {
    expect(order([relu('b', 'y'), relu('a', 'b'), relu('x', 'a')])).toEqual(['a', 'b', 'y'])
  })

  it('counts what a subgraph takes from around it', () => {
    const branch: GraphSource = { outputs: { z: undefined }, nodes: [relu('late', 'z')] }
    const outer: NodeSource = { op: 'If', inputs: ['x'], outputs: ['y'], attributes: { then_branch: branch } }
    expect(order([outer, relu('x', 'late')])).toEqual(['late', 'y'])
  })

  it('counts a name that a subgraph only gives back', () => {
    const branch: GraphSource = { outputs: { late: undefined }, nodes: [] }
    const outer: NodeSource = { op: 'If', inputs: ['x'], outputs: ['y'], attributes: { then_branch: branch } }
    expect(order([outer, relu('x', 'late')])).toEqual(['late', 'y'])
  })

  it('of 50 000 nodes from back to front', () => {
    const count = 50_000
    const nodes = Array.from({ length: count }, (_, i) =>
      relu(i === count - 1 ? 'x' : `v${i + 1}`, i === 0 ? 'y' : `v${i}`),
    )
    expect(order(nodes)[0]).toBe(`v${count - 1}`)
  })
})

describe('names', () => {
  it('of omitted inputs and outputs are empty, and no values', () => {
    const nodes = [{ op: 'LSTM', inputs: ['x', '', ''], outputs: ['', 'y', ''] }]
    expect(read(nodes).graph.nodes[0]).toMatchObject({ inputs: ['x', '', ''], outputs: ['', 'y', ''] })
  })

  it('of initializers that are inputs too are initializers', () => {
    const initializers = { W: tensorFrom('float32', [2], [1, 2]) }
    const nodes = [{ op: 'Add', inputs: ['x', 'W'], outputs: ['y'] }]
    const { graph } = read(nodes, { inputs: { x: float, W: float }, initializers })
    expect(graph.inputs.map((input) => input.name)).toEqual(['x'])
    expect([...graph.initializers.keys()]).toEqual(['W'])
  })

  it('like those of object properties are names like any other', () => {
    const names = ['__proto__', 'constructor', 'toString', '1', '0']
    const initializers = new Map(names.map((name) => [name, tensorFrom('float32', [2], [1, 2])]))
    const { graph } = read([{ op: 'Sum', inputs: names, outputs: ['y'] }], { initializers })
    expect([...graph.initializers.keys()]).toEqual(names)
    expect(modelErrorOf(() => read([relu('__proto__', 'y')])).code).toBe('MODEL_GRAPH')
  })

  it('made anew in a subgraph are those of the subgraph', () => {
    const branch: GraphSource = { outputs: { a: undefined }, nodes: [relu('x', 'a')] }
    const nodes = [relu('x', 'a'), { op: 'If', inputs: ['a'], outputs: ['y'], attributes: { then_branch: branch } }]
    expect(read(nodes).graph.nodes).toHaveLength(2)
  })

  it('of a body graph are its inputs', () => {
    const body: GraphSource = { inputs: { i: undefined }, outputs: { o: undefined }, nodes: [relu('i', 'o')] }
    const nodes = [{ op: 'Scan', inputs: ['x'], outputs: ['y'], attributes: { body } }]
    expect(read(nodes).graph.nodes).toHaveLength(1)
  })
})

describe('refused', () => {
  const inner = (input: string): NodeSource => ({
    op: 'If',
    inputs: ['x'],
    outputs: ['y'],
    attributes: { then_branch: { outputs: { z: undefined }, nodes: [relu(input, 'z')] } },
  })
  const cases: [string, readonly NodeSource[], Partial<ModelSource>, RegExp][] = [
    [
      'a value made by two nodes',
      [relu('x', 'y'), relu('x', 'y', 'two')],
      {},
      /"y" twice: by Relu "two" and by Relu #0/,
    ],
    ['a value made twice by one node', [{ op: 'Split', inputs: ['x'], outputs: ['y', 'y'] }], {}, /"y" twice/],
    ['a node that makes an input', [relu('x', 'x'), relu('x', 'y')], {}, /"x" twice.*as an input or initializer/],
    ['an input that nothing makes', [relu('nope', 'y')], {}, /"nope" \(in Relu #0\), which nothing makes/],
    ['a captured value that nothing makes', [inner('nope')], {}, /"nope".*nothing makes/],
    ['an output that nothing makes', [relu('x', 'a')], {}, /"y" \(in the outputs\), which nothing makes/],
    ['a cycle', [relu('b', 'a'), relu('a', 'b'), relu('a', 'y')], {}, /cycle.*Relu #0, Relu #1, Relu #2/],
    ['a node that needs itself', [relu('y', 'y')], {}, /cycle.*Relu #0/],
    ['a cycle through a subgraph', [inner('y')], {}, /cycle.*If #0/],
    ['an input without a name', [relu('x', 'y')], { inputs: { x: float, '': float } }, /input without a name/],
    ['an input without a type', [relu('x', 'y')], { inputs: { x: undefined } }, /"x" without a type/],
    ['a node without an operator', [{ op: '', inputs: ['x'], outputs: ['y'] }], {}, /no operator/],
    [
      'an attribute of a function outside one',
      [{ ...relu('x', 'y'), attributes: { a: { kind: 'reference', value: 'b' } } }],
      {},
      /not in one/,
    ],
  ]
  it.each(cases)('%s', (_, nodes, more, message) => {
    const error = modelErrorOf(() => read(nodes, more))
    expect(error.code).toMatch(/^MODEL_(GRAPH|NODE|TYPE)$/)
    expect(error.message).toMatch(message)
  })

  it('names in messages can not write to a terminal', () => {
    const nodes = [{ op: 'Re\u001b[2Jlu', name: 'a\nb', inputs: ['\u0007'], outputs: ['y'] }]
    expect(modelErrorOf(() => read(nodes)).message).toMatch(/^\P{Cc}+$/u)
  })

  const raw = (graph: onnx.GraphProto.$Properties) => () =>
    decodeModel(
      onnx.ModelProto.encode({ irVersion: 8n, opsetImport: [{ version: 17n }], graph }, new WireWriter()).finish(),
    )
  const node = { opType: 'Relu', input: ['x'], output: ['y'], name: 'n' }
  const x = { name: 'x', type: { tensorType: { elemType: 1 } } }
  const y = { ...x, name: 'y' }
  const weight = { name: 'w', dataType: 1, dims: [0n] }
  const attribute = (...attributes: onnx.AttributeProto.$Properties[]) => ({
    node: [{ ...node, attribute: attributes }],
    input: [x],
    output: [y],
  })

  it.each<[string, onnx.GraphProto.$Properties, RegExp]>([
    ['two inputs of one name', { input: [x, x], output: [x] }, /two inputs named "x"/],
    ['an initializer without a name', { initializer: [{ dataType: 1, dims: [0n] }] }, /initializer without a name/],
    [
      'an attribute given twice',
      attribute({ name: 'a', type: 2, i: 1n }, { name: 'a', type: 2, i: 2n }),
      /"n" \(Relu\).*two named "a"/,
    ],
    ['an attribute without a type', attribute({ name: 'a', i: 1n }), /attribute "a" has the type number 0/],
    ['an attribute of a later ONNX', attribute({ name: 'a', type: 99 }), /type number 99/],
    ['a tensor attribute without a tensor', attribute({ name: 'a', type: 4 }), /no value of its type/],
    ['an attribute that is not text', attribute({ name: 'a', type: 3, s: Uint8Array.of(0xc3) }), /UTF-8/],
    [
      'a run-time sparse tensor',
      { input: [{ name: 'x', type: { sparseTensorType: { elemType: 1 } } }], output: [x] },
      /sparse tensor at run time/,
    ],
    ['an opaque type', { input: [{ name: 'x', type: { opaqueType: {} } }], output: [x] }, /opaque/],
    [
      'an unknown element type',
      { input: [{ name: 'x', type: { tensorType: { elemType: 77 } } }], output: [x] },
      /number 77/,
    ],
    [
      'a negative dimension',
      {
        input: [{ name: 'x', type: { tensorType: { elemType: 1, shape: { dim: [{ dimValue: -2n }] } } } }],
        output: [x],
      },
      /negative dimension -2/,
    ],
  ])('%s', (_, graph, message) => {
    expect(modelErrorOf(raw(graph)).message).toMatch(message)
  })

  it('of outputs that are listed twice count once, and the last initializer of a name counts', () => {
    const longer = { ...weight, dims: [1n], rawData: new Uint8Array(4) }
    const model = raw({ initializer: [weight, longer], output: [{ name: 'w' }, { name: 'w' }] })()
    expect(model.graph.outputs.map(({ name }) => name)).toEqual(['w'])
    expect(model.graph.initializers.get('w')!.dims).toEqual([1])
    const sparse = {
      values: { ...longer, dims: [0n], rawData: new Uint8Array() },
      indices: { dataType: 7, dims: [0n] },
      dims: [3n],
    }
    const mixed = raw({ initializer: [weight], sparseInitializer: [sparse], output: [{ name: 'w' }] })()
    expect(mixed.graph.initializers.get('w')!.dims).toEqual([3])
  })
})

describe('functions', () => {
  const fn = {
    name: 'Scaled',
    domain: 'local',
    opsets: { '': 21 },
    inputs: ['a'],
    outputs: ['b'],
    attributes: ['by'],
    attributeDefaults: { alpha: 0.5 },
    nodes: [
      { op: 'Mul', inputs: ['a', 'c'], outputs: ['b'] },
      { op: 'Constant', outputs: ['c'], attributes: { value_float: { kind: 'reference', value: 'by' } } },
    ] satisfies NodeSource[],
  }
  const call = [{ op: 'Scaled', domain: 'local', inputs: ['x'], outputs: ['y'] }]
  const opsets = { '': 21, local: 1 }

  it('are read, with their nodes in order', () => {
    const { functions } = read(call, { opsets, functions: [fn] })
    expect([...functions.keys()]).toEqual(['local:Scaled:'])
    expect(functions.get('local:Scaled:')).toMatchObject({
      attributes: ['by'],
      attributeDefaults: new Map([['alpha', { kind: 'float', value: 0.5 }]]),
      nodes: [
        { op: 'Constant', attributes: new Map([['value_float', { kind: 'reference', value: 'by' }]]) },
        { op: 'Mul' },
      ],
    })
  })

  it('are told apart by overload, and refused twice', () => {
    const both = read(call, { opsets, functions: [fn, { ...fn, overload: 'v2' }] }).functions
    expect([...both.keys()]).toEqual(['local:Scaled:', 'local:Scaled:v2'])
    const proto = { name: 'f', domain: 'd' }
    const bytes = onnx.ModelProto.encode(
      { irVersion: 8n, graph: {}, functions: [proto, proto] },
      new WireWriter(),
    ).finish()
    expect(modelErrorOf(() => decodeModel(bytes)).message).toContain('one that another function has')
  })

  it('see nothing from outside', () => {
    const peeking = { ...fn, nodes: [relu('x', 'b')] }
    expect(modelErrorOf(() => read(call, { opsets, functions: [peeking] })).message).toMatch(/function "Scaled".*"x"/)
  })
})
