import { describe } from './describe.ts'
import { checkNarrow, containersOf, ElementError, isNarrow, takeElements } from './elements.ts'
import { quote, shorten } from './shorten.ts'
import type { ElementType, SignatureDim } from './signature.ts'
import { storage, type TypedArray, type TypedArrayConstructor } from './tensor.ts'
import { isTypedArray, kindOf, lengthOf, viewAs } from './typed-array.ts'

/** A tensor that fits the signature: `data` has exactly the elements that `dims` ask for. */
export interface CheckedTensor {
  readonly data: TypedArray | readonly string[]
  readonly dims: readonly number[]
}

/** A tensor that a model takes, with what checking it needs at every call worked out once. */
export interface TensorPort {
  readonly name: string
  /** Of a tensor in a sequence: which. */
  readonly element?: number
  readonly type: ElementType
  /** `null`: of any rank. */
  readonly shape: readonly SignatureDim[] | null
  readonly array: TypedArrayConstructor | undefined
  /** What the language calls the arrays of inputs that need no closer look; '' where each does. */
  readonly plainKind: string
  readonly lanes: number
  /** The dimensions and the length of `data` where the shape is static. */
  readonly dims: readonly number[] | undefined
  readonly length: number
}

/** A tensor as it was read, before it is known to fit. */
export interface TakenTensor {
  /** A typed array of the caller's, or a copy of our own. */
  readonly data: TypedArray | readonly string[]
  /** Where the caller states them: valid lengths, as many as the rank. */
  readonly dims: readonly number[] | undefined
  /** What the caller calls the elements, for errors. */
  readonly given: unknown
}

/** Symbolic dimensions that an input has given a value. */
export type Symbols = Map<string, { readonly value: number; readonly input: string }>

/** The addon refuses higher ones. */
const HIGHEST_RANK = 16

/** Reads tensors of one model's inputs, and checks them: see {@link InputChecker} for why these are two steps. */
export class TensorChecker {
  readonly #model: string

  constructor(model: string) {
    this.#model = model
  }

  /** Reads one input, once. */
  take(port: TensorPort, value: unknown): TakenTensor {
    if (!isShaped(value)) return this.#takeElements(port, value, undefined)
    const { type, dims, data } = value
    if (type !== undefined && type !== port.type)
      throw this.error(TypeError, port, `given a tensor of type ${nameOf(type)}`)
    return this.#takeElements(port, data, this.#statedDims(port, dims))
  }

