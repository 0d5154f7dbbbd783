import { isStatic } from '../graph/dim.ts'
import type { Node } from '../graph/graph.ts'
import { type ElementType, isFloat } from '../onnx/element-type.ts'
import type { Tensor } from '../onnx/model.ts'
import { elementsOf, tensorArray, tensorFrom, tensorValues } from '../onnx/tensor.ts'
import { broadcastShapes } from '../graph/broadcast.ts'

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
  const operands = tensors.map(numbersOf)
  if (!operands.every((numbers) => numbers !== undefined)) return undefined
  const results = new Float64Array(elementsOf(shape))
  const integral = !isFloat(type) && type !== 'bool'
  forEachPosition(tensors, shape, (index, [i = 0, j = 0, k = 0]) => {
    const value = compute(operands[0]![i]!, operands[1]?.[j] ?? 0, operands[2]?.[k] ?? 0)
    results[index] = integral ? Math.trunc(value) : value
  })
  return tensorOrDecline(type, shape, results)
}

/** The elements as exact numbers; `undefined` for strings, complex numbers and integers beyond 2^53. */
export function numbersOf(tensor: Tensor): ArrayLike<number> | undefined {
  if (tensor.type === 'string' || tensor.type.startsWith('complex')) return undefined
  // Copying the weights of a large model element by element is what folding would take longest over.
  if (['float32', 'float64', 'bool', 'int32'].includes(tensor.type)) return tensorArray(tensor) as Float32Array
  const values = tensorValues(tensor) as readonly (number | bigint)[]
  const numbers = Array.from(values, Number)
  const exact = values.every((value, i) => typeof value === 'number' || BigInt(numbers[i]!) === value)
  return exact ? numbers : undefined
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
