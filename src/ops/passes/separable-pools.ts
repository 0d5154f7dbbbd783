import type { Node, Value } from '../../graph/graph.ts'
import type { Builder, PlainAttributes } from '../../graph/operator.ts'
import { poolOfAxes } from './window-axes.ts'

/** What reading and writing what lies between costs, beside one pass. */
const TWO_PASSES = 1.5

/**
 * MaxPool of images, channels last, by two passes where that is less: along lines, then across them. The largest of a window is
 * the largest of its lines' largest, so that of 13 × 13 taps 26 are left.
 */
export function maxPoolByAxes(node: Node, b: Builder, image: Value): Value {
  const pool = (x: Value, attributes: PlainAttributes): Value => b.op('MaxPool2d', [x], attributes, 'om')
  const [height, width] = node.ints('kernel_shape') as [number, number]
  const [stride] = node.ints('strides') ?? [1]
  if (height * width <= TWO_PASSES * (stride! * width + height)) return pool(image, Object.fromEntries(node.attributes))
  return pool(pool(image, poolOfAxes(node, [undefined, 1])), poolOfAxes(node, [0, undefined]))
}
