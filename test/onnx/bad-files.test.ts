import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ModelError } from '../../src/errors/index.ts'
import { modelBytes, tensorType, type ModelSource } from '../../src/onnx/build.ts'
import { onnx } from '../../src/onnx/generated/onnx.js'
import { readModel } from '../../src/formats/read.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { WireWriter } from '../../src/onnx/wire.ts'
import { modelErrorOf } from './errors.ts'
import { filesBelow, modelsDir, present } from './suite.ts'

const identity: ModelSource = {
  opsets: { '': 21 },
  inputs: { x: tensorType('float32', [2]) },
  outputs: { y: tensorType('float32', [2]) },
  nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }],
}
const encode = (model: onnx.ModelProto.$Properties) => onnx.ModelProto.encode(model, new WireWriter()).finish()
const opsetImport = [{ domain: '', version: 21n }]

describe('a file that is no ONNX model', () => {
  it.each<[string, Uint8Array | string, string]>([
    ['empty', '', 'is empty'],
    ['Git LFS pointer', 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n', 'git lfs pull'],
    ['web page', '\n<!DOCTYPE html><html></html>', 'web page'],
    ['ZIP archive', 'PK\x03\x04\x14\0\0\0', 'torch.onnx.export'],
    ['gzip archive', Uint8Array.of(0x1f, 0x8b, 8, 0), 'gzip'],
    ['pickle', Uint8Array.of(0x80, 2, 0x8a), 'pickle'],
    ['HDF5', Uint8Array.of(0x89, 0x48, 0x44, 0x46, 13, 10), 'tf2onnx'],
    ['TensorFlow Lite', '\x1c\0\0\0TFL3\0', 'TensorFlow Lite'],
    ['ORT format', '\x1c\0\0\0ORTM\0', '.ort'],
    ['JSON', '{ "nodes": [] }', 'JSON'],
    ['text', 'this is a readme of a model, and not the model itself', 'text file'],
    ['protobuf of something else', Uint8Array.of(0x98, 6, 1), 'neither an IR version nor a graph'],
  ])('%s', (_, content, advice) => {
    const error = modelErrorOf(() => decodeModel(Buffer.from(content as string), { path: 'dir/m.onnx' }))
    expect(error.code).toBe('MODEL_NOT_ONNX')
    expect(error.message).toMatch(/^dir\/m\.onnx: /)
    expect(error.message).toContain(advice)
  })

  it('random bytes give a ModelError too', () => {
    const bytes = Uint8Array.from({ length: 4096 }, (_, i) => (i * 2654435761) >>> 13)
    modelErrorOf(() => decodeModel(bytes))
  })
})

describe('a path that is no file', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'bad-files-'))
    mkdirSync(join(folder, 'dir.onnx'))
    writeFileSync(join(folder, 'big.onnx'), modelBytes(identity))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('missing, a folder, a pipe', async () => {
    if (process.platform !== 'win32') execFileSync('mkfifo', [join(folder, 'pipe.onnx')])
    for (const name of ['missing.onnx', 'dir.onnx', 'pipe.onnx', 'big.onnx/x']) {
      const error: unknown = await readModel(join(folder, name)).catch((thrown: unknown) => thrown)
      expect(error, name).toBeInstanceOf(ModelError)
      expect(error).toMatchObject({ code: 'MODEL_UNREADABLE', message: expect.stringContaining(name) })
    }
  })

  it('larger than the limit, which is known before it is read', async () => {
    const limits = { fileBytes: 10 }
    await expect(readModel(join(folder, 'big.onnx'), { limits })).rejects.toMatchObject({ code: 'MODEL_LIMIT' })
  })
})

describe('a damaged model', () => {
  const bytes = modelBytes({ ...identity, initializers: { w: tensorFrom('float32', [4], [1, 2, 3, 4]) } })

  it('cut anywhere', () => {
    for (let length = 1; length < bytes.length; length++) {
      const error = modelErrorOf(() => decodeModel(bytes.subarray(0, length)))
      expect(['MODEL_DAMAGED', 'MODEL_EMPTY', 'MODEL_NOT_ONNX', 'MODEL_VERSION']).toContain(error.code)
    }
    expect(decodeModel(bytes).graph.initializers.size).toBe(1)
  })

  it('with a name that is not UTF-8', () => {
    const broken = bytes.slice()
    broken[Buffer.from(bytes).indexOf('Identity')] = 0xff
    expect(modelErrorOf(() => decodeModel(broken))).toMatchObject({ code: 'MODEL_DAMAGED' })
  })

  it.runIf(present(modelsDir))('a real one, cut in the middle', () => {
    const path = filesBelow(modelsDir, 'ultraface-rfb-320.onnx')[0]!
    const whole = readFileSync(path)
    const error = modelErrorOf(() => decodeModel(whole.subarray(0, whole.length / 2), { path }))
    expect(error).toMatchObject({ code: 'MODEL_DAMAGED', message: expect.stringContaining('truncated') })
  })
})

