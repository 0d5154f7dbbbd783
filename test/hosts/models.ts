import { onnx } from '../../src/onnx/generated/onnx.js'
import { WireWriter } from '../../src/onnx/wire.ts'

/**
 * The bytes of a model that adds `bias` to each of the numbers in `x` and gives `y`.
 *
 * @param length of `x` and `y`: a number, or a name for any length
 */
export function addModel(bias: number, length: number | string = 3): Uint8Array {
  return encode(length, { rawData: addModelWeights(bias) })
}

/** A program that runs two models of one name and prints {@link twoSums}. */
export function twoModels(query = ''): Record<string, string | Uint8Array> {
  return {
    'main.js': `
      import first from './first/add.onnx${query}'
      import second from './second/add.onnx${query}'
      const x = new Float32Array([1, 2, 3])
      Promise.all([first.run({ x }), second.run({ x })]).then((results) =>
        console.log(JSON.stringify(results.map(({ y }) => [...y.data]))))`,
    'first/add.onnx': addModel(10),
    'second/add.onnx': addModel(20),
  }
}

export const twoSums = [
  [11, 12, 13],
  [21, 22, 23],
]

/** The same model with its bias in a file beside it, whose content is {@link addModelWeights}. */
export function addModelWithExternalData(location: string): Uint8Array {
  return encode(3, { dataLocation: 1, externalData: [{ key: 'location', value: location }] })
}

/** The same model as a graph model of TensorFlow.js, its bias in `weights.bin`, whose content is {@link addModelWeights}. */
export function addModelOfTensorFlow(): string {
  const dtype = { dtype: { type: 'DT_FLOAT' } }
  const node = [
    { name: 'x', op: 'Placeholder', attr: { ...dtype, shape: { shape: { dim: [{ size: '3' }] } } } },
    { name: 'bias', op: 'Const', attr: dtype },
    { name: 'y', op: 'AddV2', input: ['x', 'bias'], attr: { T: { type: 'DT_FLOAT' } } },
  ]
  const weightsManifest = [{ paths: ['weights.bin'], weights: [{ name: 'bias', shape: [1], dtype: 'float32' }] }]
  return JSON.stringify({ format: 'graph-model', modelTopology: { node }, weightsManifest })
}

export function addModelWeights(bias: number): Uint8Array {
  return new Uint8Array(Float32Array.of(bias).buffer)
}

function encode(length: number | string, bias: onnx.TensorProto.$Properties): Uint8Array {
  const dim = typeof length === 'number' ? { dimValue: BigInt(length) } : { dimParam: length }
  const type = { tensorType: { elemType: float32, shape: { dim: [dim] } } }
  const message: onnx.ModelProto.$Properties = {
    irVersion: 8n,
    opsetImport: [{ domain: '', version: 17n }],
    graph: {
      name: 'add',
      input: [{ name: 'x', type }],
      output: [{ name: 'y', type }],
      initializer: [{ name: 'bias', dataType: float32, dims: [1n], ...bias }],
      node: [{ opType: 'Add', input: ['x', 'bias'], output: ['y'] }],
    },
  }
  return onnx.ModelProto.encode(message, new WireWriter()).finish()
}

/** `TensorProto.DataType.FLOAT` */
const float32 = 1
