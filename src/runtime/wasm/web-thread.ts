import { type Start, Thread } from './thread.ts'
import type { Reply, Request } from './serve.ts'

/** What the runtime uses of a browser's workers. */
interface WebWorker {
  postMessage(request: Request, transfer: readonly ArrayBufferLike[]): void
  terminate(): void
  onmessage: (event: { readonly data: Reply }) => void
  onerror: (event: { readonly message?: string }) => void
}

/** By address of the program. */
const threads = new Map<string, Thread>()

/** The one worker of this page that runs a program. */
export function webThread(url: string): Thread {
  let thread = threads.get(url)
  if (thread === undefined) threads.set(url, (thread = new Thread((...ears) => start(url, ...ears))))
  return thread
}

const start = (url: string, ...[heard, gone]: Parameters<Start>): ReturnType<Start> => {
  const worker = newWorker(url)
  let isStarted = false
  worker.onmessage = ({ data }) => {
    isStarted = true
    heard(data)
  }
  worker.onerror = ({ message = "it can't be loaded" }) => {
    worker.terminate()
    // Servers give web pages in place of files that they lack.
    gone(
      isStarted ? message : `${url} is not its program (${message}): deploy all that the bundler wrote, of one build`,
    )
  }
  return {
    post: (request, transfer) => worker.postMessage(request, transfer),
    busy: () => undefined,
    stop: () => worker.terminate(),
  }
}

/** A page may not start a worker of another origin, but one of its own that imports a script from there. */
function newWorker(url: string): WebWorker {
  const { Worker } = globalThis as unknown as { Worker: new (url: string) => WebWorker }
  try {
    return new Worker(url)
  } catch (error) {
    if ((error as Error).name !== 'SecurityError') throw error
    const imports = `importScripts(${JSON.stringify(url)})`
    return new Worker(URL.createObjectURL(new Blob([imports], { type: 'text/javascript' })))
  }
}