  #takeElements(port: TensorPort, given: unknown, dims: readonly number[] | undefined): TakenTensor {
    const plain = port.shape?.length === 0 && isScalar(given) ? [given] : given
    const length = dims === undefined ? port.length : elementsOf(port, dims)
    // Before any of them is read.
    if (length >= 0 && Array.isArray(plain) && plain.length > length)
      throw this.#lengthError(port, dims ?? port.dims!, length, given)
    let data
    try {
      data = takeElements(port.type, plain)
    } catch (error) {
      throw error instanceof ElementError ? this.error(RangeError, port, error.message) : error
    }
    if (data !== undefined) return { data, dims, given }
    throw this.error(TypeError, port, `as ${containersOf(port.type)}, given ${describe(given)}`)
  }

  #statedDims(port: TensorPort, dims: unknown): readonly number[] {
    if (kindOf(dims) === undefined && !Array.isArray(dims))
      throw this.error(TypeError, port, `given dims ${describe(dims)}`)
    const list = dims as ArrayLike<unknown>
    const rank = kindOf(dims) === undefined ? list.length : lengthOf(dims)
    const expected = port.shape?.length ?? (rank <= HIGHEST_RANK ? rank : undefined)
    const most = Math.max(expected ?? HIGHEST_RANK, 8) // to be read: of more dimensions a message needs no more
    const read: unknown[] = []
    let areLengths = true
    for (let axis = 0; axis < rank && axis < most; axis++) {
      const dim = list[axis]
      const number = typeof dim === 'bigint' ? Number(dim) : dim
      areLengths &&= isLength(number)
      read[axis] = number === 0 ? 0 : number // -0 is 0
    }
    if (areLengths && rank === expected) return read as number[]
    const shown = `[${read.map(describe).join(', ')}${rank > most ? ', …' : ''}]`
    if (rank !== expected) throw this.error(RangeError, port, `given ${rank} dims ${shown}`)
    throw this.error(RangeError, port, `given dims ${shown}, which are no lengths`)
  }

  /** Checks an input that was read. */
  settle(port: TensorPort, { data, dims: stated, given }: TakenTensor, symbols: Symbols): CheckedTensor {
    const isTyped = isTypedArray(data)
    const count = isTyped ? lengthOf(data) : data.length
    const dims = stated ?? this.#inferDims(port, count, symbols, given)
    this.#checkDims(port, dims, symbols)
    const length = elementsOf(port, dims)
    if (length !== count) throw this.#lengthError(port, dims, length, given)
    return { data: isTyped ? this.#native(port, data, count) : data, dims }
  }

  /** A typed array as the model takes it. */
  #native(port: TensorPort, data: TypedArray, length: number): TypedArray {
    const array = port.array!
    if (port.type === 'float16' && kindOf(data) !== port.plainKind)
      return length > 0 ? viewAs(array, data) : new array(0)
    if (!isNarrow(port.type)) return data
    const copy = new array(length) // which no other thread changes after the check
    copy.set(data as never)
    try {
      checkNarrow(port.type, copy)
    } catch (error) {
      throw error instanceof ElementError ? this.error(RangeError, port, error.message) : error
    }
    return copy
  }

  /** Dimensions of an input that came without them: at most one may be unknown, and the length gives that one. */
  #inferDims(port: TensorPort, length: number, symbols: Symbols, given: unknown): readonly number[] {
    if (port.dims !== undefined) return port.dims
    if (port.shape === null)
      throw this.error(TypeError, port, `given ${describe(given)}: it says nothing of its rank; give { data, dims }`)
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
      throw this.error(TypeError, port, `${wanted} instead of ${describe(given)}`)
    }
    if (unknown === 0) return dims
    dims[unknownAxis] = length / known
    if (Number.isSafeInteger(dims[unknownAxis])) return dims
    throw this.error(RangeError, port, `so a multiple of ${known} elements, given ${describe(given)}`)
  }

  #checkDims(port: TensorPort, dims: readonly number[], symbols: Symbols): void {
    for (let axis = 0; axis < dims.length; axis++) {
      const expected = port.shape?.[axis]
      const dim = dims[axis]!
      if (typeof expected === 'number' && dim !== expected)
        throw this.error(RangeError, port, `given dims [${dims.join(', ')}]`)
      if (typeof expected !== 'string') continue
      const bound = symbols.get(expected)
      if (bound === undefined) symbols.set(expected, { value: dim, input: port.name })
      else if (bound.value !== dim)
        throw this.error(
          RangeError,
          port,
          `given dims [${dims.join(', ')}], but ${shorten(expected)} is ${bound.value} in input ${quote(bound.input)}`,
        )
    }
  }

  #lengthError(port: TensorPort, dims: readonly number[], length: number, given: unknown): Error {
    const wanted = `${length} ${port.lanes > 1 ? 'numbers' : 'elements'} for dims [${dims.join(', ')}]`
    return this.error(RangeError, port, `so ${wanted}, given ${describe(given)}`)
  }

  error(Kind: TypeErrorConstructor | RangeErrorConstructor, port: TensorPort, given: string): Error {
    const { name, element, type, shape } = port
    const dims = shape === null ? 'of any rank' : `[${shape.map((dim) => shorten(String(dim ?? '?'))).join(', ')}]`
    return this.problem(Kind, name, `${type} ${dims}`, given, element)
  }

  problem(
    Kind: TypeErrorConstructor | RangeErrorConstructor,
    name: string,
    expected: string,
    given: string,
    element?: number,
  ): Error {
    const place = `input ${quote(name)}${element === undefined ? '' : `, element ${element}`}`
    return new Kind(`${this.#model}: ${place}: expected ${expected}, ${given}`)
  }
}

export function tensorPort(input: Pick<TensorPort, 'name' | 'type' | 'shape'>): TensorPort {
  const { array, kind, lanes } = storage[input.type]
  const isStatic = input.shape?.every((dim) => typeof dim === 'number')
  const dims = isStatic ? Object.freeze(input.shape!.map(Number)) : undefined
  const port = { ...input, array, lanes, dims, plainKind: isNarrow(input.type) ? '' : kind }
  return { ...port, length: dims === undefined ? -1 : elementsOf(port, dims) }
}

/** Entries of the array that holds a tensor of these dimensions. */
function elementsOf({ lanes }: Pick<TensorPort, 'lanes'>, dims: readonly number[]): number {
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
