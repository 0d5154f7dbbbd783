import { readFileSync, writeFileSync } from 'node:fs'

/** Memory of this process, in bytes, as Linux counts it (proc(5), `/proc/self/status`). */
export interface Resident {
  /** In RAM now: `VmRSS`. */
  readonly all: number
  /** Of it pages of files, which processes share: `RssFile`. */
  readonly mapped: number
  /** The most there was since {@link forgetPeak}: `VmHWM`. */
  readonly peak: number
}

export function resident(): Resident {
  const status = readFileSync('/proc/self/status', 'utf8')
  const bytes = (field: string): number => Number(new RegExp(`^${field}:\\s*(\\d+) kB`, 'm').exec(status)?.[1]) * 1024
  return { all: bytes('VmRSS'), mapped: bytes('RssFile'), peak: bytes('VmHWM') }
}

/** Lets the peak begin anew at what is resident now. */
export function forgetPeak(): void {
  writeFileSync('/proc/self/clear_refs', '5')
}

/** What a model takes beside the engine that runs it, in bytes. */
export interface MemoryUse {
  /** The most while it was loaded and run. */
  readonly peakBytes: number
  /** After its runs. */
  readonly heldBytes: number
  /** Of these, pages of files: other processes that run the model share them, and where memory is short they are read again. */
  readonly mappedBytes: number
}

/** What memory grew by. */
export function growth(before: Resident, after: Resident): MemoryUse {
  return {
    peakBytes: after.peak - before.all,
    heldBytes: after.all - before.all,
    mappedBytes: after.mapped - before.mapped,
  }
}
