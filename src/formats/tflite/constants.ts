import { elementTypes } from '../../onnx/element-type.ts'
import type { Tensor } from '../../onnx/model.ts'
import type { Site } from '../../onnx/reading.ts'
import { elementsOf, tensorFrom, tensorNumbers } from '../../onnx/tensor.ts'
import type { Quantization, TensorFact } from './schema.ts'
import { eachStored } from './sparsity.ts'

/**
 * The contents of a constant as a tensor of ONNX, dense; `undefined` where the tensor is none.
 *
 * @throws ModelError `MODEL_TENSOR`
 */
export function constantOf(fact: TensorFact, site: Site): Tensor | undefined {
  const { type, shape: dims, data, sparsity } = fact
  if (!data || type === undefined) return undefined
  if (type === 'string') return { type, dims, data: new Uint8Array(), strings: textsOf(data, elementsOf(dims), site) }
  if (!sparsity) return { type, dims, data }
  const { bits } = elementTypes[type]
  if (bits < 8) site.fail('MODEL_TENSOR', `is sparse and of type ${type}, which is not read.`)
  const size = bits / 8
  const dense = new Uint8Array(elementsOf(dims) * size)
  site.use('denseBytes', dense.length)
  const put = (stored: number, at: number): void => {
    const from = stored * size
    if (from + size > data.length) site.fail('MODEL_TENSOR', 'has fewer elements than it says. Export it again.')
    dense.set(data.subarray(from, from + size), at * size)
  }
  eachStored(sparsity, dims, put, site)
  return { type, dims, data: dense }
}

/** Texts in a tensor's buffer: their count, where each begins and the last ends (int32), then their bytes. */
function textsOf(data: Uint8Array, expected: number, site: Site): string[] {
  const wrong = (): never => site.fail('MODEL_TENSOR', 'has texts whose offsets are wrong. Export it again.')
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  const at = (i: number): number => (4 * i + 4 <= data.length ? view.getInt32(4 * i, true) : wrong())
  if (at(0) !== expected) wrong()
  return Array.from({ length: expected }, (_, i) => {
    const [from, to] = [at(i + 1), at(i + 2)]
    if (from < 0 || to < from || to > data.length) wrong()
    return new TextDecoder().decode(data.subarray(from, to))
  })
}

/** The quantisation of a constant whose axes are in another order, as of `transposed`. */
export function transposedQuantization(quantization: Quantization, perm: readonly number[]): Quantization {
  return { ...quantization, axis: perm.indexOf(quantization.axis) }
}

/** A constant as float32: of float16 or of quantised integers. */
export function realConstant(tensor: Tensor, quantization: Quantization | undefined): Tensor {
  if (tensor.type === 'float32') return tensor
  const values = tensorNumbers(tensor)
  if (quantization) {
    const { scale, zeroPoint, axis } = quantization
    const inner = elementsOf(tensor.dims.slice(axis + 1))
    const count = scale.length
    for (let i = 0; i < values.length; i++) {
      const channel = count === 1 ? 0 : Math.floor(i / inner) % count
      values[i] = scale[channel]! * (values[i]! - zeroPoint[channel]!)
    }
  }
  return tensorFrom('float32', tensor.dims, values)
}
