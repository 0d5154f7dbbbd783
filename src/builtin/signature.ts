import type { Signature, SignatureDim, SignatureEntry } from '../cache/artifact.ts'
import { type Dim, isFresh, symbolName } from '../graph/dim.ts'
import type { Graph, Value, ValueInfo } from '../graph/graph.ts'
import { isNested } from '../graph/list.ts'
import { elementTypes } from '../onnx/element-type.ts'
import { stringLiteral } from '../lowering/c-text.ts'
import { type CollectionEntry, crossingOf, type ElementTensorType } from '../runtime/signature.ts'

/** What the graph takes and gives. Dimensions that the model does not name are `null`. */
export function signatureOfGraph(graph: Graph): Signature {
  return {
    inputs: graph.inputs.map((value) => entryOf(value, value.name)),
    outputs: graph.outputs.map((value, i) => entryOf(value, graph.outputNames[i]!)),
  }
}

function entryOf(value: Value, name: string): SignatureEntry {
  if (value.kind !== 'tensor' || value.map) return collectionEntry(value, name)
  return { name, type: value.type, shape: value.dims.map(signatureDim) }
}

/** The entry of what is no tensor to whoever runs the model. */
export function collectionEntry(value: ValueInfo, name: string): CollectionEntry {
  const { kind, map } = value
  if (kind === 'map' && map) return { name, ...map }
  if (map) return { name, type: 'sequence', element: map, length: signatureDim(value.shape![0]!) }
  const element = elementOf(value)
  if (kind === 'sequence') return { name, type: 'sequence', element }
  return { name, type: 'optional', element: isNested(value) ? { type: 'sequence', element } : element }
}

function elementOf({ type, list }: ValueInfo): ElementTensorType {
  const { shape = 'any' } = list ?? {}
  return { type, shape: typeof shape === 'string' ? null : shape.map((dim) => dim ?? null) }
}

function signatureDim(dim: Dim): SignatureDim {
  if (typeof dim === 'number') return dim
  const name = symbolName(dim)
  return name === undefined || isFresh(name) ? null : name
}

/** onnx-mlir's JSON of a signature (its exact spacing included, onnx-mlir src/Conversion/ONNXToKrnl), as a C literal. */
export function signatureLiteral(entries: readonly SignatureEntry[]): string {
  const items = entries.map((entry) => {
    const { kind, type, shape } = portOf(entry)
    const dims = shape?.map((dim) => (typeof dim === 'number' ? dim : -1)).join(' , ') ?? ''
    const mlir = type === 'string' ? '"string"' : `"${elementTypes[type].mlir}"`
    const tensor = `{ "type" : ${mlir} , "dims" : [${dims}] , "name" : ${JSON.stringify(entry.name)} }`
    return kind === 'OM_TENSOR' ? `    ${tensor}\n` : `    {"seq" : ${tensor} }\n`
  })
  return stringLiteral(`[${items.join(' ,')}\n]`)
}

/** C tables that describe the inputs or outputs in the descriptor (`om_io`). */
export function ioTable(table: string, entries: readonly SignatureEntry[]): string {
  const ports = entries.map((entry) => ({ name: entry.name, ...portOf(entry) }))
  const dims = ports.map(({ shape }, i) => {
    const values = shape?.map((dim) => (typeof dim === 'number' ? `INT64_C(${dim})` : '-1')).join(', ')
    return `static const int64_t ${table}_${i}[] = {${values || '0'}};\n`
  })
  const rows = ports.map(
    ({ name, type, shape, kind }, i) =>
      `  {${stringLiteral(name)}, ${elementTypes[type].code}, ${shape?.length ?? -1}, ${table}_${i}, ${kind}},\n`,
  )
  return `${dims.join('')}static const om_io ${table}[] = {\n${rows.join('') || '  {0}\n'}};\n`
}

function portOf(entry: SignatureEntry): { kind: string } & Pick<ElementTensorType, 'type'> & {
    shape: readonly SignatureDim[] | null
  } {
  const crossing = crossingOf(entry)
  if (crossing.kind === 'tensor') return { ...crossing, kind: 'OM_TENSOR' }
  if (crossing.kind === 'map') {
    const { keys, values } = crossing.map
    return { kind: keys === 'string' ? 'OM_MAP_OF_STRING' : 'OM_MAP_OF_INT64', type: values, shape: [null] }
  }
  const held = crossing.holds === 'sequence' ? 'OM_OPTIONAL_SEQUENCE' : 'OM_OPTIONAL'
  return { ...crossing.element, kind: crossing.isOptional ? held : 'OM_SEQUENCE' }
}
