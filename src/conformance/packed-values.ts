import type { SignatureEntry } from '../cache/artifact.ts'
import { type ElementType, elementTypes, memoryBytes } from '../onnx/element-type.ts'
import type { Tensor } from '../onnx/model.ts'
import { elementsOf, packSubBytes, swapBytes, unpackSubBytes } from '../onnx/tensor.ts'
import type { TestValue } from '../onnx/test-data.ts'
import { crossingOf } from '../runtime/signature.ts'
import type { Target } from '../targets/index.ts'
import { isSequence } from './runtime-tensor.ts'

// The files of native/check/om_check.h, in the byte order of the machine that the program is for: one value after the other, each its dimensions as int64, then its elements as
// they are in memory; a string is its length as int64 and its bytes. What is no tensor begins with two more int64, whether
// it is given and how many tensors it has, and each of these begins with its rank; a map is its keys and its values.

type ByteOrder = Target['byteOrder']

/** The values of these entries as one file. */
export function packValues(
  entries: readonly SignatureEntry[],
  values: ReadonlyMap<string, TestValue>,
  order: ByteOrder,
): Buffer {
  const chunks: Uint8Array[] = []
  const int = (value: number): Uint8Array => packInt(value, order)
  for (const entry of entries) {
    const { name } = entry
    if (!values.has(name)) throw new TypeError(`no value for ${name}`)
    const value = values.get(name)
    const tensors = [value ?? []].flat() as Tensor[]
    const isTensor = crossingOf(entry).kind === 'tensor'
    if (isTensor && (value === undefined || isSequence(value))) throw new TypeError(`no tensor for ${name}`)
    if (!isTensor) chunks.push(int(Number(value !== undefined)), int(tensors.length))
    for (const tensor of tensors) chunks.push(...(isTensor ? [] : [int(tensor.dims.length)]), ...packed(tensor, order))
  }
  return Buffer.concat(chunks)
}

function* packed(tensor: Tensor, order: ByteOrder): Generator<Uint8Array> {
  yield* tensor.dims.map((dim) => packInt(dim, order))
  if (tensor.type !== 'string') yield elements(tensor, order)
  for (const text of tensor.strings ?? []) {
    const bytes = Buffer.from(text)
    yield packInt(bytes.length, order)
    yield bytes
  }
}

/** The inverse of `packValues`. Records by constant labels are a tensor there. @throws RangeError for a file that ends too early */
export function unpackValues(
  entries: readonly SignatureEntry[],
  file: Buffer,
  order: ByteOrder,
): Map<string, TestValue> {
  const reader = new Reader(file, order)
  return new Map(
    entries.map((entry) => {
      const crossing = crossingOf(entry)
      if (crossing.kind === 'tensor') return [entry.name, reader.tensor(crossing.type, crossing.shape.length)]
      const [given, count] = [reader.int(), reader.int()]
      const type = crossing.kind === 'list' ? crossing.element.type : crossing.map.values
      const tensors = Array.from({ length: count }, () => reader.tensor(type, reader.int()))
      if (given === 0) return [entry.name, undefined]
      return [entry.name, crossing.kind === 'list' && crossing.holds === 'tensor' ? tensors[0] : tensors]
    }),
  )
}

class Reader {
  private readonly file: Buffer
  private readonly order: ByteOrder
  private at = 0

  constructor(file: Buffer, order: ByteOrder) {
    this.file = file
    this.order = order
  }

  int(): number {
    const bytes = this.take(8)
    return Number(this.order === 'big' ? bytes.readBigInt64BE() : bytes.readBigInt64LE())
  }

  tensor(type: ElementType, rank: number): Tensor {
    const dims = Array.from({ length: rank }, () => this.int())
    const count = elementsOf(dims)
    if (type === 'string') {
      const strings = Array.from({ length: count }, () => this.take(this.int()).toString())
      return { type, dims, data: new Uint8Array(), strings }
    }
    const data = turned(type, this.take(count * memoryBytes(type)), this.order)
    const { bits } = elementTypes[type]
    return { type, dims, data: bits < 8 ? packSubBytes(data, bits) : data }
  }

  private take(bytes: number): Buffer {
    if (!(bytes >= 0 && this.at + bytes <= this.file.length))
      throw new RangeError(`its results of ${this.file.length} bytes end too early`)
    return this.file.subarray(this.at, (this.at += bytes))
  }
}

function packInt(value: number, order: ByteOrder): Uint8Array {
  const bytes = Buffer.alloc(8)
  if (order === 'big') bytes.writeBigInt64BE(BigInt(value))
  else bytes.writeBigInt64LE(BigInt(value))
  return bytes
}

/** A tensor's elements as a program has them in memory. */
function elements(tensor: Tensor, order: ByteOrder): Uint8Array {
  return elementTypes[tensor.type].bits < 8 ? unpackSubBytes(tensor) : turned(tensor.type, tensor.data, order)
}

/** ONNX files are little-endian: what a machine has the other way round is turned, either way. */
function turned(type: Tensor['type'], bytes: Uint8Array, order: ByteOrder): Uint8Array {
  const copy = new Uint8Array(bytes)
  const width = type.startsWith('complex') ? memoryBytes(type) / 2 : memoryBytes(type)
  if (order === 'big') swapBytes(copy, width)
  return copy
}
