import { parentPort } from 'node:worker_threads'
import { type Request, serve } from './serve.ts'

// What Node's worker runs; see ./worker-source.ts.
const answer = serve((reply, transfer) => parentPort!.postMessage(reply, transfer))
parentPort!.on('message', (request: Request) => void answer(request))
