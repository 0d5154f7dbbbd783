import { type ElementType, elementTypes, packedBytes } from '../../onnx/element-type.ts'
import { elementsOf } from '../../onnx/tensor.ts'
import { quote, type Reading, type Site } from '../../onnx/reading.ts'
import { isCode } from './codes.ts'
import { Table } from './flatbuffer.ts'
import { operatorNames } from './operator-names.ts'
import { readSparsity, type Sparsity } from './sparsity.ts'

// What a .tflite file says, as plain data; the slots are those of schema 3d (google-ai-edge/LiteRT,
// tflite/converter/schema/schema.fbs), in the order of each table's fields.

export interface File {
  readonly description: string
  readonly subgraphs: readonly Subgraph[]
  readonly signatures: readonly Signature[]
  /** Buffers by the name of what they hold, e.g. `TFLITE_METADATA`. */
  readonly metadata: ReadonlyMap<string, Uint8Array>
}

export interface Signature {
  readonly key: string
  readonly subgraph: number
  readonly inputs: readonly NamedTensor[]
  readonly outputs: readonly NamedTensor[]
}

export interface NamedTensor {
  readonly name: string
  readonly tensor: number
}

export interface Subgraph {
  readonly name: string
  readonly tensors: readonly TensorFact[]
  readonly inputs: readonly number[]
  readonly outputs: readonly number[]
  readonly operators: readonly OperatorFact[]
}

export interface TensorFact {
  readonly name: string
  readonly type: ElementType | undefined
  /** Of batch 1 where it varies: see `varying`. */
  readonly shape: readonly number[]
  /** Per axis, whether its size is known only when the model runs. */
  readonly varying: readonly boolean[]
  /** Contents of a constant, as they lie in the file. */
  readonly data: Uint8Array | undefined
  readonly quantization: Quantization | undefined
  /** Why its values can't be told from its bytes. */
  readonly unreadable: string | undefined
  readonly sparsity: Sparsity | undefined
  /** Keeps its contents from one run to the next. */
  readonly isVariable: boolean
}

/** real = scale · (q − zeroPoint), per tensor, or per index of `axis` where there are several. */
export interface Quantization {
  readonly scale: readonly number[]
  readonly zeroPoint: readonly number[]
  readonly axis: number
}

export interface OperatorFact {
  /** `CONV_2D`, or the name of a custom operator. */
  readonly code: string
  readonly isCustom: boolean
  /** −1 is an omitted one. */
  readonly inputs: readonly number[]
  readonly outputs: readonly number[]
  readonly options: Table | undefined
  /** Of the operators that came last: `BuiltinOptions2`. */
  readonly options2: Table | undefined
  readonly customOptions: Uint8Array | undefined
  /** Tensors that only tell how what is between its steps is quantised. */
  readonly intermediates: readonly number[]
}

/** `TensorType` by number; `undefined` is what no tensor of ONNX holds: resources and variants. */
const types: readonly (ElementType | undefined)[] = [
  'float32',
  'float16',
  'int32',
  'uint8',
  'int64',
  'string',
  'bool',
  'int16',
  'complex64',
  'int8',
  'float64',
  'complex128',
  'uint64',
  undefined,
  undefined,
  'uint32',
  'uint16',
  'int4',
  'bfloat16',
  'int2',
  'uint4',
  'float8e4m3fn',
  'float8e5m2',
]

/** The element type of a `TensorType`. */
export function typeOf(code: number): ElementType | undefined {
  return types[code]
}

/** @throws ModelError where an offset, index or count of the file is wrong */
export function readFile(bytes: Uint8Array, reading: Reading): File {
  const site = reading.site('the file')
  const fail = (text: string): never =>
    site.fail('MODEL_DAMAGED', `${text}: it is truncated or damaged. Download or export it again.`)
  const model = Table.root(bytes, fail)
  const version = model.uint32(0)
  if (version !== 3)
    site.fail(
      'MODEL_VERSION',
      `has version ${version} of the TensorFlow Lite schema; version 3 is read. Export it again.`,
    )

  const codes = model.tables(1).map(operatorCode)
  const buffers = model.tables(4)
  const contents = (index: number): Uint8Array | undefined => {
    if (index === 0) return undefined
    const buffer = buffers[index] ?? fail(`names buffer ${index} of ${buffers.length}`)
    const offset = buffer.uint64(1)
    // Of files beyond 2 GiB, data stands behind the FlatBuffer.
    if (offset <= 1) return buffer.bytes(0)
    const size = buffer.uint64(2)
    if (offset + size > bytes.length) fail(`has a buffer beyond its end`)
    return bytes.subarray(offset, offset + size)
  }
  const subgraphs = model.tables(2).map((table) => readSubgraph(table, { codes, contents, fail, site }))
  if (subgraphs.length === 0) site.fail('MODEL_EMPTY', 'has no graph. Export it again.')
  const signatures = model.tables(7).map((table): Signature => {
    const subgraph = table.uint32(4)
    const count = (subgraphs[subgraph] ?? fail(`has a signature of graph ${subgraph}, which it has not`)).tensors.length
    const named = (slot: number): NamedTensor[] =>
      table.tables(slot).map((entry) => ({ name: entry.text(0), tensor: within(entry.uint32(1), count, fail) }))
    return { key: table.text(2), subgraph, inputs: named(0), outputs: named(1) }
  })
  const metadata = new Map<string, Uint8Array>()
  for (const entry of model.tables(6)) {
    const data = contents(entry.uint32(1))
    if (data) metadata.set(entry.text(0), data)
  }
  return { description: model.text(3), subgraphs, signatures, metadata }
}

