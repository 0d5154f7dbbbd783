import { startNodeWorker } from './node-start.ts'
import type { StartPoolWorker } from './pool.ts'

/** Starts workers of a program. */
export const nodePoolWorker =
  (program: string): StartPoolWorker =>
  (gone) => {
    const worker = startNodeWorker(program, 'onnx-mlir thread', gone)
    return { order: (order) => worker.postMessage(order), stop: () => void worker.terminate() }
  }
