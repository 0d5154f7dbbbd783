/*
 * Sequences and optionals. As long as the values in them are known at compile time (`elements`), operators choose among
 * these, and nothing is left of the list in the compiled model. Elsewhere (inputs and outputs of the graph, what a Loop
 * carries, what an If gives, parts whose number only the run knows) it is a list of tensors at run time (`om_list`), each
 * with a rank and dimensions of its own; of which this says what is known.
 */
export interface ListInfo {
  /**
   * Dimensions of each tensor; open (`undefined`) where they differ or are no numbers: a symbol may have another value
   * in another iteration. `none`: so far as is known there are no tensors in it. `any`: not even the rank is known.
   */
  readonly shape: 'none' | 'any' | readonly (number | undefined)[]
  /** The rank that the model states where `shape` does not know it: a claim, to be checked at each read. */
  readonly statedRank?: number | undefined
  /** Of an optional: whether what it may hold is a sequence, and no tensor. */
  readonly isNested?: boolean
}

/** What is known of each tensor of two lists. */
export function mergeLists(a: ListInfo, b: ListInfo): ListInfo {
  return { ...a, shape: mergeShapes(a.shape, b.shape), statedRank: a.statedRank ?? b.statedRank }
}

function mergeShapes(a: ListInfo['shape'], b: ListInfo['shape']): ListInfo['shape'] {
  if (a === 'none') return b
  if (b === 'none') return a
  if (a === 'any' || b === 'any' || a.length !== b.length) return 'any'
  return a.map((dim, axis) => (dim === b[axis] ? dim : undefined))
}

/** Whether two say the same. */
export function isSameList(a: ListInfo, b: ListInfo): boolean {
  return JSON.stringify(a.shape) === JSON.stringify(b.shape)
}
