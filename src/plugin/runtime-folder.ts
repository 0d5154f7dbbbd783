import { createRequire } from 'node:module'
import { dirname } from 'node:path'

/**
 * Where the runtime is. Modules import it by its absolute path, and so it is bundled into the output where a host would leave a
 * bare name external: a built folder runs without `node_modules`.
 */
export const runtimeFolder = dirname(createRequire(import.meta.url).resolve('unplugin-onnx-mlir/runtime/node'))
