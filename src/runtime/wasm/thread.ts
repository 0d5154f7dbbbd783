import { ModelLoadError, ModelRunError } from '../errors.ts'
import type { CheckedInput } from '../input-port.ts'
import { type Collect, newCollect, type Result, type ResultParts } from '../results.ts'
import type { Load } from '../shared-load.ts'
import type { NamedModel } from '../signature.ts'
import type { CheckedTensor } from '../tensor-input.ts'
import type { WasmModule } from './api.ts'
import type { Reply, Request } from './serve.ts'
import { tensorsIn } from './tensors-in.ts'
import type { AskedThreads } from './thread-count.ts'

/** A worker of the platform. */
export interface Port {
  post(request: Request, transfer: readonly ArrayBufferLike[]): void
  /** Whether it has work, for which the program should wait. */
  busy(isBusy: boolean): void
  stop(): void
}

/** Starts a worker. `gone` is called when it ended, and why; with the code of the error, where it never could have begun. */
export type Start = (heard: (reply: Reply) => void, gone: (why: string, code?: string) => void) => Port

interface Waiting {
  resolve(reply: Reply): void
  reject(error: unknown): void
}

/** A thread that runs models, of one worker that is there while any model needs it. */
export class Thread {
  readonly #start: Start
  #port: Port | undefined
  #waiting = new Map<number, Waiting>()
  #models = 0
  #count = 0

  constructor(start: Start) {
    this.#start = start
  }

  /** The worker as it is now: another one has none of the models. */
  get port(): Port {
    return (this.#port ??= this.#begin())
  }

  enter(): number {
    this.#models++
    return this.#count++
  }

  leave(): void {
    this.#models--
    this.#rest()
  }

  ask(request: Omit<Request, 'id'>, transfer: readonly ArrayBufferLike[]): Promise<Reply> {
    const { port } = this
    const id = this.#count++
    return new Promise((resolve, reject) => {
      port.post({ ...request, id }, transfer)
      this.#waiting.set(id, { resolve, reject })
      port.busy(true)
    })
  }

  #begin(): Port {
    const waiting = this.#waiting
    return this.#start(
      (reply) => {
        waiting.get(reply.id)?.resolve(reply)
        waiting.delete(reply.id)
        if (waiting === this.#waiting) this.#rest()
      },
      (why, code) => {
        if (waiting !== this.#waiting) return
        this.#port = undefined
        this.#waiting = new Map()
        for (const { reject } of waiting.values()) reject(Object.assign(new Error(why), { code }))
      },
    )
  }

  #rest(): void {
    if (this.#waiting.size > 0) return
    this.#port?.busy(false)
    if (this.#models > 0) return
    this.#port?.stop()
    this.#port = undefined
    this.#waiting = new Map() // what is heard of the end is not of the next worker
  }
}

/** What a thread needs to have a model. */
export interface Opened {
  readonly module: WasmModule
  readonly weights: Uint8Array | undefined
  /** Whether the weights are nobody else's, and may be given away. */
  readonly isOwn: boolean
  /** Of a module for them. */
  readonly threads?: AskedThreads | undefined
}

/** Gets it, each time that a worker has to load the model. */
export type Open = (...way: Parameters<Load>) => Promise<Opened>

/** A run that is done. */
interface Ran {
  readonly results: Record<string, Result>
  readonly took: number
}

/** A model on another thread. */
export class RemoteModel {
  readonly #thread: Thread
  readonly #model: NamedModel
  readonly #open: Open
  readonly #collect: Collect
  readonly #key: number
  /** The worker that has it. */
  #port: Port | undefined
  #loading: Promise<unknown> | undefined
  /** Runs that are not done. */
  readonly #begun = new Set<Promise<void>>()

  constructor(thread: Thread, { name, inputs, outputs }: NamedModel, parts: ResultParts, open: Open) {
    this.#thread = thread
    this.#model = { name, inputs, outputs }
    this.#open = open
    this.#collect = newCollect(this.#model, parts)
    this.#key = thread.enter()
  }

  /**
   * Loads it, unless it is.
   *
   * @throws ModelLoadError `LOAD_WORKER` where there are no workers, and what loading throws
   */
  async load(
    ...[signal = new AbortController().signal, report = () => undefined]: Partial<Parameters<Load>>
  ): Promise<void> {
    const { name } = this.#model
    let port
    try {
      port = this.#thread.port
    } catch (error) {
      throw new ModelLoadError('LOAD_WORKER', `${name}: its worker can't be started: ${String(error)}`, {
        cause: error,
      })
    }
    if (this.#loading === undefined || this.#port !== port) {
      this.#port = port
      this.#loading = this.#load(signal, report)
      this.#loading.catch(() => (this.#loading = undefined))
    }
    await this.#loading
  }

  /**
   * @param own what `ownInputs` gives, which is given away
   * @returns `took`: milliseconds of the run itself
   */
  run(own: readonly CheckedInput[]): Promise<Ran> {
    const running = this.#run(own)
    const settled = running
      .then(
        () => undefined,
        () => undefined,
      )
      .then(() => void this.#begun.delete(settled))
    this.#begun.add(settled)
    return running
  }

  async #run(own: readonly CheckedInput[]): Promise<Ran> {
    await this.load()
    const buffers = tensorsIn(own).flatMap(bufferOf)
    const { raw, milliseconds } = await this.#ask({ inputs: own }, buffers)
    return { results: this.#collect(raw!), took: milliseconds! }
  }

  /** Runs that have begun still finish. */
  async dispose(): Promise<void> {
    await Promise.all(this.#begun)
    await this.#loading?.catch(() => undefined)
    if (this.#loading !== undefined) await this.#ask({}, []).catch(() => undefined)
    this.#thread.leave()
  }

  async #load(...way: Parameters<Load>): Promise<void> {
    const { module, weights, isOwn, threads } = await this.#open(...way)
    await this.#ask(
      { load: { module, weights, model: this.#model, threads } },
      isOwn && weights ? [weights.buffer] : [],
    )
  }

  async #ask(request: Pick<Request, 'load' | 'inputs'>, transfer: readonly ArrayBufferLike[]): Promise<Reply> {
    const { name } = this.#model
    const reply = await this.#thread.ask({ key: this.#key, ...request }, transfer).catch((error: unknown) => {
      this.#loading = undefined
      const { message, code } = error as Error & { code?: string }
      if (code) throw new ModelLoadError(code, `${name}: ${message}`, { cause: error })
      throw new ModelRunError('RUN_FAILED', `${name}: its worker failed: ${message}`, { cause: error })
    })
    if (reply.isBroken) this.#loading = undefined
    if (reply.error === undefined) return reply
    const { code, message } = reply.error
    throw new (code?.startsWith('LOAD') ? ModelLoadError : ModelRunError)(code ?? 'RUN_FAILED', message)
  }
}

function bufferOf({ data }: CheckedTensor): ArrayBufferLike[] {
  return 'buffer' in data ? [data.buffer] : []
}
