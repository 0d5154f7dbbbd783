// What generated modules import whose models run in Node as WebAssembly: see node-native.ts.
export { inlineFile } from './inline-file.ts'
export { composeNodeModel } from './node-model.ts'
export { wasmModules } from './wasm-modules.ts'
