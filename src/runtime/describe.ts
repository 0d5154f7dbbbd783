import { listed, quote, shorten } from './shorten.ts'
import { kindOf, lengthOf } from './typed-array.ts'

/** What a value is, for an error message: `Float64Array(60)`, `Array(3) of number`, `"abc"`. */
export function describe(value: unknown): string {
  const kind = kindOf(value)
  if (kind !== undefined) return `${kind}(${lengthOf(value)})`
  if (ArrayBuffer.isView(value)) return 'a DataView'
  if (Array.isArray(value)) {
    const kinds = new Set(Array.from({ length: Math.min(value.length, MOST_LOOKED_AT) }, (_, i) => typeof value[i]))
    return `Array(${value.length})${kinds.size > 0 ? ` of ${listed([...kinds])}` : ''}`
  }
  if (typeof value === 'string') return JSON.stringify(shorten(value, 40))
  if (typeof value === 'object' && value !== null) {
    const kind = Object.prototype.toString.call(value).slice('[object '.length, -1)
    const keys = listed(Object.keys(value).map(quote)) || 'no keys'
    return `an object${kind === 'Object' ? '' : ` (${shorten(kind, 40)})`} with ${keys}`
  }
  return typeof value === 'function' ? 'a function' : shorten(String(value), 40)
}

/** Of longer arrays a message looks at the beginning only. */
const MOST_LOOKED_AT = 10_000
