import { isStatic } from '../graph/dim.ts'
import type { Node } from '../graph/graph.ts'
import { type ElementType, isFloat } from '../onnx/element-type.ts'
import type { Tensor } from '../onnx/model.ts'
import { elementsOf, tensorFrom, tensorValues } from '../onnx/tensor.ts'
import { broadcastShapes } from './broadcast.ts'

/** Beyond this many elements that its inputs did not have, a folded result costs more file size than it saves at run time. */
const MOST_ADDED = 1 << 20

/** Whether a result of this shape is worth being stored instead of computed: it is small, or replaces something as large. */
export function foldsWell(inputs: readonly Tensor[], shape: readonly number[]): boolean {
  return elementsOf(shape) <= Math.max(MOST_ADDED, ...inputs.map(({ dims }) => elementsOf(dims)))
}

/**
 * Folds an elementwise operator with broadcasting. Declines where doubles could differ from the element type's own
 * arithmetic: 64-bit integers beyond 2^53, results that an integer type can't hold.
 */
export function foldElementwise(
  node: Node,
  type: ElementType,
  compute: (...elements: number[]) => number,
): Tensor[] | undefined {
  const tensors = node.inputs.map((input) => input!.constant!)
  const shape = broadcastShapes(
    node,
    tensors.map((tensor) => tensor.dims),
  )
  if (!isStatic(shape) || !foldsWell(tensors, shape)) return undefined
  const operands: number[][] = []
  for (const tensor of tensors) {
    const numbers = numbersOf(tensor)
    if (!numbers) return undefined
    operands.push(numbers)
  }
  const positions = tensors.map((tensor) => broadcastIndices(tensor.dims, shape))
  const integral = !isFloat(type) && type !== 'bool'
  const values: number[] = []
  for (let i = 0; i < elementsOf(shape); i++) {
    const value = compute(...operands.map((numbers, k) => numbers[positions[k]!(i)]!))
    values.push(integral ? Math.trunc(value) : value)
  }
  return tensorOrDecline(type, shape, values)
}

/** The elements as exact numbers; `undefined` for strings, complex numbers and integers beyond 2^53. */
export function numbersOf(tensor: Tensor): number[] | undefined {
  if (tensor.type === 'string' || tensor.type.startsWith('complex')) return undefined
  const values = tensorValues(tensor) as readonly (number | bigint)[]
  const numbers = Array.from(values, Number)
  const exact = values.every((value, i) => typeof value === 'number' || BigInt(numbers[i]!) === value)
  return exact ? numbers : undefined
}

/** The tensor, unless a value does not fit the type. */
export function tensorOrDecline(
  type: ElementType,
  dims: readonly number[],
  values: readonly number[],
): Tensor[] | undefined {
  const fits = isFloat(type) || type === 'bool' || values.every(Number.isSafeInteger)
  if (!fits) return undefined
  try {
    return [tensorFrom(type, dims, values)]
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** Maps a row-major index of `shape` to that of an operand broadcast to it. */
function broadcastIndices(dims: readonly number[], shape: readonly number[]): (index: number) => number {
  const missing = shape.length - dims.length
  const strides = shape.map((_, axis) => {
    const own = axis - missing
    return own < 0 || dims[own] === 1 ? 0 : elementsOf(dims.slice(own + 1))
  })
  return (index) => {
    let offset = 0
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      offset += (index % shape[axis]!) * strides[axis]!
      index = Math.floor(index / shape[axis]!)
    }
    return offset
  }
}
