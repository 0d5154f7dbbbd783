import { rmSync } from 'node:fs'
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { diskError, makeFolder } from '../cache/disk.ts'
import { CompileError, EnvironmentError } from '../errors.ts'
import { onShutdown } from '../process/shutdown.ts'
import { type Target, thisMachine } from '../targets/index.ts'
import { type RunResult, runCompiler } from './spawn.ts'
import { findCc, installAdvice, type Toolchain } from './find.ts'
import { knownFlags, libraryFlags, machineFlags } from './flags.ts'
import { type Weights, type WeightsForm, writeWeights } from './weights.ts'

export { findCc, findCxx, installAdvice, type Toolchain } from './find.ts'
export { type Weights, weightsSection } from './weights.ts'

/** One C file to be made into a library. */
export interface CompileJob {
  readonly source: string
  /** What the source's `weightsSection` brings in. */
  readonly weights?: Weights
  readonly includeDirs: readonly string[]
  readonly target: Target
  readonly optimize: 0 | 1 | 2 | 3
  /** `-D` options: C identifiers and their values. */
  readonly defines?: Readonly<Record<string, string | number>>
  /** Folder in which a private staging folder is made. Default: the system's for temporary files. */
  readonly stagingRoot?: string
  /** Default: `findCc({ target })`. */
  readonly toolchain?: Toolchain
  /** The model's path as the user wrote it, for messages. */
  readonly model?: string
  /** Whether C of users may be in the source: its errors are theirs to mend. */
  readonly hasOperators?: boolean
  readonly signal?: AbortSignal
  /** Milliseconds; default 10 minutes. */
  readonly timeout?: number
  /** Bytes of resident memory that the compiler and what it starts may use; default: no limit. */
  readonly memory?: number
}

export interface CompiledLibrary {
  /** Absolute path within `folder`. */
  readonly library: string
  /** The staging folder, the caller's to remove when the library has been copied. */
  readonly folder: string
  readonly toolchain: Toolchain
  /** Wall-clock time of the C compiler. */
  readonly seconds: number
}

/**
 * Compiles generated C to a shared library.
 *
 * @throws CompileError `COMPILE_C` with the first error and the path of the source, which is kept;
 *   `COMPILE_MEMORY`, `COMPILE_TIMEOUT`
 * @throws EnvironmentError when there is no compiler, no C library to compile against, or no room on the disk
 * @throws the signal's reason when aborted
 */
export async function compileLibrary(job: CompileJob): Promise<CompiledLibrary> {
  const toolchain = job.toolchain ?? (await findCc({ target: job.target }))
  const flags = [...(await machineFlags(toolchain, job.target)), ...(await knownFlags(toolchain))]
  const folder = await makeStaging(job.stagingRoot ?? tmpdir())
  const forget = onShutdown(() => rmSync(folder, { recursive: true, force: true }))
  let keep = false
  try {
    const form: WeightsForm = toolchain.family === 'other' || job.target.arch === 'wasm32' ? 'text' : 'incbin'
    await stage(folder, job, form)
    const library = join(folder, libraryName())
    const args = [...flags, ...compilerArguments(job, form), 'model.c', '-o', libraryName(), '-lm']
    const started = performance.now()
    const result = await runCompiler(toolchain.command, args, {
      cwd: folder,
      signal: job.signal,
      timeout: job.timeout,
      memory: job.memory,
    })
    if (result.status !== 0 || !(await isFile(library))) {
      const error = failure(result, folder, job, toolchain, args)
      keep = error instanceof CompileError
      throw error
    }
    return { library, folder, toolchain, seconds: (performance.now() - started) / 1000 }
  } catch (error) {
    // Of a source that doesn't compile its text is kept, not a copy of the model's weights.
    if (keep) await removeAllBut('model.c', folder)
    else await rm(folder, { recursive: true, force: true })
    throw error
  } finally {
    forget()
  }
}

async function makeStaging(root: string): Promise<string> {
  await makeFolder(root)
  try {
    return await mkdtemp(join(root, 'compile-')) // mode 0700
  } catch (error) {
    throw diskError(error, root)
  }
}

