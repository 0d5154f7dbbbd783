/**
 * The end of an error message about an unknown word: ` Did you mean "x"?`, or nothing when no candidate is close.
 * Close is at most a third of the letters wrong (always allowing one); letter case doesn't count.
 */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const limit = Math.max(1, Math.floor(word.length / 3))
  let best: { candidate: string; distance: number } | undefined
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (distance <= limit && distance < Math.min(candidate.length, best?.distance ?? Infinity))
      best = { candidate, distance }
  }
  return best === undefined ? '' : ` Did you mean "${best.candidate}"?`
}

/** Optimal string alignment distance: insertions, deletions, replacements, and swaps of neighbours count one each. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      row[j] = Math.min(last[j]! + 1, row[j - 1]! + 1, replaced, isSwap ? beforeLast[j - 2]! + 1 : Infinity)
    }
    beforeLast = last
    last = row
  }
  return last[b.length]!
}
