import type { Item, RandomGraph } from './graph.ts'

/** Adds a node (or a few that belong together) to a graph, or nothing where it finds no fitting value. */
export type Rule = (g: RandomGraph) => void

export const isFloat = ({ type }: Item): boolean => type === 'float32'

export const isNumber = ({ type }: Item): boolean => type === 'float32' || type === 'float64' || type === 'int64'

/** What a value is that has the type and shape of `x`, but for some changes. */
export const same = (x: Item, change: Partial<Omit<Item, 'name'>> = {}): Omit<Item, 'name'> => ({
  type: x.type,
  dims: x.dims,
  exact: x.exact,
  ...change,
})
