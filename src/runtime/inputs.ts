import { describe, nearest } from './describe.ts'
import {
  type CheckedList,
  isOptional,
  listPort,
  type ListPort,
  settleList,
  type TakenList,
  takeList,
} from './list-input.ts'
import { listed, quote } from './shorten.ts'
import { crossingOf, type SignatureEntry } from './signature.ts'
import type { TypedArray } from './tensor.ts'
import {
  type CheckedTensor,
  type Symbols,
  type TakenTensor,
  TensorChecker,
  tensorPort,
  type TensorPort,
} from './tensor-input.ts'
import { kindOf, lengthOf } from './typed-array.ts'

/** An input that fits the signature. */
export type CheckedInput = CheckedTensor | CheckedList

type Port = TensorPort | ListPort

/**
 * Checks what a user gives a model against its signature.
 *
 * Reading comes first, and everything is read once: a getter or proxy may run any code of the caller's, which may change
 * or detach what was read before. Then all that was read is checked, which runs no code but ours, and so nothing changes
 * before the model has it.
 *
 * Errors are `TypeError` (names, types) and `RangeError` (lengths, dimensions, values) that name the model, the input,
 * what was expected and what was given.
 */
export class InputChecker {
  readonly #model: string
  readonly #tensors: TensorChecker
  readonly #ports: readonly Port[]
  /** The same where all are tensors of static shape. */
  readonly #static: readonly TensorPort[] | undefined
  /** Indices of the inputs, those with the fewest dynamic dimensions first: they tell the symbols of the others. */
  readonly #order: readonly number[]

  constructor(model: string, inputs: readonly SignatureEntry[]) {
    this.#model = model
    this.#tensors = new TensorChecker(model)
    this.#ports = inputs.map(toPort)
    const tensors = this.#ports.filter((port) => isTensorPort(port))
    const isStatic = tensors.length === inputs.length && tensors.every((port) => port.dims !== undefined)
    this.#static = isStatic ? tensors : undefined
    const dynamic = this.#ports.map((port) =>
      isTensorPort(port) ? port.shape!.filter((dim) => typeof dim !== 'number').length : Infinity,
    )
    this.#order = inputs.map((_, i) => i).sort((a, b) => (dynamic[a]! < dynamic[b]! ? -1 : 1))
  }

  /** The inputs in the signature's order. */
  check(inputs: unknown): CheckedInput[] {
    if (typeof inputs !== 'object' || inputs === null)
      throw new TypeError(`${this.#model}: run() takes an object with ${this.#names()}, given ${describe(inputs)}`)
    const given = inputs as Readonly<Record<string, unknown>>
    let count = 0
    for (const _ in given) count++
    if (this.#static !== undefined && count === this.#static.length) return this.#checkStatic(this.#static, given)
    return this.#resolve(
      given,
      this.#ports.map((port) => given[port.name]),
      count,
    )
  }

  /** What nearly every call looks like, typed arrays of the right lengths, is through here. */
  #checkStatic(ports: readonly TensorPort[], given: Readonly<Record<string, unknown>>): CheckedInput[] {
    const checked: CheckedTensor[] = []
    for (let i = 0; i < ports.length; i++)
      checked[i] = { data: given[ports[i]!.name] as TypedArray, dims: ports[i]!.dims! }
    for (let i = 0; i < ports.length; i++) {
      const port = ports[i]!
      const { data } = checked[i]!
      if (kindOf(data) !== port.plainKind || lengthOf(data) !== port.length)
        return this.#resolve(
          given,
          checked.map((input) => input.data),
          ports.length,
        )
    }
    return checked
  }

  #resolve(given: Readonly<Record<string, unknown>>, values: readonly unknown[], count: number): CheckedInput[] {
    const ports = this.#ports
    let present = 0
    let isComplete = true
    for (let i = 0; i < ports.length; i++) {
      const isThere = values[i] !== undefined && values[i] !== null
      isComplete &&= isThere || mayBeMissing(ports[i]!)
      if (isThere) present++
    }
    if (!isComplete || present !== count) this.#explainNames(given, values)
    const taken: (TakenTensor | TakenList)[] = []
    for (let i = 0; i < ports.length; i++) {
      const port = ports[i]!
      taken.push(isTensorPort(port) ? this.#tensors.take(port, values[i]) : takeList(this.#tensors, port, values[i]))
    }
    // From here on no code of the caller's runs.
    const symbols: Symbols = new Map()
    const checked: CheckedInput[] = []
    // Inputs that state their dimensions go first: what they say of symbols helps those that don't.
    for (const states of [true, false])
      for (const at of this.#order) {
        const [port, read] = [ports[at]!, taken[at]!]
        if ('items' in read) {
          if (states) checked[at] = settleList(this.#tensors, port as ListPort, read)
        } else if ((read.dims !== undefined) === states)
          checked[at] = this.#tensors.settle(port as TensorPort, read, symbols)
      }
    return checked
  }

  #explainNames(given: Readonly<Record<string, unknown>>, values: readonly unknown[]): void {
    const missing = this.#ports.filter(
      (port, i) => (values[i] === undefined || values[i] === null) && !mayBeMissing(port),
    )
    const names = this.#ports.map((port) => port.name)
    const known = new Set(names)
    const extra = Object.keys(given).find((name) => !known.has(name))
    if (extra !== undefined) {
      const near = nearest(extra, missing.length > 0 ? missing.map((port) => port.name) : names)
      const hint = near === undefined ? `it takes ${this.#names()}` : `did you mean ${quote(near)}?`
      throw new TypeError(`${this.#model}: there is no input ${quote(extra)}; ${hint}`)
    }
    const [port] = missing
    if (port === undefined) return
    if (isTensorPort(port)) throw this.#tensors.error(TypeError, port, 'given nothing')
    takeList(this.#tensors, port, undefined)
  }

  #names(): string {
    return this.#ports.length === 0 ? 'no inputs' : listed(this.#ports.map((port) => quote(port.name)))
  }
}

function toPort(entry: SignatureEntry): Port {
  const crossing = crossingOf(entry)
  if (crossing.kind !== 'tensor') return listPort(entry.name, crossing)
  return tensorPort({ name: entry.name, type: crossing.type, shape: crossing.shape })
}

function isTensorPort(port: Port): port is TensorPort {
  return 'lanes' in port
}

function mayBeMissing(port: Port): boolean {
  return !isTensorPort(port) && isOptional(port)
}
