import type { NodeParts } from './node-model.ts'
import { bestOf } from './wasm/features.ts'
import { WasmFile } from './wasm/file.ts'

/** What models need in Node that are modules of WebAssembly; the program of the thread that runs them is a part of it. */
export const wasmModules: NonNullable<NodeParts['wasm']> = {
  open: (files, model) => WasmFile.open(files, model),
  load: (files, model) => WasmFile.load(files, model),
  bestOf,
}
