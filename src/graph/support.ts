import { CompileError } from '../errors.ts'
import type { Model, OnnxNode } from '../onnx/model.ts'
import { functionOf, subgraphsOf } from './functions.ts'
import type { OperatorRegistry } from './operator.ts'

/** Which opset each domain follows: the model's, or that of the function being expanded. */
export type Opsets = ReadonlyMap<string, number>

export function versionOf(node: OnnxNode, opsets: Opsets): number {
  return opsets.get(node.domain) ?? 1
}

/**
 * One error that lists every operator nobody implements, with a node as an example.
 *
 * @throws CompileError `UNSUPPORTED_OPERATOR`
 */
export function checkOperators(model: Model, registry: OperatorRegistry): void {
  const missing = new Map<string, OnnxNode>()
  const seen = new Set<unknown>()
  const visit = (nodes: readonly OnnxNode[], opsets: Opsets): void => {
    for (const node of nodes) {
      const body = functionOf(model, node)
      if (!body && !registry.find(node.domain, node.op, versionOf(node, opsets))) {
        const operator = nameOf(node, opsets)
        if (!missing.has(operator)) missing.set(operator, node)
      }
      if (body && !seen.has(body)) {
        seen.add(body)
        visit(body.nodes, body.opsets)
      }
      for (const graph of subgraphsOf(node)) visit(graph.nodes, opsets)
    }
  }
  visit(model.graph.nodes, model.opsets)
  const first = [...missing.entries()][0]
  if (!first) return
  const [operator, node] = first
  throw new CompileError(
    'UNSUPPORTED_OPERATOR',
    `Model ${model.path}: node ${JSON.stringify(node.name || node.outputs[0])} uses operator ${operator}, which the built-in compiler does not support.` +
      ` Unsupported operators in this model: ${[...missing.keys()].join(', ')}.` +
      ` ${adviceFor([...missing.values()])}`,
    { model: model.path, node: node.name, op: node.op, missing: [...missing.keys()] },
  )
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
