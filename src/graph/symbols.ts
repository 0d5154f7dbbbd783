import { isFresh, symbolsOf } from './dim.ts'
import type { Node, Value } from './graph.ts'

/** Symbols that a value's shape and known contents depend on. */
export function symbolsOfValue(value: Value, found = new Set<string>()): Set<string> {
  for (const dim of value.contents ?? []) symbolsOf(dim, found)
  return symbolsOfShape(value, found)
}

function symbolsOfShape({ shape }: Value, found: Set<string>): Set<string> {
  for (const dim of shape ?? []) symbolsOf(dim, found)
  return found
}

/**
 * Symbols that a node gives their values when it runs: fresh ones in its outputs' shapes that its inputs don't know.
 * Such a node must run even where nobody uses its outputs, as long as somebody depends on the symbol.
 */
export function introducedSymbols(node: Node): Set<string> {
  const introduced = new Set<string>()
  for (const output of node.outputs) symbolsOfShape(output, introduced)
  if (introduced.size === 0) return introduced
  const known = new Set<string>()
  for (const input of node.inputs) if (input) symbolsOfValue(input, known)
  return new Set([...introduced].filter((name) => isFresh(name) && !known.has(name)))
}
