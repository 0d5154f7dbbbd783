import type { Progress } from './progress.ts'

export interface RunOptions {
  /** Folder that the driver sees as its working directory and may write to. */
  readonly work: string
  /** Folder beside it for the runner's own files. */
  readonly root: string
  readonly signal?: AbortSignal
  readonly timeoutMs?: number
  /** For the driver and all its children together. */
  readonly memoryBytes?: number
  readonly onProgress?: (progress: Progress) => void
}

/** What every runner passes on to the process that it starts. */
export interface Limits {
  readonly signal?: AbortSignal
  readonly timeoutMs?: number
  readonly onLine?: (line: string) => void
}
