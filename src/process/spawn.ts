import { spawn } from 'node:child_process'
import { ownGroup, watch } from './guard.ts'
import type { SpawnLimits, StopReason } from './limits.ts'

export interface SpawnOptions extends SpawnLimits {
  readonly cwd?: string
  /** The whole environment of the child; the parent's is not added. Default: the parent's. */
  readonly env?: Readonly<Record<string, string>>
  /** Of each output stream at most this many bytes are kept: its beginning and its end. Default 16 MiB. */
  readonly maxOutputBytes?: number
  /** Called with each complete line of standard output as it comes. */
  readonly onLine?: (line: string) => void
  /** `open` keeps the child's standard input open until it ends, so that it can notice our death. Default `none`. */
  readonly stdin?: 'none' | 'open'
}

export interface SpawnResult {
  /** `null` if a signal ended it. */
  readonly exitCode: number | null
  readonly exitSignal: string | null
  readonly stopped: StopReason | undefined
  readonly stdout: string
  readonly stderr: string
  readonly seconds: number
  /** Highest resident memory seen, where it was watched. */
  readonly peakBytes: number | undefined
}

/**
 * Runs a program without a shell, as leader of its own process group, and waits for it.
 * Any exit is a result, early stops included; only a program that can't be started rejects,
 * with the system's error (`code` is `ENOENT`, `EACCES`, …).
 */
export function runProcess(file: string, args: readonly string[], options: SpawnOptions = {}): Promise<SpawnResult> {
  const started = performance.now()
  if (options.signal?.aborted) return Promise.resolve(neverStarted)
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      cwd: options.cwd,
      env: options.env,
      stdio: [options.stdin === 'open' ? 'pipe' : 'ignore', 'pipe', 'pipe'],
      ...ownGroup,
    })
    const stdout = new Capture(options.maxOutputBytes, options.onLine)
    const stderr = new Capture(options.maxOutputBytes)
    child.stdout?.on('data', (chunk: Buffer) => stdout.add(chunk))
    child.stderr?.on('data', (chunk: Buffer) => stderr.add(chunk))
    child.stdin?.on('error', () => {}) // EPIPE when the child ends first
    const guard = watch(child, options)
    child.on('error', (error) => {
      guard.release()
      reject(error)
    })
    child.on('close', (exitCode, exitSignal) => {
      guard.release()
      resolve({
        exitCode,
        exitSignal,
        stopped: guard.stopped,
        stdout: stdout.text(),
        stderr: stderr.text(),
        seconds: (performance.now() - started) / 1000,
        peakBytes: guard.peakBytes,
      })
    })
  })
}

const neverStarted: SpawnResult = {
  exitCode: null,
  exitSignal: null,
  stopped: 'abort',
  stdout: '',
  stderr: '',
  seconds: 0,
  peakBytes: undefined,
}

/** Keeps the beginning and the end of a stream within a limit, and cuts it into lines on the way. */
class Capture {
  private readonly half: number
  private readonly onLine: ((line: string) => void) | undefined
  private readonly decoder = new TextDecoder()
  private head = ''
  private readonly tail: string[] = []
  private tailLength = 0
  private dropped = 0
  private line = ''

  constructor(maxBytes = 16 << 20, onLine?: (line: string) => void) {
    this.half = Math.max(1, Math.floor(maxBytes / 2))
    this.onLine = onLine
  }

  add(chunk: Buffer): void {
    const text = this.decoder.decode(chunk, { stream: true })
    const room = Math.max(0, this.half - this.head.length)
    this.head += text.slice(0, room)
    if (room < text.length) this.keepTail(text.slice(room))
    if (this.onLine) this.cutLines(text, this.onLine)
  }

  text(): string {
    const tail = this.tail.join('')
    const dropped = this.dropped + Math.max(0, tail.length - this.half)
    if (dropped === 0) return this.head + tail
    return `${this.head}\n… ${dropped} characters left out …\n${tail.slice(-this.half)}`
  }

  /** Whole chunks are let go from the front, so that endless output costs no copying. */
  private keepTail(text: string): void {
    this.tail.push(text)
    this.tailLength += text.length
    while (this.tailLength - (this.tail[0]?.length ?? 0) >= this.half) {
      const length = this.tail.shift()?.length ?? 0
      this.tailLength -= length
      this.dropped += length
    }
  }

  private cutLines(text: string, onLine: (line: string) => void): void {
    const lines = (this.line + text).split('\n')
    // A line without end is output gone wrong; don't collect it.
    this.line = (lines.pop() ?? '').slice(0, 1 << 16)
    for (const line of lines) onLine(line.replace(/\r$/, ''))
  }
}
