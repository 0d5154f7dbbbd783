import { ModelError } from '../errors/index.ts'
import type { ValueInfo } from '../onnx/model.ts'
import type { Graph, Node, Value } from './graph.ts'
import { decide, type Claim, type Claims } from './paths.ts'
import { listLength } from './questions.ts'

/*
 * What a file states of values that its nodes compute: types of outputs, and of values between (`value_info`), which
 * exporters write. A statement is a claim. One of an element type that is not so is an error, as for onnxruntime. One of
 * a rank is believed, and checked in the run, where nothing else tells the rank. One of a size is not: tools that make a
 * dimension dynamic leave the old sizes behind, and onnxruntime goes on there, too.
 */

/** @throws ModelError `MODEL_TYPES` where a value is of another element type than is stated */
export function checkStatedType(path: string, stated: ValueInfo | undefined, value: Value | undefined): void {
  if (stated?.type?.kind !== 'tensor' || value?.kind !== 'tensor' || stated.type.type === value.type) return
  const { producer } = value
  const maker = producer ? `node ${JSON.stringify(producer.name)} (${producer.operator}) makes it` : 'it is'
  throw new ModelError(
    'MODEL_TYPES',
    `Model ${path}: value ${JSON.stringify(stated.name)} is stated to be ${stated.type.type}, but ${maker} ${value.type}. Export the model again, or add a Cast.`,
    { model: path, value: stated.name, expected: stated.type.type, given: value.type },
  )
}

/** What the stated rank of a node's first output says of the list that decides it; `undefined` where it says nothing new. */
export function statedLength(node: Node, stated: ValueInfo | undefined, claims: Claims): Claim | undefined {
  const rank = stated?.type?.kind === 'tensor' ? stated.type.shape?.length : undefined
  const length = listLength(node)
  if (rank === undefined || length === undefined || typeof length === 'number') return undefined
  const given = node.input(0).shape?.length ?? 0
  const counts: Readonly<Record<string, number>> = {
    Reshape: rank,
    ConstantOfShape: rank,
    Squeeze: given - rank,
    Unsqueeze: rank - given,
    // A list that is shorter than the input has axes says nothing of the result's rank.
    Expand: rank > given ? rank : -1,
  }
  const count = counts[node.op] ?? -1
  const claim: Claim = { a: length, b: count, equal: true }
  return count >= 0 && decide(claim, claims) === undefined ? claim : undefined
}

/** Sentences about outputs whose stated shapes can't be what the nodes give: those statements are ignored. */
export function misstatedOutputs(outputs: readonly ValueInfo[], graph: Graph): string[] {
  return outputs.flatMap(({ name, type }, i) => {
    const [stated, given] = [type?.kind === 'tensor' ? type.shape : undefined, graph.outputs[i]?.shape]
    if (!stated || !given) return []
    const fits = (size: unknown, axis: number): boolean => {
      const dim = given[axis]
      return typeof size !== 'number' || typeof dim !== 'number' || size === dim
    }
    if (stated.length === given.length && stated.every(fits)) return []
    const [one, other] = [stated.map((dim) => dim ?? '?').join(', '), given.join(', ')]
    return [
      `The file states that output ${JSON.stringify(name)} is [${one}], but its nodes give [${other}], which holds.`,
    ]
  })
}
