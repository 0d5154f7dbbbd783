import { CompileError } from '../errors/index.ts'
import type { OnnxNode } from '../onnx/model.ts'
import type { GraphBuilder } from './builder.ts'
import type { Value } from './graph.ts'
import { mentionedBy } from './live.ts'
import { canJoin, extendPaths, type Fork, isFork, join, type Outcome, type Path, pathsOf } from './paths.ts'
import { Scope } from './scope.ts'

/** A place that nodes are imported to, as far as paths are about it. */
export interface Spot {
  readonly builder: GraphBuilder
  readonly scope: Scope
}

/** Nodes that one of their number has forked in, and how to import each. */
export interface Stretch<P extends Spot> {
  readonly nodes: readonly OnnxNode[]
  /** Names of what the nodes give. */
  readonly outputs: readonly string[]
  readonly place: P
  /** Whether node `index` is one that the outputs depend on; others are passed over. */
  isLive(index: number): boolean
  /** See `lastUses`. */
  lastUse(): ReadonlyMap<string, number>
  /** Imports node `index` to a place; defines its outputs in the scope there unless it forks. */
  add(index: number, place: P): Outcome<P>
  /** Whether node `index` may fork. */
  mayFork(index: number): boolean
  /** Where to go on from the end of a path of node `index`, in a scope of its own. */
  continued(place: P, end: P, index: number): P
}

/** More ways than these are no model's; each costs the code of all that lies on it. */
const MOST_PATHS = 32

/**
 * Goes on behind node `index`, which forked: what depends on its outputs goes to every path, until they can join.
 *
 * @returns where they have joined: the index of the next node; or, where they never do, the fork with the stretch's outputs
 */
export function importApart<P extends Spot>(
  stretch: Stretch<P>,
  index: number,
  fork: Fork<P>,
): { readonly next: number } | { readonly fork: Fork<P> } {
  const { nodes, place } = stretch
  const forked = nodes[index]!
  const lastUse = stretch.lastUse()
  const apart = new Set<string>()
  let paths: Fork<P> = enter(stretch, index, place, fork)
  for (const name of forked.outputs) if (name) apart.add(name)
  for (let at = index + 1; ; at++) {
    for (const name of apart) if ((lastUse.get(name) ?? -1) < at) apart.delete(name)
    const used = [...apart]
    const giving = extendPaths(paths, ({ place: end }) => ({
      place: end,
      values: used.map((name) => end.scope.find(name)),
    })) as Fork<P>
    if (canJoin(giving)) {
      const values = used.length > 0 ? join(giving, used) : []
      used.forEach((name, i) => place.scope.define(name, values[i]))
      return { next: at }
    }
    const node = nodes[at]
    if (!node) return { fork: withOutputs(paths, stretch.outputs) }
    if (!stretch.isLive(at)) continue
    if (!stretch.mayFork(at) && ![...mentionedBy(node)].some((name) => apart.has(name))) {
      if (isFork(stretch.add(at, place))) throw new TypeError(`node ${at} should not fork`)
      continue
    }
    paths = extendPaths(paths, ({ place: end }) => {
      const outcome = stretch.add(at, end)
      return isFork(outcome) ? enter(stretch, at, end, outcome) : { place: end, values: [] }
    }) as Fork<P>
    for (const name of node.outputs) if (name) apart.add(name)
    checkCount(node, paths)
  }
}

function checkCount<P>(node: OnnxNode, paths: Fork<P>): void {
  if ([...pathsOf(paths)].length <= MOST_PATHS) return
  throw new CompileError(
    'UNSUPPORTED_RANK',
    `Node ${JSON.stringify(node.name || node.outputs[0])} (${node.op}): there are more than ${MOST_PATHS} ways to come here that differ in the ranks of values, as Ifs and Squeezes before decide them. Give the sizes that they ask for (see "dims"), or name the axes of each Squeeze.`,
    { node: node.name, op: node.op },
  )
}

function enter<P extends Spot>(stretch: Stretch<P>, index: number, place: P, fork: Fork<P>): Fork<P> {
  return extendPaths(fork, ({ place: end, values }: Path<P>) => {
    const further = stretch.continued(place, end, index)
    stretch.nodes[index]!.outputs.forEach((name, i) => further.scope.define(name, values[i]))
    return { place: further, values: [] }
  }) as Fork<P>
}

function withOutputs<P extends Spot>(paths: Fork<P>, outputs: readonly string[]): Fork<P> {
  const valuesAt = ({ scope }: P): (Value | undefined)[] => outputs.map((name) => scope.find(name))
  return extendPaths(paths, ({ place }) => ({ place, values: valuesAt(place) })) as Fork<P>
}

/** The index of the last node that mentions each name; beyond all nodes for what the stretch gives. */
export function lastUses(nodes: readonly OnnxNode[], outputs: readonly string[]): ReadonlyMap<string, number> {
  const uses = new Map<string, number>()
  nodes.forEach((node, index) => {
    for (const name of mentionedBy(node)) uses.set(name, index)
  })
  for (const name of outputs) uses.set(name, nodes.length)
  return uses
}