describe('versions', () => {
  const graph = { node: [], output: [] }
  it.each<[string, onnx.ModelProto.$Properties, RegExp]>([
    ['a later IR', { irVersion: 14n, opsetImport, graph }, /IR version 14; this package reads IR versions 3 to 13/],
    ['an IR before opsets', { irVersion: 2n, graph }, /IR version 2.*3 to 13.*version_converter/],
    ['no IR version', { graph }, /IR version 0/],
    [
      'a later opset',
      { irVersion: 8n, opsetImport: [{ version: 28n }], graph },
      /opset 28.*opsets 1 to 27.*opset_version=27/,
    ],
    ['opset 0', { irVersion: 8n, opsetImport: [{ version: 0n }], graph }, /opset 0/],
    ['a negative opset', { irVersion: 8n, opsetImport: [{ domain: 'x', version: -1n }], graph }, /opset -1 of "x"/],
    [
      'two opsets under the two names of one domain',
      { irVersion: 8n, opsetImport: [{ version: 8n }, { domain: 'ai.onnx', version: 9n }], graph },
      /two different opsets/,
    ],
    [
      'no opset',
      {
        irVersion: 8n,
        graph: { node: [{ opType: 'Constant', output: ['y'] }], output: [{ name: 'y' }] },
      },
      /opset_import/,
    ],
  ])('%s', (_, model, message) => {
    const error = modelErrorOf(() => decodeModel(encode(model)))
    expect(error.code).toBe('MODEL_VERSION')
    expect(error.message).toMatch(message)
  })

  it.each([3, 13])('IR %d is read', (irVersion) => {
    expect(decodeModel(modelBytes({ ...identity, irVersion })).irVersion).toBe(irVersion)
  })

  it.each([1, 26, 27])('opset %d is read', (version) => {
    const opsets = decodeModel(modelBytes({ ...identity, opsets: { 'ai.onnx': version } })).opsets
    expect(opsets).toEqual(new Map([['', version]]))
  })
})

describe('an empty model', () => {
  it.each<[string, onnx.ModelProto.$Properties]>([
    ['no graph', { irVersion: 8n, opsetImport }],
    ['an empty graph', { irVersion: 8n, opsetImport, graph: {} }],
  ])('%s', (_, model) => {
    expect(modelErrorOf(() => decodeModel(encode(model)))).toMatchObject({ code: 'MODEL_EMPTY' })
  })
})

describe('limits', () => {
  const limited = (limits: object, source: ModelSource = identity) =>
    modelErrorOf(() => decodeModel(modelBytes(source), { limits }))

  it('nodes, in subgraphs and functions too', () => {
    const branch = { outputs: { z: undefined }, nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['z'] }] }
    const source = {
      ...identity,
      nodes: [{ op: 'If', inputs: ['x'], outputs: ['y'], attributes: { then_branch: branch } }],
    }
    expect(limited({ nodes: 1 }, source)).toMatchObject({ code: 'MODEL_LIMIT', data: { limit: 'nodes', given: 2 } })
    expect(decodeModel(modelBytes(source), { limits: { nodes: 2 } }).graph.nodes).toHaveLength(1)
  })

  it('length of names', () => {
    expect(limited({ stringBytes: 7 })).toMatchObject({ code: 'MODEL_LIMIT', data: { limit: 'stringBytes', given: 8 } })
  })

  it('rank of a stated shape', () => {
    const shape = Array.from({ length: 65 }, () => 1)
    expect(limited({}, { ...identity, inputs: { x: tensorType('float32', shape) } })).toMatchObject({
      data: { limit: 'rank' },
    })
  })

  it('memory for messages: a few bytes each in the file, hundreds in memory', () => {
    const empty = Uint8Array.of(0x0a, 0)
    const nodes = Buffer.concat(Array.from({ length: 200_000 }, () => empty))
    const size = Buffer.from([0x80 | (nodes.length & 127), 0x80 | ((nodes.length >> 7) & 127), nodes.length >> 14])
    const bytes = Buffer.concat([Uint8Array.of(0x08, 8, 0x3a), size, nodes])
    const error = modelErrorOf(() => decodeModel(bytes, { limits: { messageBytes: 2 ** 20 } }))
    expect(error).toMatchObject({ code: 'MODEL_LIMIT', data: { limit: 'messageBytes' } })
  })

  it('packed ints of an attribute', () => {
    const nodes = [{ op: 'X', outputs: ['y'], attributes: { a: Array.from({ length: 1000 }, () => 1n) } }]
    expect(limited({ messageBytes: 2 ** 15 }, { ...identity, nodes })).toMatchObject({
      data: { limit: 'messageBytes' },
    })
  })

  it('graphs in graphs', () => {
    let source: ModelSource = identity
    for (let depth = 0; depth < 17; depth++) {
      source = {
        ...identity,
        nodes: [{ op: 'If', inputs: ['x'], outputs: ['y'], attributes: { then_branch: { ...source, inputs: {} } } }],
      }
    }
    expect(limited({}, source)).toMatchObject({ code: 'MODEL_LIMIT', data: { limit: 'subgraphDepth', given: 17 } })
    expect(decodeModel(modelBytes(source), { limits: { subgraphDepth: 17 } }).graph.nodes).toHaveLength(1)
  })

  it('messages in messages, far beyond what a stack holds', () => {
    // TypeProto { sequence_type: { elem_type: TypeProto … } }, written from the inside out.
    const chunks: Buffer[] = []
    let length = 0
    const wrap = (tag: number) => {
      const head = Buffer.from([
        tag,
        0x80 | (length & 127),
        0x80 | ((length >> 7) & 127),
        0x80 | ((length >> 14) & 127),
        length >> 21,
      ])
      chunks.unshift(head)
      length += head.length
    }
    for (let depth = 0; depth < 20_000; depth++) wrap(depth % 2 === 0 ? 0x0a : 0x22)
    for (const tag of [0x12, 0x5a, 0x3a]) wrap(tag)
    const bytes = Buffer.concat([Uint8Array.of(0x08, 8), ...chunks])
    expect(modelErrorOf(() => decodeModel(bytes))).toMatchObject({
      code: 'MODEL_LIMIT',
      message: expect.stringContaining('100 deep'),
    })
  })

  it('groups in groups, which an unknown field may hold', () => {
    const bytes = new Uint8Array(1_000_000).fill((4 << 3) | 3)
    bytes.set([0x08, 8])
    expect(modelErrorOf(() => decodeModel(bytes))).toMatchObject({ code: 'MODEL_LIMIT' })
  })
})

