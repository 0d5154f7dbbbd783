import type { Graph, Value } from '../graph/graph.ts'
import { operatorOf } from '../ops/index.ts'
import { introducedSymbols } from '../graph/symbols.ts'
import { naming } from '../graph/unforeseen.ts'
import { countUses } from '../graph/uses.ts'
import { type Group, groupNodes } from './groups.ts'
import { Kernel, type KernelCall, type KernelFacts } from './kernel.ts'
import type { KernelTable } from './kernel-table.ts'
import type { Slice } from '../lowering/slice.ts'
import { writeMap } from './map.ts'
import { findSlices } from './slices.ts'

/** A group with the calls that carry it out. Groups of operators with subgraphs and of aliases have none. */
export interface LoweredGroup extends Group {
  /** Checks what the operator demands of shapes and sets the symbols of the outputs'; runs before these are allocated. */
  readonly sizes?: KernelCall
  readonly call?: KernelCall
  /** Where outputs lie that are no values of their own in memory. */
  readonly slices: ReadonlyMap<Value, Slice>
}

export type LoweredGraphs = ReadonlyMap<Graph, readonly LoweredGroup[]>

/**
 * Groups and lowers a graph and all its subgraphs; the functions go to `table`. `fixed`: values that it uses and that are
 * computed when the model is loaded.
 */
export function lowerGraph(main: Graph, table: KernelTable, fixed: ReadonlySet<Value> = new Set()): LoweredGraphs {
  const uses = countUses(main)
  const lowered = new Map<Graph, readonly LoweredGroup[]>()
  const visit = (graph: Graph): void => {
    const groups = groupNodes(graph, uses)
    const facts = { fixed, slices: findSlices(groups, uses) }
    lowered.set(
      graph,
      groups.map((group) => naming(group.anchor, () => lowerGroup(group, table, facts))),
    )
    for (const node of graph.nodes) node.graphs.forEach(visit)
  }
  visit(main)
  return lowered
}

function lowerGroup(group: Group, table: KernelTable, facts: KernelFacts): LoweredGroup {
  const { anchor, nodes, outputs } = group
  const operator = operatorOf(anchor)
  const label = nodes
    .map((node) => node.op)
    .slice(0, 4)
    .join('_')
  const sizes = lowerSizes(group, table, facts)
  const slices = new Map(
    outputs.flatMap((output): [Value, Slice][] => {
      const slice = facts.slices.get(output)
      return slice ? [[output, slice]] : []
    }),
  )
  const planned = { ...group, slices, ...(sizes && { sizes }) }
  if (operator.alias !== undefined || operator.control) return planned

  const kernel = new Kernel(anchor, outputs, table, facts)
  if (operator.scalar) writeMap(nodes, kernel)
  else if (operator.lower) operator.lower(anchor, kernel, nodes.slice(1))
  else
    throw anchor.error(
      'UNSUPPORTED_OPERATOR',
      'the built-in compiler can only make this operator where it folds to a constant',
    )
  // What is joined may be in its place already.
  return kernel.isEmpty ? planned : { ...planned, call: kernel.finish(label) }
}

function lowerSizes({ anchor }: Group, table: KernelTable, facts: KernelFacts): KernelCall | undefined {
  const { check, sizes } = operatorOf(anchor)
  const kernel = new Kernel(anchor, [], table, facts)
  check?.(anchor, kernel)
  // A scalar has no size to be born, and yet a Reshape or Squeeze to it may be given what doesn't fit.
  const isBorn = introducedSymbols(anchor).size > 0 || anchor.outputs.every((output) => output.shape?.length === 0)
  if (sizes && isBorn) sizes(anchor, kernel)
  return kernel.isEmpty ? undefined : kernel.finish(`${anchor.op}_sizes`)
}
