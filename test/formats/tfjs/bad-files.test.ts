import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ModelError } from '../../../src/errors/index.ts'
import { readModel } from '../../../src/formats/read.ts'
import { converted } from './convert.ts'

type Weight = Readonly<Record<string, unknown>>

const weights = Uint8Array.from(Buffer.from(Float32Array.of(1, 2, 3, 4).buffer))
const files = { 'w.bin': weights }

/** y = x · W, with something changed. */
function graph(
  change: { nodes?: unknown; weight?: Weight; library?: unknown; signature?: unknown; paths?: unknown } = {},
) {
  const placeholder = { name: 'x', op: 'Placeholder', attr: { dtype: { type: 'DT_FLOAT' }, shape: { shape: { dim: [{ size: '-1' }, { size: '2' }] } } } } // prettier-ignore
  const constant = { name: 'W', op: 'Const', attr: { dtype: { type: 'DT_FLOAT' } } }
  const product = { name: 'y', op: 'MatMul', input: ['x', 'W'], attr: { T: { type: 'DT_FLOAT' } } }
  const { nodes, weight, library = {}, signature, paths = ['w.bin'] } = change
  return {
    modelTopology: { node: nodes ?? [placeholder, constant, product], library },
    signature,
    weightsManifest: [{ paths, weights: [{ name: 'W', shape: [2, 2], dtype: 'float32', ...weight }] }],
  }
}

function layers(list: readonly unknown[], names: readonly Weight[] = []) {
  const config = { name: 'm', layers: list }
  return {
    modelTopology: { class_name: 'Sequential', config },
    weightsManifest: [{ paths: ['w.bin'], weights: names }],
  }
}

const dense = (more: Weight = {}) => ({ class_name: 'Dense', config: { name: 'd', units: 2, use_bias: false, batch_input_shape: [null, 2], ...more } }) // prettier-ignore
const kernel = { name: 'd/kernel', shape: [2, 2], dtype: 'float32' }
const node = (name: string, op: string, ...input: string[]) => ({ name, op, input, attr: {} })
const x = { name: 'x', op: 'Placeholder', attr: { dtype: { type: 'DT_FLOAT' }, shape: { shape: { dim: [{ size: '2' }] } } } } // prettier-ignore
const huge = [2 ** 31, 2 ** 20]

