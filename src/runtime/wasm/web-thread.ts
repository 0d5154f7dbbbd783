import { deployAll } from './files.ts'
import { type Start, Thread } from './thread.ts'
import type { Reply, Request } from './serve.ts'

/** What the runtime uses of a browser's workers. */
interface WebWorker<Message = Request> {
  postMessage(request: Message, transfer: readonly ArrayBufferLike[]): void
  terminate(): void
  onmessage: (event: { readonly data: Reply }) => void
  onerror: (event: { readonly message?: string }) => void
}

declare const Worker: new <Message = Request>(url: string) => WebWorker<Message>

/** The program of a worker: its address, or its text. */
export type WorkerProgram = string | { readonly href: string } | { readonly text: string }

/** By address or text of the program. */
const threads = new Map<string, Thread>()

/** The one worker of this page that runs a program. */
export function webThread(program: WorkerProgram): Thread {
  const text = (program as { text?: string }).text
  const key = text ?? String(program)
  let thread = threads.get(key)
  if (thread === undefined) threads.set(key, (thread = new Thread((...ears) => start(key, text, ...ears))))
  return thread
}

const start = (url: string, text: string | undefined, ...[heard, gone]: Parameters<Start>): ReturnType<Start> => {
  const worker = text === undefined ? newWorker(url) : workerOf(text)
  let isStarted = false
  worker.onmessage = ({ data }) => {
    isStarted = true
    heard(data)
  }
  worker.onerror = ({ message }) => {
    worker.terminate()
    if (isStarted) gone(message ?? 'it ended')
    // Its text is ours, so that only the page can be why.
    else if (text !== undefined)
      gone(
        "the page's Content-Security-Policy forbids workers of text, as files=inline has them: add blob: to its worker-src, or build with files=url",
        'LOAD_CSP',
      )
    // Servers give web pages in place of files that they lack; of what the browser refused it says nothing.
    else
      gone(
        message
          ? `${url} is not its program (${message}): ${deployAll}`
          : `its worker ${url} can't be loaded: ${deployAll}; allow it in worker-src; an isolated page's needs Cross-Origin-Embedder-Policy, too`,
        'LOAD_WORKER',
      )
  }
  return {
    post: (request, transfer) => worker.postMessage(request, transfer),
    busy: () => undefined,
    stop: () => worker.terminate(),
  }
}

/** A page may not start a worker of another origin, but one of its own that imports a script from there. */
export function newWorker<Message = Request>(url: string): WebWorker<Message> {
  try {
    return new Worker<Message>(url)
  } catch (error) {
    if ((error as Error).name !== 'SecurityError') throw error
    return workerOf<Message>(`importScripts(${JSON.stringify(url)})`)
  }
}

function workerOf<Message = Request>(text: string): WebWorker<Message> {
  return new Worker<Message>(URL.createObjectURL(new Blob([text], { type: 'text/javascript' })))
}
