import type { Dim } from '../graph/dim.ts'
import type { Value } from '../graph/graph.ts'

/** Where the elements of a value lie: inside of another, as those of an input of Concat may, or in memory of its own. */
export interface Slice {
  /** What has the memory: the value itself, or what it was joined to. */
  readonly whole: Value
  /** Elements of `whole` before the first. */
  readonly offset: number
  /** Elements from one pixel – a row of the last axis – to the next: more than there are in one where others lie between. */
  readonly pixel: Dim
}

/** That of a value with memory of its own. */
export function wholeSlice(value: Value): Slice {
  return { whole: value, offset: 0, pixel: value.shape?.at(-1) ?? 1 }
}
