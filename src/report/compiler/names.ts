/** Finds the model's nodes that a name of the compiler stands for. */
export type FindNodes = (name: string) => readonly number[]

/**
 * The compiler's names are those of nodes, with `_<n>` where it made several operations of one, and joined with `-`
 * where it made one operation of several; so are the names of nodes themselves, now and then.
 */
export function nodeFinder(names: readonly string[]): FindNodes {
  const indices = new Map<string, number[]>()
  names.forEach((name, i) => indices.set(name, [...(indices.get(name) ?? []), i]))
  const single = (name: string): readonly number[] => {
    for (let rest = name; rest !== ''; rest = rest.replace(/_\d+$/, '')) {
      const found = indices.get(rest)
      if (found) return found
      if (!/_\d+$/.test(rest)) break
    }
    return []
  }
  return (name) => {
    const whole = single(name)
    if (whole.length > 0) return whole
    const parts = name.split('-')
    const found: number[] = []
    for (let start = 0; start < parts.length;) {
      let end = parts.length
      let match: readonly number[] = []
      for (; end > start; end--) {
        match = single(parts.slice(start, end).join('-'))
        if (match.length > 0) break
      }
      if (match.length === 0) return []
      found.push(...match)
      start = end
    }
    return found
  }
}
