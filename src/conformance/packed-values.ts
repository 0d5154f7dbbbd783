import { endianness } from 'node:os'
import type { SignatureEntry } from '../artifact.ts'
import { elementTypes, memoryBytes } from '../onnx/element-type.ts'
import type { Tensor } from '../onnx/model.ts'
import { elementsOf, packSubBytes, swapBytes, unpackSubBytes } from '../onnx/tensor.ts'

// The files of native/check/om_check.c: one value after the other, each its dimensions as int64, then its elements as
// they are in memory; a string is its length as int64 and its bytes.

/** The values of these entries as one file. */
export function packValues(entries: readonly SignatureEntry[], values: ReadonlyMap<string, Tensor>): Buffer {
  const chunks: Uint8Array[] = []
  for (const { name } of entries) {
    const tensor = values.get(name)
    if (!tensor) throw new TypeError(`no value for ${name}`)
    chunks.push(...tensor.dims.map(packInt))
    if (tensor.type !== 'string') chunks.push(elements(tensor))
    for (const text of tensor.strings ?? []) {
      const bytes = Buffer.from(text)
      chunks.push(packInt(bytes.length), bytes)
    }
  }
  return Buffer.concat(chunks)
}

/** The inverse of `packValues`. */
export function unpackValues(entries: readonly SignatureEntry[], file: Buffer): Map<string, Tensor> {
  let at = 0
  const take = (bytes: number): Buffer => file.subarray(at, (at += bytes))
  const takeInt = (): number => Number(new BigInt64Array(new Uint8Array(take(8)).buffer)[0])
  const values = new Map<string, Tensor>()
  for (const { name, type, shape } of entries) {
    const dims = shape.map(takeInt)
    const count = elementsOf(dims)
    if (type === 'string') {
      const strings = Array.from({ length: count }, () => take(takeInt()).toString())
      values.set(name, { type, dims, data: new Uint8Array(), strings })
      continue
    }
    const data = inFileOrder(type, take(count * memoryBytes(type)))
    const { bits } = elementTypes[type]
    values.set(name, { type, dims, data: bits < 8 ? packSubBytes(data, bits) : data })
  }
  return values
}

function packInt(value: number): Uint8Array {
  return new Uint8Array(BigInt64Array.of(BigInt(value)).buffer)
}

/** A tensor's elements as a program has them in memory. */
function elements(tensor: Tensor): Uint8Array {
  return elementTypes[tensor.type].bits < 8 ? unpackSubBytes(tensor) : inFileOrder(tensor.type, tensor.data)
}

/** ONNX files are little-endian: what the machine has the other way round is turned, either way. */
function inFileOrder(type: Tensor['type'], bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(bytes)
  const width = type.startsWith('complex') ? memoryBytes(type) / 2 : memoryBytes(type)
  if (endianness() === 'BE') swapBytes(copy, width)
  return copy
}
