import { elementTypes } from '../onnx/element-type.ts'
import type { Tensor } from '../onnx/model.ts'
import { packSubBytes, tensorArray } from '../onnx/tensor.ts'
import type { Tensor as RuntimeTensor } from '../runtime/tensor.ts'

/** A tensor in the form in which a compiled model takes it. */
export function toRuntime(tensor: Tensor): { readonly data: unknown; readonly dims: readonly number[] } {
  const data = tensor.type === 'string' ? [...(tensor.strings ?? [])] : tensorArray(tensor)
  return { data, dims: tensor.dims }
}

/** A result of a compiled model in the form of the `onnx` room. */
export function fromRuntime({ type, dims, data }: RuntimeTensor): Tensor {
  if (type === 'string') return { type, dims, data: new Uint8Array(), strings: data as string[] }
  const view = data as Exclude<RuntimeTensor['data'], string[]>
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
  const { bits } = elementTypes[type]
  return { type, dims, data: bits < 8 ? packSubBytes(bytes, bits) : bytes }
}
