import type { DirectiveName } from './directives.ts'
import { canonicalQuery, parseRequest } from './request.ts'

/** Directives that say which inputs and outputs a model has; `dims` only says what sizes of them are. */
const shaping = ['signature', 'inputs', 'export'] as const satisfies readonly DirectiveName[]

/** Those of a query, as a canonical one; empty where there are none, or where something is wrong with them. */
export function shapingQuery(query: string): string {
  try {
    const { directives } = parseRequest(`m?${query}`)
    return canonicalQuery(Object.fromEntries(shaping.map((name) => [name, directives[name]])))
  } catch {
    return ''
  }
}
