import { inlineFile } from './inline-file.ts'
import type { Model, ModelFacts } from './model.ts'
import { nativeLibraries } from './native-libraries.ts'
import { composeNodeModel, type ModelFiles } from './node-model.ts'
import { wasmModules } from './wasm-modules.ts'

export type { FileAddress } from './library-file.ts'
export type { ModelFiles } from './node-model.ts'
// What generated modules compose models of, where all models of a program share one runtime.
export { composeNodeModel, inlineFile, nativeLibraries, wasmModules }

/**
 * A model that runs in Node, natively or as WebAssembly. Nothing is loaded before the first run or `load()`, so that importing
 * many models costs nothing. Generated modules compose theirs of what they need.
 */
export function createNodeModel(facts: ModelFacts, files: ModelFiles): Model {
  return composeNodeModel(facts, files, { native: nativeLibraries, wasm: wasmModules })
}
