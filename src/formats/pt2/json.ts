import type { Site } from '../../onnx/reading.ts'

/** What JSON can hold; integers that a double can't are bigints. */
export type Json = null | boolean | number | bigint | string | readonly Json[] | { readonly [key: string]: Json }

// Texts are matched to be skipped: only what stands outside of them is a number. Digits after a point are no integer (Python
// writes 1/√2 with 16 of them).
const token = /"(?:[^"\\]+|\\.)*"|-?\b(?:Infinity|NaN)\b|(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/gs

/** Stands for a number that JSON.parse would lose; not a text that torch writes. */
const MARK = '\u0001number:'

/**
 * JSON as torch.export writes it: with integers of 64 bits (the usual end of a slice is 9223372036854775807), and with the bare
 * `Infinity` and `NaN` of torch 2.6, which Python's json module writes and JSON has not. They go through the engine's own
 * parser as texts.
 *
 * @throws ModelError `MODEL_DAMAGED`
 */
export function parseJson(bytes: Uint8Array, site: Site): Json {
  site.bound('messageBytes', bytes.length * 8, `${bytes.length} bytes of JSON`)
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    const safe = text.replace(token, (found) => (found.startsWith('"') ? found : `"\\u0001number:${found}"`))
    return JSON.parse(safe, (_, value: Json) =>
      typeof value === 'string' && value.startsWith(MARK) ? numberOf(value) : value,
    )
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError || error instanceof RangeError)) throw error
    return site.fail('MODEL_DAMAGED', 'is broken JSON. Download or export the model again.')
  }
}

function numberOf(marked: string): number | bigint {
  const text = marked.slice(MARK.length)
  if (!/^-?\d+$/.test(text)) return Number(text)
  const integer = BigInt(text)
  const number = Number(integer)
  return Number.isSafeInteger(number) ? number : integer
}

/** A part of a JSON document, which is what its reader takes it for, or an error names it. */
export class Field {
  readonly value: Json | undefined
  private readonly path: string
  readonly site: Site

  constructor(value: Json | undefined, path: string, site: Site) {
    this.value = value
    this.path = path
    this.site = site
  }

  /** A member of an object; its value may be absent. */
  get(key: string): Field {
    const object = this.object()
    return new Field(Object.hasOwn(object, key) ? object[key] : undefined, `${this.path}.${key}`, this.site)
  }

  get absent(): boolean {
    return this.value === undefined || this.value === null
  }

  entries(): [string, Field][] {
    return Object.entries(this.object()).map(([key, value]) => [
      key,
      new Field(value, `${this.path}.${key}`, this.site),
    ])
  }

  list(): Field[] {
    const { value } = this
    if (!Array.isArray(value)) return this.wrong('a list')
    return (value as readonly Json[]).map((item, i) => new Field(item, `${this.path}[${i}]`, this.site))
  }

  text(): string {
    return typeof this.value === 'string' ? this.value : this.wrong('a text')
  }

  bool(): boolean {
    return typeof this.value === 'boolean' ? this.value : this.wrong('true or false')
  }

  /** An integer; beyond 2^53 as a bigint, which must fit into 64 bits. */
  integer(): number | bigint {
    const { value } = this
    if (typeof value === 'bigint' && BigInt.asIntN(64, value) === value) return value
    return typeof value === 'number' && Number.isSafeInteger(value) ? value : this.wrong('an integer')
  }

  /** A size: an integer from 0 to 2^53. */
  size(): number {
    const value = this.integer()
    return typeof value === 'number' && value >= 0 ? value : this.wrong('a size')
  }

  /** A float; torch 2.13 writes infinities as texts. */
  float(): number {
    const { value } = this
    if (typeof value === 'number' || typeof value === 'bigint') return Number(value)
    return typeof value === 'string' && /^(-?Infinity|NaN)$/.test(value) ? Number(value) : this.wrong('a number')
  }

  /** The only member of a union. */
  variant(): [string, Field] {
    const all = this.entries()
    return all.length === 1 ? all[0]! : this.wrong('a union with exactly one key')
  }

  wrong(expected: string): never {
    return this.site.fail('MODEL_DAMAGED', `has no ${expected} in ${this.path.slice(0, 200)}. Export the model again.`)
  }

  private object(): Readonly<Record<string, Json>> {
    const { value } = this
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return this.wrong('object')
    return value as Readonly<Record<string, Json>>
  }
}
