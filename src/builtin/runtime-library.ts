import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { diskError, makeFolder } from '../cache/disk.ts'
import { isFilled } from '../cache/kept-text.ts'
import { ownVersion } from '../cache/index.ts'
import { CompileError } from '../errors/index.ts'
import type { Target } from '../targets/index.ts'
import { archiveObjects } from '../toolchains/archive.ts'
import { linkedWith } from '../toolchains/clang-alone.ts'
import { findCc } from '../toolchains/find.ts'
import type { Toolchain } from '../toolchains/toolchain.ts'
import { libraryExtension, linkFlags, machineFlags, objectFlags } from '../toolchains/flags.ts'
import { runCompiler } from '../toolchains/spawn.ts'

const native = fileURLToPath(new URL('../../native', import.meta.url))

/** Of C and C++ programs: OnnxMlirRuntime.h, and the headers of the C ABI. */
export const includeDirs: readonly string[] = [join(native, 'include'), join(native, 'abi')]
/** Where CMake finds the package, and pkg-config that of the headers alone. */
export const cmakeDir = join(native, 'cmake')
export const pkgConfigDir = join(native, 'pkgconfig')

/** The functions on tensors and lists, which each model's library brings with it, for programs that models are linked into. */
export interface RuntimeLibrary {
  readonly folder: string
  readonly object: string
  readonly static: string
  /** Where the target has an operating system. */
  readonly shared?: string
  readonly pkgConfigDir: string
}

export interface RuntimeLibraryOptions {
  readonly target: Target
  /** Folder that keeps them; processes share it. */
  readonly outDir: string
  /** Default: as `findCc` finds it. */
  readonly toolchain?: Toolchain | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * The library for a target, compiled the first time that it is asked for. Its folder's name is a hash of all that goes into it.
 *
 * @throws EnvironmentError where there is no compiler or archiver, or no room; CompileError `COMPILE_RUNTIME`
 */
export async function runtimeLibrary(options: RuntimeLibraryOptions): Promise<RuntimeLibrary> {
  const { target, outDir } = options
  const toolchain = options.toolchain ?? (await findCc({ target, memoFolder: outDir }))
  const files = await Promise.all(sources.map((name) => readFile(join(native, 'abi', name))))
  const hash = createHash('sha256').update(
    JSON.stringify([toolchain.banner, toolchain.machine, target, native, ownVersion()]),
  )
  for (const file of files) hash.update(file)
  const folder = join(outDir, hash.digest('hex').slice(0, 32))
  const library: RuntimeLibrary = {
    folder,
    object: join(folder, 'om_tensor.o'),
    static: join(folder, 'libonnx-mlir-runtime.a'),
    ...(target.isBare ? {} : { shared: join(folder, sharedName(target)) }),
    pkgConfigDir: join(folder, 'pkgconfig'),
  }
  if (!(await isFilled(library.static))) await make(folder, toolchain, options)
  return library
}

const sources = ['om_tensor.c', 'om_tensor.h', 'om_tensor_print.c', 'om_alloc.h', 'om_shape.h', 'om_export.h'] as const

function sharedName(target: Target): string {
  return `libonnx-mlir-runtime${libraryExtension(target)}`
}

/** Makes all files in a folder of its own and renames it: of two processes that do, one wins. */
async function make(
  folder: string,
  toolchain: Toolchain,
  { target, outDir, signal }: RuntimeLibraryOptions,
): Promise<void> {
  await makeFolder(outDir)
  const staging = await mkdtemp(join(outDir, 'runtime-'))
  const run = async (...args: readonly string[]): Promise<void> => {
    const { status, stderr } = await runCompiler(toolchain.command, args, { cwd: staging, signal })
    if (status === 0) return
    const first = stderr.split('\n').find((line) => /\berror\b|cannot find/i.test(line)) ?? stderr.trim()
    const message = `${toolchain.command.join(' ')} can't compile the runtime library: ${first}.`
    throw new CompileError('COMPILE_RUNTIME', message, { compiler: toolchain.version, output: stderr })
  }
  try {
    const flags = [...(await machineFlags(toolchain, target)), ...objectFlags(2, target, 0)]
    // Printing is nothing for a machine that has no console.
    await run(
      ...flags,
      ...(target.isBare ? ['-DOM_NO_STDIO'] : []),
      '-c',
      join(native, 'abi/om_tensor.c'),
      '-o',
      'om_tensor.o',
    )
    const shared = sharedName(target)
    const soname = shared.endsWith('.so') ? [`-Wl,-soname,${shared}`] : []
    if (!target.isBare) {
      const others = await linkedWith(toolchain, target, { cwd: staging, signal })
      await run(...linkFlags(target), ...soname, 'om_tensor.o', '-o', shared, ...others)
    }
    await makeFolder(join(staging, 'pkgconfig'))
    const description = await readFile(join(pkgConfigDir, 'unplugin-onnx-mlir.pc'), 'utf8')
    await writeFile(join(staging, 'pkgconfig/unplugin-onnx-mlir.pc'), placed(description, folder))
    await archiveObjects(toolchain, 'libonnx-mlir-runtime.a', ['om_tensor.o'], { folder: staging, signal })
    await rename(staging, folder).catch(async (error: unknown) => {
      if (!(await isFilled(join(folder, 'libonnx-mlir-runtime.a')))) throw error
    })
  } catch (error) {
    throw diskError(error, outDir)
  } finally {
    await rm(staging, { recursive: true, force: true })
  }
}

/** The package's description for pkg-config, with the folders where things are. */
function placed(description: string, folder: string): string {
  const escaped = (path: string): string => path.replace(/[\\ "'$#]/g, '\\$&')
  return description
    .replace(/^prefix=.*$/m, () => `prefix=${escaped(native)}`)
    .replace(/^libdir=.*$/m, () => `libdir=${escaped(folder)}`)
}
