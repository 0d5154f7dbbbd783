import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { nodePoolWorker } from './node-pool.ts'
import { Pool } from './pool.ts'
import { type Start, Thread } from './thread.ts'
import { type AskedThreads, threadCount } from './thread-count.ts'
import { type Threads, threadsIn } from './threaded.ts'
import { workerSource } from './worker-source.ts'

const start: Start = (heard, gone) => {
  // Without the flags of this process: loaders that they name have nothing to do there.
  const worker = new Worker(workerSource, { eval: true, execArgv: [], name: 'onnx-mlir', workerData: workerSource })
  worker.on('message', heard)
  worker.on('error', ({ message }) => gone(message))
  worker.on('exit', (code) => gone(`it ended with code ${code}`))
  worker.unref()
  return {
    post: (request, transfer) => worker.postMessage(request, transfer as ArrayBuffer[]),
    busy: (isBusy) => (isBusy ? worker.ref() : worker.unref()),
    stop: () => void worker.terminate(),
  }
}

/** The one worker of this process for WebAssembly; `undefined` in sources that are not built. */
export const nodeThread = workerSource === '' ? undefined : new Thread(start)

const pool = new Pool(nodePoolWorker(workerSource))

/** For models that run on the thread that calls. */
export function nodeThreads(asked: AskedThreads): Threads {
  return threadsIn(pool, workerSource === '' ? 1 : threadCount(asked, availableParallelism()))
}
