import { availableParallelism } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import { nodePoolWorker } from './node-pool.ts'
import type { Order } from './pool.ts'
import { type Request, serve } from './serve.ts'

// What Node's workers run, that of models and those of pools; see ./worker-source.ts. They are given their own program.
const answer = serve(
  (reply, transfer) => parentPort!.postMessage(reply, transfer),
  nodePoolWorker(workerData as string),
  availableParallelism(),
)
parentPort!.on('message', (request: Request | Order) => answer(request))
