// What generated modules of native code import. Bundlers read a runtime's every module before they drop what is not used of it, so
// that what other models need is not among these.
export { inlineFile } from './inline-file.ts'
export { nativeLibraries } from './native-libraries.ts'
export { composeNodeModel } from './node-model.ts'
