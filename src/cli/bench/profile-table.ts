import { printable } from '../../errors/printable.ts'
import type { Directives } from '../../request/index.ts'
import { bold, dim, durationText, table, yellow } from '../style.ts'
import type { EngineFailure } from './engine.ts'

/** Time of one node over all runs. */
export interface NodeTime {
  readonly name: string
  /** As the compiler names it, e.g. `Conv`; of nodes that became one, that of the work they were joined to. */
  readonly op: string
  readonly calls: number
  readonly totalMs: number
  /** Microseconds of one call. */
  readonly meanUs: number
  /** Part of the time in all nodes, 0 to 1. */
  readonly share: number
}

/** Time of all nodes of a model; the slowest first. */
export interface EngineProfile {
  readonly runs: number
  readonly totalMs: number
  readonly nodes: readonly NodeTime[]
  readonly target: string
  /** Name and version. */
  readonly compiler: string
  /** That it might have, as asked for. */
  readonly threads: Directives['threads']
}

/** A line per node; the slowest first. */
export function profileText(title: string, result: EngineProfile | EngineFailure): string {
  if ('error' in result) return `${bold(title)}: ${yellow('not available')}: ${result.error}`
  const { runs, totalMs, nodes, target, compiler, threads } = result
  const threadsText = threads === undefined ? '' : `, threads=${threads}`
  const heading = `${bold(title)} ${dim(`${target}, ${compiler}${threadsText}`)}`
  if (nodes.length === 0) return `${heading}\n  no node does anything at run time`
  const rows = nodes.map(({ name, op, calls, totalMs: ms, meanUs, share }) => [
    `  ${printable(name) || '-'}`,
    printable(op),
    String(calls),
    ms.toFixed(3),
    meanUs.toFixed(2),
    (share * 100).toFixed(1),
  ])
  return [
    heading,
    table([['  node', 'operator', 'calls', 'total ms', 'mean µs', 'share %'].map(dim), ...rows]),
    `  ${durationText((totalMs * 1000) / runs)} a run in all nodes, mean of ${runs}`,
  ].join('\n')
}
