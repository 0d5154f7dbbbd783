import { expectBindable } from './bound.ts'
import { valueParts } from './every-part.ts'
import type { Model, ModelFacts } from './model.ts'
import { bindFixed } from './wasm/bound.ts'
import { sessionParts } from './wasm/every-part.ts'
import { anySource } from './wasm/any-source.ts'
import { imported } from './wasm/given.ts'
import type { WebFiles } from './wasm/web-files.ts'
import { pageThreads } from './wasm/page-threads.ts'
import { bestVariant } from './wasm/variants.ts'
import { composeWebModel, type WebParts } from './web-model.ts'
import { composeWorkerModel, type WorkerFiles } from './worker-model.ts'

export type { WebFiles, WebSource } from './wasm/web-files.ts'
export type { WorkerFiles } from './worker-model.ts'

/**
 * A model that runs as WebAssembly on the thread that calls it. Nothing is fetched before `load()` or the first `run()`.
 * Generated modules compose theirs of the parts that they need.
 */
export function createWebModel(facts: ModelFacts, files: WebFiles): Model {
  return composeWebModel(facts, files, everyPart())
}

/**
 * A model that runs as WebAssembly in a Web Worker: `run()` never blocks the page, and `runSync()` and `bind()` throw. All
 * models of a page with one address of a worker share it; it is there from the first load to the last `dispose()`.
 */
export function createWorkerModel(facts: ModelFacts, files: WorkerFiles): Model {
  return composeWorkerModel(facts, files, everyPart())
}

/** In a function, whose call bundlers see: an object that is spread counts as a side effect, and would be in every bundle. */
const everyPart = (): WebParts => ({
  ...valueParts,
  ...sessionParts,
  load: anySource,
  module: imported,
  variant: bestVariant,
  threads: pageThreads,
  bind(model, open) {
    expectBindable(model)
    return bindFixed(model, open)
  },
})

// What generated modules compose models of.
export { composeWebModel, type WebParts } from './web-model.ts'
export { composeWorkerModel, type WorkerParts } from './worker-model.ts'
export * from './element-types.ts'
export { dynamicShapes } from './dynamic-shapes.ts'
export { collections } from './collections.ts'
export { nearest } from './nearest.ts'
export { callMemory } from './wasm/call-memory.ts'
export { texts } from './wasm/texts.ts'
export { lists } from './wasm/lists.ts'
export { weightsBeside } from './wasm/weights.ts'
export { bestVariant } from './wasm/variants.ts'
export { pageThreads } from './wasm/page-threads.ts'
export { fetched } from './wasm/fetched.ts'
export { given, imported } from './wasm/given.ts'
export { bindFixed } from './wasm/bound.ts'
export { expectBindable } from './bound.ts'