describe('sparse tensors', () => {
  const sparse = (fields: onnx.SparseTensorProto.$Properties) =>
    encode({
      irVersion: 8n,
      opsetImport,
      graph: { sparseInitializer: [fields], output: [{ name: 'S' }] },
    })
  const values = { name: 'S', dataType: 1, dims: [2n], floatData: [5, 7] }
  const read = (fields: onnx.SparseTensorProto.$Properties, limits = {}) =>
    decodeModel(sparse(fields), { limits }).graph.initializers.get('S')!

  it('become dense, from positions or index tuples', () => {
    const dense = tensorFrom('float32', [2, 3], [0, 5, 0, 0, 0, 7])
    const linear = { dataType: 7, dims: [2n], int64Data: [1n, 5n] }
    const tuples = { dataType: 7, dims: [2n, 2n], int64Data: [0n, 1n, 1n, 2n] }
    expect(read({ values, indices: linear, dims: [2n, 3n] })).toEqual(dense)
    expect(read({ values, indices: tuples, dims: [2n, 3n] })).toEqual(dense)
  })

  it('of packed and of text elements', () => {
    const indices = { dataType: 7, dims: [2n], int64Data: [0n, 2n] }
    const nibbles = { name: 'S', dataType: 22, dims: [2n], rawData: Uint8Array.of(0x8f) }
    expect(read({ values: nibbles, indices, dims: [3n] })).toEqual(tensorFrom('int4', [3], [-1, 0, -8]))
    const texts = { name: 'S', dataType: 8, dims: [2n], stringData: [Buffer.from('a'), Buffer.from('b')] }
    expect(read({ values: texts, indices, dims: [3n] })).toEqual(tensorFrom('string', [3], ['a', '', 'b']))
  })

  it.each<[string, bigint[], bigint[], bigint[]]>([
    ['a position beyond the end', [2n], [0n, 6n], [2n, 3n]],
    ['a negative position', [2n], [-1n, 1n], [2n, 3n]],
    ['positions out of order', [2n], [3n, 1n], [2n, 3n]],
    ['a position twice', [2n], [1n, 1n], [2n, 3n]],
    ['an index beyond its axis', [2n, 2n], [0n, 3n, 1n, 0n], [2n, 3n]],
    ['too few positions', [1n], [0n], [2n, 3n]],
    ['a negative dimension', [2n], [0n, 1n], [-2n, 3n]],
  ])('%s', (_, dims, int64Data, shape) => {
    expect(modelErrorOf(() => read({ values, indices: { dataType: 7, dims, int64Data }, dims: shape }))).toMatchObject({
      code: 'MODEL_TENSOR',
    })
  })

  it('of a few bytes that ask for gigabytes', () => {
    const indices = { dataType: 7, dims: [2n], int64Data: [0n, 1n] }
    const fields = { values, indices, dims: [2n ** 30n] }
    expect(modelErrorOf(() => read(fields))).toMatchObject({ code: 'MODEL_LIMIT', data: { limit: 'denseBytes' } })
  })

  it('without values or indices', () => {
    expect(modelErrorOf(() => read({ values, dims: [3n] })).code).toBe('MODEL_TENSOR')
  })
})
