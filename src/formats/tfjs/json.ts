import { quote, type Site } from '../../onnx/reading.ts'

/**
 * A value in a JSON file and where it stands, so that whatever else it is than expected can be said. What is not there is
 * `undefined`; names that objects have by themselves (`constructor`) are not there.
 */
export class Json {
  readonly value: unknown
  readonly site: Site
  private readonly place: string

  constructor(value: unknown, site: Site, place = '') {
    this.value = value
    this.site = site
    this.place = place
  }

  /** The same value, of a part of the model that messages name. */
  within(site: Site): Json {
    return new Json(this.value, site)
  }

  get isThere(): boolean {
    return this.value !== undefined && this.value !== null
  }

  at(key: string): Json {
    const { value } = this
    const isObject = typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    return new Json(
      isObject ? (value as Record<string, unknown>)[key] : undefined,
      this.site,
      this.place === '' ? key : `${this.place}.${key}`,
    )
  }

  /** The first of several keys that is there: writers call things differently. */
  oneOf(...keys: readonly string[]): Json {
    return keys.map((key) => this.at(key)).find(({ isThere }) => isThere) ?? this.at(keys[0]!)
  }

  entries(): [key: string, value: Json][] {
    if (!this.isThere) return []
    if (typeof this.value !== 'object' || Array.isArray(this.value)) this.wrong('an object')
    return Object.keys(this.value as object).map((key) => [key, this.at(key)])
  }

  /** @throws ModelError where it is there, and no list */
  list(): Json[] {
    if (!this.isThere) return []
    if (!Array.isArray(this.value)) this.wrong('a list')
    return (this.value as unknown[]).map((item, i) => new Json(item, this.site, `${this.place}[${i}]`))
  }

  get isList(): boolean {
    return Array.isArray(this.value)
  }

  text(fallback?: string): string {
    if (!this.isThere && fallback !== undefined) return fallback
    return typeof this.value === 'string' ? this.value : this.wrong('a text')
  }

  number(fallback?: number): number {
    if (!this.isThere && fallback !== undefined) return fallback
    return typeof this.value === 'number' ? this.value : this.wrong('a number')
  }

  /** An integer, as protobuf's JSON has it too: in text. */
  integer(fallback?: number): number {
    if (!this.isThere && fallback !== undefined) return fallback
    const { value } = this
    const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value
    return typeof number === 'number' && Number.isSafeInteger(number) ? number : this.wrong('an integer')
  }

  truth(fallback: boolean): boolean {
    if (!this.isThere) return fallback
    return typeof this.value === 'boolean' ? this.value : this.wrong('true or false')
  }

  /** One integer for all of `count`, or that many. */
  integers(count: number, fallback?: number): number[] {
    if (!this.isList) {
      const all = this.integer(fallback)
      return Array.from({ length: count }, () => all)
    }
    const list = this.list().map((item) => item.integer())
    return list.length === count ? list : this.wrong(`${count} integers`)
  }

  wrong(expected: string): never {
    const shown = this.isThere ? quote(JSON.stringify(this.value).slice(0, 100)) : 'nothing'
    return this.site.fail(
      'MODEL_NODE',
      `has ${shown} as ${quote(this.place)}, which should be ${expected}. Save it again.`,
    )
  }
}
