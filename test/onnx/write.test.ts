import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, it } from 'vitest'
import { modelBytes, tensorType, type AttributeSource } from '../../src/onnx/build.ts'
import type { Model } from '../../src/onnx/model.ts'
import { readModel } from '../../src/formats/read.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { encodeModel } from '../../src/onnx/write.ts'
import { filesBelow, modelsDir, present, suiteDir } from './suite.ts'

const content = (model: Model) => ({ ...model, path: '', files: [] })

describe('modelBytes', () => {
  const float = tensorType('float32', ['batch', undefined, 3])
  const attributes: Record<string, AttributeSource> = {
    float: 0.5,
    int: -(2n ** 63n),
    most: 2n ** 63n - 1n,
    string: 'ä\0"',
    tensor: tensorFrom('int4', [3], [-8, 0, 7]),
    floats: [1, -0.5],
    ints: [-1n, 0n],
    strings: ['a', ''],
    none: { kind: 'ints', value: [] },
    graph: { outputs: { z: undefined }, nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['z'] }] },
    tensors: { kind: 'tensors', value: [tensorFrom('string', [1], ['t'])] },
    type: { kind: 'type', value: { kind: 'optional', element: { kind: 'sequence', element: float } } },
    types: { kind: 'types', value: [{ kind: 'map', key: 'string', value: float }] },
    graphs: { kind: 'graphs', value: [] },
  }
  const bytes = modelBytes({
    opsets: { '': 21, 'com.example': 2 },
    producer: 'test',
    docString: 'doc',
    metadata: { key: 'value' },
    inputs: { x: float, s: { kind: 'sequence', element: float } },
    outputs: { y: tensorType('float32') },
    valueInfo: { inner: tensorType('bool', []) },
    initializers: { W: tensorFrom('bfloat16', [2, 1], [1, 2]) },
    nodes: [
      { op: 'Odd', domain: 'com.example', overload: 'o', inputs: ['x', 'W'], outputs: ['y', 'inner'], attributes },
    ],
  })
  const model = decodeModel(bytes)

  it('keeps every field', () => {
    expect(model).toMatchObject({
      irVersion: 10,
      opsets: new Map([
        ['', 21],
        ['com.example', 2],
      ]),
      producer: 'test',
      docString: 'doc',
      metadata: new Map([['key', 'value']]),
      graph: {
        inputs: [
          { name: 'x', type: float },
          { name: 's', type: { kind: 'sequence', element: float } },
        ],
        outputs: [{ name: 'y', type: { kind: 'tensor', type: 'float32', shape: undefined } }],
        valueInfo: new Map([['inner', { name: 'inner', type: { kind: 'tensor', type: 'bool', shape: [] } }]]),
        initializers: new Map([['W', tensorFrom('bfloat16', [2, 1], [1, 2])]]),
      },
    })
  })

  it('keeps every kind of attribute exactly', () => {
    const read = model.graph.nodes[0]!.attributes
    expect([...read.keys()]).toEqual(Object.keys(attributes))
    expect(read.get('int')).toEqual({ kind: 'int', value: -(2n ** 63n) })
    expect(read.get('most')).toEqual({ kind: 'int', value: 2n ** 63n - 1n })
    expect(read.get('string')).toEqual({ kind: 'string', value: 'ä\0"' })
    expect(read.get('tensor')).toEqual({ kind: 'tensor', value: attributes['tensor'] })
    expect(read.get('floats')).toEqual({ kind: 'floats', value: [1, -0.5] })
    expect(read.get('none')).toEqual({ kind: 'ints', value: [] })
    expect(read.get('type')).toEqual(attributes['type'])
    expect(read.get('types')).toEqual(attributes['types'])
    expect(read.get('tensors')).toEqual(attributes['tensors'])
    expect(read.get('graph')).toMatchObject({ kind: 'graph', value: { nodes: [{ op: 'Identity' }] } })
  })

  it('refuses a list of several kinds', () => {
    const mixed = [1, 2n] as unknown as number[]
    const node = { op: 'X', outputs: ['y'], attributes: { mixed } }
    expect(() => modelBytes({ opsets: {}, outputs: {}, nodes: [node] })).toThrow(TypeError)
  })

  it('writes the same bytes again', () => {
    expect(encodeModel(model)).toEqual(bytes)
  })
})

describe('encodeModel', () => {
  it.runIf(present(modelsDir))('gives back real models', async () => {
    for (const path of filesBelow(modelsDir, '.onnx')) {
      const model = await readModel(path)
      expect(isDeepStrictEqual(content(decodeModel(encodeModel(model))), content(model)), path).toBe(true)
    }
  })

  it.runIf(present(suiteDir))('gives back models with sequences, optionals, functions and strings', async () => {
    const paths = filesBelow(suiteDir, 'model.onnx').filter((path) =>
      /sequence|optional|expanded|string|loop|scan|if_/.test(path),
    )
    expect(paths.length).toBeGreaterThan(100)
    for (const path of paths) {
      const model = await readModel(path)
      expect(isDeepStrictEqual(content(decodeModel(encodeModel(model))), content(model)), path).toBe(true)
    }
  })
})

describe('the generated protobuf module', () => {
  it('is what the schema makes', () => {
    execFileSync(process.execPath, [fileURLToPath(new URL('../../scripts/proto.js', import.meta.url)), '--check'])
  })
})
