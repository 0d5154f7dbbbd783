import { Worker } from 'node:worker_threads'
import type { StartPoolWorker } from './pool.ts'

/** Starts workers of ./node-worker.ts, given as its text; they keep no process from ending. */
export const nodePoolWorker =
  (program: string): StartPoolWorker =>
  (gone) => {
    // Without the flags of this process: loaders that they name have nothing to do there.
    const worker = new Worker(program, { eval: true, execArgv: [], name: 'onnx-mlir thread', workerData: program })
    worker.on('error', ({ message }) => gone(message))
    worker.on('exit', (code) => gone(`it ended with code ${code}`))
    worker.unref()
    return { order: (order) => worker.postMessage(order), stop: () => void worker.terminate() }
  }
