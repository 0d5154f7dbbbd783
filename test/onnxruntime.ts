import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

/** The part of onnxruntime-node's API that comparisons need. */
export interface Onnxruntime {
  readonly InferenceSession: {
    create(
      path: string,
      options?: object,
    ): Promise<{ run(feeds: Record<string, unknown>): Promise<Record<string, OrtTensor>> }>
  }
  readonly Tensor: new (type: string, data: unknown, dims: readonly number[]) => OrtTensor
}

export interface OrtTensor {
  readonly data: Float32Array
  readonly dims: readonly number[]
}

/** onnxruntime-node, the independent source of expected numbers; `undefined`, with a line that says so, where it is not installed. */
export function onnxruntime(): Onnxruntime | undefined {
  const folder = fileURLToPath(new URL('../bench/', import.meta.url))
  if (existsSync(`${folder}node_modules/onnxruntime-node`))
    return createRequire(folder)('onnxruntime-node') as Onnxruntime
  console.log('skipped: onnxruntime-node is not installed; run npm ci --ignore-scripts --prefix bench')
  return undefined
}
