import { describe, nearest, quote } from './describe.ts'
import { arrayKind, containersOf, toElements } from './elements.ts'
import type { SignatureEntry } from './signature.ts'
import { storage, type TypedArray, type TypedArrayConstructor } from './tensor.ts'

/** An input that fits the signature: `data` has exactly the elements that `dims` ask for. */
export interface CheckedInput {
  readonly data: TypedArray | readonly string[]
  readonly dims: readonly number[]
}

/** One input of a model, with what checking it needs at every call worked out once. */
interface Port extends SignatureEntry {
  readonly array: TypedArrayConstructor | undefined
  readonly lanes: number
  /** The dimensions and the length of `data` where the shape is static. */
  readonly dims: readonly number[] | undefined
  readonly length: number
}

/**
 * Checks what a user gives a model against its signature.
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
    this.#checkNames(given)
    return this.#isStatic ? this.#checkStatic(given) : this.#checkDynamic(given)
  }

  #checkStatic(given: Readonly<Record<string, unknown>>): CheckedInput[] {
    const checked: CheckedInput[] = []
    for (let i = 0; i < this.#ports.length; i++) {
      const port = this.#ports[i]!
      const value = given[port.name]
      // What nearly every call looks like; bool's values need a look of their own.
      checked[i] =
        port.array !== undefined &&
        value instanceof port.array &&
        value.length === port.length &&
        port.dims !== undefined &&
        port.type !== 'bool'
          ? { data: value, dims: port.dims }
          : this.#resolve(port, value, new Map())
    }
    return checked
  }

  /** Inputs that state their dimensions go first: what they say of symbols helps those that don't. */
  #checkDynamic(given: Readonly<Record<string, unknown>>): CheckedInput[] {
    const symbols: Symbols = new Map()
    const checked: CheckedInput[] = []
    checked.length = this.#ports.length
    for (let pass = 0; pass < 2; pass++)
      for (const i of this.#order) {
        const port = this.#ports[i]!
        const value = given[port.name]
        if (isShaped(value) === (pass === 0)) checked[i] = this.#resolve(port, value, symbols)
      }
    return checked
  }

  #resolve(port: Port, value: unknown, symbols: Symbols): CheckedInput {
    const shaped = isShaped(value)
    const elements = shaped ? value.data : value
    if (shaped && value.type !== undefined && value.type !== port.type)
      throw this.#error(TypeError, port, `given a tensor of type ${String(value.type)}`)
    const data = this.#elements(port, elements)
    const dims = shaped ? this.#statedDims(port, value.dims) : this.#inferDims(port, data.length, symbols, value)
    let length = port.lanes
    for (const dim of dims) length *= dim
    this.#checkDims(port, dims, symbols)
    if (length === data.length) return { data, dims }
    const wanted = `${length} ${port.lanes > 1 ? 'numbers' : 'elements'} for dims [${dims.join(', ')}]`
    throw this.#error(RangeError, port, `so ${wanted}, given ${describe(elements)}`)
  }

  #elements(port: Port, value: unknown): TypedArray | readonly string[] {
    const plain = port.shape.length === 0 && isScalar(value) ? [value] : value
    let data
    try {
      data = toElements(port.type, plain)
    } catch (error) {
      if (error instanceof RangeError) throw this.#error(RangeError, port, error.message)
      throw error
    }
    if (data !== undefined) return data
    throw this.#error(TypeError, port, `as ${containersOf(port.type)}, given ${describe(value)}`)
  }

  #statedDims(port: Port, dims: unknown): readonly number[] {
    const list = arrayKind(dims) === '' ? dims : Array.from(dims as Iterable<unknown>)
    if (!Array.isArray(list)) throw this.#error(TypeError, port, `given dims ${describe(dims)}`)
    const numbers = list.map((dim) => Number(dim))
    if (numbers.some((dim) => !Number.isSafeInteger(dim) || dim < 0))
      throw this.#error(RangeError, port, `given dims [${list.join(', ')}], which are no lengths`)
    if (numbers.length !== port.shape.length)
      throw this.#error(RangeError, port, `given ${numbers.length} dims [${numbers.join(', ')}]`)
    return numbers
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
          `given dims [${dims.join(', ')}], but ${expected} is ${bound.value} in input ${quote(bound.input)}`,
        )
    }
  }

  #checkNames(given: Readonly<Record<string, unknown>>): void {
    let count = 0
    for (const _ in given) count++
    let complete = count === this.#ports.length
    for (const port of this.#ports) complete &&= given[port.name] !== undefined && given[port.name] !== null
    if (!complete) this.#explainNames(given)
  }

  #explainNames(given: Readonly<Record<string, unknown>>): void {
    const missing = this.#ports.filter((port) => given[port.name] === undefined || given[port.name] === null)
    const names = this.#ports.map((port) => port.name)
    const extra = Object.keys(given).find((name) => !names.includes(name))
    if (extra !== undefined) {
      const near = nearest(extra, missing.length > 0 ? missing.map((port) => port.name) : names)
      const hint = near === undefined ? `it takes ${this.#names()}` : `did you mean ${quote(near)}?`
      throw new TypeError(`${this.#model}: there is no input ${quote(extra)}; ${hint}`)
    }
    if (missing[0] !== undefined) throw this.#error(TypeError, missing[0], 'given nothing')
  }

  #names(): string {
    return this.#ports.length === 0 ? 'no inputs' : this.#ports.map((port) => quote(port.name)).join(', ')
  }

  #error(Kind: TypeErrorConstructor | RangeErrorConstructor, port: Port, given: string): Error {
    const shape = port.shape.map((dim) => dim ?? '?').join(', ')
    return new Kind(`${this.#model}: input ${quote(port.name)}: expected ${port.type} [${shape}], ${given}`)
  }
}

/** Symbolic dimensions that an input has given a value. */
type Symbols = Map<string, { readonly value: number; readonly input: string }>

function toPort(input: SignatureEntry): Port {
  const { array, lanes } = storage[input.type]
  const isStatic = input.shape.every((dim) => typeof dim === 'number')
  const dims = isStatic ? Object.freeze(input.shape.map(Number)) : undefined
  const length = dims === undefined ? -1 : dims.reduce((product, dim) => product * dim, lanes)
  return { ...input, array, lanes, dims, length }
}

function isShaped(value: unknown): value is { data: unknown; dims: unknown; type?: unknown } {
  return typeof value === 'object' && value !== null && !ArrayBuffer.isView(value) && 'data' in value && 'dims' in value
}

function isScalar(value: unknown): boolean {
  return (
    typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean' || typeof value === 'string'
  )
}
