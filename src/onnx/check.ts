import type { OnnxGraph, OnnxNode, ValueInfo } from './model.ts'
import { plain, quote, type Site } from './reading.ts'

/** Nodes with the names around them: a graph or the body of a function. */
export interface Scope {
  /** Defined before any node runs: inputs and initializers. */
  readonly given: Iterable<string>
  readonly nodes: readonly OnnxNode[]
  readonly outputs: readonly string[]
}

/** Names that a scope uses and doesn't define, each with what uses it, for messages. */
export type FreeNames = ReadonlyMap<string, string>

/**
 * Puts the nodes of a scope into an order in which every value is made before it is used. The order of the file is kept
 * where it does that already; the format asks for it, but exporters have got it wrong.
 *
 * Errors: a value made twice (single static assignment), and a cycle. A name from an outer scope may be made anew inside;
 * the inner one counts. (ONNX forbids that, old exporters do it, and it has only one meaning.)
 *
 * @param freeOf Free names of the graphs inside the nodes, which have been ordered before.
 */
export function orderScope(
  { given, nodes, outputs }: Scope,
  freeOf: (graph: OnnxGraph) => FreeNames,
  site: Site,
): { readonly nodes: readonly OnnxNode[]; readonly free: FreeNames } {
  const defined = new Set(given)
  const maker = new Map<string, number>()
  nodes.forEach((node, index) => {
    for (const name of node.outputs) {
      if (name === '') continue
      const other = maker.get(name)
      if (other !== undefined || defined.has(name)) {
        const by = other === undefined ? 'as an input or initializer' : `by ${nodeName(nodes[other]!, other)}`
        site.fail(
          'MODEL_GRAPH',
          `makes the value ${quote(name)} twice: by ${nodeName(node, index)} and ${by}. Export it again.`,
        )
      }
      maker.set(name, index)
    }
  })

  const free = new Map<string, string>()
  const needs = nodes.map((node, index) => {
    const makers = new Set<number>()
    for (const name of usedNames(node, freeOf)) {
      const from = maker.get(name)
      if (from !== undefined) makers.add(from)
      else if (!defined.has(name) && !free.has(name)) free.set(name, nodeName(node, index))
    }
    return makers
  })
  for (const name of outputs) {
    if (!maker.has(name) && !defined.has(name) && !free.has(name)) free.set(name, 'the outputs')
  }
  return { nodes: sort(nodes, needs, site), free }
}

/** Node inputs, and what the graphs inside a node take from around them. */
function* usedNames(node: OnnxNode, freeOf: (graph: OnnxGraph) => FreeNames): Iterable<string> {
  for (const name of node.inputs) if (name !== '') yield name
  for (const attribute of node.attributes.values()) {
    if (attribute.kind === 'graph') yield* freeOf(attribute.value).keys()
    if (attribute.kind === 'graphs') for (const graph of attribute.value) yield* freeOf(graph).keys()
  }
}

function sort(nodes: readonly OnnxNode[], needs: readonly ReadonlySet<number>[], site: Site): readonly OnnxNode[] {
  if (needs.every((makers, index) => [...makers].every((maker) => maker < index))) return nodes
  const users = nodes.map((): number[] => [])
  const missing = needs.map((makers) => makers.size)
  needs.forEach((makers, index) => makers.forEach((maker) => users[maker]!.push(index)))
  const ready = missing.flatMap((count, index) => (count === 0 ? index : []))
  // `ready` grows while it is walked, and ends up as the order.
  for (const index of ready) for (const user of users[index]!) if (--missing[user]! === 0) ready.push(user)
  if (ready.length < nodes.length) {
    const stuck = nodes.flatMap((node, index) => (missing[index]! > 0 ? nodeName(node, index) : []))
    const names = stuck.slice(0, 5).join(', ') + (stuck.length > 5 ? ', …' : '')
    site.fail('MODEL_GRAPH', `has a cycle, so none of these nodes can run first: ${names}. Export it again.`)
  }
  return ready.map((index) => nodes[index]!)
}

/** Every name must be found by now: nothing is outside the main graph or a function. */
export function checkClosed(free: FreeNames, site: Site): void {
  for (const [name, user] of free) {
    site.fail('MODEL_GRAPH', `uses the value ${quote(name)} (in ${user}), which nothing makes. Export it again.`)
  }
}

/** Names that must be there. */
export function checkNamed(values: readonly Pick<ValueInfo, 'name'>[], kind: string, site: Site): void {
  if (values.some(({ name }) => name === '')) site.fail('MODEL_GRAPH', `has ${kind} without a name. Export it again.`)
}

/** Names that must be there and be different. */
export function checkUnique(values: readonly Pick<ValueInfo, 'name'>[], kind: string, site: Site): void {
  checkNamed(values, kind, site)
  const seen = new Set<string>()
  for (const { name } of values) {
    if (seen.has(name)) site.fail('MODEL_GRAPH', `has two ${kind}s named ${quote(name)}. Export it again.`)
    seen.add(name)
  }
}

/** How messages call a node: by its name, or by its place. */
export function nodeName(node: Pick<OnnxNode, 'name' | 'op'>, index: number): string {
  return `${plain(node.op)} ${node.name === '' ? `#${index}` : quote(node.name)}`
}
