import type { Graph, Value } from '../graph/graph.ts'
import { isNarrowFloat } from '../lowering/c-text.ts'
import { operatorOf } from '../ops/index.ts'
import { nodePlace } from './kernel.ts'

/** Of the values that a run computes: scales and other constants are no floats of its. */
function isFloat(value: Value | undefined): boolean {
  if (!value || value.constant) return false
  return isNarrowFloat(value.type) || ['float32', 'float64', 'complex64', 'complex128'].includes(value.type)
}

/** Which nodes of a model compute with floats, in words; those that give others' memory another shape do not. */
export function floatOperators(graph: Graph): string[] {
  const found = graph.nodes.flatMap((node) => {
    const within = [...node.graphs.values()].flatMap(floatOperators)
    if (operatorOf(node).alias !== undefined) return within
    const own = [...node.inputs, ...node.outputs].some(isFloat)
    return own ? [nodePlace(node).slice(0, -2), ...within] : within
  })
  return [...new Set(found)]
}
