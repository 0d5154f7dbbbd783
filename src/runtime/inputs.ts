import { describe } from './describe.ts'
import { type CheckedInput, type InputParts, type InputPort, tensorInput } from './input-port.ts'
import { listed, quote } from './shorten.ts'
import { isTensor, type SignatureEntry } from './signature.ts'
import type { TypedArray } from './tensor.ts'
import type { CheckedTensor, Symbols, TensorPort } from './tensor-input.ts'
import { kindOf, lengthOf } from './typed-array.ts'

/** Gives the inputs of a call in the signature's order. */
export type Check = (inputs: unknown) => CheckedInput[]

/**
 * What checks that what a user gives a model fits its signature.
 *
 * Reading comes first, and everything is read once: a getter or proxy may run any code of the caller's, which may change
 * or detach what was read before. Then all that was read is checked, which runs no code but ours, and so nothing changes
 * before the model has it.
 *
 * Errors are `TypeError` (names, types) and `RangeError` (lengths, dimensions, values) that name the model, the input,
 * what was expected and what was given.
 */
export function newCheck(model: string, inputs: readonly SignatureEntry[], parts: InputParts): Check {
  const ports = inputs.map((entry) =>
    isTensor(entry) ? tensorInput(model, entry, parts) : parts.collections!.input(model, entry, parts),
  )
  const names = ports.map(({ name }) => name)
  const order = parts.dynamic?.order(ports.map(({ tensor }) => tensor?.shape ?? [])) ?? [...ports.keys()]
  const fixed = ports.flatMap(({ tensor }) => (tensor?.dims === undefined ? [] : [tensor]))
  const known = (): string => (names.length === 0 ? 'no inputs' : listed(names.map(quote)))

  function resolve(given: object, values: readonly unknown[], count: number): CheckedInput[] {
    const missing = ports.filter(({ isOptional }, i) => isNothing(values[i]) && !isOptional)
    if (missing.length > 0 || values.filter((value) => !isNothing(value)).length !== count)
      explainNames(Object.keys(given), missing)
    const taken = ports.map((port, i) => port.take(values[i]))
    // From here on no code of the caller's runs.
    const symbols: Symbols = new Map()
    const checked: CheckedInput[] = []
    // Inputs that state their dimensions go first: what they say of symbols helps those that don't.
    for (const states of [true, false])
      for (const at of order)
        if ((taken[at]!.dims !== undefined) === states) checked[at] = ports[at]!.settle(taken[at]!, symbols)
    return checked
  }

  function explainNames(given: readonly string[], missing: readonly InputPort[]): void {
    const extra = given.find((name) => !names.includes(name))
    if (extra !== undefined) {
      const near = parts.nearest?.(extra, missing.length > 0 ? missing.map(({ name }) => name) : names)
      const hint = near === undefined ? `it takes ${known()}` : `did you mean ${quote(near)}?`
      throw new TypeError(`${model}: there is no input ${quote(extra)}; ${hint}`)
    }
    if (missing.length > 0) throw missing[0]!.missing()
  }

  return (inputs) => {
    if (typeof inputs !== 'object' || inputs === null)
      throw new TypeError(`${model}: run() takes an object with ${known()}, given ${describe(inputs)}`)
    const given = inputs as Readonly<Record<string, unknown>>
    let count = 0
    for (const _ in given) count++
    const values = names.map((name) => given[name])
    if (count === ports.length && fixed.length === count && areAsTheyAre(fixed, values))
      return fixed.map(({ dims }, i): CheckedTensor => ({ data: values[i] as TypedArray, dims: dims! }))
    return resolve(given, values, count)
  }
}

/** Whether all are what nearly every call gives: typed arrays of the right lengths, that need no closer look. */
function areAsTheyAre(ports: readonly TensorPort[], values: readonly unknown[]): boolean {
  for (let i = 0; i < ports.length; i++) {
    const { elements, length } = ports[i]!
    if (kindOf(values[i]) !== elements.kind || elements.expect || lengthOf(values[i]) !== length) return false
  }
  return true
}

const isNothing = (value: unknown): boolean => value === undefined || value === null
