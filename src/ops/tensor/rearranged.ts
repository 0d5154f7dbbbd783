import { type Dim, isStatic } from '../../graph/dim.ts'
import type { Node, Value } from '../../graph/graph.ts'
import { offsetOf, positionsOf, stridesOf } from '../../lowering/pick.ts'
import { elementsOf } from '../../onnx/tensor.ts'
import { takenAxes } from './slice.ts'
import { permutationOf } from './transpose.ts'

/** Nodes that a list is followed through, one behind the other, and elements that it may have. */
const [LONGEST_WAY, MOST_ELEMENTS] = [8, 64]

/**
 * The elements, row-major, of a value that is made of a list of sizes: PyTorch turns the pads of an image around as a matrix of
 * two columns (Reshape, Slice, Transpose, Reshape).
 *
 * @returns `undefined` where they are not followed
 */
export function rearrangedContents(value: Value, way = LONGEST_WAY): readonly Dim[] | undefined {
  if (value.contents) return value.contents
  const { producer, dims } = value
  if (!producer || way === 0 || !isStatic(dims) || elementsOf(dims) > MOST_ELEMENTS) return undefined
  const { operator } = producer
  if (operator === 'Reshape' || operator === 'Unsqueeze' || operator === 'Squeeze')
    return rearrangedContents(producer.input(0), way - 1)
  const position = operator === 'Transpose' ? transposed(producer) : operator === 'Slice' ? sliced(producer) : undefined
  const list = position && rearrangedContents(producer.input(0), way - 1)
  return list && positionsOf(dims, position).map((at) => list[at]!)
}

type Position = (index: readonly number[]) => number

function transposed(node: Node): Position | undefined {
  const { dims } = node.input(0)
  if (!isStatic(dims)) return undefined
  const strides = stridesOf(dims)
  const steps = permutationOf(node).map((axis) => strides[axis]!)
  return (index) => offsetOf(index, steps)
}

function sliced(node: Node): Position | undefined {
  const { dims } = node.input(0)
  const taken = takenAxes(node)
  if (!isStatic(dims) || !taken?.every(({ start }) => typeof start === 'number')) return undefined
  const strides = stridesOf(dims)
  const at = (i: number, axis: number): number => Number(taken[axis]!.start) + i * taken[axis]!.step
  return (index) => offsetOf(index.map(at), strides)
}