interface Context {
  readonly codes: readonly { readonly code: string; readonly isCustom: boolean }[]
  readonly contents: (index: number) => Uint8Array | undefined
  readonly fail: (text: string) => never
  readonly site: Site
}

function operatorCode(table: Table): { code: string; isCustom: boolean } {
  // Two fields since there are more than 127; the old one is the name of the newest it can say.
  const number = Math.max(table.int8(0), table.int32(3))
  const code = operatorNames[number] ?? `operator ${number}`
  return code === 'CUSTOM' ? { code: table.text(1) || 'CUSTOM', isCustom: true } : { code, isCustom: false }
}

function readSubgraph(table: Table, context: Context): Subgraph {
  const { codes, fail, site } = context
  const facts = table.tables(0)
  const operators = table.tables(3)
  site.use('nodes', operators.length)
  const tensors = facts.map((tensor, i) => readTensor(tensor, i, context))
  const indices = (list: readonly number[] | undefined, least: number): number[] =>
    (list ?? []).map((index) => (index >= least ? within(index, tensors.length, fail) : within(-2, 0, fail)))
  const inputs = indices(table.int32s(1), 0)
  const nodes = operators.map((operator) => ({
    ...(codes[operator.uint32(0)] ?? fail(`has an operator of no known code`)),
    inputs: indices(operator.int32s(1), -1),
    outputs: indices(operator.int32s(2), 0),
    options: operator.table(4),
    options2: operator.table(12),
    customOptions: operator.bytes(5),
    intermediates: indices(operator.int32s(8), -1),
  }))
  const given = new Set([...inputs, ...nodes.flatMap(({ outputs }) => outputs)])
  return {
    name: table.text(4),
    tensors: tensors.map((tensor, i) => (given.has(i) ? tensor : emptyConstant(tensor))),
    inputs,
    outputs: indices(table.int32s(2), 0),
    operators: nodes,
  }
}

/** Nothing gives it and it has no data: a constant where it has no elements, either. */
function emptyConstant(tensor: TensorFact): TensorFact {
  const isEmpty = tensor.shape.includes(0) && !tensor.data && !tensor.isVariable && tensor.type !== 'string'
  return isEmpty ? { ...tensor, data: new Uint8Array() } : tensor
}

function within(index: number, count: number, fail: (text: string) => never): number {
  return index < count && index >= -1 ? index : fail(`names tensor ${index} of ${count}`)
}

function readTensor(table: Table, index: number, { contents, site }: Context): TensorFact {
  const name = table.text(3) || `tensor ${index}`
  const part = site.part(`tensor ${quote(name)}`)
  const shape = table.int32s(0) ?? []
  part.bound('rank', shape.length, `${shape.length} dimensions`)
  const signature = table.int32s(7) ?? []
  const varying = shape.map((dim, i) => (signature[i] ?? dim) < 0 || dim < 0)
  const type = typeOf(table.int8(1))
  const sparse = table.table(6)
  const external = table.uint32(10) !== 0
  const buffer = external ? undefined : contents(table.uint32(2))
  const data = buffer?.length ? buffer : undefined
  const elements = elementsOf(shape)
  part.bound('elements', elements, `${elements} elements`)
  if (data && !sparse && type !== undefined && type !== 'string' && !varying.includes(true)) {
    const expected = packedBytes(type, elements)
    if (data.length !== expected)
      part.fail('MODEL_TENSOR', `has ${data.length} bytes, but its shape and type (${type}) take ${expected}.`)
  }
  const { quantization, unreadable } = readQuantization(table.table(4), shape, type)
  return {
    name,
    type,
    shape: shape.map((dim, i) => (varying[i] ? Math.max(dim, 1) : dim)),
    varying,
    data,
    quantization,
    unreadable: external ? 'has its data in another file' : unreadable,
    sparsity: sparse && readSparsity(sparse, part),
    isVariable: table.bool(5),
  }
}

/** `QuantizationDetails` by number. */
const details = ['', 'a custom way', 'blocks', 'several axes']

function readQuantization(
  table: Table | undefined,
  shape: readonly number[],
  type: ElementType | undefined,
): Partial<Pick<TensorFact, 'quantization' | 'unreadable'>> {
  if (!table) return {}
  const other = table.uint8(4)
  if (other !== 0) return { unreadable: `is quantised by ${details[other] ?? 'an unknown way'}` }
  const scale = table.float32s(2) ?? []
  if (scale.length === 0) return {}
  // Of floats and texts it says nothing, whatever it says.
  if (!isCode(type) && !type?.startsWith('int')) return {}
  const zeroPoint = (table.int64s(3) ?? []).map(Number)
  // Biases of one axis may state the axis of the weights (tensorflow/tflite-micro#2286): the only one is meant.
  const axis = shape.length === 1 ? 0 : table.int32(6)
  if (scale.some((value) => !(value > 0 && value < Infinity)))
    return { unreadable: 'has a scale that is no positive number' }
  if (scale.length > 1 && shape[axis] !== scale.length)
    return { unreadable: `has ${scale.length} scales on axis ${axis} of a shape [${shape.join(', ')}]` }
  const { bits } = elementTypes[type ?? 'float32']
  const least = type?.startsWith('u') ? 0 : -(2 ** (bits - 1))
  if (zeroPoint.some((zero) => zero < least || zero >= least + 2 ** bits))
    return { unreadable: 'has a zero point that its type has not' }
  const zeros = scale.map((_, i) => zeroPoint[i] ?? zeroPoint[0] ?? 0)
  return { quantization: { scale, zeroPoint: zeros, axis } }
}
