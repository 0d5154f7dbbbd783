import { type ChildProcess, spawn } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CompileError, EnvironmentError } from '../errors/index.ts'
import { ownGroup, watch } from '../process/guard.ts'
import { Turns } from '../process/turns.ts'
import { DEFAULT_TIMEOUT, type RunOptions, type RunResult, stoppedError } from './spawn.ts'
import { npmClang, type WasmToolchain } from './wasm-find.ts'
import type { YowaspAnswer, YowaspJob } from './yowasp-program.ts'

/** One C file, the folders of its headers, and how to compile it. */
export interface YowaspSource {
  readonly source: string
  readonly folders: readonly string[]
  readonly flags: readonly string[]
}

/** One compile at a time: each takes some 350 MB, and what the first one makes ready (10 s) serves all after it. */
const turns = new Turns(1)

/**
 * Stays up for the models of this process, and keeps it from ending no longer than a compile takes. A process, not a thread:
 * a thread that is ended while the package loads takes Node with it (20.19: "corrupted size vs. prev_size", or a segmentation
 * fault, in 2 of 6 tries).
 */
let running: ChildProcess | undefined

/**
 * Compiles with the npm package's clang, in a process of its own.
 *
 * @throws EnvironmentError `ENVIRONMENT_TOOL` when the package doesn't load
 * @throws CompileError `COMPILE_TIMEOUT`, `COMPILE_MEMORY`
 * @throws the signal's reason when aborted
 */
export function runYowasp(
  { entry }: Extract<WasmToolchain, { kind: 'yowasp' }>,
  { source, folders, flags }: YowaspSource,
  { signal, timeout = DEFAULT_TIMEOUT, memory }: RunOptions,
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

interface Limits {
  readonly signal: AbortSignal | undefined
  readonly timeout: number
  readonly memory: number | undefined
}

function answer(entry: string, job: YowaspJob, { signal, timeout, memory }: Limits): Promise<YowaspAnswer> {
  const child = running?.connected ? running : (running = start(entry))
  const guard = watch(child, { signal, timeoutMs: timeout, memoryBytes: memory })
  return new Promise((resolve, reject) => {
    const end = (settle: () => void): void => {
      guard.release()
      child.off('message', take).off('error', fail).off('exit', exit)
      keepsUsAlive(child, false)
      settle()
    }
    const take = (message: unknown): void => end(() => resolve(message as YowaspAnswer))
    const lose = (error: unknown): void => {
      running = undefined
      end(() => reject(error))
    }
    const fail = (cause: Error): void => {
      child.kill('SIGKILL')
      const text = `${npmClang} can't be started: ${cause.message}.`
      lose(new EnvironmentError('ENVIRONMENT_TOOL', text, { tool: entry }, { cause }))
    }
    const exit = (status: number | null, by: NodeJS.Signals | null): void => {
      if (guard.stopped === 'abort') return lose(signal?.reason)
      const text = `${npmClang} ended with ${by ?? `status ${status}`}. Compile with a lower O, or with more memory.`
      const unasked = () => new CompileError('COMPILE_MEMORY', text, { tool: npmClang })
      lose(stoppedError(npmClang, guard.stopped, { timeout, memory }) ?? unasked())
    }
    child.on('message', take).on('error', fail).on('exit', exit)
    keepsUsAlive(child, true)
    child.send(job, (error) => error && fail(error))
  })
}

function start(entry: string): ChildProcess {
  const child = spawn(process.execPath, [fileURLToPath(program()), entry], {
    // What this preloads is for our process.
    env: { ...process.env, NODE_OPTIONS: undefined, NODE_NO_WARNINGS: '1' },
    // It prints nothing, but what Node says where it ends by itself is of use. Without any handle of ours, and without a
    // window, Node for Windows ends at once under wine.
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    serialization: 'advanced',
    ...ownGroup,
  })
  // Between two compiles: the next one finds it gone, and starts another.
  child.on('exit', () => {
    if (running === child) running = undefined
  })
  child.on('error', () => {})
  return child
}

function keepsUsAlive(child: ChildProcess, does: boolean): void {
  if (does) child.ref()
  else child.unref()
  // As Node has it; its types don't know that the channel has them, too.
  const channel = child.channel as { ref(): void; unref(): void } | null | undefined
  if (does) channel?.ref()
  else channel?.unref()
}

/** Node 20 runs no TypeScript: from a checkout's sources (tests) it is the built file. */
function program(): URL {
  const isSource = import.meta.url.endsWith('.ts')
  return new URL(isSource ? '../../dist/toolchains/yowasp-program.js' : './yowasp-program.js', import.meta.url)
}
