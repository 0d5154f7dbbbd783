import type { Metadata } from '../runtime/metadata.ts'
import { jsString } from './js.ts'

/** Longer lists and texts are no help as literals: labels of COCO are 90, of ImageNet 1001. */
const MOST_ENTRIES = 100
const MOST_CHARACTERS = 100

/** The type of what a model's file says of itself: literals, but for long texts and lists. */
export function metadataType(metadata: Metadata): string {
  const fields = Object.entries(metadata).map(([key, value]) => `readonly ${jsString(key)}: ${valueType(value)}`)
  // What has no properties, in words that linters leave alone.
  return fields.length === 0 ? 'Record<never, never>' : `{ ${fields.join('; ')} }`
}

function valueType(value: Metadata[string]): string {
  if (typeof value === 'string') return literal(value) ?? 'string'
  const literals = value.length <= MOST_ENTRIES ? value.map(literal) : [undefined]
  if (literals.includes(undefined)) return typeof value[0] === 'number' ? 'readonly number[]' : 'readonly string[]'
  return `readonly [${literals.join(', ')}]`
}

function literal(value: string | number): string | undefined {
  if (typeof value === 'number') return String(value)
  return value.length <= MOST_CHARACTERS ? jsString(value) : undefined
}
