import { elementTypes } from '../onnx/element-type.ts'
import type { Tensor } from '../onnx/model.ts'
import { elementsOf, tensorFrom, unpackSubBytes } from '../onnx/tensor.ts'

/** A constant whose axes are in another order: axis i of the result is axis `perm[i]` of the tensor. */
export function transposed(tensor: Tensor, perm: readonly number[]): Tensor {
  const dims = perm.map((axis) => tensor.dims[axis]!)
  const { bits } = elementTypes[tensor.type]
  const isSmall = bits < 8
  // Elements of less than a byte are transposed as bytes.
  const from = isSmall ? unpackSubBytes(tensor) : tensor.data
  const size = isSmall ? 1 : bits / 8
  const strides = tensor.dims.map((_, axis) => elementsOf(tensor.dims.slice(axis + 1)))
  const to = new Uint8Array(from.length)
  const index = dims.map(() => 0)
  const count = elementsOf(dims)
  let source = 0
  for (let at = 0; at < count; at++) {
    for (let byte = 0; byte < size; byte++) to[at * size + byte] = from[source * size + byte]!
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      const stride = strides[perm[axis]!]!
      source += stride
      if (++index[axis]! < dims[axis]!) break
      source -= stride * dims[axis]!
      index[axis] = 0
    }
  }
  if (!isSmall) return { type: tensor.type, dims, data: to }
  return tensorFrom(tensor.type, dims, tensor.type.startsWith('int') ? new Int8Array(to.buffer) : to)
}
