import { CompileError, EnvironmentError } from '../errors/index.ts'
import type { StopReason } from '../process/limits.ts'
import { runProcess } from '../process/spawn.ts'

export interface RunOptions {
  /** Working directory; also becomes the tool's TMPDIR, so that what it leaves behind goes away with the folder. */
  readonly cwd?: string
  readonly signal?: AbortSignal
  /** Milliseconds; default 10 minutes. */
  readonly timeout?: number
  /** Bytes of resident memory that the tool and what it starts may use together. Default: no limit. */
  readonly memory?: number
}

export interface RunResult {
  /** Exit status, or `null` where a signal ended the tool. */
  readonly status: number | null
  readonly killedBy: string | null
  readonly stdout: string
  readonly stderr: string
}

export const DEFAULT_TIMEOUT = 600_000
const OUTPUT_LIMIT = 512 * 1024

/**
 * Runs a compiler, or another tool of the toolchain, and collects what it prints.
 * A non-zero exit is an ordinary result; it is the caller who knows what it means.
 *
 * @param tool the program, or the program and its first arguments (`['ccache', 'gcc']`)
 * @throws EnvironmentError `ENVIRONMENT_TOOL` when the program can't be started
 * @throws CompileError `COMPILE_TIMEOUT` when it takes longer than `timeout`, `COMPILE_MEMORY` when more than `memory`
 * @throws the signal's reason when aborted
 */
export async function runCompiler(
  tool: string | readonly string[],
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const [program = '', ...leading] = typeof tool === 'string' ? [tool] : tool
  const { cwd, signal, timeout = DEFAULT_TIMEOUT, memory } = options
  signal?.throwIfAborted()
  // LC_ALL=C: the messages are searched for `error:`.
  const env = { ...definedOnly(process.env), LC_ALL: 'C', ...(cwd === undefined ? {} : { TMPDIR: cwd }) }
  const result = await runProcess(program, [...leading, ...args], {
    cwd,
    env,
    signal,
    timeoutMs: timeout,
    memoryBytes: memory,
    maxOutputBytes: OUTPUT_LIMIT,
  }).catch((cause: NodeJS.ErrnoException) => {
    throw cannotStart(program, cwd, cause)
  })
  signal?.throwIfAborted()
  const stopped = stoppedError(program, result.stopped, { timeout, memory })
  if (stopped) throw stopped
  return { status: result.exitCode, killedBy: result.exitSignal, stdout: result.stdout, stderr: result.stderr }
}

/** What to say where a limit ended a tool. */
export function stoppedError(
  tool: string,
  reason: StopReason | undefined,
  { timeout, memory }: { readonly timeout: number; readonly memory: number | undefined },
): CompileError | undefined {
  const advice = (limit: string) => `Raise the ${limit} limit, or compile with a lower O.`
  if (reason === 'timeout') {
    const text = `${tool} was stopped after ${timeout / 1000} s. ${advice('time')}`
    return new CompileError('COMPILE_TIMEOUT', text, { tool, timeout })
  }
  if (reason === 'memory') {
    const text = `${tool} was stopped at ${memory} bytes of memory. ${advice('memory')}`
    return new CompileError('COMPILE_MEMORY', text, { tool, memory })
  }
  return undefined
}

function cannotStart(program: string, cwd: string | undefined, cause: NodeJS.ErrnoException): EnvironmentError {
  const where = cwd === undefined ? '' : ` in ${cwd}`
  const why = cause.code === 'ENOENT' ? 'it is not installed or not on PATH, or the folder is gone' : cause.message
  const data = { tool: program, cwd }
  return new EnvironmentError('ENVIRONMENT_TOOL', `Can't run ${program}${where}: ${why}.`, data, { cause })
}

function definedOnly(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined))
}
