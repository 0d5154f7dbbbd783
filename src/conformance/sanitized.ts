import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BuiltinSource, builtinSource } from '../builtin/index.ts'
import { runCompiler } from '../toolchains/spawn.ts'
import { knownFlags, languageFlags, machineFlags } from '../toolchains/flags.ts'
import { writeWeights } from '../toolchains/weights.ts'
import { findCc, type Toolchain } from '../toolchains/cc.ts'
import { which } from '../toolchains/programs.ts'
import { CompileError } from '../errors/index.ts'
import { readModel } from '../formats/read.ts'
import type { OperatorDefinition } from '../ops/user/define.ts'
import { readingWith } from '../pipeline/index.ts'
import { runProcess, type SpawnResult } from '../process/spawn.ts'
import { type OptimizeLevel, parseRequest, type RequestOptions } from '../request/index.ts'
import { resolveTarget, type Target } from '../targets/index.ts'
import type { Runnable } from './compiled.ts'
import { runByProgram } from './program.ts'
import { openScratch } from './scratch.ts'

const checkFolder = fileURLToPath(new URL('../../native/check', import.meta.url))

/** Of a report at most this much is kept. */
const REPORT_LIMIT = 8192

/** A run under sanitizers takes some ten times as long as it should. */
const TIMEOUT_MS = 120_000

/**
 * A model as a program of its own (native/check/om_check.c) under the address, leak and undefined-behaviour sanitizers,
 * with every value in memory of its own: what reads or writes beside one is seen, also where the next one would lie.
 *
 * @throws ModelError, CompileError as the built-in compiler does; `run` throws what sanitizers report
 */
export async function sanitizedModel(
  id: string,
  options: RequestOptions,
  operators: readonly OperatorDefinition[] = [],
): Promise<Runnable> {
  const { path, directives } = parseRequest(id, options)
  const target = resolveTarget(directives.target)
  const dims = new Map(Object.entries(directives.dims))
  const made = builtinSource(await readModel(path, await readingWith(operators)), {
    target,
    dims,
    identity: 'sanitized',
    apart: true,
  })
  return sanitizedProgram(made, target, options.O)
}

/** The program of a model's C, which was made with every value apart; compiling takes several times as long at -O1. */
export async function sanitizedProgram(
  made: BuiltinSource,
  target: Target,
  level: OptimizeLevel = 0,
): Promise<Runnable> {
  const toolchain = await findCc({ target })
  const flags = [...(await machineFlags(toolchain, target)), ...(await knownFlags(toolchain)), `-O${level}`]
  const scratch = await openScratch('sanitized-')
  const { folder, close } = scratch
  try {
    await compileProgram(folder, made, toolchain, flags)
  } catch (error) {
    await close()
    throw error
  }
  const run = (...files: readonly string[]) =>
    runProcess(join(folder, 'program'), files, { env: environment(), timeoutMs: TIMEOUT_MS })
  return runByProgram({ signature: made.signature, byteOrder: target.byteOrder, run, problemOf }, scratch)
}

async function compileProgram(
  folder: string,
  { text, weights, includeDirs }: BuiltinSource,
  toolchain: Toolchain,
  flags: readonly string[],
): Promise<void> {
  await writeFile(join(folder, 'model.c'), `${text}\n#include "om_check.c"\n`)
  if (weights.bytes > 0) await writeWeights(folder, weights, 'incbin')
  const sanitize = [
    '-fsanitize=address,undefined,float-cast-overflow',
    '-fno-sanitize-recover=all',
    '-fno-omit-frame-pointer',
    '-g1',
    // What sanitizers are is most of a program: lld links it in half the time (0.06 s of a processor instead of 0.11).
    ...(toolchain.family === 'clang' && which('ld.lld', process.env) ? ['-fuse-ld=lld'] : []),
  ]
  const include = [...includeDirs, checkFolder].map((room) => `-I${room}`)
  const args = [...languageFlags, ...flags, ...sanitize, '-DOM_EXACT', ...include, 'model.c', '-o', 'program', '-lm']
  const { status, stderr } = await runCompiler(toolchain.command, args, { cwd: folder })
  if (status === 0) return
  const line = stderr.split('\n').find((text) => /error|undefined reference|cannot find/.test(text)) ?? stderr
  throw new CompileError('COMPILE_C', `${toolchain.version} can't compile it with sanitizers: ${line.trim()}`, {
    arguments: args,
    output: stderr,
  })
}

function environment(): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    // New memory is filled whole: what is read before it is written shows in the result.
    ASAN_OPTIONS: 'max_malloc_fill_size=1073741824:allocator_may_return_null=1',
    UBSAN_OPTIONS: 'print_stacktrace=1',
  }
}

/** One line that says what happened and where, then the report. */
function problemOf({ stdout, stderr, exitCode, exitSignal, stopped }: SpawnResult): string {
  if (stopped === 'timeout') return `did not end within ${TIMEOUT_MS / 1000} s under sanitizers`
  if (exitCode === 3) return stdout.trim()
  const what = /(?:AddressSanitizer|LeakSanitizer|runtime error): .*/.exec(stderr)?.[0]
  const where = /^ *#\d+ 0x[0-9a-f]+ in (\S+ \S*(?:\.h|model\.c):\d+)/m.exec(stderr)?.[1]
  const head = what ?? `ended with ${exitSignal ?? `exit code ${exitCode}`}`
  return `${head}${where ? ` in ${where}` : ''}\n${stderr.slice(0, REPORT_LIMIT)}`
}
