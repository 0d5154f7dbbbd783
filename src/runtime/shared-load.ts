import type { LoadOptions, LoadProgress, LoadSignal } from './model.ts'

/** What does the load, and tells how far it is. */
export type Load = (signal: LoadSignal, report: (progress: LoadProgress) => void) => Promise<void>

/** A load that many wait for, each for as long as its own signal lets it; it ends with the last of them. */
export class SharedLoad {
  readonly #load: Load
  #current: Current | undefined

  constructor(load: Load) {
    this.#load = load
  }

  async join({ onProgress, signal }: LoadOptions = {}): Promise<void> {
    if (signal?.aborted) throw signal.reason
    const current = (this.#current ??= this.#begin())
    // What a listener throws is its own failure, reported as a rejection that nobody handles.
    const listener = async (progress: LoadProgress): Promise<void> => onProgress?.(progress)
    let abort: (() => void) | undefined
    current.listeners.add(listener)
    try {
      await new Promise<void>((resolve, reject) => {
        current.done.then(resolve, reject)
        abort = () => reject(signal!.reason)
        signal?.addEventListener('abort', abort)
      })
    } finally {
      signal?.removeEventListener('abort', abort!)
      current.listeners.delete(listener)
      if (current.listeners.size === 0) this.#end(current)
    }
  }

  /** Stops the load that is under way, if any. */
  stop(): void {
    this.#current?.controller.abort()
  }

  #begin(): Current {
    const controller = new AbortController()
    const listeners: Current['listeners'] = new Set()
    const done = this.#load(controller.signal, (progress) => {
      for (const listener of listeners) void listener(progress)
    })
    return { controller, listeners, done }
  }

  #end(current: Current): void {
    current.controller.abort()
    if (this.#current === current) this.#current = undefined
  }
}

interface Current {
  readonly controller: AbortController
  readonly listeners: Set<(progress: LoadProgress) => Promise<void>>
  readonly done: Promise<void>
}
