import { choice } from './directive.ts'

/** What float32 weights are stored as; see src/graph/rewrites/small-weights.ts. */
export const weights = choice({
  name: 'weights',
  summary: 'stores weights in fewer bytes: float16 (f16), or 8-bit integers with a scale per channel (int8)',
  words: ['f32', 'f16', 'int8'],
  fallback: 'f32',
})
