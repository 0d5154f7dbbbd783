import { elementTypeOf, elementTypes, packedBytes, type ElementType } from './element-type.ts'
import { inExternalFile } from './external-tensors.ts'
import type { onnx } from './generated/onnx.js'
import type { Tensor } from './model.ts'
import type { Site } from './reading.ts'
import { int64Values, readVarint, utf8, varint } from './wire.ts'

type Scalars = readonly (number | bigint | Uint8Array)[]
type NumericType = Exclude<ElementType, 'string'>

/**
 * A `TensorProto` as a `Tensor`, whichever of ONNX's encodings it uses: raw, typed, string or external data.
 * Shape and length of the data are compared before anything is allocated.
 */
export function readTensor(proto: onnx.TensorProto, site: Site): Tensor {
  const type = readElementType(proto.dataType, site)
  const dims = readDims(proto.dims, site)
  const count = elementCount(dims, site)
  if (proto.segment !== null)
    site.fail('MODEL_TENSOR', 'is stored in segments, which no exporter writes. Export it again.')
  if (type === 'string') return { type, dims, data: new Uint8Array(), strings: readStrings(proto, count, site) }

  const bytes = packedBytes(type, count)
  site.use('tensorBytes', bytes)
  const data =
    proto.dataLocation === inExternalFile ? readExternal(proto, bytes, site) : readInline(proto, type, bytes, site)
  return { type, dims, data: type === 'bool' ? strictBool(data) : data }
}

/** The element type that a `DataType` number stands for. */
export function readElementType(code: number | null, site: Site): ElementType {
  return (
    elementTypeOf(code ?? 0) ??
    site.fail('MODEL_TYPE', `has element type number ${code ?? 0}, which ONNX 1.22 does not define.`)
  )
}

/** Dimensions as numbers: non-negative, and within the limits. */
export function readDims(items: readonly (bigint | Uint8Array)[], site: Site): number[] {
  const dims = site.wire(() => int64Values(items, site.reading.limits))
  site.bound('rank', dims.length, `${dims.length} dimensions`)
  return dims.map((dim) => {
    if (dim < 0n) site.fail('MODEL_TENSOR', `has a negative dimension in its shape [${dims.join(', ')}].`)
    site.bound('elements', Number(dim), `the dimension ${dim}`)
    return Number(dim)
  })
}

/** Product of the dimensions, checked at every step so that it stays exact. */
export function elementCount(dims: readonly number[], site: Site): number {
  if (dims.includes(0)) return 0
  return dims.reduce((count, dim) => {
    site.bound('elements', count * dim, `the shape [${dims.join(', ')}]`)
    return count * dim
  }, 1)
}

function readStrings(proto: onnx.TensorProto, count: number, site: Site): string[] {
  if (proto.dataLocation === inExternalFile || proto.rawData?.length) {
    site.fail('MODEL_TENSOR', 'holds strings, which ONNX allows in string_data only.')
  }
  if (proto.stringData.length !== count) failLength(site, count, proto.stringData.length, 'strings')
  return site.wire(() => proto.stringData.map(utf8))
}

/** Bytes that the data of a tensor takes: what its type and shape claim, within the limits. */
export function claimedBytes(proto: onnx.TensorProto, site: Site): number {
  return packedBytes(readElementType(proto.dataType, site), elementCount(readDims(proto.dims, site), site))
}

function readExternal(proto: onnx.TensorProto, bytes: number, site: Site): Uint8Array {
  const { external } = site.reading
  if (external === undefined) {
    return site.fail(
      'MODEL_EXTERNAL_DATA',
      'is in an external file, but external data is not allowed, or the model came without a directory to look in.',
    )
  }
  return external.read(proto.externalData, bytes, site)
}

