import { symbolName, symbolsOf } from '../graph/dim.ts'
import type { Node, Value } from '../graph/graph.ts'
import { printable } from '../errors/printable.ts'

/** The dynamic dimensions that are taken as 1: symbols, and `x[1]` where axis 1 of input x has no name. */
export function assumedDims(inputs: readonly Value[], nodes: Iterable<Node>): string[] {
  const names = new Set<string>()
  const values = [...inputs, ...[...nodes].flatMap((node) => node.outputs)]
  for (const value of values) for (const dim of value.shape ?? []) symbolsOf(dim, names)
  const unnamed = inputs.flatMap(({ name, shape = [] }) =>
    shape.flatMap((dim, axis) => (symbolName(dim)?.startsWith('?') ? [`${name}[${axis}]`] : [])),
  )
  return [...[...names].filter((name) => !name.startsWith('?')).sort(), ...unnamed]
}

/** `with H = 1, W = 1`; `undefined` where nothing was assumed. */
export function assumedText(names: readonly string[]): string | undefined {
  return names.length > 0 ? `with ${names.map((name) => `${printable(name)} = 1`).join(', ')}` : undefined
}
