/** What a cache hit does without: to load it takes longer than all that a hit does. */
export const cold = () => import('./cold.ts')
