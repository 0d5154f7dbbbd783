import { encodeModel } from '../onnx/write.ts'
import type { Model } from '../onnx/model.ts'

/** Names of the main graph's nodes, all different: the model's own where it has one, else `<Op>_<index>`. */
export function nodeNames({ graph }: Model): string[] {
  const taken = new Set(graph.nodes.map(({ name }) => name))
  const seen = new Set<string>()
  return graph.nodes.map(({ name, op }, index) => {
    if (name !== '' && !seen.has(name)) {
      seen.add(name)
      return name
    }
    let unique = `${name || op}_${index}`
    while (taken.has(unique)) unique += '_'
    taken.add(unique)
    return unique
  })
}

/**
 * The model with a name for every node, so that what the compiler says can be told apart; the model itself where it has
 * them. `bytes` are the new file, where there is one.
 */
export function withNodeNames(model: Model): { readonly model: Model; readonly bytes?: Uint8Array } {
  const names = nodeNames(model)
  if (model.graph.nodes.every(({ name }, i) => name === names[i])) return { model }
  const nodes = model.graph.nodes.map((node, i) => ({ ...node, name: names[i]! }))
  // External data is in the bytes: there are no other files.
  const named: Model = { ...model, files: [], graph: { ...model.graph, nodes } }
  return { model: named, bytes: encodeModel(named) }
}
