import { valueParts } from '../every-part.ts'
import { reorder } from './byte-order.ts'
import { callMemory } from './call-memory.ts'
import { lists } from './lists.ts'
import type { SessionParts } from './session.ts'
import { texts } from './texts.ts'
import { weightsBeside } from './weights.ts'

/** What runs models of any signature. */
export const sessionParts = {
  elements: valueParts.elements,
  collections: valueParts.collections,
  calls: callMemory,
  texts,
  lists,
  reorder,
  weights: weightsBeside,
} satisfies SessionParts
