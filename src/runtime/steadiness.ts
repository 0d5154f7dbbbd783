/** What the time of a run depends on beside the sizes of the inputs, where that can be looked at before it. */
export interface Steadiness {
  /** Indices of inputs whose elements decide, few each: the number of samples per second, which part of a decoder runs. */
  readonly inputs?: readonly number[]
  /** Whether smaller sizes take no longer. */
  readonly grows?: boolean
}

/** Elements that are looked at of an input. */
export const MOST_DECIDING = 16
