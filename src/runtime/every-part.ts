import { collections } from './collections.ts'
import { dynamicShapes } from './dynamic-shapes.ts'
import { nearest } from './nearest.ts'
import { storage } from './storage.ts'

/** What checks and gives values of any signature. */
export const valueParts = { elements: storage, dynamic: dynamicShapes, collections, nearest }
