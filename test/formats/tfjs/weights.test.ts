import { expect, it } from 'vitest'
import type { Tensor } from '../../../src/onnx/model.ts'
import { tensorValues } from '../../../src/onnx/tensor.ts'
import { convertedModel } from './convert.ts'

/** The tensor that a weight becomes. */
function read(weight: object, bytes: readonly number[], dtype = 'DT_FLOAT'): Tensor {
  const node = [
    { name: 'x', op: 'Placeholder', attr: { dtype: { type: dtype }, shape: { shape: { dim: [{ size: '1' }] } } } },
    { name: 'W', op: 'Const', attr: { dtype: { type: dtype } } },
    { name: 'y', op: dtype === 'DT_BOOL' ? 'LogicalAnd' : 'AddV2', input: ['x', 'W'] },
  ]
  const weightsManifest = [{ paths: ['w.bin'], weights: [{ name: 'W', ...weight }] }]
  const { graph } = convertedModel({ modelTopology: { node }, weightsManifest }, { 'w.bin': Uint8Array.from(bytes) })
  expect(graph.initializers.size).toBe(1)
  return [...graph.initializers.values()][0]!
}

const quantized = (dtype: string, more = {}) => ({ quantization: { dtype, ...more } })
const scaled = { scale: 0.5, min: -1 }
/** 1, −0.5, 65504 and the least number above 0, as binary16. */
const halves = [0, 0x3c, 0, 0xb8, 0xff, 0x7b, 1, 0]

it.each([
  ['bytes', { shape: [3], dtype: 'float32', ...quantized('uint8', scaled) }, [0, 2, 255], 'DT_FLOAT', [-1, 0, 126.5]],
  ['two bytes', { shape: [2], dtype: 'float32', ...quantized('uint16', scaled) }, [1, 0, 255, 255], 'DT_FLOAT', [-0.5, 32766.5]], // prettier-ignore
  ['binary16', { shape: [4], dtype: 'float32', ...quantized('float16') }, halves, 'DT_FLOAT', [1, -0.5, 65504, 2 ** -24]], // prettier-ignore
  ['integers in bytes', { shape: [3], dtype: 'int32', ...quantized('uint8', { scale: 2.6, min: -3 }) }, [0, 1, 2], 'DT_INT32', [-3, 0, 2]], // prettier-ignore
  ['integers', { shape: [2], dtype: 'int32' }, [255, 255, 255, 255, 7, 0, 0, 0], 'DT_INT64', [-1, 7]],
  ['truths', { shape: [2], dtype: 'bool' }, [1, 0], 'DT_BOOL', [1, 0]],
])('%s', (_, weight, bytes, dtype, values) => {
  expect(tensorValues(read(weight, bytes, dtype))).toEqual(values)
})
