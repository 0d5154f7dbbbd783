import { CompileError } from '../errors/index.ts'
import type { Model, OnnxGraph, OnnxNode } from '../onnx/model.ts'
import { functionOf, subgraphsOf } from './functions.ts'
import { liveNodes } from './live.ts'
import type { OperatorRegistry } from './operator.ts'

/** Which opset each domain follows: the model's, or that of the function being expanded. */
export type Opsets = ReadonlyMap<string, number>

export function versionOf(node: OnnxNode, opsets: Opsets): number {
  return opsets.get(node.domain) ?? 1
}

/**
 * One error that lists every operator nobody implements: how many nodes are of it, and the first of them. A node that no
 * output depends on may be of any.
 *
 * @throws CompileError `UNSUPPORTED_OPERATOR`
 */
export function checkOperators(model: Model, registry: OperatorRegistry): void {
  const missing = new Map<string, OnnxNode[]>()
  const seen = new Set<unknown>()
  const visit = (nodes: readonly OnnxNode[], outputs: readonly string[], opsets: Opsets): void => {
    const live = liveNodes(nodes, outputs)
    for (const [index, node] of nodes.entries()) {
      if (!live.has(index)) continue
      const body = functionOf(model, node)
      if (!body && !registry.find(node.domain, node.op, versionOf(node, opsets))) {
        const operator = nameOf(node, opsets)
        const nodes = missing.get(operator)
        if (nodes) nodes.push(node)
        else missing.set(operator, [node])
      }
      if (body && !seen.has(body)) {
        seen.add(body)
        visit(body.nodes, body.outputs, body.opsets)
      }
      for (const graph of subgraphsOf(node)) visit(graph.nodes, namesOf(graph), opsets)
    }
  }
  visit(model.graph.nodes, namesOf(model.graph), model.opsets)
  const [first] = [...missing.values()].flat()
  if (!first) return
  const list = [...missing].map(([operator, nodes]) => {
    const name = JSON.stringify(nodes[0]!.name || nodes[0]!.outputs[0])
    return `${operator}: ${nodes.length === 1 ? `node ${name}` : `${nodes.length} nodes, the first ${name}`}`
  })
  throw new CompileError(
    'UNSUPPORTED_OPERATOR',
    `Model ${model.path} has operators that the built-in compiler does not support. ${list.join('; ')}.` +
      ` ${adviceFor([...missing.values()].flat())}`,
    {
      model: model.path,
      node: first.name,
      op: first.op,
      missing: [...missing.keys()],
      counts: Object.fromEntries([...missing].map(([operator, nodes]) => [operator, nodes.length])),
    },
  )
}

function namesOf({ outputs }: OnnxGraph): string[] {
  return outputs.map(({ name }) => name)
}

/** What to do about operators that nobody implements. */
function adviceFor(nodes: readonly OnnxNode[]): string {
  if (nodes.some(({ domain }) => domain === LAYOUT_DOMAIN))
    return `Those of ${LAYOUT_DOMAIN} are onnxruntime's for the machine that optimised the model: have it write the model with the optimisation level "extended" instead of "all", or take the model as it was before.`
  return 'Install onnx-mlir, which may support them, replace them in the model, or define them: see the option "operators" in docs/operators-of-your-own.md.'
}

/** Whose weights are in an order that depends on the processor, which the model does not state. */
const LAYOUT_DOMAIN = 'com.microsoft.nchwc'

/** `com.example.Twirl (opset 1)`; a name that is not one word is quoted, as it may hold anything. */
function nameOf(node: OnnxNode, opsets: Opsets): string {
  const name = `${node.domain ? `${node.domain}.` : ''}${node.op}`
  return `${/^[\w.-]+$/.test(name) ? name : JSON.stringify(name)} (opset ${opsets.get(node.domain) ?? 'none'})`
}
