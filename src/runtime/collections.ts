import { collectionInput } from './list-input.ts'
import { collectionOutput } from './outputs.ts'

/** What models need of which an input or output is no tensor. */
export const collections = { input: collectionInput, output: collectionOutput }
