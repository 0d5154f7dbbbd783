import { Worker } from 'node:worker_threads'

/**
 * Starts ./node-worker.ts, given as its text, which keeps no process from ending.
 *
 * @param gone is called when it ended, and why
 */
export function startNodeWorker(program: string, name: string, gone: (why: string) => void): Worker {
  // Without the flags of this process: loaders that they name have nothing to do there.
  const worker = new Worker(program, { eval: true, execArgv: [], name, workerData: program })
  worker.on('error', ({ message }) => gone(message))
  worker.on('exit', (code) => gone(`it ended with code ${code}`))
  worker.unref()
  return worker
}
