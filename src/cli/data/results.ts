import { fromRuntime } from '../../conformance/runtime-tensor.ts'
import { tensorValues } from '../../onnx/tensor.ts'
import { printable } from '../../errors/printable.ts'
import type { Result, Row } from '../../runtime/results.ts'
import { isTensor, type SignatureEntry } from '../../runtime/signature.ts'
import type { Tensor } from '../../runtime/tensor.ts'
import { entryTypeText } from '../entry-type.ts'
import { bold, dim } from '../style.ts'

/** As many values as one line has room for. */
const shownValues = 8

/**
 * A result as `run --json` writes it: a tensor as `type`, `shape` and `data`; what is no tensor as its type with the
 * `elements` of a sequence (`null`: the optional is empty) or the `rows` of records.
 */
export function resultJson(entry: SignatureEntry, result: Result): object {
  const { name } = entry
  if (isTensor(entry)) return { name, ...tensorJson(result as Tensor) }
  const type = entryTypeText(entry)
  if (isRows(entry)) return { name, type, rows: result }
  return { name, type, elements: result === undefined ? null : tensorsOf(result).map(tensorJson) }
}

function tensorJson(tensor: Tensor): object {
  const { type, dims, values } = readable(tensor)
  return { type, shape: dims, data: values }
}

/** The same for people: a line or two for each tensor or record. */
export function resultText(entry: SignatureEntry, result: Result): string[] {
  const name = printable(entry.name)
  if (isTensor(entry)) return [tensorText(bold(name), result as Tensor)]
  const head = `${bold(name)} ${entryTypeText(entry)}`
  if (result === undefined) return [`${head} ${dim('(empty)')}`]
  const count = Array.isArray(result) ? ` ${dim(`(${result.length})`)}` : ''
  if (isRows(entry)) return [head + count, ...(result as readonly Row[]).slice(0, shownValues).map(rowText)]
  const shown = tensorsOf(result).slice(0, shownValues)
  return [head + count, ...shown.map((tensor, i) => tensorText(`${bold(name)}[${i}]`, tensor))]
}

function isRows(entry: SignatureEntry): boolean {
  return entry.type === 'sequence' && entry.element.type === 'map'
}

function tensorsOf(result: Result): readonly Tensor[] {
  return (Array.isArray(result) ? result : [result]) as readonly Tensor[]
}

function readable(tensor: Tensor): Pick<Tensor, 'type' | 'dims'> & { values: readonly (string | number | bigint)[] } {
  const { type, dims } = tensor
  return { type, dims, values: tensorValues(fromRuntime(tensor)) }
}

function tensorText(head: string, tensor: Tensor): string {
  const { type, dims, values } = readable(tensor)
  const shown = values.slice(0, shownValues).map(valueText)
  const rest = values.length > shownValues ? ` … ${dim(`(${values.length} values)`)}` : ''
  return `${head} ${type} [${dims.join(', ')}]\n  ${shown.join('  ')}${rest}`
}

function rowText(row: Row): string {
  const fields = Object.entries(row).slice(0, shownValues)
  return `  ${fields.map(([label, value]) => `${printable(label)} ${valueText(value as string | number)}`).join('  ')}`
}

function valueText(value: string | number | bigint): string {
  if (typeof value === 'string') return JSON.stringify(printable(value))
  return typeof value === 'number' && !Number.isInteger(value) ? String(Number(value.toPrecision(7))) : String(value)
}
