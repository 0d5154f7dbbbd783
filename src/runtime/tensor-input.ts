import { describe } from './describe.ts'
import type { Elements } from './element-types.ts'
import { takeElements } from './elements.ts'
import { type ErrorKind, type Place, problem } from './problem.ts'
import { product } from './product.ts'
import { shorten } from './shorten.ts'
import type { SignatureDim } from './signature.ts'
import type { TypedArray } from './tensor.ts'
import { isTypedArray, kindOf, lengthOf } from './typed-array.ts'

/** A tensor that fits the signature: `data` has exactly the elements that `dims` ask for. */
export interface CheckedTensor {
  readonly data: TypedArray | readonly string[]
  readonly dims: readonly number[]
}

/** A tensor that a model takes, with what checking it needs at every call worked out once. */
export interface TensorPort extends Place {
  readonly elements: Elements
  /** `null`: of any rank. */
  readonly shape: readonly SignatureDim[] | null
  /** The dimensions and the length of `data` where the shape is static; else `undefined` and NaN. */
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

/** What models need of which inputs have dimensions that only a call knows: `dynamicShapes`. */
export interface DynamicShapes {
  /** Dimensions of an input that came without them. */
  infer(port: TensorPort, length: number, symbols: Symbols, given: unknown): readonly number[]
  /** Dimensions of one symbol are equal in all inputs. */
  agree(port: TensorPort, dims: readonly number[], symbols: Symbols): void
  /** Gives the indices of inputs that were read in the order in which they are best looked at. */
  order(
    ports: readonly { readonly tensor?: TensorPort }[],
  ): (taken: readonly { readonly dims?: TakenTensor['dims'] }[]) => number[]
  /** Of a model whose inputs are all tensors: the shapes of a call, for the next one. */
  newLast(): KnownShapes
}

/** The shapes of the last call that was right. */
export interface KnownShapes {
  /** The order in which its inputs were looked at: where several are wrong, errors are of the same one. */
  readonly order: readonly number[]
  /** The dimensions of the inputs, where that call was like this one. */
  of(taken: readonly TakenTensor[]): readonly (readonly number[])[] | undefined
  keep(order: readonly number[], taken: readonly TakenTensor[], checked: readonly CheckedTensor[]): void
}

/** The addon refuses higher ones. */
const HIGHEST_RANK = 16

export function tensorPort(place: Place, elements: Elements, shape: TensorPort['shape']): TensorPort {
  const length = product(shape ?? [null], elements.lanes)
  return { ...place, elements, shape, dims: length >= 0 ? Object.freeze(shape!.map(Number)) : undefined, length }
}

/** Reads a tensor, once; see `newCheck` for why it is checked later. */
export function takeTensor(port: TensorPort, value: unknown): TakenTensor {
  const { elements, shape } = port
  let given = value
  let dims: readonly number[] | undefined
  if (isShaped(value)) {
    const { type = elements.type, dims: stated, data } = value
    if (type !== elements.type) throw wrongTensor(port, `given a tensor of type ${describe(type)}`, TypeError)
    dims = statedDims(port, stated)
    given = data
  }
  const data = shape?.length === 0 && Object(given) !== given ? [given] : given
  const known = dims ?? port.dims
  // Before any of them is read.
  if (known && Array.isArray(data) && data.length > product(known, elements.lanes))
    throw wrongLength(port, known, given)
  const taken = takeElements(elements, data, (why) => wrongTensor(port, why))
  if (taken) return { data: taken, dims, given }
  throw wrongTensor(port, `as ${elements.containers}, given ${describe(given)}`, TypeError)
}

function statedDims(port: TensorPort, dims: unknown): readonly number[] {
  const isTyped = kindOf(dims) !== undefined
  if (!isTyped && !Array.isArray(dims)) throw wrongTensor(port, `given dims ${describe(dims)}`, TypeError)
  const list = dims as ArrayLike<unknown>
  const rank = isTyped ? lengthOf(dims) : list.length
  const expected = port.shape?.length ?? Math.min(rank, HIGHEST_RANK)
  const most = Math.max(expected, 8) // to be read: of more dimensions a message needs no more
  const read: unknown[] = []
  let areLengths = rank === expected
  // A loop, as all that calls with unknown sizes come by: functions of arrays took 0.3 µs.
  for (let axis = 0; axis < rank && axis < most; axis++) {
    const dim = list[axis]
    const length = typeof dim === 'bigint' ? Number(dim) : dim
    areLengths &&= isLength(length)
    read.push(areLengths ? (length as number) + 0 : length) // -0 is 0
  }
  if (areLengths) return read as number[]
  const shown = read.map(describe).join(', ')
  throw wrongTensor(port, `given ${rank} dims [${shown}${rank > most ? ', …' : ''}]`)
}

/**
 * Checks a tensor that was read.
 *
 * @param dynamic where a shape may not be static
 */
export function settleTensor(
  port: TensorPort,
  taken: TakenTensor,
  symbols: Symbols,
  dynamic: DynamicShapes | undefined,
): CheckedTensor {
  const { elements, shape } = port
  const { dims: stated, given } = taken
  const count = countOf(taken)
  const dims = stated ?? port.dims ?? dynamic!.infer(port, count, symbols, given)
  for (let axis = 0; axis < dims.length; axis++) {
    const expected = shape?.[axis]
    if (typeof expected === 'number' && expected !== dims[axis])
      throw wrongTensor(port, `given dims [${dims.join(', ')}]`)
  }
  dynamic?.agree(port, dims, symbols)
  if (product(dims, elements.lanes) !== count) throw wrongLength(port, dims, given)
  return settled(port, taken, dims)
}

/** A tensor whose dimensions are known to fit, with its elements as the model takes them. */
export function settled(port: TensorPort, { data }: TakenTensor, dims: readonly number[]): CheckedTensor {
  const { settle } = port.elements
  return { data: settle && isTypedArray(data) ? settle(data, (why) => wrongTensor(port, why)) : data, dims }
}

/** Entries of what was read. */
export function countOf({ data }: TakenTensor): number {
  return isTypedArray(data) ? lengthOf(data) : data.length
}

function wrongLength(port: TensorPort, dims: readonly number[], given: unknown): Error {
  const { lanes } = port.elements
  const wanted = `${product(dims, lanes)} ${lanes > 1 ? 'numbers' : 'elements'}`
  return wrongTensor(port, `so ${wanted} for dims [${dims.join(', ')}], given ${describe(given)}`)
}

export function wrongTensor(port: TensorPort, given: string, Kind: ErrorKind = RangeError): Error {
  const { elements, shape } = port
  const dims = shape ? `[${shape.map((dim) => shorten(String(dim ?? '?'))).join(', ')}]` : 'of any rank'
  return problem(port, `${elements.type} ${dims}`, given, Kind)
}

function isLength(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function isShaped(value: unknown): value is { data: unknown; dims: unknown; type?: unknown } {
  return typeof value === 'object' && value !== null && !ArrayBuffer.isView(value) && 'data' in value && 'dims' in value
}