const refused: readonly (readonly [what: string, file: unknown, code: string, text: string])[] = [
  ['truncated JSON', JSON.stringify(graph()).slice(0, -9), 'MODEL_DAMAGED', 'is no whole JSON'],
  ['no topology', { weightsManifest: [] }, 'MODEL_EMPTY', 'has weights and no modelTopology'],
  ['a topology that is none', { modelTopology: 7 }, 'MODEL_NODE', 'has "7" as "modelTopology", which should be an object'], // prettier-ignore
  ['no outputs', graph({ nodes: [x] }), 'MODEL_EMPTY', 'has no outputs'],
  ['a missing shard', graph({ paths: ['other.bin'] }), 'MODEL_EXTERNAL_DATA', 'other.bin'],
  ['too few bytes', graph({ weight: { shape: [2, 3] } }), 'MODEL_TENSOR', 'weight "W" of shape [2, 3] and type float32 needs bytes 0 to 24 of "w.bin", which have 16'], // prettier-ignore
  ['too many bytes', graph({ weight: { shape: [2] } }), 'MODEL_TENSOR', 'has 16 bytes in "w.bin", of which its weights take 8'], // prettier-ignore
  ['a size below zero', graph({ weight: { shape: [-2, 2] } }), 'MODEL_NODE', 'should be sizes from zero on'],
  ['huge sizes', graph({ weight: { shape: huge } }), 'MODEL_LIMIT', 'weight "W" has'],
  ['another element type', graph({ weight: { dtype: 'float64' } }), 'MODEL_NODE', 'has "\\"float64\\"" as "dtype", which should be one of float32, int32'], // prettier-ignore
  ['a quantisation without a scale', graph({ weight: { shape: [16], quantization: { dtype: 'uint8' } } }), 'MODEL_NODE', 'has nothing as "quantization.scale"'], // prettier-ignore
  ['a weight of another type than its node', graph({ weight: { dtype: 'int32' } }), 'MODEL_TENSOR', 'node "W" (Const): it is of type float32, and its weight [2, 2] of type int32'], // prettier-ignore
  ['shapes that do not fit', graph({ weight: { shape: [4, 1] } }), 'MODEL_NODE', 'node "y" (MatMul): it multiplies tensors [?, 2] and [4, 1]'], // prettier-ignore
  ['a node that is not there', graph({ nodes: [x, node('y', 'Neg', 'z')] }), 'MODEL_GRAPH', 'uses "z", which is not there'], // prettier-ignore
  ['two nodes of one name', graph({ nodes: [x, node('x', 'Neg', 'x')] }), 'MODEL_GRAPH', 'is there twice'],
  ['a cycle', graph({ nodes: [x, node('y', 'Add', 'x', 'z'), node('z', 'Neg', 'y'), node('w', 'Abs', 'z')] }), 'MODEL_GRAPH', 'in a cycle'], // prettier-ignore
  [
    'a result that a node has not',
    graph({ nodes: [x, node('y', 'Neg', 'x:3')] }),
    'MODEL_GRAPH',
    'uses result 3 of "x"',
  ],
  ['unknown operators, all of them', graph({ nodes: [x, node('a', 'Switch', 'x', 'x'), node('b', 'Mine', 'a'), node('y', 'Merge', 'b:1', 'a')] }), 'MODEL_UNSUPPORTED', 'has operators that are not read: Merge, Switch, Mine.'], // prettier-ignore
  ['an operator called after what objects have', graph({ nodes: [x, node('y', 'constructor', 'x')] }), 'MODEL_UNSUPPORTED', 'operators that are not read: constructor'], // prettier-ignore
  ['a function that is not there', graph({ nodes: [x, { ...node('y', 'PartitionedCall', 'x'), attr: { f: { func: { name: 'f' } } } }] }), 'MODEL_NODE', 'calls "f", which is no function'], // prettier-ignore
  ['a function that calls itself', graph({ nodes: [x, { ...node('y', 'PartitionedCall', 'x'), attr: { f: { func: { name: 'f' } } } }], library: { function: [{ signature: { name: 'f', inputArg: [{ name: 'a' }], outputArg: [{ name: 'b' }] }, ret: { b: 'c:0' }, nodeDef: [{ ...node('c', 'PartitionedCall', 'a'), attr: { f: { func: { name: 'f' } } } }] }] } }), 'MODEL_LIMIT', 'functions that call each other'], // prettier-ignore
  ['an input of unknown rank', graph({ nodes: [{ ...x, attr: {} }, node('y', 'Neg', 'x')] }), 'MODEL_UNSUPPORTED', 'is input "x", of which the file says no shape'], // prettier-ignore
  ['another kind of model', { modelTopology: { class_name: 'Mine', config: {} } }, 'MODEL_NODE', 'should be Sequential, Functional or Model'], // prettier-ignore
  ['unknown layers, all of them', layers([dense(), { class_name: 'Masking', config: { name: 'k' } }, { class_name: 'TimeDistributed', config: { name: 't', layer: { class_name: 'Mine', config: {} } } }]), 'MODEL_UNSUPPORTED', 'has layers that are not read: Masking, Mine.'], // prettier-ignore
  [
    'a weight that is missing',
    layers([dense()], [{ ...kernel, name: 'other/kernel' }]),
    'MODEL_TENSOR',
    'layer "d" (Dense) has no weight "kernel" in the manifest',
  ],
  ['a weight of another shape', layers([dense()], [{ ...kernel, shape: [4, 1] }]), 'MODEL_TENSOR', 'layer "d" (Dense) needs a weight "kernel" of type float32 and shape [2, 2], and is given "d/kernel" of type float32 and shape [4, 1]'], // prettier-ignore
  ['a weight that may be either of two', layers([dense()], [{ ...kernel, name: 'a/d/kernel', shape: [1, 2] }, { ...kernel, name: 'b/d/kernel', shape: [2, 1] }]), 'MODEL_TENSOR', 'may have any of the weights "a/d/kernel", "b/d/kernel" as "kernel"'], // prettier-ignore
  ['an unknown activation', layers([dense({ activation: 'toString' })], [kernel]), 'MODEL_UNSUPPORTED', 'has activation "toString"'], // prettier-ignore
  ['channels first', layers([{ class_name: 'Flatten', config: { name: 'f', data_format: 'channels_first', batch_input_shape: [null, 2, 2] } }], [kernel]), 'MODEL_UNSUPPORTED', 'has its channels first'], // prettier-ignore
  ['an embedding that masks', layers([{ class_name: 'Embedding', config: { name: 'e', mask_zero: true, input_dim: 2, output_dim: 2, batch_input_shape: [null, 2] } }], [kernel]), 'MODEL_UNSUPPORTED', 'mask_zero'], // prettier-ignore
  ['two layers of one name', layers([dense(), dense()], [kernel]), 'MODEL_NODE', 'has two layers of one name'],
  ['values nested without end', `{"modelTopology":{"class_name":${'['.repeat(1e5)}${']'.repeat(1e5)}}}`, 'MODEL_LIMIT', 'nests its values more than 200 deep'], // prettier-ignore
  ['integers that are none once they are real', graph({ weight: { shape: [16], dtype: 'int32', quantization: { dtype: 'uint8', scale: 1e300, min: 1e300 } } }), 'MODEL_NODE', 'which should be a scale and a least value that make int32'], // prettier-ignore
  ['functions that call each other without end', graph({ nodes: [x, { ...node('y', 'PartitionedCall', 'x'), attr: { f: { func: { name: 'f0' } } } }], library: { function: Array.from({ length: 20_000 }, (_, i) => ({ signature: { name: `f${i}`, inputArg: [{ name: 'a' }], outputArg: [{ name: 'b' }] }, ret: { b: 'c:0' }, nodeDef: [{ ...node('c', 'PartitionedCall', 'a'), attr: { f: { func: { name: `f${i + 1}` } } } }] })) } }), 'MODEL_LIMIT', 'functions that call each other'], // prettier-ignore
  ['a normalisation whose axes are in another order', layers([{ class_name: 'LayerNormalization', config: { name: 'l', axis: [2, 1], batch_input_shape: [null, 2, 2] } }], [kernel]), 'MODEL_UNSUPPORTED', 'axes that are not the last ones in order'], // prettier-ignore
  ['layers in a cycle', { modelTopology: { class_name: 'Model', config: { name: 'm', layers: [['a', 'b'], ['b', 'a']].map(([name, of]) => ({ name, class_name: 'Activation', config: { name }, inbound_nodes: [[[of, 0, 0, {}]]] })), input_layers: [], output_layers: [['a', 0, 0]] } } }, 'MODEL_GRAPH', 'has layer "a" in a cycle'], // prettier-ignore
]

