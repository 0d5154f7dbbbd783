import { type Reply, type Request, serve } from './wasm/serve.ts'

// What a browser's worker runs (`worker=true`). The package has it as one file that imports nothing: hosts emit it as it is.

interface WorkerScope {
  postMessage(reply: Reply, transfer: ArrayBuffer[]): void
  onmessage: ((event: { readonly data: Request }) => void) | null
}

const scope = globalThis as unknown as WorkerScope
const answer = serve((reply, transfer) => scope.postMessage(reply, transfer))
scope.onmessage = ({ data }) => void answer(data)
