import { describe } from './describe.ts'
import { type CheckedInput, type InputParts, type InputPort, tensorInput } from './input-port.ts'
import { listed, quote } from './shorten.ts'
import type { SignatureEntry } from './signature.ts'
import type { TypedArray } from './tensor.ts'
import { type CheckedTensor, settled, type Symbols, type TakenTensor } from './tensor-input.ts'
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
  const ports = inputs.map((entry) => (parts.collections?.input ?? tensorInput)(model, entry, parts))
  const names = ports.map(({ name }) => name)
  // What every object has, `toString` and the like, is no input.
  const inherited = names.map((name) => name in Object.prototype)
  const inOrder = parts.dynamic?.order(ports)
  // Where there are tensors only.
  const last = ports.every(({ tensor }) => tensor !== undefined) ? parts.dynamic?.newLast() : undefined
  const takes = (): string => listed(names.map(quote)) || 'no inputs'

  function resolve(given: object, all: readonly unknown[], count: number): CheckedInput[] {
    const values = all.map((value, i) => (inherited[i] && !Object.keys(given).includes(names[i]!) ? undefined : value))
    const missing = ports.filter(({ isOptional }, i) => isNothing(values[i]) && !isOptional)
    if (missing.length > 0 || values.filter((value) => !isNothing(value)).length !== count) {
      const extra = Object.keys(given).find((name) => !names.includes(name))
      if (extra !== undefined) throw unknown(extra, missing)
      if (missing.length > 0) throw missing[0]!.missing()
    }
    const taken = ports.map((port, i) => port.take(values[i]))
    // From here on no code of the caller's runs.
    const checked: CheckedInput[] = []
    const known = last?.of(taken as TakenTensor[])
    const order = known ? last!.order : (inOrder?.(taken) ?? [...ports.keys()])
    const symbols: Symbols = new Map()
    for (const at of order)
      checked[at] = known
        ? settled(ports[at]!.tensor!, taken[at] as TakenTensor, known[at]!)
        : ports[at]!.settle(taken[at]!, symbols)
    if (!known) last?.keep(order, taken as TakenTensor[], checked as CheckedTensor[])
    return checked
  }

  function unknown(name: string, missing: readonly InputPort[]): TypeError {
    const near = parts.nearest?.(name, missing.length > 0 ? missing.map((port) => port.name) : names)
    const hint = near === undefined ? `it takes ${takes()}` : `did you mean ${quote(near)}?`
    return new TypeError(`${model}: there is no input ${quote(name)}; ${hint}`)
  }

  return (inputs) => {
    if (typeof inputs !== 'object' || inputs === null)
      throw new TypeError(`${model}: run() takes an object with ${takes()}, given ${describe(inputs)}`)
    const given = inputs as Readonly<Record<string, unknown>>
    let count = 0
    for (const _ in given) count++
    const values = names.map((name) => given[name])
    if (count === ports.length && areAsTheyAre(ports, values))
      return ports.map(({ tensor }, i): CheckedTensor => ({ data: values[i] as TypedArray, dims: tensor!.dims! }))
    return resolve(given, values, count)
  }
}

/** Whether all are what nearly every call gives: typed arrays of the right lengths, that need no closer look. */
function areAsTheyAre(ports: readonly InputPort[], values: readonly unknown[]): boolean {
  for (let i = 0; i < ports.length; i++) {
    const { tensor } = ports[i]!
    // An open size is NaN here, which no length is.
    if (!tensor || kindOf(values[i]) !== tensor.elements.kind || lengthOf(values[i]) !== tensor.length) return false
    if (tensor.elements.expect) return false
  }
  return true
}

const isNothing = (value: unknown): boolean => value === undefined || value === null
