import { describe } from './describe.ts'
import type { Elements } from './element-types.ts'
import { takeElements } from './elements.ts'
import { type ErrorKind, type Place, problem } from './problem.ts'
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
  /** Indices of inputs in the order in which they are best looked at. */
  order(shapes: readonly TensorPort['shape'][]): number[]
}

/** The addon refuses higher ones. */
const HIGHEST_RANK = 16

export function tensorPort(place: Place, elements: Elements, shape: TensorPort['shape']): TensorPort {
  const isStatic = shape?.every((dim) => typeof dim === 'number')
  const dims = isStatic ? Object.freeze(shape!.map(Number)) : undefined
  return { ...place, elements, shape, dims, length: dims ? entriesOf(elements, dims) : NaN }
}

/** Reads a tensor, once; see `newCheck` for why it is checked later. */
export function takeTensor(port: TensorPort, value: unknown): TakenTensor {
  if (!isShaped(value)) return take(port, value, undefined)
  const { type, dims, data } = value
  if (type !== undefined && type !== port.elements.type)
    throw wrongTensor(port, `given a tensor of type ${nameOf(type)}`, TypeError)
  return take(port, data, statedDims(port, dims))
}

function take(port: TensorPort, given: unknown, dims: readonly number[] | undefined): TakenTensor {
  const { elements, shape } = port
  const data = shape?.length === 0 && isScalar(given) ? [given] : given
  const known = dims ?? port.dims
  // Before any of them is read.
  if (known !== undefined && Array.isArray(data) && data.length > entriesOf(elements, known))
    throw wrongLength(port, known, given)
  const taken = takeElements(elements, data, (why) => wrongTensor(port, why))
  if (taken !== undefined) return { data: taken, dims, given }
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
  for (let axis = 0; axis < rank && axis < most; axis++) {
    const dim = list[axis]
    const number = typeof dim === 'bigint' ? Number(dim) : dim
    read[axis] = number === 0 ? 0 : number // -0 is 0
  }
  if (rank === expected && read.every(isLength)) return read
  const shown = `[${read.map(describe).join(', ')}${rank > most ? ', …' : ''}]`
  throw wrongTensor(
    port,
    rank === expected ? `given dims ${shown}, which are no lengths` : `given ${rank} dims ${shown}`,
  )
}

/**
 * Checks a tensor that was read.
 *
 * @param dynamic where a shape may not be static
 */
export function settleTensor(
  port: TensorPort,
  { data, dims: stated, given }: TakenTensor,
  symbols: Symbols,
  dynamic: DynamicShapes | undefined,
): CheckedTensor {
  const isTyped = isTypedArray(data)
  const count = isTyped ? lengthOf(data) : data.length
  const dims = stated ?? port.dims ?? dynamic!.infer(port, count, symbols, given)
  for (let axis = 0; axis < dims.length; axis++) {
    const expected = port.shape?.[axis]
    if (typeof expected === 'number' && expected !== dims[axis])
      throw wrongTensor(port, `given dims [${dims.join(', ')}]`)
  }
  dynamic?.agree(port, dims, symbols)
  if (entriesOf(port.elements, dims) !== count) throw wrongLength(port, dims, given)
  const { settle } = port.elements
  return { data: isTyped && settle ? settle(data, (why) => wrongTensor(port, why)) : data, dims }
}

function wrongLength(port: TensorPort, dims: readonly number[], given: unknown): Error {
  const { elements } = port
  const wanted = `${entriesOf(elements, dims)} ${elements.lanes > 1 ? 'numbers' : 'elements'}`
  return wrongTensor(port, `so ${wanted} for dims [${dims.join(', ')}], given ${describe(given)}`)
}

export function wrongTensor(port: TensorPort, given: string, Kind: ErrorKind = RangeError): Error {
  const { elements, shape } = port
  const dims = shape === null ? 'of any rank' : `[${shape.map((dim) => shorten(String(dim ?? '?'))).join(', ')}]`
  return problem(port, `${elements.type} ${dims}`, given, Kind)
}

/** Entries of the array that holds a tensor of these dimensions. */
function entriesOf({ lanes }: Elements, dims: readonly number[]): number {
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
  return /number|bigint|boolean|string/.test(typeof value)
}

/** A word of the caller's as it stands, and in quotes what may be anything. */
function nameOf(type: unknown): string {
  return typeof type === 'string' && /^\w{1,20}$/.test(type) ? type : describe(type)
}
