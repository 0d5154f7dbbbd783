import type { Report } from './report.ts'

/** A node that runs elsewhere in another report on the same model. */
export interface Move {
  readonly name: string
  readonly op: string
  readonly from: Report['nodes'][number]['device']
  readonly to: Report['nodes'][number]['device']
  /** Why, where one of both says so. */
  readonly reasons: readonly string[]
}

/** What moves between two reports on one model: other dimensions, another target, another placement. */
export function movesBetween(before: Report, after: Report): Move[] {
  return before.nodes.flatMap((node, i): Move[] => {
    const other = after.nodes[i]
    if (!other || other.device === node.device) return []
    const reasons = other.device === 'nnpa' ? node.reasons : other.reasons
    return [{ name: node.name, op: node.op, from: node.device, to: other.device, reasons }]
  })
}
