/**
 * Types of model imports before `npx unplugin-onnx-mlir types` has run: any inputs, any outputs.
 * Generated declarations come first, as resolved files and longer patterns win over these.
 *
 * Use it through `"types": ["unplugin-onnx-mlir/client"]` in tsconfig.json. TypeScript allows one `*` in a pattern, so
 * only queries of one known directive are covered.
 */

declare module '*.onnx' {
  import type { Model } from 'unplugin-onnx-mlir/runtime'

  const model: Model
  export default model
  export const run: Model['run']
  export const runSync: Model['runSync']
  export const inputs: Model['inputs']
  export const outputs: Model['outputs']
  export const target: Model['target']
  export const compiler: Model['compiler']
  export const report: Model['report']
}

declare module '#models/*' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?target=host' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?target=z14' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?target=z15' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?target=z16' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?target=z17' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?target=x86-64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?target=x86-64-v2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?target=x86-64-v3' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?target=x86-64-v4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?target=arm64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?target=armv6' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?target=armv7' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?target=riscv64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?target=wasm' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?O=0' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?O=1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?O=2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?O=3' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?compiler=auto' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?compiler=fastest' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?compiler=builtin' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?compiler=onnx-mlir' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
