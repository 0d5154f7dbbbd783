import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CompileError, EnvironmentError } from '../errors/index.ts'
import type { Pipeline } from '../pipeline/index.ts'
import { runProcess, type SpawnResult } from '../process/spawn.ts'
import { canRun, isOfMachine, type Target } from '../targets/index.ts'
import { findCc, type Toolchain } from '../toolchains/cc.ts'
import { languageFlags, machineFlags } from '../toolchains/flags.ts'
import { which } from '../toolchains/programs.ts'
import { runCompiler } from '../toolchains/spawn.ts'
import type { Runnable } from './compiled.ts'
import { runByProgram } from './program.ts'
import { openScratch } from './scratch.ts'

const rooms = ['check', 'abi', 'kernels'].map((room) => fileURLToPath(new URL(`../../native/${room}`, import.meta.url)))

/** QEMU takes some ten to forty times as long as a machine. */
const TIMEOUT_MS = 150_000

/** What runs libraries for another machine here: plain data, for processes that run tests. */
export interface Emulator {
  /** Program and first arguments; a library and the files of inputs and outputs follow. */
  readonly command: readonly string[]
  /** What its environment has beside this process's. */
  readonly env: Readonly<Record<string, string>>
  readonly byteOrder: Target['byteOrder']
}

/** Whether a target's code is run by an emulator: it is for machines of another kind. A higher level of this one's is not. */
export function isEmulated(target: Target): boolean {
  return !canRun(target) && target.emulator !== undefined && !isOfMachine(target)
}

/**
 * Makes QEMU, or Wine, ready: with a program for the target that loads libraries (native/check/om_emulated.c).
 *
 * @returns the emulator, and what removes the program
 * @throws EnvironmentError where there is none, or no compiler for the target; CompileError
 */
export async function openEmulator(
  target: Target,
): Promise<{ readonly emulator: Emulator; readonly close: () => Promise<void> }> {
  const [name, ...args] = target.emulator!
  const runner = which(name, process.env)
  if (runner === undefined && target.own) {
    const message = `What runs code for ${target.name}, ${name}, is not on PATH. Put it there, or register the target with another runner.`
    throw new EnvironmentError('ENVIRONMENT_EMULATOR', message, { target: target.name, program: name })
  }
  if (runner === undefined)
    throw new EnvironmentError(
      'ENVIRONMENT_EMULATOR',
      `Code for ${target.name} runs here by ${name}, which is not on PATH. Debian, Ubuntu: apt-get install ${target.platform ? 'wine wine64' : 'qemu-user'}. Or do this on such a machine.`,
      { target: target.name, program: name },
    )
  const toolchain = await findCc({ target, forPrograms: true })
  const { folder, close } = await openScratch('emulated-')
  try {
    const program = join(folder, target.platform ? 'program.exe' : 'program')
    await compile(toolchain, target, program)
    const { byteOrder } = target
    if (target.platform)
      return {
        emulator: { command: [runner, ...args, program], env: await startWine(folder, runner), byteOrder },
        close,
      }
    // QEMU is told where the other machine's C library is.
    const system = target.own ? [] : ['-L', await systemRoot(toolchain)]
    return { emulator: { command: [runner, ...args, ...system, program], env: {}, byteOrder }, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** A model as users get it, run by an emulator. */
export async function emulatedModel(
  id: string,
  pipeline: Pipeline,
  { command: [program = '', ...first], env, byteOrder }: Emulator,
): Promise<Runnable> {
  const { artifact } = await pipeline.build(id, { mode: 'build', log: () => {}, warn: () => {} })
  const { library, signature } = artifact
  const run = (...files: readonly string[]) =>
    runProcess(program, [...first, library, ...files], { env: environment(env), timeoutMs: TIMEOUT_MS })
  return runByProgram({ signature, byteOrder, run, problemOf }, await openScratch('emulated-'))
}

async function compile(toolchain: Toolchain, target: Target, program: string): Promise<void> {
  const flags = [...languageFlags, ...(await machineFlags(toolchain, target)), '-O1']
  const [room] = rooms
  const system = target.platform ? ['-static', `-I${room}/windows`] : ['-ldl']
  const args = [...flags, ...rooms.map((room) => `-I${room}`), `${room}/om_emulated.c`, '-o', program, ...system]
  const { status, stderr } = await runCompiler(toolchain.command, args, { cwd: dirname(program) })
  if (status === 0) return
  throw new CompileError('COMPILE_C', `${toolchain.version} can't compile the program that loads models: ${stderr}`, {
    arguments: args,
    output: stderr,
  })
}

/**
 * Has Wine make a Windows of its own, which takes some ten seconds and 700 MB, so that no test waits for it: in the user's WINEPREFIX, where
 * one may be already, else in a folder. @returns what names it to Wine
 */
async function startWine(folder: string, wine: string): Promise<Record<string, string>> {
  const env = { WINEPREFIX: process.env['WINEPREFIX'] || join(folder, 'wine'), WINEDEBUG: '-all' }
  const { exitCode, stderr } = await runProcess(wine, ['cmd', '/c', 'exit'], {
    env: environment(env),
    timeoutMs: TIMEOUT_MS,
  })
  if (exitCode === 0) return env
  const message = `${wine} does not start: ${stderr.trim()}`
  throw new EnvironmentError('ENVIRONMENT_EMULATOR', message, { program: wine })
}

function environment(more: Readonly<Record<string, string>>): Record<string, string> {
  return { ...(process.env as Record<string, string>), ...more }
}

/** Where the target's dynamic loader and C library are: the folder around `lib`. */
async function systemRoot(toolchain: Toolchain): Promise<string> {
  const { stdout } = await runCompiler(toolchain.command, ['-print-file-name=libc.so.6'])
  return join(dirname(stdout.trim()), '..')
}

function problemOf({ stdout, stderr, exitCode, exitSignal, stopped }: SpawnResult): string {
  if (stopped === 'timeout') return `did not end within ${TIMEOUT_MS / 1000} s under emulation`
  if (exitCode === 3) return stdout.trim()
  return `ended with ${exitSignal ?? `exit code ${exitCode}`}: ${stderr.trim()}`
}
