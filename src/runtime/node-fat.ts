// What generated modules import whose models run in Node on several kinds of machines: see node-native.ts.
export { composeFatModel } from './fat-model.ts'
export { inlineFile } from './inline-file.ts'
export { nativeLibraries } from './native-libraries.ts'
export { wasmModules } from './wasm-modules.ts'
