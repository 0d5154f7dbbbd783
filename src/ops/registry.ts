import type { Operator, OperatorRegistry } from '../graph/operator.ts'

/** A registry that knows its own kind of operators. */
export interface RegistryOf<T extends Operator> extends OperatorRegistry {
  find(domain: string, op: string, version: number): T | undefined
}

/**
 * Makes a registry: of definitions of one name, the newest that a version covers counts.
 *
 * @throws TypeError for a definition that does not say what it demands of its inputs: nothing would check them
 */
export function makeRegistry<T extends Operator>(operators: readonly T[]): RegistryOf<T> {
  const byName = new Map<string, T[]>()
  for (const operator of operators) {
    const key = `${operator.domain ?? ''}:${operator.name}`
    if (!operator.rules) throw new TypeError(`operator ${key} declares no rules`)
    const all = [...(byName.get(key) ?? []), operator]
    byName.set(
      key,
      all.sort((a, b) => (b.since ?? 1) - (a.since ?? 1)),
    )
  }
  return {
    find: (domain, op, version) => byName.get(`${domain}:${op}`)?.find((operator) => (operator.since ?? 1) <= version),
  }
}
