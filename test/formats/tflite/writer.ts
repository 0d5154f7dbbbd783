import { Builder } from 'flatbuffers'
import { operatorNames } from '../../../src/formats/tflite/operator-names.ts'
import { zipOf } from '../pt2/writer.ts'

// Writes .tflite files for tests: what schema 3d calls a table is a list of fields here, by slot.

/** Value of a field; what is `undefined` is absent. */
export type Field =
  | { readonly int8: number }
  | { readonly bool: boolean }
  | { readonly int32: number }
  | { readonly uint64: number }
  | { readonly float32: number }
  | { readonly text: string }
  | { readonly bytes: Uint8Array }
  | { readonly int32s: readonly number[] }
  | { readonly int64s: readonly number[] }
  | { readonly float32s: readonly number[] }
  | { readonly table: Fields }
  | { readonly tables: readonly Fields[] }

export type Fields = readonly (Field | undefined)[]

const types = { float32: 0, float16: 1, int32: 2, uint8: 3, int64: 4, string: 5, bool: 6, int16: 7, complex64: 8, int8: 9, resource: 13 } as const // prettier-ignore
type Type = keyof typeof types

export interface TensorSource {
  readonly type?: Type
  readonly shape: readonly number[]
  /** -1 where a size varies. */
  readonly signature?: readonly number[]
  /** Contents of a constant. */
  readonly data?: ArrayBufferView
  readonly scale?: number | readonly number[]
  readonly zeroPoint?: number | readonly number[]
  readonly axis?: number
  readonly isVariable?: boolean
  readonly name?: string
}

export interface OperatorSource {
  /** `CONV_2D`, or the name of a custom operator. */
  readonly op: string
  readonly inputs: readonly number[]
  readonly outputs: readonly number[]
  readonly options?: Fields
  readonly options2?: Fields
  readonly custom?: Uint8Array
}

export interface SubgraphSource {
  readonly tensors: readonly TensorSource[]
  readonly inputs: readonly number[]
  readonly outputs: readonly number[]
  readonly operators: readonly OperatorSource[]
}

export interface SignatureSource {
  readonly key: string
  readonly subgraph: number
  readonly inputs: Readonly<Record<string, number>>
  readonly outputs: Readonly<Record<string, number>>
}

export interface FileSource {
  readonly subgraphs: readonly SubgraphSource[]
  readonly signatures?: readonly SignatureSource[]
  readonly version?: number
  readonly metadata?: MetadataSource
}

/** What a file says of itself; its labels are in an archive behind the model. */
export interface MetadataSource {
  readonly description?: string
  readonly inputs?: readonly { readonly mean?: readonly number[]; readonly std?: readonly number[] }[]
  readonly outputs?: readonly { readonly description?: string; readonly labels?: string }[]
}

/** The bytes of a file. Nothing is checked. */
export function tfliteBytes({ subgraphs, signatures = [], version = 3, metadata }: FileSource): Uint8Array {
  const buffers: Fields[] = [[]]
  const codes: Fields[] = []
  const codeOf = (op: string): number => {
    const number = operatorNames.indexOf(op)
    const isBuiltin = number >= 0 && op !== 'CUSTOM'
    const code = isBuiltin ? number : 32
    codes.push([{ int8: Math.min(code, 127) }, isBuiltin ? undefined : { text: op }, undefined, { int32: code }])
    return codes.length - 1
  }
  const tensor = (source: TensorSource, index: number): Fields => {
    const { type = 'float32', shape, signature, data, scale, zeroPoint = 0, axis = 0, isVariable, name } = source
    if (data) buffers.push([{ bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) }])
    const quantization = scale !== undefined && {
      table: [undefined, undefined, { float32s: [scale].flat() }, { int64s: [zeroPoint].flat() }, undefined, undefined, { int32: axis }] as Fields, // prettier-ignore
    }
    return [
      { int32s: shape },
      { int8: types[type] },
      { int32: data ? buffers.length - 1 : 0 },
      { text: name ?? `t${index}` },
      quantization || undefined,
      isVariable ? { bool: true } : undefined,
      undefined,
      signature && { int32s: signature },
      { bool: true },
    ]
  }
  const graphs = subgraphs.map(({ tensors, inputs, outputs, operators }): Fields => [
    { tables: tensors.map(tensor) },
    { int32s: inputs },
    { int32s: outputs },
    {
      tables: operators.map((operator) => [
        { int32: codeOf(operator.op) },
        { int32s: operator.inputs },
        { int32s: operator.outputs },
        operator.options && { int8: 1 },
        operator.options && { table: operator.options },
        operator.custom && { bytes: operator.custom },
        undefined,
        undefined,
        undefined,
        undefined,
        undefined,
        operator.options2 && { int8: 1 },
        operator.options2 && { table: operator.options2 },
      ]),
    },
    { text: 'main' },
  ])
  const names = (of: Readonly<Record<string, number>>): Field => ({
    tables: Object.entries(of).map(([name, index]) => [{ text: name }, { int32: index }]),
  })
  const signed = signatures.map(
    ({ key, subgraph, inputs, outputs }): Fields => [names(inputs), names(outputs), { text: key }, undefined, { int32: subgraph }], // prettier-ignore
  )
  if (metadata) buffers.push([{ bytes: metadataBytes(metadata) }])
  const builder = new Builder(1024)
  const root = writeTable(builder, [
    { int32: version },
    { tables: codes },
    { tables: graphs },
    { text: 'made by a test' },
    { tables: buffers },
    undefined,
    metadata && { tables: [[{ text: 'TFLITE_METADATA' }, { int32: buffers.length - 1 }]] },
    signed.length > 0 ? { tables: signed } : undefined,
  ])
  builder.finish(root, 'TFL3')
  return withLabels(builder.asUint8Array().slice(), metadata)
}

