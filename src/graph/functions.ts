import { ModelError } from '../errors/index.ts'
import type { Attribute, Model, OnnxFunction, OnnxGraph, OnnxNode } from '../onnx/model.ts'

/** A few nested functions can ask for any number of nodes; a real model has nothing near this many. */
const MOST_NODES = 200_000

/** The model-local function that a node calls. */
export function functionOf(model: Model, node: OnnxNode): OnnxFunction | undefined {
  return model.functions.get(`${node.domain}:${node.op}:${node.overload}`)
}

/**
 * Throws where expanding the functions of a model would not end, or not within memory.
 *
 * @throws ModelError `MODEL_RECURSION`, `MODEL_LIMIT`
 */
export function checkFunctions(model: Model): void {
  const sizes = new Map<OnnxFunction, number>()
  const open = new Set<OnnxFunction>()
  const sizeOf = (nodes: readonly OnnxNode[]): number => {
    let total = 0
    for (const node of nodes) {
      const body = functionOf(model, node)
      total += body ? sizeOfFunction(body) : 1
      for (const graph of subgraphsOf(node)) total += sizeOf(graph.nodes)
    }
    return total
  }
  const sizeOfFunction = (body: OnnxFunction): number => {
    const known = sizes.get(body)
    if (known !== undefined) return known
    if (open.has(body)) {
      const cycle = [...open, body].map(({ name }) => JSON.stringify(name)).join(' → ')
      throw new ModelError(
        'MODEL_RECURSION',
        `Model ${model.path}: its functions call each other without end: ${cycle}. ONNX forbids recursion; export the model again.`,
        { model: model.path },
      )
    }
    open.add(body)
    const size = sizeOf(body.nodes)
    open.delete(body)
    sizes.set(body, size)
    return size
  }
  const size = sizeOf(model.graph.nodes)
  if (size > MOST_NODES) {
    throw new ModelError(
      'MODEL_LIMIT',
      `Model ${model.path}: with its functions expanded it has ${size} nodes; at most ${MOST_NODES} are allowed.`,
      { model: model.path },
    )
  }
}

/** A node of a function's body, with the attributes of the call where it refers to them (ONNX IR, "Functions"). */
export function bindAttributes(node: OnnxNode, call: OnnxNode, body: OnnxFunction): OnnxNode {
  const attributes = new Map<string, Attribute>()
  for (const [name, attribute] of node.attributes) {
    const bound = bindAttribute(attribute, call, body)
    if (bound) attributes.set(name, bound)
  }
  return { ...node, attributes }
}

function bindAttribute(attribute: Attribute, call: OnnxNode, body: OnnxFunction): Attribute | undefined {
  const bindGraph = (graph: OnnxGraph): OnnxGraph => ({
    ...graph,
    nodes: graph.nodes.map((node) => bindAttributes(node, call, body)),
  })
  if (attribute.kind === 'graph') return { kind: 'graph', value: bindGraph(attribute.value) }
  if (attribute.kind === 'graphs') return { kind: 'graphs', value: attribute.value.map(bindGraph) }
  if (attribute.kind !== 'reference') return attribute
  return call.attributes.get(attribute.value) ?? body.attributeDefaults.get(attribute.value)
}

/** Graphs among a node's attributes. */
export function* subgraphsOf(node: OnnxNode): Generator<OnnxGraph> {
  for (const attribute of node.attributes.values()) {
    if (attribute.kind === 'graph') yield attribute.value
    if (attribute.kind === 'graphs') yield* attribute.value
  }
}
