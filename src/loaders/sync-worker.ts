import { type MessagePort, workerData } from 'node:worker_threads'
import type { PluginOptions } from '../pipeline/index.ts'
import { createAnswerer, type Question } from './answer.ts'

// The thread of sync.ts.

/** What the thread is given. */
export interface Setup {
  readonly options: PluginOptions
  readonly port: MessagePort
  /** The first becomes 1 when an answer is there, the second counts while the thread lives. */
  readonly state: Int32Array
}

const { options, port, state } = workerData as Setup
const answerTo = createAnswerer(options)

setInterval(() => Atomics.add(state, 1, 1), 5000)

port.on('message', async (question: Question) => {
  port.postMessage(await answerTo(question))
  Atomics.store(state, 0, 1)
  Atomics.notify(state, 0)
})