async function stage(folder: string, job: CompileJob, form: WeightsForm): Promise<void> {
  try {
    await writeFile(join(folder, 'model.c'), job.source, { flag: 'wx' })
    if (job.weights !== undefined && job.weights.bytes > 0) await writeWeights(folder, job.weights, form)
  } catch (error) {
    throw diskError(error, folder)
  }
}

function compilerArguments(job: CompileJob, form: WeightsForm): string[] {
  const defines = { ...job.defines, ...(form === 'text' ? { OM_WEIGHTS_TEXT: 1 } : {}) }
  return [
    ...libraryFlags(job.optimize, job.target, job.weights?.bytes ?? 0),
    ...Object.entries(defines).map(([name, value]) => `-D${name}=${value}`),
    ...job.includeDirs.map((folder) => `-I${folder}`),
  ]
}

function libraryName(): string {
  const extensions: Readonly<Record<string, string>> = { darwin: 'dylib', win32: 'dll' }
  return `model.${extensions[process.platform] ?? 'so'}`
}

/** Headers of the C library, which some systems pack apart from the compiler. */
const missingLibc =
  /(?:assert|complex|ctype|errno|features|fenv|float|inttypes|limits|math|pthread|setjmp|signal|std\w+|string|time|sys\/\w+|bits\/[\w-]+|gnu\/[\w-]+)\.h['"]?(?:: No such file| file not found)|cannot find (?:\S*crti\.o|-lm\b|-lc\b)/

/** What went wrong, by what the compiler printed. */
function failure(
  { stderr, stdout, killedBy }: RunResult,
  folder: string,
  job: CompileJob,
  toolchain: Toolchain,
  args: readonly string[],
): CompileError | EnvironmentError {
  const output = stderr.trim() || stdout.trim()
  const compiler = toolchain.command.join(' ')
  const data = { model: job.model, compiler: toolchain.version, arguments: args, output }
  if (/No space left on device|Disk quota exceeded/i.test(output)) {
    const message = `The disk of ${folder} became full while ${compiler} ran. Make room, or set ONNX_MLIR_CACHE_DIR to another folder.`
    return new EnvironmentError('ENVIRONMENT_DISK', message, { ...data, folder })
  }
  if (missingLibc.test(output)) {
    const isHere = job.target.arch === thisMachine()?.arch
    const advice = isHere ? `Install it:\n  ${installAdvice('C')}` : `Install the one for ${job.target.triple}.`
    const message = `${compiler} finds no C library to compile against: ${firstError(output)}. ${advice}`
    return new EnvironmentError('ENVIRONMENT_NO_LIBC', message, data)
  }
  const source = join(folder, 'model.c')
  const model = job.model === undefined ? 'the model' : job.model
  if (killedBy !== null || /Killed signal terminated program|out of memory|cannot allocate memory/i.test(output)) {
    const message = `${compiler} was killed while compiling ${model}, most likely for want of memory. Compile with a lower O, or with more memory. The C source is kept in ${source}.`
    return new CompileError('COMPILE_MEMORY', message, { ...data, source })
  }
  const advice = job.hasOperators
    ? 'mend the C of your operator where it is at fault, or else report it'
    : 'please report it'
  const message = `${compiler} can't compile ${model}: ${firstError(output)}. The C source is kept in ${source}; ${advice}.`
  return new CompileError('COMPILE_C', message, { ...data, source })
}

/** The first line that says what is wrong; notes and "In function" lines come before it. */
function firstError(output: string): string {
  const lines = output.split('\n').map((line) => line.trim())
  const telling = /\berror\b|undefined reference|undefined symbol|multiple definition|cannot find/i
  return lines.find((line) => telling.test(line)) ?? lines.find((line) => line !== '') ?? 'it printed nothing'
}

async function removeAllBut(name: string, folder: string): Promise<void> {
  const others = (await readdir(folder)).filter((entry) => entry !== name)
  await Promise.all(others.map((entry) => rm(join(folder, entry), { recursive: true, force: true })))
}

function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (info) => info.isFile() && info.size > 0,
    () => false,
  )
}
