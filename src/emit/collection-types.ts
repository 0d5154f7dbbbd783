import type { CollectionEntry, ElementTensorType, MapType } from '../runtime/signature.ts'
import { jsString } from './js.ts'

/** A union of more labels would slow down every editor; then any text may be one. */
const MOST_LABELS = 5000

/** The type of an input that is no tensor, and whether it may be left out. */
export function collectionInput(entry: CollectionEntry): { readonly type: string; readonly isOptional: boolean } {
  if (entry.type === 'map') return { type: `MapInput<'${entry.keys}', '${entry.values}'>`, isOptional: false }
  const { element } = entry
  const held = element.type === 'sequence' ? element.element : element
  const tensor = held.type === 'map' ? 'never' : elementInput(held)
  const isOptional = entry.type === 'optional'
  const type = element.type === 'sequence' || !isOptional ? `ReadonlyArray<${tensor}>` : tensor
  return { type: isOptional ? `${type} | null | undefined` : type, isOptional }
}

/** The type of an output that is no tensor. */
export function collectionOutput(entry: CollectionEntry): string {
  if (entry.type === 'map') return rowType(entry)
  const { element } = entry
  if (element.type === 'map') return `Array<${rowType(element)}>`
  const type = element.type === 'sequence' ? `Array<${elementOutput(element.element)}>` : elementOutput(element)
  if (entry.type === 'sequence') return `Array<${type}>`
  return `${type} | undefined`
}

/** What an entry is, for the comment on its property: `sequence of float32 [?, 3]`. */
export function collectionText(entry: CollectionEntry): string {
  if (entry.type === 'map') return `map of ${entry.keys} to ${entry.values}`
  const { element } = entry
  if (element.type === 'map') return `${entry.type} of maps of ${element.keys} to ${element.values}`
  if (element.type === 'sequence') return `${entry.type} sequence of ${tensorText(element.element)}`
  return entry.type === 'optional' ? `optional ${tensorText(element)}` : `sequence of ${tensorText(element)}`
}

/** The facts of an entry as a literal type. */
export function literalType(value: unknown): string {
  if (Array.isArray(value)) return `readonly [${value.map(literalType).join(', ')}]`
  if (typeof value === 'string') return jsString(value)
  if (typeof value !== 'object' || value === null) return String(value)
  return `{ ${Object.entries(value)
    .map(([key, field]) => `readonly ${key}: ${literalType(field)}`)
    .join('; ')} }`
}

/** Without a rank, or with several unknown dimensions, a tensor must state them. */
function elementInput(element: ElementTensorType): string {
  const unknown = element.shape?.filter((dim) => dim === null).length ?? Infinity
  return `${unknown > 1 ? 'ShapedInput' : 'TensorInput'}<${tensorArguments(element)}>`
}

function elementOutput(element: ElementTensorType): string {
  return `Tensor<${tensorArguments(element)}>`
}

function tensorArguments({ type, shape }: ElementTensorType): string {
  return shape ? `'${type}', readonly [${shape.map((dim) => dim ?? 'number').join(', ')}]` : `'${type}'`
}

function tensorText({ type, shape }: ElementTensorType): string {
  return shape ? `${type} [${shape.map((dim) => dim ?? '?').join(', ')}]` : `${type} of any rank`
}

function rowType({ keys, values, labels }: MapType): string {
  const isKnown = labels !== undefined && labels.length <= MOST_LABELS
  const texts = labels?.map((label) => (typeof label === 'string' ? jsString(label) : String(label)))
  const key = isKnown ? [...new Set(texts)].join(' | ') || 'never' : keys === 'string' ? 'string' : 'number'
  return `Record<${key}, ${values === 'int64' ? 'bigint' : values === 'string' ? 'string' : 'number'}>`
}
