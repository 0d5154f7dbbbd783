import { printable } from '../../printable.ts'
import { bold, dim, durationText, table, yellow } from '../style.ts'
import type { EngineFailure } from './engine.ts'
import type { EngineProfile } from './profile.ts'

/** A line per node; the slowest first. */
export function profileText(title: string, result: EngineProfile | EngineFailure): string {
  if ('error' in result) return `${bold(title)}: ${yellow('not available')}: ${result.error}`
  const { runs, totalMs, nodes, target, compiler } = result
  const heading = `${bold(title)} ${dim(`${target}, ${compiler}`)}`
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
