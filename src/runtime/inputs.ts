import { describe, nearest } from './describe.ts'
import { checkBooleans, containersOf, ElementError, takeElements } from './elements.ts'
import { listed, quote, shorten } from './shorten.ts'
import type { SignatureEntry } from './signature.ts'
import { storage, type TypedArray, type TypedArrayConstructor } from './tensor.ts'
import { isTypedArray, kindOf, lengthOf, viewAs } from './typed-array.ts'

/** An input that fits the signature: `data` has exactly the elements that `dims` ask for. */
export interface CheckedInput {
  readonly data: TypedArray | readonly string[]
  readonly dims: readonly number[]
}

/** One input of a model, with what checking it needs at every call worked out once. */
interface Port extends SignatureEntry {
  readonly array: TypedArrayConstructor | undefined
  /** What the language calls the arrays of inputs that need no closer look; '' where each does. */
  readonly plainKind: string
  readonly lanes: number
  /** The dimensions and the length of `data` where the shape is static. */
  readonly dims: readonly number[] | undefined
  readonly length: number
}

/** An input as it was read, before it is known to fit. */
interface Taken {
  /** A typed array of the caller's, or a copy of our own. */
  readonly data: TypedArray | readonly string[]
  /** Where the caller states them: valid lengths, as many as the rank. */
  readonly dims: readonly number[] | undefined
  /** What the caller calls the elements, for errors. */
  readonly given: unknown
}

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
  readonly #ports: readonly Port[]
  readonly #isStatic: boolean
  /** Indices of the inputs, those with the fewest dynamic dimensions first: they tell the symbols of the others. */
  readonly #order: readonly number[]

  constructor(model: string, inputs: readonly SignatureEntry[]) {
    this.#model = model
    this.#ports = inputs.map(toPort)
    this.#isStatic = this.#ports.every((port) => port.dims !== undefined)
    const dynamic = inputs.map(({ shape }) => shape.filter((dim) => typeof dim !== 'number').length)
    this.#order = inputs.map((_, i) => i).toSorted((a, b) => dynamic[a]! - dynamic[b]!)
  }

  /** The inputs in the signature's order. */
  check(inputs: unknown): CheckedInput[] {
    if (typeof inputs !== 'object' || inputs === null)
      throw new TypeError(`${this.#model}: run() takes an object with ${this.#names()}, given ${describe(inputs)}`)
    const given = inputs as Readonly<Record<string, unknown>>
    let count = 0
    for (const _ in given) count++
    if (this.#isStatic && count === this.#ports.length) return this.#checkStatic(given)
    return this.#resolve(
      given,
      count,
      this.#ports.map((port) => given[port.name]),
    )
  }

  /** What nearly every call looks like, typed arrays of the right lengths, is through here. */
  #checkStatic(given: Readonly<Record<string, unknown>>): CheckedInput[] {
    const ports = this.#ports
    const checked: CheckedInput[] = []
    for (let i = 0; i < ports.length; i++)
      checked[i] = { data: given[ports[i]!.name] as TypedArray, dims: ports[i]!.dims! }
    for (let i = 0; i < ports.length; i++) {
      const port = ports[i]!
      const { data } = checked[i]!
      if (kindOf(data) !== port.plainKind || lengthOf(data) !== port.length)
        return this.#resolve(
          given,
          ports.length,
          checked.map((input) => input.data),
        )
    }
    return checked
  }

  #resolve(given: Readonly<Record<string, unknown>>, count: number, values: readonly unknown[]): CheckedInput[] {
    const ports = this.#ports
    let isComplete = count === ports.length
    for (let i = 0; i < ports.length; i++) isComplete &&= values[i] !== undefined && values[i] !== null
    if (!isComplete) this.#explainNames(given, values)
    const taken: Taken[] = []
    for (let i = 0; i < ports.length; i++) taken.push(this.#take(ports[i]!, values[i]))
    // From here on no code of the caller's runs.
    const symbols: Symbols = new Map()
    const checked: Partial<CheckedInput>[] = taken
    // Inputs that state their dimensions go first: what they say of symbols helps those that don't.
    for (const at of this.#order)
      if (taken[at]!.dims !== undefined) checked[at] = this.#settle(ports[at]!, taken[at]!, symbols)
    for (const at of this.#order)
      if (checked[at]!.dims === undefined) checked[at] = this.#settle(ports[at]!, taken[at]!, symbols)
    return checked as CheckedInput[]
  }

  /** Reads one input, once. */
  #take(port: Port, value: unknown): Taken {
    if (!isShaped(value)) return this.#takeElements(port, value, undefined)
    const { type, dims, data } = value
    if (type !== undefined && type !== port.type)
      throw this.#error(TypeError, port, `given a tensor of type ${nameOf(type)}`)
    return this.#takeElements(port, data, this.#statedDims(port, dims))
  }

  #takeElements(port: Port, given: unknown, dims: readonly number[] | undefined): Taken {
    const plain = port.shape.length === 0 && isScalar(given) ? [given] : given
    const length = dims === undefined ? port.length : elementsOf(port, dims)
    // Before any of them is read.
    if (length >= 0 && Array.isArray(plain) && plain.length > length)
      throw this.#lengthError(port, dims ?? port.dims!, length, given)
    let data
    try {
      data = takeElements(port.type, plain)
    } catch (error) {
      throw error instanceof ElementError ? this.#error(RangeError, port, error.message) : error
    }
    if (data !== undefined) return { data, dims, given }
    throw this.#error(TypeError, port, `as ${containersOf(port.type)}, given ${describe(given)}`)
  }

  #statedDims(port: Port, dims: unknown): readonly number[] {
    if (kindOf(dims) === undefined && !Array.isArray(dims))
      throw this.#error(TypeError, port, `given dims ${describe(dims)}`)
    const list = dims as ArrayLike<unknown>
    const rank = kindOf(dims) === undefined ? list.length : lengthOf(dims)
    const most = Math.max(port.shape.length, 8) // to be read: of more dimensions a message needs no more
    const read: unknown[] = []
    let areLengths = true
    for (let axis = 0; axis < rank && axis < most; axis++) {
      const dim = list[axis]
      const number = typeof dim === 'bigint' ? Number(dim) : dim
      areLengths &&= isLength(number)
      read[axis] = number === 0 ? 0 : number // -0 is 0
    }
    if (areLengths && rank === port.shape.length) return read as number[]
    const shown = `[${read.map(describe).join(', ')}${rank > most ? ', …' : ''}]`
    if (rank !== port.shape.length) throw this.#error(RangeError, port, `given ${rank} dims ${shown}`)
    throw this.#error(RangeError, port, `given dims ${shown}, which are no lengths`)
  }

  /** Checks an input that was read. */
  #settle(port: Port, { data, dims: stated, given }: Taken, symbols: Symbols): CheckedInput {
    const isTyped = isTypedArray(data)
    const count = isTyped ? lengthOf(data) : data.length
    const dims = stated ?? this.#inferDims(port, count, symbols, given)
    this.#checkDims(port, dims, symbols)
    const length = elementsOf(port, dims)
    if (length !== count) throw this.#lengthError(port, dims, length, given)
    return { data: isTyped ? this.#native(port, data, count) : data, dims }
  }

  /** A typed array as the model takes it. */
  #native(port: Port, data: TypedArray, length: number): TypedArray {
    const array = port.array!
    if (port.type === 'float16' && kindOf(data) !== port.plainKind)
      return length > 0 ? viewAs(array, data) : new array(0)
    if (port.type !== 'bool') return data
    const copy = new array(length) // which no other thread changes after the check
    copy.set(data as never)
    try {
      checkBooleans(copy)
    } catch (error) {
      throw error instanceof ElementError ? this.#error(RangeError, port, error.message) : error
    }
    return copy
  }

  /** Dimensions of an input that came without them: at most one may be unknown, and the length gives that one. */
  #inferDims(port: Port, length: number, symbols: Symbols, given: unknown): readonly number[] {
    if (port.dims !== undefined) return port.dims
    const dims: number[] = []
    let known = port.lanes
    let unknown = 0
    let unknownAxis = 0
    for (const dim of port.shape) {
      const value = typeof dim === 'number' ? dim : dim === null ? undefined : symbols.get(dim)?.value
      if (value === undefined) {
        unknown++
        unknownAxis = dims.length
      } else known *= value
      dims.push(value ?? 0)
    }
    if (unknown > 1) {
      const wanted = `which has ${unknown} unknown dimensions: give { data, dims }`
      throw this.#error(TypeError, port, `${wanted} instead of ${describe(given)}`)
    }
    if (unknown === 0) return dims
    dims[unknownAxis] = length / known
    if (Number.isSafeInteger(dims[unknownAxis])) return dims
    throw this.#error(RangeError, port, `so a multiple of ${known} elements, given ${describe(given)}`)
  }

  #checkDims(port: Port, dims: readonly number[], symbols: Symbols): void {
    for (let axis = 0; axis < dims.length; axis++) {
      const expected = port.shape[axis]
      const dim = dims[axis]!
      if (typeof expected === 'number' && dim !== expected)
        throw this.#error(RangeError, port, `given dims [${dims.join(', ')}]`)
      if (typeof expected !== 'string') continue
      const bound = symbols.get(expected)
      if (bound === undefined) symbols.set(expected, { value: dim, input: port.name })
      else if (bound.value !== dim)
        throw this.#error(
          RangeError,
          port,
          `given dims [${dims.join(', ')}], but ${shorten(expected)} is ${bound.value} in input ${quote(bound.input)}`,
        )
    }
  }

  #explainNames(given: Readonly<Record<string, unknown>>, values: readonly unknown[]): void {
    const missing = this.#ports.filter((_, i) => values[i] === undefined || values[i] === null)
    const names = this.#ports.map((port) => port.name)
    const known = new Set(names)
    const extra = Object.keys(given).find((name) => !known.has(name))
    if (extra !== undefined) {
      const near = nearest(extra, missing.length > 0 ? missing.map((port) => port.name) : names)
      const hint = near === undefined ? `it takes ${this.#names()}` : `did you mean ${quote(near)}?`
      throw new TypeError(`${this.#model}: there is no input ${quote(extra)}; ${hint}`)
    }
    if (missing[0] !== undefined) throw this.#error(TypeError, missing[0], 'given nothing')
  }

  #names(): string {
    return this.#ports.length === 0 ? 'no inputs' : listed(this.#ports.map((port) => quote(port.name)))
  }

  #lengthError(port: Port, dims: readonly number[], length: number, given: unknown): Error {
    const wanted = `${length} ${port.lanes > 1 ? 'numbers' : 'elements'} for dims [${dims.join(', ')}]`
    return this.#error(RangeError, port, `so ${wanted}, given ${describe(given)}`)
  }

  #error(Kind: TypeErrorConstructor | RangeErrorConstructor, port: Port, given: string): Error {
    const shape = port.shape.map((dim) => shorten(String(dim ?? '?'))).join(', ')
    return new Kind(`${this.#model}: input ${quote(port.name)}: expected ${port.type} [${shape}], ${given}`)
  }
}