describe('refused', () => {
  it.each(refused)('%s', (_, file, code, text) => {
    expect(() => converted(file, files)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(text) }),
    )
  })

  it('what is right is not', () => {
    expect(() => converted(graph(), files)).not.toThrow()
    expect(() => converted(layers([dense()], [kernel]), files)).not.toThrow()
  })

  it('not for having many outputs', () => {
    const config = { layers: [{ name: 'i', class_name: 'InputLayer', config: { name: 'i', batch_input_shape: [2] }, inbound_nodes: [] }], input_layers: [['i', 0, 0]], output_layers: Array.from({ length: 20_000 }, () => ['i', 0, 0]) } // prettier-ignore
    expect(() => converted({ modelTopology: { class_name: 'Model', config } })).not.toThrow()
  })

  it('at every length that it may be cut to', () => {
    const text = JSON.stringify(layers([dense()], [kernel]))
    for (let length = 20; length < text.length; length++)
      expect(() => converted(text.slice(0, length), files)).toThrow(ModelError)
  })
})

describe('files beside the model', () => {
  const inFolder = async (paths: readonly string[]) => {
    const folder = await mkdtemp(join(tmpdir(), 'tfjs-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const path = join(folder, 'm.json')
    await writeFile(path, JSON.stringify(graph({ paths })))
    return { folder, path }
  }

  it.each(['../w.bin', '/etc/passwd', 'https://example.org/w.bin', 'a\\w.bin', 'C:w.bin', ''])(
    '%j is forbidden',
    async (location) => {
      // prettier-ignore
      const { path } = await inFolder([location])
      const error = { code: 'MODEL_EXTERNAL_DATA', message: expect.stringContaining('has the forbidden location') }
      await expect(readModel(path)).rejects.toMatchObject(error)
    },
  )

  it('a link out of the folder is forbidden, and what is missing is told', async () => {
    const { folder, path } = await inFolder(['w.bin'])
    await expect(readModel(path)).rejects.toMatchObject({ message: expect.stringContaining('"w.bin", which is missing') }) // prettier-ignore
    await symlink('/etc/hostname', join(folder, 'w.bin'))
    await expect(readModel(path)).rejects.toMatchObject({ message: expect.stringContaining("link out of the model's directory") }) // prettier-ignore
  })

  it('they are part of the model, and not read where that is forbidden', async () => {
    // A weight that reaches from one shard into the next.
    const { folder, path } = await inFolder(['1.bin', '2.bin'])
    await writeFile(join(folder, '1.bin'), weights.subarray(0, 6))
    await writeFile(join(folder, '2.bin'), weights.subarray(6))
    const model = await readModel(path)
    expect(model.format).toBe('TensorFlow.js')
    expect(model.files.map((file) => [file.path, file.bytes])).toEqual([[path, expect.any(Number)], [join(folder, '1.bin'), 6], [join(folder, '2.bin'), 10]]) // prettier-ignore
    const stored = [...model.graph.initializers.values()].map(({ data }) => Array.from(new Float32Array(Uint8Array.from(data).buffer))) // prettier-ignore
    expect(stored).toContainEqual([1, 2, 3, 4])
    await expect(readModel(path, { externalData: false })).rejects.toMatchObject({ code: 'MODEL_EXTERNAL_DATA' })
    await expect(readModel(path, { limits: { tensorBytes: 8 } })).rejects.toMatchObject({ code: 'MODEL_LIMIT' })
  })
})
