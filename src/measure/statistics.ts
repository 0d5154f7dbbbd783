/** Of some measured times, in their unit. */
export interface Summary {
  readonly min: number
  readonly median: number
}

export function summarize(values: readonly number[]): Summary {
  return { min: Math.min(...values), median: median(values) }
}

/** The middle value; of an even number the mean of the middle two. NaN without values. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  return ((sorted[Math.ceil(middle) - 1] ?? NaN) + (sorted[Math.floor(middle)] ?? NaN)) / 2
}

/** The mean of ratios: twice and half as fast make the same. NaN without values. */
export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length)
}
