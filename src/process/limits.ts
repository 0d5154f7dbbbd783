/** When a child is ended before it is done. */
export interface SpawnLimits {
  /** Aborting ends the child and everything it started. */
  readonly signal?: AbortSignal
  /** Wall-clock limit. */
  readonly timeoutMs?: number
  /** Limit on the resident memory of the child and everything it started, together; watched four times a second. */
  readonly memoryBytes?: number
  /** Called once when the child is being stopped early, e.g. to stop what it started elsewhere. */
  readonly onStop?: () => void
}

/** Why a child was ended before it was done. */
export type StopReason = 'abort' | 'timeout' | 'memory'
