/**
 * Types of model imports before `npx unplugin-onnx-mlir types` has run: any inputs, any outputs.
 * Generated declarations come first, as resolved files and longer patterns win over these.
 *
 * Use it through `"types": ["unplugin-onnx-mlir/client"]` in tsconfig.json. TypeScript allows one `*` in a pattern, so
 * the last directive of a query must be one of those below; what stands before it may be any. Of `dims`, `tune`,
 * `maxWeightError`, `inputs` and `export`, whose values have no end, these are the usual ones: write others before another directive,
 * `?dims=seq_77&O=3`.
 *
 * Written by `npm run docs:generate` from src/request.
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
  export const metadata: Model['metadata']
}

declare module '*.tflite' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '#models/*' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?target=host' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?target=host' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?target=host' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?target=host' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?target=host' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?target=host' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?target=host' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&target=host' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?target=x86-64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?target=x86-64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?target=x86-64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?target=x86-64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?target=x86-64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?target=x86-64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?target=x86-64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&target=x86-64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?target=x86-64-v2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?target=x86-64-v2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?target=x86-64-v2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?target=x86-64-v2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?target=x86-64-v2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?target=x86-64-v2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?target=x86-64-v2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&target=x86-64-v2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?target=x86-64-v3' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?target=x86-64-v3' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?target=x86-64-v3' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?target=x86-64-v3' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?target=x86-64-v3' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?target=x86-64-v3' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?target=x86-64-v3' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&target=x86-64-v3' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?target=x86-64-v4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?target=x86-64-v4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?target=x86-64-v4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?target=x86-64-v4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?target=x86-64-v4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?target=x86-64-v4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?target=x86-64-v4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&target=x86-64-v4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?target=win32-x64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?target=win32-x64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?target=win32-x64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?target=win32-x64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?target=win32-x64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?target=win32-x64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?target=win32-x64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&target=win32-x64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?target=darwin-x64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?target=darwin-x64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?target=darwin-x64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?target=darwin-x64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?target=darwin-x64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?target=darwin-x64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?target=darwin-x64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&target=darwin-x64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?target=z13' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?target=z13' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?target=z13' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?target=z13' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?target=z13' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?target=z13' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?target=z13' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&target=z13' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?target=z14' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?target=z14' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?target=z14' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?target=z14' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?target=z14' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?target=z14' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?target=z14' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&target=z14' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?target=z15' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?target=z15' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?target=z15' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?target=z15' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?target=z15' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?target=z15' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?target=z15' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&target=z15' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?target=z16' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?target=z16' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?target=z16' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?target=z16' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?target=z16' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?target=z16' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?target=z16' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&target=z16' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?target=z17' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?target=z17' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?target=z17' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?target=z17' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?target=z17' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?target=z17' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?target=z17' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&target=z17' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?target=arm64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?target=arm64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?target=arm64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?target=arm64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?target=arm64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?target=arm64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?target=arm64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&target=arm64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?target=darwin-arm64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?target=darwin-arm64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?target=darwin-arm64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?target=darwin-arm64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?target=darwin-arm64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?target=darwin-arm64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?target=darwin-arm64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&target=darwin-arm64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?target=armv6' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?target=armv6' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?target=armv6' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?target=armv6' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?target=armv6' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?target=armv6' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?target=armv6' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&target=armv6' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?target=armv7' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?target=armv7' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?target=armv7' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?target=armv7' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?target=armv7' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?target=armv7' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?target=armv7' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&target=armv7' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?target=cortex-m0plus' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?target=cortex-m0plus' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?target=cortex-m0plus' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?target=cortex-m0plus' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?target=cortex-m0plus' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?target=cortex-m0plus' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?target=cortex-m0plus' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&target=cortex-m0plus' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?target=cortex-m4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?target=cortex-m4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?target=cortex-m4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?target=cortex-m4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?target=cortex-m4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?target=cortex-m4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?target=cortex-m4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&target=cortex-m4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?target=cortex-m7' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?target=cortex-m7' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?target=cortex-m7' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?target=cortex-m7' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?target=cortex-m7' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?target=cortex-m7' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?target=cortex-m7' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&target=cortex-m7' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?target=riscv64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?target=riscv64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?target=riscv64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?target=riscv64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?target=riscv64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?target=riscv64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?target=riscv64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&target=riscv64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?target=riscv64-v' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?target=riscv64-v' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?target=riscv64-v' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?target=riscv64-v' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?target=riscv64-v' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?target=riscv64-v' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?target=riscv64-v' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&target=riscv64-v' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?target=wasm' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?target=wasm' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?target=wasm' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?target=wasm' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?target=wasm' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?target=wasm' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?target=wasm' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&target=wasm' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?compiler=auto' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?compiler=auto' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?compiler=auto' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?compiler=auto' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?compiler=auto' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?compiler=auto' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?compiler=auto' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&compiler=auto' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?compiler=builtin' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?compiler=builtin' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?compiler=builtin' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?compiler=builtin' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?compiler=builtin' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?compiler=builtin' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?compiler=builtin' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&compiler=builtin' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?compiler=onnx-mlir' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?compiler=onnx-mlir' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?compiler=onnx-mlir' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?compiler=onnx-mlir' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?compiler=onnx-mlir' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?compiler=onnx-mlir' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?compiler=onnx-mlir' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&compiler=onnx-mlir' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?compiler=fastest' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?compiler=fastest' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?compiler=fastest' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?compiler=fastest' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?compiler=fastest' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?compiler=fastest' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?compiler=fastest' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&compiler=fastest' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?O=0' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?O=0' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?O=0' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?O=0' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?O=0' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?O=0' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?O=0' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&O=0' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?O=1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?O=1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?O=1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?O=1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?O=1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?O=1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?O=1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&O=1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?O=2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?O=2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?O=2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?O=2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?O=2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?O=2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?O=2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&O=2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?O=3' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?O=3' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?O=3' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?O=3' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?O=3' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?O=3' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?O=3' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&O=3' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?profile=none' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?profile=none' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?profile=none' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?profile=none' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?profile=none' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?profile=none' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?profile=none' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&profile=none' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?profile=onnx' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?profile=onnx' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?profile=onnx' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?profile=onnx' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?profile=onnx' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?profile=onnx' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?profile=onnx' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&profile=onnx' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?dims=batch_1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?dims=batch_1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?dims=batch_1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?dims=batch_1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?dims=batch_1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?dims=batch_1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?dims=batch_1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&dims=batch_1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?dims=batch_2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?dims=batch_2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?dims=batch_2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?dims=batch_2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?dims=batch_2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?dims=batch_2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?dims=batch_2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&dims=batch_2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?dims=batch_4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?dims=batch_4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?dims=batch_4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?dims=batch_4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?dims=batch_4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?dims=batch_4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?dims=batch_4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&dims=batch_4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?dims=batch_8' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?dims=batch_8' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?dims=batch_8' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?dims=batch_8' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?dims=batch_8' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?dims=batch_8' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?dims=batch_8' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&dims=batch_8' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?dims=batch_16' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?dims=batch_16' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?dims=batch_16' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?dims=batch_16' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?dims=batch_16' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?dims=batch_16' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?dims=batch_16' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&dims=batch_16' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?dims=batch_32' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?dims=batch_32' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?dims=batch_32' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?dims=batch_32' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?dims=batch_32' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?dims=batch_32' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?dims=batch_32' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&dims=batch_32' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?dims=batch_64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?dims=batch_64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?dims=batch_64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?dims=batch_64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?dims=batch_64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?dims=batch_64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?dims=batch_64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&dims=batch_64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?dims=batch_size_1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?dims=batch_size_1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?dims=batch_size_1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?dims=batch_size_1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?dims=batch_size_1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?dims=batch_size_1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?dims=batch_size_1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&dims=batch_size_1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?dims=batch_size_2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?dims=batch_size_2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?dims=batch_size_2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?dims=batch_size_2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?dims=batch_size_2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?dims=batch_size_2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?dims=batch_size_2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&dims=batch_size_2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?dims=batch_size_4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?dims=batch_size_4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?dims=batch_size_4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?dims=batch_size_4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?dims=batch_size_4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?dims=batch_size_4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?dims=batch_size_4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&dims=batch_size_4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?dims=batch_size_8' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?dims=batch_size_8' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?dims=batch_size_8' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?dims=batch_size_8' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?dims=batch_size_8' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?dims=batch_size_8' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?dims=batch_size_8' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&dims=batch_size_8' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?dims=batch_size_16' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?dims=batch_size_16' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?dims=batch_size_16' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?dims=batch_size_16' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?dims=batch_size_16' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?dims=batch_size_16' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?dims=batch_size_16' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&dims=batch_size_16' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?dims=batch_size_32' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?dims=batch_size_32' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?dims=batch_size_32' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?dims=batch_size_32' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?dims=batch_size_32' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?dims=batch_size_32' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?dims=batch_size_32' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&dims=batch_size_32' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?dims=batch_size_64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?dims=batch_size_64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?dims=batch_size_64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?dims=batch_size_64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?dims=batch_size_64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?dims=batch_size_64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?dims=batch_size_64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&dims=batch_size_64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?dims=N_1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?dims=N_1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?dims=N_1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?dims=N_1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?dims=N_1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?dims=N_1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?dims=N_1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&dims=N_1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?dims=N_2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?dims=N_2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?dims=N_2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?dims=N_2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?dims=N_2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?dims=N_2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?dims=N_2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&dims=N_2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?dims=N_4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?dims=N_4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?dims=N_4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?dims=N_4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?dims=N_4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?dims=N_4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?dims=N_4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&dims=N_4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?dims=N_8' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?dims=N_8' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?dims=N_8' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?dims=N_8' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?dims=N_8' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?dims=N_8' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?dims=N_8' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&dims=N_8' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?dims=N_16' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?dims=N_16' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?dims=N_16' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?dims=N_16' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?dims=N_16' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?dims=N_16' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?dims=N_16' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&dims=N_16' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?dims=N_32' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?dims=N_32' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?dims=N_32' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?dims=N_32' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?dims=N_32' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?dims=N_32' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?dims=N_32' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&dims=N_32' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?dims=N_64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?dims=N_64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?dims=N_64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?dims=N_64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?dims=N_64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?dims=N_64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?dims=N_64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&dims=N_64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?dims=batch_1,seq_128' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?dims=batch_1,seq_128' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?dims=batch_1,seq_128' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?dims=batch_1,seq_128' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?dims=batch_1,seq_128' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?dims=batch_1,seq_128' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?dims=batch_1,seq_128' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&dims=batch_1,seq_128' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?dims=x=5b=1=5d=_512' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?dims=x=5b=1=5d=_512' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?dims=x=5b=1=5d=_512' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?dims=x=5b=1=5d=_512' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?dims=x=5b=1=5d=_512' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?dims=x=5b=1=5d=_512' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?dims=x=5b=1=5d=_512' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&dims=x=5b=1=5d=_512' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?weights=f32' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?weights=f32' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?weights=f32' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?weights=f32' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?weights=f32' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?weights=f32' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?weights=f32' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&weights=f32' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?weights=f16' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?weights=f16' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?weights=f16' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?weights=f16' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?weights=f16' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?weights=f16' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?weights=f16' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&weights=f16' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?weights=int8' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?weights=int8' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?weights=int8' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?weights=int8' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?weights=int8' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?weights=int8' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?weights=int8' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&weights=int8' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?maxWeightError=1e-1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?maxWeightError=1e-1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?maxWeightError=1e-1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?maxWeightError=1e-1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?maxWeightError=1e-1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?maxWeightError=1e-1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?maxWeightError=1e-1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&maxWeightError=1e-1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?maxWeightError=2e-1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?maxWeightError=2e-1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?maxWeightError=2e-1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?maxWeightError=2e-1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?maxWeightError=2e-1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?maxWeightError=2e-1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?maxWeightError=2e-1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&maxWeightError=2e-1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?maxWeightError=5e-1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?maxWeightError=5e-1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?maxWeightError=5e-1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?maxWeightError=5e-1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?maxWeightError=5e-1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?maxWeightError=5e-1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?maxWeightError=5e-1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&maxWeightError=5e-1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?maxWeightError=1e-2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?maxWeightError=1e-2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?maxWeightError=1e-2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?maxWeightError=1e-2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?maxWeightError=1e-2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?maxWeightError=1e-2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?maxWeightError=1e-2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&maxWeightError=1e-2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?maxWeightError=2e-2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?maxWeightError=2e-2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?maxWeightError=2e-2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?maxWeightError=2e-2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?maxWeightError=2e-2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?maxWeightError=2e-2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?maxWeightError=2e-2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&maxWeightError=2e-2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?maxWeightError=5e-2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?maxWeightError=5e-2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?maxWeightError=5e-2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?maxWeightError=5e-2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?maxWeightError=5e-2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?maxWeightError=5e-2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?maxWeightError=5e-2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&maxWeightError=5e-2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?maxWeightError=1e-3' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?maxWeightError=1e-3' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?maxWeightError=1e-3' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?maxWeightError=1e-3' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?maxWeightError=1e-3' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?maxWeightError=1e-3' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?maxWeightError=1e-3' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&maxWeightError=1e-3' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?maxWeightError=2e-3' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?maxWeightError=2e-3' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?maxWeightError=2e-3' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?maxWeightError=2e-3' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?maxWeightError=2e-3' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?maxWeightError=2e-3' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?maxWeightError=2e-3' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&maxWeightError=2e-3' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?maxWeightError=5e-3' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?maxWeightError=5e-3' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?maxWeightError=5e-3' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?maxWeightError=5e-3' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?maxWeightError=5e-3' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?maxWeightError=5e-3' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?maxWeightError=5e-3' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&maxWeightError=5e-3' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?maxWeightError=1e-4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?maxWeightError=1e-4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?maxWeightError=1e-4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?maxWeightError=1e-4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?maxWeightError=1e-4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?maxWeightError=1e-4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?maxWeightError=1e-4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&maxWeightError=1e-4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?maxWeightError=2e-4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?maxWeightError=2e-4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?maxWeightError=2e-4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?maxWeightError=2e-4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?maxWeightError=2e-4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?maxWeightError=2e-4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?maxWeightError=2e-4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&maxWeightError=2e-4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?maxWeightError=5e-4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?maxWeightError=5e-4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?maxWeightError=5e-4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?maxWeightError=5e-4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?maxWeightError=5e-4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?maxWeightError=5e-4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?maxWeightError=5e-4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&maxWeightError=5e-4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?maxWeightError=1e-5' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?maxWeightError=1e-5' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?maxWeightError=1e-5' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?maxWeightError=1e-5' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?maxWeightError=1e-5' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?maxWeightError=1e-5' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?maxWeightError=1e-5' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&maxWeightError=1e-5' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?maxWeightError=2e-5' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?maxWeightError=2e-5' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?maxWeightError=2e-5' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?maxWeightError=2e-5' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?maxWeightError=2e-5' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?maxWeightError=2e-5' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?maxWeightError=2e-5' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&maxWeightError=2e-5' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?maxWeightError=5e-5' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?maxWeightError=5e-5' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?maxWeightError=5e-5' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?maxWeightError=5e-5' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?maxWeightError=5e-5' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?maxWeightError=5e-5' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?maxWeightError=5e-5' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&maxWeightError=5e-5' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?files=auto' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?files=auto' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?files=auto' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?files=auto' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?files=auto' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?files=auto' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?files=auto' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&files=auto' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?files=url' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?files=url' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?files=url' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?files=url' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?files=url' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?files=url' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?files=url' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&files=url' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?files=inline' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?files=inline' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?files=inline' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?files=inline' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?files=inline' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?files=inline' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?files=inline' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&files=inline' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?files=module' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?files=module' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?files=module' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?files=module' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?files=module' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?files=module' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?files=module' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&files=module' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?signature=serving_default' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?signature=serving_default' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?signature=serving_default' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?signature=serving_default' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?signature=serving_default' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?signature=serving_default' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?signature=serving_default' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&signature=serving_default' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?inputs=x-float32-batch-3-224-224' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?inputs=x-float32-batch-3-224-224' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?inputs=x-float32-batch-3-224-224' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?inputs=x-float32-batch-3-224-224' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?inputs=x-float32-batch-3-224-224' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?inputs=x-float32-batch-3-224-224' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?inputs=x-float32-batch-3-224-224' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&inputs=x-float32-batch-3-224-224' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?inputs=x-float32-1-3-224-224' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?inputs=x-float32-1-3-224-224' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?inputs=x-float32-1-3-224-224' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?inputs=x-float32-1-3-224-224' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?inputs=x-float32-1-3-224-224' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?inputs=x-float32-1-3-224-224' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?inputs=x-float32-1-3-224-224' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&inputs=x-float32-1-3-224-224' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?export=Net' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?export=Net' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?export=Net' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?export=Net' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?export=Net' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?export=Net' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?export=Net' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&export=Net' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?export=Model' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?export=Model' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?export=Model' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?export=Model' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?export=Model' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?export=Model' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?export=Model' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&export=Model' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?export=model' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?export=model' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?export=model' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?export=model' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?export=model' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?export=model' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?export=model' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&export=model' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=auto' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=auto' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=auto' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=auto' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=auto' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=auto' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=auto' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=auto' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=1' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=2' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=3' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=3' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=3' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=3' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=3' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=3' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=3' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=3' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=4' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=5' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=5' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=5' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=5' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=5' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=5' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=5' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=5' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=6' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=6' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=6' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=6' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=6' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=6' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=6' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=6' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=7' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=7' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=7' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=7' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=7' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=7' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=7' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=7' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=8' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=8' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=8' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=8' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=8' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=8' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=8' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=8' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=9' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=9' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=9' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=9' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=9' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=9' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=9' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=9' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=10' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=10' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=10' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=10' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=10' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=10' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=10' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=10' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=11' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=11' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=11' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=11' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=11' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=11' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=11' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=11' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=12' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=12' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=12' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=12' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=12' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=12' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=12' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=12' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=13' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=13' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=13' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=13' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=13' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=13' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=13' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=13' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=14' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=14' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=14' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=14' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=14' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=14' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=14' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=14' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=15' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=15' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=15' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=15' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=15' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=15' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=15' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=15' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=16' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=16' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=16' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=16' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=16' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=16' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=16' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=16' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=17' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=17' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=17' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=17' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=17' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=17' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=17' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=17' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=18' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=18' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=18' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=18' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=18' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=18' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=18' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=18' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=19' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=19' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=19' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=19' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=19' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=19' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=19' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=19' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=20' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=20' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=20' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=20' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=20' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=20' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=20' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=20' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=21' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=21' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=21' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=21' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=21' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=21' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=21' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=21' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=22' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=22' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=22' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=22' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=22' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=22' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=22' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=22' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=23' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=23' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=23' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=23' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=23' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=23' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=23' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=23' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=24' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=24' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=24' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=24' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=24' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=24' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=24' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=24' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=25' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=25' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=25' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=25' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=25' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=25' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=25' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=25' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=26' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=26' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=26' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=26' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=26' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=26' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=26' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=26' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=27' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=27' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=27' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=27' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=27' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=27' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=27' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=27' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=28' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=28' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=28' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=28' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=28' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=28' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=28' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=28' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=29' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=29' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=29' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=29' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=29' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=29' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=29' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=29' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=30' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=30' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=30' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=30' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=30' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=30' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=30' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=30' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=31' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=31' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=31' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=31' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=31' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=31' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=31' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=31' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=32' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=32' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=32' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=32' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=32' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=32' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=32' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=32' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=33' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=33' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=33' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=33' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=33' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=33' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=33' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=33' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=34' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=34' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=34' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=34' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=34' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=34' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=34' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=34' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=35' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=35' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=35' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=35' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=35' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=35' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=35' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=35' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=36' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=36' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=36' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=36' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=36' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=36' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=36' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=36' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=37' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=37' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=37' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=37' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=37' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=37' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=37' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=37' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=38' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=38' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=38' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=38' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=38' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=38' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=38' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=38' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=39' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=39' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=39' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=39' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=39' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=39' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=39' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=39' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=40' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=40' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=40' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=40' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=40' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=40' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=40' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=40' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=41' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=41' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=41' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=41' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=41' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=41' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=41' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=41' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=42' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=42' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=42' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=42' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=42' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=42' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=42' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=42' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=43' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=43' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=43' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=43' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=43' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=43' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=43' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=43' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=44' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=44' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=44' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=44' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=44' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=44' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=44' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=44' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=45' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=45' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=45' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=45' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=45' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=45' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=45' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=45' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=46' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=46' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=46' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=46' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=46' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=46' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=46' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=46' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=47' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=47' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=47' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=47' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=47' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=47' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=47' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=47' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=48' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=48' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=48' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=48' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=48' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=48' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=48' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=48' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=49' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=49' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=49' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=49' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=49' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=49' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=49' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=49' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=50' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=50' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=50' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=50' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=50' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=50' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=50' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=50' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=51' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=51' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=51' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=51' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=51' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=51' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=51' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=51' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=52' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=52' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=52' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=52' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=52' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=52' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=52' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=52' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=53' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=53' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=53' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=53' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=53' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=53' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=53' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=53' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=54' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=54' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=54' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=54' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=54' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=54' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=54' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=54' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=55' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=55' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=55' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=55' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=55' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=55' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=55' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=55' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=56' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=56' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=56' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=56' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=56' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=56' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=56' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=56' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=57' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=57' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=57' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=57' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=57' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=57' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=57' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=57' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=58' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=58' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=58' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=58' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=58' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=58' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=58' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=58' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=59' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=59' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=59' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=59' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=59' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=59' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=59' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=59' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=60' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=60' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=60' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=60' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=60' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=60' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=60' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=60' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=61' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=61' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=61' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=61' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=61' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=61' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=61' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=61' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=62' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=62' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=62' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=62' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=62' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=62' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=62' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=62' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=63' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=63' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=63' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=63' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=63' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=63' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=63' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=63' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?threads=64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?threads=64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?threads=64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?threads=64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?threads=64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?threads=64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?threads=64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&threads=64' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?tune' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?tune' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?tune' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?tune' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?tune' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?tune' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?tune' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&tune' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?tune=off' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?tune=off' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?tune=off' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?tune=off' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?tune=off' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?tune=off' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?tune=off' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&tune=off' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?tune=10' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?tune=10' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?tune=10' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?tune=10' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?tune=10' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?tune=10' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?tune=10' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&tune=10' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?tune=30' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?tune=30' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?tune=30' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?tune=30' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?tune=30' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?tune=30' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?tune=30' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&tune=30' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?tune=60' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?tune=60' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?tune=60' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?tune=60' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?tune=60' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?tune=60' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?tune=60' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&tune=60' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?tune=120' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?tune=120' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?tune=120' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?tune=120' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?tune=120' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?tune=120' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?tune=120' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&tune=120' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?tune=300' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?tune=300' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?tune=300' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?tune=300' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?tune=300' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?tune=300' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?tune=300' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&tune=300' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?tune=600' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?tune=600' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?tune=600' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?tune=600' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?tune=600' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?tune=600' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?tune=600' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&tune=600' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?untrusted=yes' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?untrusted=yes' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?untrusted=yes' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?untrusted=yes' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?untrusted=yes' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?untrusted=yes' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?untrusted=yes' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&untrusted=yes' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?untrusted=no' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?untrusted=no' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?untrusted=no' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?untrusted=no' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?untrusted=no' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?untrusted=no' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?untrusted=no' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&untrusted=no' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?worker=true' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?worker=true' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?worker=true' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?worker=true' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?worker=true' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?worker=true' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?worker=true' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&worker=true' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.onnx?worker=false' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tflite?worker=false' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt2?worker=false' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.tfjs?worker=false' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.pt?worker=false' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.keras?worker=false' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*/saved_model.pb?worker=false' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*&worker=false' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.py?export=Net' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.py?export=Model' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
declare module '*.py?export=model' {
  export * from '*.onnx'
  export { default } from '*.onnx'
}
