import type { Dim } from './dim.ts'
import { broadcastDim, dimEquals } from './dim.ts'
import type { Node } from './graph.ts'

/**
 * Shape of a multidirectional broadcast (ONNX "Broadcasting in ONNX", numpy rules). A symbol against another
 * dimension than 1 must be equal to it; that is checked when the model runs only as far as input symbols agree.
 */
export function broadcastShapes(node: Node, shapes: readonly (readonly Dim[])[]): Dim[] {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length))
  return Array.from({ length: rank }, (_, axis) => {
    let result: Dim = 1
    for (const shape of shapes) {
      const dim = shape[shape.length - rank + axis]
      if (dim === undefined || dim === 1 || dimEquals(dim, result)) continue
      if (result === 1) result = dim
      else if (typeof result !== 'number' && typeof dim === 'number') result = dim
      else if (typeof result !== 'number' && typeof dim !== 'number') result = broadcastDim(result, dim)
      else if (typeof dim === 'number') {
        const text = shapes.map((dims) => `[${dims.join(', ')}]`).join(' and ')
        throw node.error('MODEL_BROADCAST', `shapes ${text} can't be broadcast together`)
      }
    }
    return result
  })
}
