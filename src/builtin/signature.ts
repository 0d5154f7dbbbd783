import type { Signature, SignatureDim, SignatureEntry } from '../artifact.ts'
import { type Dim, isFresh, symbolName } from '../graph/dim.ts'
import type { Graph, Value } from '../graph/graph.ts'
import { elementTypes } from '../onnx/element-type.ts'
import { stringLiteral } from '../ops/c-text.ts'

/** What the graph takes and gives. Dimensions that the model does not name are `null`. */
export function signatureOfGraph(graph: Graph): Signature {
  return {
    inputs: graph.inputs.map((value) => entryOf(value, value.name)),
    outputs: graph.outputs.map((value, i) => entryOf(value, graph.outputNames[i]!)),
  }
}

function entryOf(value: Value, name: string): SignatureEntry {
  return { name, type: value.type, shape: value.dims.map(signatureDim) }
}

function signatureDim(dim: Dim): SignatureDim {
  if (typeof dim === 'number') return dim
  const name = symbolName(dim)
  return name === undefined || isFresh(name) ? null : name
}

/** onnx-mlir's JSON of a signature (its exact spacing included, onnx-mlir src/Conversion/ONNXToKrnl), as a C literal. */
export function signatureLiteral(entries: readonly SignatureEntry[]): string {
  const items = entries.map(({ name, type, shape }) => {
    const dims = shape.map((dim) => (typeof dim === 'number' ? dim : -1)).join(' , ')
    const mlir = type === 'string' ? '"string"' : `"${elementTypes[type].mlir}"`
    return `    { "type" : ${mlir} , "dims" : [${dims}] , "name" : ${JSON.stringify(name)} }\n`
  })
  return stringLiteral(`[${items.join(' ,')}\n]`)
}

/** C tables that describe the inputs or outputs in the descriptor (`om_io`). */
export function ioTable(table: string, entries: readonly SignatureEntry[]): string {
  const dims = entries.map(({ shape }, i) => {
    const values = shape.map((dim) => (typeof dim === 'number' ? `INT64_C(${dim})` : '-1')).join(', ')
    return `static const int64_t ${table}_${i}[] = {${values || '0'}};\n`
  })
  const rows = entries.map(
    ({ name, type, shape }, i) =>
      `  {${stringLiteral(name)}, ${elementTypes[type].code}, ${shape.length}, ${table}_${i}},\n`,
  )
  return `${dims.join('')}static const om_io ${table}[] = {\n${rows.join('') || '  {0}\n'}};\n`
}