/** Source: tensorflow/tflite-support, metadata_schema.fbs. */
function metadataBytes({ description = '', inputs = [], outputs = [] }: MetadataSource): Uint8Array {
  const given = inputs.map(({ mean, std }): Fields => {
    const options = [mean && { float32s: mean }, std && { float32s: std }]
    const unit: Fields = [{ int8: 1 }, { table: options }]
    return [undefined, undefined, undefined, undefined, mean && { tables: [unit] }]
  })
  const made = outputs.map(({ description: text, labels }, i): Fields => {
    const file: Fields = [{ text: `labels${i}.txt` }, undefined, { int8: 2 }]
    return [undefined, text ? { text } : undefined, undefined, undefined, undefined, undefined, labels !== undefined ? { tables: [file] } : undefined] // prettier-ignore
  })
  const builder = new Builder(1024)
  const graph: Fields = [undefined, undefined, { tables: given }, { tables: made }]
  builder.finish(writeTable(builder, [undefined, { text: description }, undefined, { tables: [graph] }]), 'M001')
  return builder.asUint8Array().slice()
}

/** An archive behind a model counts its places from the model's beginning. */
function withLabels(model: Uint8Array, { outputs = [] }: MetadataSource = {}): Uint8Array {
  const files = outputs.flatMap(({ labels }, i) => (labels === undefined ? [] : [[`labels${i}.txt`, labels] as const]))
  if (files.length === 0) return model
  const zip = Buffer.from(zipOf(Object.fromEntries(files)))
  const end = zip.length - 22
  const later = (at: number): unknown => zip.writeUInt32LE(zip.readUInt32LE(at) + model.length, at)
  for (let at = zip.readUInt32LE(end + 16); at < end; at += 46 + zip.readUInt16LE(at + 28)) later(at + 42)
  later(end + 16)
  return Buffer.concat([model, zip])
}

function writeTable(builder: Builder, fields: Fields): number {
  // What is referred to comes before the table.
  const offsets = fields.map((field) => (field === undefined ? 0 : writeReferred(builder, field)))
  builder.startObject(fields.length)
  fields.forEach((field, slot) => {
    if (field === undefined) return
    if (offsets[slot] !== 0) builder.addFieldOffset(slot, offsets[slot]!, 0)
    else if ('int8' in field) builder.addFieldInt8(slot, field.int8, 0)
    // What is as usual is left out, and some fields are usually true: this one is written in any case.
    else if ('bool' in field) builder.addFieldInt8(slot, Number(field.bool), -1)
    else if ('int32' in field) builder.addFieldInt32(slot, field.int32, 0)
    else if ('uint64' in field) builder.addFieldInt64(slot, BigInt(field.uint64), 0n)
    else if ('float32' in field) builder.addFieldFloat32(slot, field.float32, 0)
  })
  return builder.endObject()
}

function writeReferred(builder: Builder, field: Field): number {
  if ('text' in field) return builder.createString(field.text)
  if ('bytes' in field) return builder.createByteVector(field.bytes)
  if ('table' in field) return writeTable(builder, field.table)
  if ('tables' in field) {
    const offsets = field.tables.map((table) => writeTable(builder, table))
    return vector(builder, offsets, 4, (offset) => builder.addOffset(offset))
  }
  if ('int32s' in field) return vector(builder, field.int32s, 4, (value) => builder.addInt32(value))
  if ('float32s' in field) return vector(builder, field.float32s, 4, (value) => builder.addFloat32(value))
  if ('int64s' in field) return vector(builder, field.int64s, 8, (value) => builder.addInt64(BigInt(value)))
  return 0
}

/** Vectors are written from their end. */
function vector<T>(builder: Builder, items: readonly T[], size: number, add: (item: T) => void): number {
  builder.startVector(size, items.length, size)
  for (const item of [...items].reverse()) add(item)
  return builder.endVector()
}
