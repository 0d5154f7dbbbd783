import { poolWorker } from './wasm/pool-worker.ts'
import { type Reply, type Request, serve } from './wasm/serve.ts'

// What a browser's workers run: the one of `worker=true`, and those of `threads`. The package has it as one file that imports nothing: hosts emit it as it is.

interface WorkerScope {
  postMessage(reply: Reply, transfer: ArrayBuffer[]): void
  onmessage: ((event: { readonly data: Request }) => void) | null
  readonly location: { readonly href: string }
}

const scope = globalThis as unknown as WorkerScope
const answer = serve((reply, transfer) => scope.postMessage(reply, transfer), poolWorker(scope.location.href))
scope.onmessage = ({ data }) => answer(data)
