import { type CallGraph, INDIRECT } from './call-graph.ts'

/** How much stack a function takes with all that it calls. */
export interface StackBound {
  /** `undefined` where there is no bound: recursion, or arrays whose size a run decides. */
  readonly bytes: number | undefined
  /** Functions of other files, whose stack comes on top. */
  readonly others: readonly string[]
}

/**
 * The bound from a compiler's graph of calls with frame sizes. A call through a pointer may reach each function of the file.
 *
 * @param entry the function's name in C
 * @param slack bytes that a frame may take beyond its size, to begin where its vectors are aligned: no part of what compilers tell
 */
export function stackBound(functions: CallGraph, entry: string, slack = 0): StackBound | undefined {
  const start = [...functions.keys()].find((title) => title === entry || title.endsWith(`:${entry}`))
  if (start === undefined) return undefined
  const depths = new Map<string, number | undefined>()
  const others = new Set<string>()
  const depth = (title: string, path: ReadonlySet<string>, throughPointers: number): number | undefined => {
    if (path.has(title)) return undefined
    const key = `${title} ${throughPointers}`
    if (depths.has(key)) return depths.get(key)
    const found = functions.get(title)
    if (!found || found.isOther) {
      if (title !== INDIRECT) others.add(title)
      return title === INDIRECT ? throughPointers : 0
    }
    const within = new Set([...path, title])
    const below = [...found.calls].map((called) => depth(called, within, throughPointers))
    const bytes =
      found.own === undefined || below.includes(undefined)
        ? undefined
        : found.own + slack + Math.max(0, ...(below as number[]))
    depths.set(key, bytes)
    return bytes
  }
  // Those that nobody calls by name are called through pointers, if at all.
  const named = new Set([...functions.values()].flatMap(({ calls }) => [...calls]))
  const pointed = [...functions].filter(([title, { isOther }]) => !isOther && title !== start && !named.has(title))
  const reaches = (title: string, seen: Set<string>): boolean => {
    if (title === INDIRECT) return true
    if (seen.has(title)) return false
    seen.add(title)
    return [...(functions.get(title)?.calls ?? [])].some((called) => reaches(called, seen))
  }
  if (pointed.some(([title]) => reaches(title, new Set()))) return { bytes: undefined, others: [...others].toSorted() }
  const deepest = [...functions].map(([title]) => (reaches(title, new Set()) ? 0 : depth(title, new Set(), 0)))
  const throughPointers = deepest.includes(undefined) ? undefined : Math.max(0, ...(deepest as number[]))
  const bytes = throughPointers === undefined ? undefined : depth(start, new Set(), throughPointers)
  return { bytes, others: [...others].toSorted() }
}
