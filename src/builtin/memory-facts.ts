import type { Graph, Value } from '../graph/graph.ts'
import { isStatic } from '../graph/dim.ts'
import { type KernelCall, nodePlace, type Scratch } from './kernel.ts'
import type { LoweredGraphs, LoweredGroup } from './lower.ts'
import type { Plan, Tenant } from './plan.ts'

/** Something that takes memory, in words, and how much. */
export interface Occupant {
  readonly what: string
  readonly bytes: number
}

/** What a model's memory is taken for. */
export interface MemoryFacts {
  /** What is in the arena when most is, the largest first. */
  readonly peak: readonly Occupant[]
  /** What takes memory from malloc, in words: empty where a run does without. */
  readonly mallocs: readonly string[]
}

/** Finds out what a plan takes memory for. */
export function memoryFacts(graph: Graph, lowered: LoweredGraphs, plan: Plan): MemoryFacts {
  const groups = [...lowered.values()].flat()
  const users = new Map<Scratch, LoweredGroup>()
  for (const group of groups)
    for (const call of callsOf(group)) for (const scratch of call.scratch) users.set(scratch, group)
  const what = (tenant: Tenant): string => {
    if (!('producer' in tenant))
      return `what ${nodePlace(users.get(tenant as Scratch)!.anchor).slice(0, -2)} works with`
    const name = tenant.name === '' ? '' : `${JSON.stringify(tenant.name)} of `
    return tenant.producer ? `the result ${name || 'of '}${nodePlace(tenant.producer).slice(0, -2)}` : tenant.name
  }
  const positions = plan.inArena.map(({ from }) => from)
  const alive = (position: number) => plan.inArena.filter(({ from, to }) => from <= position && position <= to)
  const sum = (position: number): number => alive(position).reduce((total, { bytes }) => total + bytes, 0)
  const sums = new Map(positions.map((position) => [position, sum(position)]))
  const peak = positions.reduce(
    (best, position) => (sums.get(position)! > sums.get(best)! ? position : best),
    positions[0] ?? 0,
  )
  return {
    peak: alive(peak)
      .toSorted((a, b) => b.bytes - a.bytes)
      .map(({ tenant, bytes }) => ({ what: what(tenant), bytes })),
    mallocs: mallocsOf(graph, groups, plan, what),
  }
}

function callsOf({ sizes, call }: LoweredGroup): KernelCall[] {
  return [sizes, call].filter((one) => one !== undefined)
}

function mallocsOf(
  graph: Graph,
  groups: readonly LoweredGroup[],
  plan: Plan,
  what: (tenant: Tenant) => string,
): string[] {
  const isUnsized = (tenant: Tenant): boolean => ['slot', 'list'].includes(plan.storage.get(tenant)?.kind ?? '')
  const found: string[] = []
  const unsized = (values: readonly Value[], label: string): void => {
    for (const value of values) {
      if (value.kind !== 'tensor') found.push(`${label} ${JSON.stringify(value.name)} is no tensor`)
      else if (value.type === 'string') found.push(`${label} ${JSON.stringify(value.name)} is of texts`)
      else if (!isStatic(value.dims))
        found.push(`the size of ${label} ${JSON.stringify(value.name)} is known in a run only`)
    }
  }
  unsized(graph.inputs, 'input')
  for (const group of groups) {
    const scratch = callsOf(group).flatMap((call) => call.scratch)
    for (const tenant of [...group.outputs, ...scratch])
      if (isUnsized(tenant)) found.push(`the size of ${what(tenant)} is known in a run only`)
    if (callsOf(group).some((call) => call.arguments.some(({ kind }) => kind === 'texts')))
      found.push(`${nodePlace(group.anchor)}it makes texts`)
  }
  unsized(graph.outputs, 'output')
  return [...new Set(found)]
}
