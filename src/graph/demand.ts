import { type Dim, dimKey } from './dim.ts'

/** What must hold when the model runs, since sizes that are not known yet decide on it. */
export interface Demand {
  /** Of the node that makes it. */
  readonly operator: string
  readonly input: number
  readonly axis: number
  readonly given: Dim
  readonly expected: Dim
  /** `given` may also be 1. */
  readonly orOne: boolean
  /** The demand as a sentence without the sizes. */
  readonly sentence: string
}

/** Equal demands have equal keys. */
export function demandKey({ given, expected, orOne }: Demand): string {
  return `${dimKey(given)} ${orOne ? '~' : '='} ${dimKey(expected)}`
}