/** Data in the message itself: `raw_data` as a view without a copy, or the typed field that belongs to the element type. */
function readInline(proto: onnx.TensorProto, type: NumericType, bytes: number, site: Site): Uint8Array {
  const raw = proto.rawData ?? new Uint8Array()
  const present = typedFields.filter((name) => proto[name].length > 0)
  if (present.length + Number(raw.length > 0) > 1 || proto.stringData.length > 0) {
    site.fail('MODEL_TENSOR', 'has its data in more than one field.')
  }
  const [field] = present
  if (field === undefined) {
    if (raw.length !== bytes) failLength(site, bytes, raw.length, 'bytes')
    return raw
  }
  if (field !== typedField(type)) {
    site.fail(
      'MODEL_TENSOR',
      `is ${type} with its data in ${onnxName(field)}; ONNX wants it in ${onnxName(typedField(type))}.`,
    )
  }
  const items: Scalars = proto[field]
  const isFloatField = field === 'floatData' || field === 'doubleData'
  const unit = field === 'floatData' ? 4 : field === 'doubleData' ? 8 : Math.max(1, elementTypes[type].bits / 8)
  const given = items.reduce((sum: number, item) => sum + (isFloatField ? floatBytes : varintBytes)(item, unit), 0)
  if (given !== bytes) failLength(site, bytes, given, 'bytes')
  return site.wire(() => (isFloatField ? joinFloats : joinVarints)(items, unit, bytes))
}

type TypedField = 'floatData' | 'int32Data' | 'int64Data' | 'doubleData' | 'uint64Data'
const typedFields: readonly TypedField[] = ['floatData', 'int32Data', 'int64Data', 'doubleData', 'uint64Data']

/** Which typed field holds which type. Source: comments of `TensorProto` in onnx.proto. */
function typedField(type: NumericType): TypedField {
  if (type === 'float32' || type === 'complex64') return 'floatData'
  if (type === 'float64' || type === 'complex128') return 'doubleData'
  if (type === 'int64') return 'int64Data'
  return type === 'uint64' || type === 'uint32' ? 'uint64Data' : 'int32Data'
}

/** `floatData` is `float_data` in onnx.proto. */
function onnxName(field: TypedField): string {
  return field.replace('Data', '_data')
}

function floatBytes(item: number | bigint | Uint8Array, unit: number): number {
  return item instanceof Uint8Array ? item.length : unit
}

/** One scalar per varint; a varint ends at the first byte below 128. */
function varintBytes(item: number | bigint | Uint8Array, unit: number): number {
  if (!(item instanceof Uint8Array)) return unit
  let count = 0
  for (const byte of item) if (byte < 128) count++
  return count * unit
}

/** Floats are on the wire as they are in `raw_data`, so one packed run needs no copy. A complex number is two floats. */
function joinFloats(items: Scalars, unit: number, bytes: number): Uint8Array {
  if (items.length === 1 && items[0] instanceof Uint8Array) return items[0]
  const data = new Uint8Array(bytes)
  const view = new DataView(data.buffer)
  let pos = 0
  for (const item of items) {
    if (item instanceof Uint8Array) data.set(item, pos)
    else if (unit === 4) view.setFloat32(pos, Number(item), true)
    else view.setFloat64(pos, Number(item), true)
    pos += floatBytes(item, unit)
  }
  return data
}

/**
 * Writes the low `unit` bytes of every varint; what is above them is dropped, as by ONNX's own reader.
 * Sub-byte types need nothing special: an item is a byte of two or four elements, packed as in `raw_data`.
 */
function joinVarints(items: Scalars, unit: number, bytes: number): Uint8Array {
  const data = new Uint8Array(bytes)
  const view = new DataView(data.buffer)
  let pos = 0
  const put = (low: number, high: number): void => {
    if (unit === 1) data[pos] = low
    else if (unit === 2) view.setUint16(pos, low & 0xffff, true)
    else view.setUint32(pos, low, true)
    if (unit === 8) view.setUint32(pos + 4, high, true)
    pos += unit
  }
  for (const item of items) {
    if (item instanceof Uint8Array) {
      for (let at = 0; at < item.length;) {
        at = readVarint(item, at, item.length)
        put(varint.low, varint.high)
      }
    } else {
      const value = BigInt.asUintN(64, BigInt(item))
      put(Number(value & 0xffff_ffffn), Number(value >> 32n))
    }
  }
  return data
}

/** ONNX allows the bytes 0 and 1, and C compilers rely on it. Other non-zero bytes become 1, in a copy. */
function strictBool(data: Uint8Array): Uint8Array {
  return data.every((byte) => byte <= 1) ? data : data.map((byte) => Number(byte !== 0))
}

function failLength(site: Site, expected: number, given: number, unit: string): never {
  return site.fail(
    'MODEL_TENSOR',
    `needs ${expected} ${unit} for its shape, and has ${given}. The file is damaged, or was exported without its weights.`,
    { expected, given },
  )
}
