import type { ElementTensorType, MapType, OptionalType, SequenceType, SignatureEntry } from '../runtime/signature.ts'

/** `sequence(float32)`, as `typeText` writes what a file states. */
export function entryTypeText(
  type: SignatureEntry | SequenceType | OptionalType | MapType | ElementTensorType,
): string {
  if (type.type === 'map') return `map(${type.keys}, ${type.values})`
  return 'element' in type ? `${type.type}(${entryTypeText(type.element)})` : type.type
}
