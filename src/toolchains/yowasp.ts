import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { CompileError, EnvironmentError } from '../errors.ts'
import { Turns } from '../process/turns.ts'
import type { RunOptions, RunResult } from './spawn.ts'
import { npmClang, type WasmToolchain } from './wasm-find.ts'
import type { YowaspAnswer, YowaspJob } from './yowasp-worker.ts'

/** One C file, the folders of its headers, and how to compile it. */
export interface YowaspSource {
  readonly source: string
  readonly folders: readonly string[]
  readonly flags: readonly string[]
}

/** One compile at a time: each takes some 350 MB, and what the first one makes ready (10 s) serves all after it. */
const turns = new Turns(1)

/** Stays up for the models of this process, and keeps it from ending no longer than a compile takes. */
let worker: Worker | undefined

/**
 * Compiles with the npm package's clang, in a thread of its own.
 *
 * @throws EnvironmentError `ENVIRONMENT_TOOL` when the package doesn't load
 * @throws CompileError `COMPILE_TIMEOUT`, `COMPILE_MEMORY`
 * @throws the signal's reason when aborted
 */
export function runYowasp(
  { entry }: Extract<WasmToolchain, { kind: 'yowasp' }>,
  { source, folders, flags }: YowaspSource,
  { signal, timeout = 600_000, memory }: RunOptions,
): Promise<{ readonly result: RunResult; readonly output: Uint8Array | undefined }> {
  return turns.take(
    npmClang,
    async () => {
      signal?.throwIfAborted()
      const rooms = await Promise.all(folders.map(readRoom))
      const args = [...flags, ...rooms.map(({ name }) => `-I${name}`), 'model.c', '-o', 'model.wasm']
      const files = { 'model.c': source, ...Object.fromEntries(rooms.map(({ name, files }) => [name, files])) }
      const { status, output, printed, problem } = await answer(entry, { args, files }, { signal, timeout, memory })
      if (problem !== undefined)
        throw new EnvironmentError('ENVIRONMENT_TOOL', `${npmClang} can't be used: ${problem}. Install it anew.`, {
          tool: entry,
        })
      return { result: { status, killedBy: null, stdout: '', stderr: printed }, output }
    },
    signal ? { signal } : {},
  )
}

async function readRoom(folder: string): Promise<{ name: string; files: Record<string, string> }> {
  const names = (await readdir(folder)).filter((name) => /\.[ch]$/.test(name))
  const contents = await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')]))
  return { name: basename(folder), files: Object.fromEntries(contents) as Record<string, string> }
}

/** Bytes of `memory` are what the whole process grows by: the system counts those of a thread no other way. */
interface Limits {
  readonly signal: AbortSignal | undefined
  readonly timeout: number
  readonly memory: number | undefined
}

/** Milliseconds between two looks at the memory. */
const LOOK_MS = 100

function answer(entry: string, job: YowaspJob, { signal, timeout, memory }: Limits): Promise<YowaspAnswer> {
  const before = process.memoryUsage.rss()
  const thread = (worker ??= startWorker(entry))
  return new Promise((resolve, reject) => {
    const stop = (reason: unknown): void => {
      // A compile can't be interrupted: the thread goes, and the next model starts one.
      worker = undefined
      void thread.terminate()
      end(() => reject(reason))
    }
    const abort = (): void => stop(signal?.reason)
    const timer = setTimeout(() => {
      const text = `${npmClang} was stopped after ${timeout / 1000} s. Raise the time limit, or compile with a lower O.`
      stop(new CompileError('COMPILE_TIMEOUT', text, { tool: npmClang, timeout }))
    }, timeout)
    const look = (): void => {
      if (process.memoryUsage.rss() - before <= memory!) return
      const text = `${npmClang} was stopped at ${memory} bytes of memory. Raise the memory limit, or compile with a lower O.`
      stop(new CompileError('COMPILE_MEMORY', text, { tool: npmClang, memory }))
    }
    const looks = memory === undefined ? undefined : setInterval(look, LOOK_MS)
    const fail = (error: Error): void => {
      const text = `${npmClang} ended: ${error.message}. Compile with a lower O, or with more memory.`
      stop(new CompileError('COMPILE_MEMORY', text, { tool: npmClang }))
    }
    const take = (message: YowaspAnswer): void => end(() => resolve(message))
    const end = (settle: () => void): void => {
      clearTimeout(timer)
      clearInterval(looks)
      signal?.removeEventListener('abort', abort)
      thread.off('message', take).off('error', fail)
      thread.unref()
      settle()
    }
    signal?.addEventListener('abort', abort, { once: true })
    thread.on('message', take).on('error', fail)
    thread.ref()
    thread.postMessage(job)
  })
}

function startWorker(entry: string): Worker {
  const thread = new Worker(workerFile(), { workerData: entry, execArgv: [] })
  thread.unref()
  return thread
}

/** Node 20 runs no TypeScript: from a checkout's sources (tests) it is the built file. */
function workerFile(): URL {
  const isSource = import.meta.url.endsWith('.ts')
  return new URL(isSource ? '../../dist/toolchains/yowasp-worker.js' : './yowasp-worker.js', import.meta.url)
}
