import { basename } from 'node:path'
import type { NnpaLevel } from './nnpa-level.ts'
import { assumedText } from './assumed.ts'
import { printable } from '../errors/printable.ts'
import { topReasons } from './reasons.ts'
import { percent, type Report } from './report.ts'
import type { Move } from './what-if.ts'

/** How many reasons and nodes a build log can take. */
const [reasonLimit, nameLimit] = [6, 3]

/** A report for the build log: how much runs on NNPA, and the costliest reasons why the rest doesn't. */
export function reportText(report: Report): string {
  const { nnpa, cpu, folded } = report.summary
  const all = topReasons(report)
  const lines = [
    `${printable(basename(report.model))} on ${report.target}: ${workText(report)} (${sourceText(report)})`,
    `  ${nnpa} nodes on NNPA, ${cpu} on the CPU, ${folded} folded into others or at compile time`,
  ]
  if (all.length === 0) return lines.join('\n')
  const rows = all.slice(0, reasonLimit).map(({ reason, nodes, flopsShare: share }) => {
    const names = nodes.slice(0, nameLimit).map(({ name }) => printable(name))
    const more = nodes.length > nameLimit ? ', …' : ''
    return `  ${percent(share).padStart(7)}  ${String(nodes.length).padStart(4)}  ${printable(reason)}\n${' '.repeat(17)}${names.join(', ')}${more}`
  })
  const rest = all.length - rows.length
  lines.push('    FLOPs nodes  why on the CPU', ...rows, ...(rest > 0 ? [`  and ${rest} further reasons`] : []))
  return lines.join('\n')
}

/** What would move, for people. */
export function movesText(moves: readonly Move[], target: NnpaLevel): string {
  if (moves.length === 0) return `Nothing would move (${target}).`
  const rows = moves.map(({ name, op, from, to, reasons }) => {
    const why = reasons[0] ? `: ${printable(reasons[0])}` : ''
    return `  ${printable(name)} (${printable(op)}): ${from} → ${to}${why}`
  })
  return [`${moves.length === 1 ? '1 node' : `${moves.length} nodes`} would move (${target}):`, ...rows].join('\n')
}

/** Where a report comes from. */
export function sourceText({ source, compiler }: Report): string {
  return source === 'predicted'
    ? 'predicted by rules; no onnx-mlir was asked'
    : `as compiled by ${printable(compiler ?? 'onnx-mlir')}`
}

/** `97.2 % of 15 kFLOPs on NNPA with batch = 1`. All of no work would read as if all nodes were there. */
export function workText({ summary, assumedOne }: Report): string {
  const { flops, flopsShare, uncounted } = summary
  const unknown = uncounted === 0 ? '' : `unknown FLOPs of ${uncounted === 1 ? '1 node' : `${uncounted} nodes`}`
  if (flops === 0) return unknown || 'no FLOPs that could be on NNPA'
  const sizes = assumedText(assumedOne)
  return `${percent(flopsShare)} of ${countText(flops)}FLOPs on NNPA${sizes ? ` ${sizes}` : ''}${unknown && `, beside ${unknown}`}`
}

/** `8200000000` → `8.2 G`, to stand before a unit. */
export function countText(count: number): string {
  const power = Math.min(4, count < 1 ? 0 : Math.floor(Math.log10(count) / 3))
  const value = count / 1000 ** power
  return `${value >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toPrecision(3)} ${['', 'k', 'M', 'G', 'T'][power]}`
}
