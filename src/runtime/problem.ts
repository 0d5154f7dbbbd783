import { quote } from './shorten.ts'

/** Which input something is about. */
export interface Place {
  readonly model: string
  readonly name: string
  /** Of a tensor in a sequence: which. */
  readonly element?: number
}

/** A `TypeError`, or for lengths, dimensions and values a `RangeError`. */
export type ErrorKind = TypeErrorConstructor | RangeErrorConstructor

/** What is wrong with an input: `m.onnx: input "x", element 1: expected …, given …`. */
export function problem({ model, name, element }: Place, expected: string, given: string, Kind: ErrorKind): Error {
  const which = element === undefined ? '' : `, element ${element}`
  return new Kind(`${model}: input ${quote(name)}${which}: expected ${expected}, ${given}`)
}
