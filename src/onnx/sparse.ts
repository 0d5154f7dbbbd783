import { elementTypes, packedBytes } from './element-type.ts'
import type { onnx } from './generated/onnx.js'
import type { Tensor } from './model.ts'
import type { Site } from './reading.ts'
import { elementCount, readDims, readTensor } from './tensor-proto.ts'
import { packSubBytes, tensorArray, unpackSubBytes } from './tensor.ts'

/**
 * A `SparseTensorProto` as a dense tensor: what it doesn't list is zero or empty text.
 * Indices are `[NNZ]` (position in row-major order) or `[NNZ, rank]`, ascending and unique.
 */
export function readSparse(proto: onnx.SparseTensorProto, site: Site): Tensor {
  if (proto.values === null || proto.indices === null)
    return site.fail('MODEL_TENSOR', 'is sparse and has no values or no indices.')
  const dims = readDims(proto.dims, site)
  const count = elementCount(dims, site)
  const values = readTensor(proto.values, site)
  const indices = readTensor(proto.indices, site.part(`the indices of ${site.what}`))
  const nonZeros = values.dims[0] ?? 0
  if (values.dims.length !== 1)
    site.fail('MODEL_TENSOR', `is sparse with values of rank ${values.dims.length}; it must be 1.`)
  const positions = readPositions(indices, dims, nonZeros, site)
  checkPositions(positions, count, site)

  if (values.type === 'string') {
    site.use('denseBytes', count * 8)
    const strings = Array.from({ length: count }, () => '')
    positions.forEach((position, i) => (strings[position] = values.strings?.[i] ?? ''))
    return { type: 'string', dims, data: new Uint8Array(), strings }
  }
  const { bits } = elementTypes[values.type]
  const width = Math.max(1, bits / 8)
  site.use('denseBytes', count * width)
  site.use('tensorBytes', packedBytes(values.type, count))
  const source = bits < 8 ? unpackSubBytes(values) : values.data
  const dense = new Uint8Array(count * width)
  positions.forEach((position, i) => dense.set(source.subarray(i * width, (i + 1) * width), position * width))
  return { type: values.type, dims, data: bits < 8 ? packSubBytes(dense, bits) : dense }
}

/** Positions in row-major order. */
function readPositions(indices: Tensor, dims: readonly number[], nonZeros: number, site: Site): number[] {
  const isLinear = indices.dims.length === 1 && indices.dims[0] === nonZeros
  const isTuples = indices.dims.length === 2 && indices.dims[0] === nonZeros && indices.dims[1] === dims.length
  if (indices.type !== 'int64' || !(isLinear || isTuples)) {
    const shape = `${indices.type} of shape [${indices.dims.join(', ')}]`
    site.fail(
      'MODEL_TENSOR',
      `is sparse with indices that are ${shape}; it must be int64 [${nonZeros}] or [${nonZeros}, ${dims.length}].`,
    )
  }
  const flat = Array.from(tensorArray(indices), Number)
  if (isLinear) return flat
  return Array.from({ length: nonZeros }, (_, i) =>
    dims.reduce((position, dim, axis) => {
      const index = flat[i * dims.length + axis]!
      if (index < 0 || index >= dim)
        site.fail('MODEL_TENSOR', `is sparse with the index ${index} on an axis of ${dim}.`)
      return position * dim + index
    }, 0),
  )
}

function checkPositions(positions: readonly number[], count: number, site: Site): void {
  positions.forEach((position, i) => {
    const previous = i === 0 ? -1 : positions[i - 1]!
    if (position <= previous || position >= count) {
      site.fail(
        'MODEL_TENSOR',
        `is sparse with the position ${position} after ${previous} in ${count} elements; they must ascend.`,
      )
    }
  })
}
