import { toReference } from 'flatbuffers/js/flexbuffers.js'

/**
 * Reads the options of a custom operator: a FlexBuffer that is a map. Only what is asked for is looked at, as nested values of
 * a hostile one could go on for ever.
 *
 * @returns a reader of numbers and truths by name; `undefined` for what is not there or is something else
 */
export function flexOptions(bytes: Uint8Array | undefined): (name: string) => number | undefined {
  return (name) => {
    if (!bytes?.length) return undefined
    try {
      const value = toReference(Uint8Array.from(bytes).buffer).get(name as never) // typed as an index, which lists have
      if (value.isBool()) return Number(value.boolValue())
      const number = value.isFloat() ? value.floatValue() : value.intValue()
      return number === null ? undefined : Number(number)
    } catch {
      return undefined // the package throws texts, and errors of DataView
    }
  }
}
