import type { Tensor } from '../onnx/model.ts'
import { tensorArray } from '../onnx/tensor.ts'

/** The elements of a float32 tensor. */
export function floats(tensor: Tensor): Float32Array {
  const array = tensorArray(tensor)
  if (array instanceof Float32Array) return array
  throw new TypeError(`expected a float32 tensor, not ${tensor.type}`)
}

/** Little-endian bytes of an array of floats. */
export function bytesOf(array: Float32Array): Uint8Array {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
  if (LITTLE_ENDIAN_HOST) return bytes
  return Buffer.from(bytes).swap32()
}

const LITTLE_ENDIAN_HOST = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1
