import { dialectOf } from '../onnx-mlir/operations.ts'
import type { OnnxNode } from '../onnx/model.ts'
import { printable } from '../errors/printable.ts'
import { dim, red, table } from './style.ts'

/** How many operations a stage has; the most frequent first. */
export interface Counts {
  readonly operations: number
  readonly dialects: Readonly<Record<string, number>>
  /** By full name, e.g. `affine.for`. */
  readonly operators: Readonly<Record<string, number>>
}

/** @param operations how often each stands in the text of a stage, see `countOperations` */
export function mlirCounts(operations: ReadonlyMap<string, number>): Counts {
  return countsBy(operations, dialectOf)
}

/** A model's own nodes, named as onnx-mlir names them: its ONNX dialect has the operators of both standard domains. */
export function nodeCounts(nodes: Iterable<OnnxNode>): Counts {
  const operations = new Map<string, number>()
  for (const { domain, op } of nodes) {
    const dialect = domain === '' || domain === 'ai.onnx.ml' ? 'onnx' : domain
    const name = `${dialect}.${op}`
    operations.set(name, (operations.get(name) ?? 0) + 1)
  }
  // A domain may have dots of its own: `com.microsoft`.
  return countsBy(operations, (name) => name.slice(0, name.lastIndexOf('.')))
}

function countsBy(operations: ReadonlyMap<string, number>, dialectOf: (name: string) => string): Counts {
  const dialects = new Map<string, number>()
  for (const [name, count] of operations) dialects.set(dialectOf(name), (dialects.get(dialectOf(name)) ?? 0) + count)
  return {
    operations: [...operations.values()].reduce((total, count) => total + count, 0),
    dialects: ranked(dialects),
    operators: ranked(operations),
  }
}

function ranked(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([, m], [, n]) => n - m))
}

/** Of each stage, this many operators are shown in all stages. */
const shownOperators = 8

/** A column per stage: its operations in all, by dialect, and of the operators that are frequent in some stage. */
export function stagesText(
  title: string,
  made: readonly (Counts & { readonly stage: string })[],
  failed: readonly { readonly stage: string; readonly error: string }[],
): string {
  const row = (key: 'dialects' | 'operators', name: string): string[] => [
    `  ${printable(name)}`,
    // A model may call its domain `constructor`, which every object has.
    ...made.map((counts) => (Object.hasOwn(counts[key], name) ? String(counts[key][name]) : '-')),
  ]
  const dialects = new Set(made.flatMap((counts) => Object.keys(counts.dialects)))
  const operators = new Set(made.flatMap((counts) => Object.keys(counts.operators)))
  const shown = new Set(made.flatMap((counts) => Object.keys(counts.operators).slice(0, shownOperators)))
  const hidden = operators.size - shown.size
  return [
    title,
    table([
      ['', ...made.map(({ stage }) => stage)],
      ['operations', ...made.map(({ operations }) => String(operations))],
      ['by dialect'],
      ...[...dialects].map((name) => row('dialects', name)),
      ['most frequent'],
      ...[...shown].map((name) => row('operators', name)),
    ]),
    ...(hidden > 0 ? [dim(`${hidden} other operators are in --json.`)] : []),
    ...causes(failed).map(([error, stages]) => `${red(`failed: ${stages.join(', ')}`)}\n${error}`),
  ].join('\n\n')
}

/** Stages share most of their work, and often their failure. */
function causes(failed: readonly { readonly stage: string; readonly error: string }[]): [string, string[]][] {
  const stages = new Map<string, string[]>()
  for (const { stage, error } of failed) stages.set(error, [...(stages.get(error) ?? []), stage])
  return [...stages]
}
