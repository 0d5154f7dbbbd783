import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { UsageError } from '../errors/index.ts'
import { parseRequest } from '../request/index.ts'
import { resolveTarget } from '../targets/index.ts'
import type { CaseResult } from './case.ts'
import { isEmulated, openEmulator } from './emulated.ts'
import type { CaseMessage, CaseOptions } from './worker.ts'

export interface SuiteOptions extends Omit<CaseOptions, 'emulator'> {
  /** A backend test folder: it or its subfolders hold `test_*` folders. */
  readonly suite: string
  /** Only tests whose names match. */
  readonly filter?: RegExp
  /** Processes at once; default: one per core. */
  readonly jobs?: number
  readonly signal?: AbortSignal
  onResult?(name: string, result: CaseResult, done: number, total: number): void
}

/** Longest time of one test, in milliseconds: compiling the largest takes under a minute on a slow machine. */
const TIMEOUT = 180_000

/** What a child has to end what it started and remove its files, in milliseconds. */
const GRACE = 2000

/**
 * Runs all tests of a suite, each in a child process, and gives their results by name in order.
 *
 * Those for another machine are run by QEMU.
 *
 * @throws UsageError `USAGE_SUITE` if there is no such folder, or no test in it; EnvironmentError where there is no QEMU, or
 *   no compiler for the target; the signal's reason when aborted
 */
export async function runSuite(options: SuiteOptions): Promise<Map<string, CaseResult>> {
  const found = await findTests(options.suite)
  if (found.length === 0)
    throw new UsageError(
      'USAGE_SUITE',
      `${options.suite} holds no tests: folders with a model.onnx and test_data_set_N.`,
    )
  const folders = found.filter((folder) => options.filter?.test(basename(folder)) ?? true)
  const waiting = [...folders]
  const results = new Map<string, CaseResult>(
    folders.map((folder) => [basename(folder), { status: 'skip', reason: 'not run' }]),
  )
  const { cache, request, tolerances, sanitize, variants, operators, targets, signal } = options
  const target = resolveTarget(parseRequest('model.onnx', request).directives.target)
  const emulation = isEmulated(target) ? await openEmulator(target) : undefined
  const { emulator } = emulation ?? {}
  const cases: CaseOptions = {
    cache,
    request,
    tolerances,
    sanitize,
    variants,
    emulator,
    ...(operators && { operators }),
    ...(targets !== undefined && { targets }),
  }
  let done = 0
  const lane = async (): Promise<void> => {
    const worker = new Worker()
    const stop = (): void => void worker.stop()
    signal?.addEventListener('abort', stop)
    for (let folder = waiting.shift(); folder && !signal?.aborted; folder = waiting.shift()) {
      const result = await worker.run({ folder, options: cases })
      if (signal?.aborted) break
      results.set(basename(folder), result)
      options.onResult?.(basename(folder), result, ++done, folders.length)
    }
    signal?.removeEventListener('abort', stop)
    await worker.stop()
  }
  try {
    await Promise.all(Array.from({ length: options.jobs ?? availableParallelism() }, lane))
  } finally {
    await emulation?.close()
  }
  signal?.throwIfAborted()
  return results
}

async function findTests(suite: string): Promise<string[]> {
  if (!existsSync(suite))
    throw new UsageError(
      'USAGE_SUITE',
      `There is no folder ${suite}. Give the folder of an ONNX backend test suite with --suite.`,
    )
  const entries = (await readdir(suite, { withFileTypes: true })).filter((entry) => entry.isDirectory())
  const found = entries
    .map((entry) => join(suite, entry.name))
    .filter((folder) => existsSync(join(folder, 'model.onnx')))
  if (found.length > 0) return found.sort()
  const nested = await Promise.all(entries.map((entry) => findTests(join(suite, entry.name))))
  return nested.flat().sort()
}

/** A child process that runs tests one after the other, and is replaced when one of them crashes or hangs. */
class Worker {
  private child: ChildProcess | undefined

  run(message: CaseMessage): Promise<CaseResult> {
    const child = (this.child ??= fork(fileURLToPath(new URL('./worker.js', import.meta.url)), {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      // Small models leave 15 MB, which V8 else looks through every few tests: 8 of 45 ms of a processor for each.
      execArgv: [...process.execArgv, '--initial-heap-size=512'],
    }))
    return new Promise((resolve) => {
      const finish = (result: CaseResult): void => {
        clearTimeout(timer)
        child.removeAllListeners()
        resolve(result)
      }
      const timer = setTimeout(() => {
        finish({ status: 'fail', reason: `took longer than ${TIMEOUT / 1000} s` })
        void this.stop()
      }, TIMEOUT)
      child.once('message', (result: CaseResult) => finish(result))
      child.once('exit', (code, signal) => {
        this.child = undefined
        finish({ status: 'fail', reason: `crashed: ${signal ?? `exit ${code}`}` })
      })
      child.send(message)
    })
  }

  /** Ends the child with all that it started: it does that itself, unless code that it runs keeps it from it. */
  async stop(): Promise<void> {
    const { child } = this
    this.child = undefined
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const force = setTimeout(() => child.kill('SIGKILL'), GRACE)
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
    clearTimeout(force)
  }
}