/** Symbolic dimensions that an input has given a value. */
type Symbols = Map<string, { readonly value: number; readonly input: string }>

function toPort(input: SignatureEntry): Port {
  const { array, kind, lanes } = storage[input.type]
  const isStatic = input.shape.every((dim) => typeof dim === 'number')
  const dims = isStatic ? Object.freeze(input.shape.map(Number)) : undefined
  const port = { ...input, array, lanes, dims, plainKind: input.type === 'bool' ? '' : kind }
  return { ...port, length: dims === undefined ? -1 : elementsOf(port, dims) }
}

/** Entries of the array that holds a tensor of these dimensions. */
function elementsOf({ lanes }: Pick<Port, 'lanes'>, dims: readonly number[]): number {
  let length = lanes
  for (let axis = 0; axis < dims.length; axis++) length *= dims[axis]!
  return length
}

function isLength(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function isShaped(value: unknown): value is { data: unknown; dims: unknown; type?: unknown } {
  return typeof value === 'object' && value !== null && !ArrayBuffer.isView(value) && 'data' in value && 'dims' in value
}

function isScalar(value: unknown): boolean {
  return (
    typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean' || typeof value === 'string'
  )
}

/** A word of the caller's as it stands, and in quotes what may be anything. */
function nameOf(type: unknown): string {
  return typeof type === 'string' && /^\w{1,20}$/.test(type) ? type : describe(type)
}
