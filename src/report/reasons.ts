import { type NodeReport, type Report, workOf } from './report.ts'

/** A reason for the CPU, and what it costs. */
export interface ReasonCost {
  readonly reason: string
  readonly nodes: readonly NodeReport[]
  /** Share of the model's floating-point operations in these nodes, from 0 to 1. */
  readonly flopsShare: number
}

/** Why nodes are on the CPU, the costliest reason first. A node with several reasons counts for its first. */
export function topReasons({ nodes, summary }: Report): ReasonCost[] {
  const groups = new Map<string, NodeReport[]>()
  for (const node of nodes) {
    if (node.device !== 'cpu') continue
    const reason = node.reasons[0] ?? node.note ?? 'The compiler says nothing.'
    groups.set(reason, [...(groups.get(reason) ?? []), node])
  }
  const work = workOf(nodes)
  const costs = [...groups].map(([reason, group]) => {
    const flops = group.reduce((sum, node) => sum + work.get(node.name)!, 0)
    return { reason, nodes: group, flopsShare: summary.flops === 0 ? 0 : flops / summary.flops }
  })
  return costs.sort((a, b) => b.flopsShare - a.flopsShare || b.nodes.length - a.nodes.length)
}
