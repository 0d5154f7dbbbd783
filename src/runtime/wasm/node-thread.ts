import { availableParallelism } from 'node:os'
import { nodePoolWorker } from './node-pool.ts'
import { startNodeWorker } from './node-start.ts'
import { Pool } from './pool.ts'
import { type Start, Thread } from './thread.ts'
import { type AskedThreads, threadCount } from './thread-count.ts'
import { type Threads, threadsIn } from './threaded.ts'
import { workerSource } from './worker-source.ts'

const start: Start = (heard, gone) => {
  const worker = startNodeWorker(workerSource, 'onnx-mlir', gone)
  worker.on('message', heard)
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
