import { elementTypes, memoryBytes } from '../onnx/element-type.ts'
import type { Tensor } from '../onnx/model.ts'
import { elementsOf, packSubBytes, unpackSubBytes } from '../onnx/tensor.ts'

/** Beyond this many elements folding costs more build time and file size than it saves at run time. */
export const MOST_PICKED = 1 << 20

/**
 * A tensor of elements of others, unchanged: `positions` count through the elements of all `tensors` in turn, which are
 * of one type. Serves to fold every operator that only moves elements.
 */
export function pickElements(
  tensors: readonly Tensor[],
  dims: readonly number[],
  positions: readonly number[],
): Tensor {
  const { type } = tensors[0]!
  if (type === 'string') {
    const strings = tensors.flatMap((tensor) => tensor.strings ?? [])
    return { type, dims, data: new Uint8Array(), strings: positions.map((position) => strings[position]!) }
  }
  const { bits } = elementTypes[type]
  const width = memoryBytes(type)
  const source = Buffer.concat(tensors.map((tensor) => (bits < 8 ? unpackSubBytes(tensor) : tensor.data)))
  const data = new Uint8Array(positions.length * width)
  positions.forEach((position, i) => data.set(source.subarray(position * width, (position + 1) * width), i * width))
  return { type, dims, data: bits < 8 ? packSubBytes(data, bits) : data }
}

/** Row-major positions in a shape, as `position` maps each index of `dims` to one. */
export function positionsOf(dims: readonly number[], position: (index: readonly number[]) => number): number[] {
  const index = dims.map(() => 0)
  return Array.from({ length: elementsOf(dims) }, () => {
    const at = position(index)
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      if (++index[axis]! < dims[axis]!) break
      index[axis] = 0
    }
    return at
  })
}

/** Row-major strides, in elements. */
export function stridesOf(dims: readonly number[]): number[] {
  return dims.map((_, axis) => elementsOf(dims.slice(axis + 1)))
}

/** Σ index × stride. */
export function offsetOf(index: readonly number[], strides: readonly number[]): number {
  return index.reduce((sum, i, axis) => sum + i * strides[axis]!, 0)
}
