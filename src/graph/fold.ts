import { isStatic } from './dim.ts'
import type { Node, Value } from './graph.ts'
import { saturated, wrapTo } from './integer.ts'
import { type ElementType, elementTypes, isFloat, isInteger } from '../onnx/element-type.ts'
import type { Tensor } from '../onnx/model.ts'
import { elementsOf, lazyTensor, tensorArray, tensorFrom, tensorValues } from '../onnx/tensor.ts'
import { broadcastShapes } from './broadcast.ts'

/** Beyond this many elements that its inputs did not have, a folded result costs more file size than it saves at run time. */
const MOST_ADDED = 1 << 20

/** Whether a result of this shape is worth being stored instead of computed: it is small, or replaces something as large. */
export function foldsWell(inputs: readonly Tensor[], shape: readonly number[]): boolean {
  return elementsOf(shape) <= Math.max(MOST_ADDED, ...inputs.map(({ dims }) => elementsOf(dims)))
}

/** What an elementwise operator computes of one element of each input. */
export interface Elementwise {
  /** Of floats and truth values: exact up to the rounding to their type. */
  readonly onNumbers?: ((...elements: number[]) => number) | undefined
  /** Of integers (and truth values): exact, before what overflows wraps. */
  readonly onIntegers?: ((...elements: bigint[]) => bigint) | undefined
  /** Whether `onNumbers` takes integers as well as floats. */
  readonly mixes?: boolean
}

/**
 * Folds an elementwise operator with broadcasting, to what the compiled model would compute; integers are exact, and wrap
 * where they overflow. Declines what it has no function for.
 */
export function foldElementwise(
  node: Node,
  type: ElementType,
  { onNumbers, onIntegers, mixes = false }: Elementwise,
): Tensor[] | undefined {
  const tensors = node.inputs.flatMap((input) => input?.constant ?? [])
  const shape = broadcastShapes(
    node,
    tensors.map((tensor) => tensor.dims),
  )
  if (!isStatic(shape) || !foldsWell(tensors, shape)) return undefined
  const integers = onIntegers && tensors.map(integersOf)
  if (onIntegers && integers?.every((list) => list !== undefined)) {
    const results = new (type.startsWith('u') ? BigUint64Array : BigInt64Array)(elementsOf(shape))
    const operate = onElements(onIntegers, integers as ArrayLike<bigint>[])
    forEachPosition(tensors, shape, (index, offsets) => {
      results[index] = wrapTo(type, operate(offsets))
    })
    return [tensorFrom(type, shape, results)]
  }
  if (!onNumbers || (!mixes && tensors.some((tensor) => isInteger(tensor.type)))) return undefined
  if (isFloat(type) && tensors.every(hasNumbers))
    return [lazyTensor(type, shape, () => tensorFrom(type, shape, onAll(onNumbers, tensors, shape)!).data)]
  const results = onAll(onNumbers, tensors, shape)
  return results && [tensorFrom(type, shape, results)]
}

/** What an operator gives for all elements; `undefined` where some are no exact numbers. */
function onAll(
  operator: (...elements: number[]) => number,
  tensors: readonly Tensor[],
  shape: readonly number[],
): Float64Array | undefined {
  const numbers = tensors.map(numbersOf)
  if (!numbers.every((list) => list !== undefined)) return undefined
  const results = new Float64Array(elementsOf(shape))
  const operate = onElements(operator, numbers as ArrayLike<number>[])
  forEachPosition(tensors, shape, (index, offsets) => {
    results[index] = operate(offsets)
  })
  return results
}

/** Whether every element is an exact number, whatever it is. */
function hasNumbers({ type }: Tensor): boolean {
  return type === 'bool' || isFloat(type) || (isInteger(type) && elementTypes[type].bits <= 32)
}

/** A function of the operands' elements, given where they stand: of exactly as many as there are, since Math.max of a 0 more is another. */
function onElements<T>(
  operate: (...elements: T[]) => T,
  [x, y, z]: readonly ArrayLike<T>[],
): (offsets: readonly number[]) => T {
  if (z) return ([i, j, k]) => operate(x![i!]!, y![j!]!, z[k!]!)
  return y ? ([i, j]) => operate(x![i!]!, y[j!]!) : ([i]) => operate(x![i!]!)
}

/** The elements of integers and truth values; `undefined` of all else. */
function integersOf(tensor: Tensor): ArrayLike<bigint> | undefined {
  if (!isInteger(tensor.type) && tensor.type !== 'bool') return undefined
  const array = tensorArray(tensor)
  return array instanceof BigInt64Array || array instanceof BigUint64Array ? array : Array.from(array, BigInt)
}

/** The elements as exact numbers; `undefined` for strings, complex numbers and integers beyond 2^53. */
export function numbersOf(tensor: Tensor): ArrayLike<number> | undefined {
  if (tensor.type === 'string' || tensor.type.startsWith('complex')) return undefined
  // Copying the weights of a large model element by element is what folding would take longest over.
  if (['float32', 'float64', 'bool', 'int8', 'uint8', 'int16', 'uint16', 'int32'].includes(tensor.type))
    return tensorArray(tensor) as Float32Array
  const values = tensorValues(tensor) as readonly (number | bigint)[]
  const numbers = Array.from(values, Number)
  const exact = values.every((value, i) => typeof value === 'number' || BigInt(numbers[i]!) === value)
  return exact ? numbers : undefined
}

/** The elements of integers as numbers for indices and bounds: those beyond 2^53 become the nearest exact ones. */
export function saturatedNumbers(tensor: Tensor): number[] {
  return Array.from(tensorValues(tensor) as readonly (number | bigint)[], (value) =>
    typeof value === 'bigint' ? saturated(value) : value,
  )
}

/** The tensor, unless a value does not fit the type. */
export function tensorOrDecline(
  type: ElementType,
  dims: readonly number[],
  values: ArrayLike<number>,
): Tensor[] | undefined {
  const fits = isFloat(type) || type === 'bool' || Array.prototype.every.call(values, Number.isSafeInteger)
  if (!fits) return undefined
  try {
    return [tensorFrom(type, dims, values)]
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** Walks `shape` in row-major order with the offset of each operand, broadcast to it. */
function forEachPosition(
  operands: readonly Tensor[],
  shape: readonly number[],
  visit: (index: number, offsets: readonly number[]) => void,
): void {
  const strides = operands.map(({ dims }) => broadcastStrides(dims, shape))
  const offsets = operands.map(() => 0)
  const position = shape.map(() => 0)
  const count = elementsOf(shape)
  for (let index = 0; index < count; index++) {
    visit(index, offsets)
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const wraps = ++position[axis]! === shape[axis]
      const back = wraps ? shape[axis]! - 1 : -1
      for (let k = 0; k < offsets.length; k++) offsets[k]! -= strides[k]![axis]! * back
      if (!wraps) break
      position[axis] = 0
    }
  }
}

function broadcastStrides(dims: readonly number[], shape: readonly number[]): number[] {
  const missing = shape.length - dims.length
  return shape.map((_, axis) => {
    const own = axis - missing
    return own < 0 || dims[own] === 1 ? 0 : elementsOf(dims.slice(own + 1))
  })
}

/** The number that a constant of one element is. */
export function numberOf(value: Value): number | undefined {
  const numbers = value.constant && numbersOf(value.constant)
  return numbers?.length === 1 ? numbers[0] : undefined
}
