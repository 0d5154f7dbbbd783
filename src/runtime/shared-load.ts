import type { LoadOptions, LoadProgress, LoadSignal } from './model.ts'

/** What does the load, and tells how far it is. */
export type Load = (signal: LoadSignal, report: (progress: LoadProgress) => void) => Promise<void>

/** A load that many wait for, each for as long as its own signal lets it; it ends with the last of them. */
export interface SharedLoad {
  join(options?: LoadOptions): Promise<void>
  /** Stops the load that is under way, if any. */
  stop(): void
}

interface Current {
  readonly controller: AbortController
  readonly listeners: Set<(progress: LoadProgress) => Promise<void>>
  readonly done: Promise<void>
}

export function sharedLoad(load: Load): SharedLoad {
  let current: Current | undefined

  function begin(): Current {
    const controller = new AbortController()
    const listeners: Current['listeners'] = new Set()
    const report = (progress: LoadProgress): void => {
      for (const listener of listeners) void listener(progress)
    }
    return { controller, listeners, done: load(controller.signal, report) }
  }

  return {
    async join({ onProgress, signal } = {}) {
      if (signal?.aborted) throw signal.reason
      const joined = (current ??= begin())
      const { controller, listeners, done } = joined
      // What a listener throws is its own failure, reported as a rejection that nobody handles.
      const listener = async (progress: LoadProgress): Promise<void> => onProgress?.(progress)
      let abort: () => void
      listeners.add(listener)
      try {
        await new Promise<void>((resolve, reject) => {
          done.then(resolve, reject)
          abort = () => reject(signal!.reason)
          signal?.addEventListener('abort', abort)
        })
      } finally {
        signal?.removeEventListener('abort', abort!)
        listeners.delete(listener)
        if (listeners.size === 0) {
          controller.abort()
          if (current === joined) current = undefined
        }
      }
    },

    stop: () => current?.controller.abort(),
  }
}
