import type { Attribute } from '../onnx/model.ts'
import type { PlainAttribute, PlainAttributes } from './operator.ts'

/** Attributes as nodes hold them; those that are `undefined` are left out, and whole numbers are integers. */
export function attributesOf(plain: PlainAttributes): ReadonlyMap<string, Attribute> {
  const attributes = new Map<string, Attribute>()
  for (const [name, value] of Object.entries(plain)) {
    if (value !== undefined) attributes.set(name, attributeOf(value))
  }
  return attributes
}

function attributeOf(value: PlainAttribute): Attribute {
  if (typeof value === 'number') {
    return Number.isInteger(value) ? { kind: 'int', value: BigInt(value) } : { kind: 'float', value }
  }
  if (typeof value === 'string') return { kind: 'string', value }
  if (isList(value)) {
    if (value.every((item) => typeof item === 'string')) {
      return value.length > 0 ? { kind: 'strings', value } : { kind: 'ints', value: [] }
    }
    const numbers = value as readonly number[]
    return numbers.every(Number.isInteger)
      ? { kind: 'ints', value: numbers.map(BigInt) }
      : { kind: 'floats', value: numbers }
  }
  return 'kind' in value ? value : { kind: 'tensor', value }
}

function isList(value: object): value is readonly number[] | readonly string[] {
  return Array.isArray(value)
}
