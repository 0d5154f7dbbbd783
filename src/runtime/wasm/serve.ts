import type { CheckedInput } from '../input-port.ts'
import type { RawList, RawTensor } from '../results.ts'
import type { NamedModel } from '../signature.ts'
import type { WasmModule } from './api.ts'
import { newSession } from './compile.ts'
import { sessionParts } from './every-part.ts'
import { type Order, Pool, type StartPoolWorker } from './pool.ts'
import { seated } from './seat.ts'
import type { WasmSession } from './session.ts'
import { tensorsIn } from './tensors-in.ts'
import { type AskedThreads, threadCount } from './thread-count.ts'
import { threadsIn } from './threaded.ts'

/** What a thread is asked that runs models for another one. */
export interface Request {
  readonly id: number
  /** Of the model. */
  readonly key: number
  /** To have the model at hand. */
  readonly load?: {
    readonly module: WasmModule
    readonly weights: Uint8Array | undefined
    readonly model: NamedModel
    /** With how many threads, of a module for them. */
    readonly threads?: AskedThreads | undefined
  }
  /** To run it. Without either: to forget it. */
  readonly inputs?: readonly CheckedInput[]
}

/** What it answers. */
export interface Reply {
  readonly id: number
  readonly error?: { readonly code: string | undefined; readonly message: string }
  /** After a trap: the model has to be loaded again. */
  readonly isBroken?: boolean
  readonly raw?: readonly (RawTensor | RawList)[]
  /** How long the run took. */
  readonly milliseconds?: number
}

/**
 * Runs models for the thread that `post` sends to. A worker that is in a pool gets orders instead of requests.
 *
 * @param start a worker of this one's own program, for models with threads
 * @param cores of the machine, where there is no `navigator` to tell them
 */
export function serve(
  post: (reply: Reply, transfer: ArrayBuffer[]) => void,
  start: StartPoolWorker,
  cores?: number,
): (request: Request | Order) => void {
  const sessions = new Map<number, WasmSession>()
  const pool = new Pool(start)
  const obey = seated()
  const opened = ({ module, model, weights, threads = 1 }: NonNullable<Request['load']>): Promise<WasmSession> =>
    newSession(module, model, sessionParts, weights, threadsIn(pool, threadCount(threads, cores)))
  async function answer({ id, key, load, inputs }: Request): Promise<void> {
    const session = sessions.get(key)
    try {
      if (load !== undefined) sessions.set(key, await opened(load))
      else if (inputs === undefined) {
        session?.dispose()
        sessions.delete(key)
      }
      if (inputs === undefined) return post({ id }, [])
      const start = performance.now()
      const raw = session!.execute(inputs)
      const milliseconds = performance.now() - start
      const buffers = tensorsIn(raw)
        .map(({ data }) => data)
        .filter((data) => !Array.isArray(data))
      post({ id, raw, milliseconds }, buffers as ArrayBuffer[])
    } catch (error) {
      const { code, message } = error as { code: string; message: string }
      post({ id, error: { code, message }, isBroken: session?.isBroken !== false }, [])
    }
  }

  // What goes wrong with an order ends the worker, which its pool hears of.
  return (request) => ('id' in request ? void answer(request) : obey(request))
}
