import { constants } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { prebuiltAddon } from '../builtin/prebuilt-addon.ts'
import { includeDirs, type RuntimeLibrary } from '../builtin/runtime-library.ts'
import { addonFolder, openCache } from '../cache/index.ts'
import { UsageError } from '../errors/index.ts'
import { expectFields } from '../options/expect.ts'
import { kinds, type KindsOf } from '../options/kinds.ts'
import { loadAddon } from '../runtime/addon.ts'
import { ModelLoadError } from '../runtime/errors.ts'
import { resolveTarget } from '../targets/index.ts'

/** For which machine a program is built, and where what it takes is kept. */
export interface NativeOptions {
  /** Default: `host`. */
  readonly target?: string
  /** Folder of the cache. Default: as the command `cache dir` says. */
  readonly cache?: string
  readonly signal?: AbortSignal
}

const fields: KindsOf<NativeOptions> = { target: kinds.text, cache: kinds.folder, signal: kinds.signal }

/** Folders for `-I` of C and C++ programs: `OnnxMlirRuntime.h`, `om_tensor.h` and the others of the C ABI. Nothing is built. */
export function getIncludeDirs(): string[] {
  return [...includeDirs]
}

/**
 * Folders for `-L`: where the libraries of `getApiLibraries` are.
 *
 * @throws as `getApiLibraries`
 */
export async function getLibraryDirs(options: NativeOptions = {}): Promise<string[]> {
  return [(await apiLibrary(options)).folder]
}

/**
 * Paths of the library with the C ABI's functions on tensors and lists, `onnx-mlir-runtime`: the static one and the shared one. They are
 * compiled for the target when they are first asked for, and kept in the cache.
 *
 * @throws UsageError for an option or target that is none, EnvironmentError where there is no compiler or archiver, CompileError
 */
export async function getApiLibraries(options: NativeOptions = {}): Promise<string[]> {
  const { static: archive, shared } = await apiLibrary(options)
  return shared === undefined ? [archive] : [archive, shared]
}

/** The library and what stands beside it. @throws as `getApiLibraries` */
export async function apiLibrary(options: NativeOptions): Promise<RuntimeLibrary> {
  expectFields(options, 'What is asked of the runtime library', fields)
  const target = resolveTarget(options.target ?? 'host')
  if (target.arch === 'wasm32')
    throw new UsageError('USAGE_TARGET', 'There is no runtime library for wasm: modules have all that they take', {
      target: target.name,
    })
  const { runtimeLibrary } = await import('../builtin/runtime-library.ts')
  return writing(options, (folder) =>
    runtimeLibrary({ target, outDir: join(dirname(addonFolder(folder)), 'runtime'), signal: options.signal }),
  )
}

/**
 * Loads a Node-API addon, say one that is linked with a model (`compile --emit archive`), and gives what it exports. Without a path
 * it is the addon that loads models' libraries, compiled first where the package has none for this machine.
 *
 * @throws ModelLoadError `LOAD_OPEN` with what the system says; UsageError for what is no path
 */
export async function loadExtension(path?: string | URL, options: NativeOptions = {}): Promise<unknown> {
  if (path === undefined) return loadAddon(await ownAddon(options), 'loadExtension()')
  const file = fileOf(path)
  const module: { exports: unknown } = { exports: {} }
  try {
    // Lazily, as Node has it, a symbol that nobody has ends the process when it is first called.
    process.dlopen(module, file, constants.dlopen.RTLD_NOW)
  } catch (error) {
    throw openError(file, error)
  }
  return module.exports
}

/**
 * Loads a shared library for good, so that those loaded later find its symbols: what a model's library or an addon depends
 * on and the system's loader would not find.
 *
 * @throws as `loadExtension`
 */
export async function preloadDependency(path: string | URL, options: NativeOptions = {}): Promise<void> {
  const file = fileOf(path)
  const addon = loadAddon(await ownAddon(options), 'preloadDependency()')
  try {
    addon.preload(file)
  } catch (error) {
    throw openError(file, error)
  }
}

/** @throws UsageError for what is no path */
function fileOf(path: unknown): string {
  if (path instanceof URL && path.protocol === 'file:') return fileURLToPath(path)
  if (typeof path === 'string' && path !== '') return resolve(path)
  const message = `What is loaded must be a path or a file's URL, not ${inspect(path)}`
  throw new UsageError('USAGE_OPTION', message, { given: path })
}

function openError(path: string, cause: unknown): ModelLoadError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new ModelLoadError('LOAD_OPEN', `${path} can't be loaded: ${why}`, { cause })
}

async function ownAddon(options: NativeOptions): Promise<string> {
  const prebuilt = prebuiltAddon()
  if (prebuilt !== undefined) return prebuilt
  const { buildAddon } = await import('../builtin/addon.ts')
  return writing(options, (folder) =>
    buildAddon({ outDir: addonFolder(folder), ...(options.signal && { signal: options.signal }) }),
  )
}

function writing<Result>({ cache }: NativeOptions, work: (folder: string) => Promise<Result>): Promise<Result> {
  const { store } = openCache({ ...(cache !== undefined && { root: cache }), warn: () => undefined })
  return store.writing(work)
}
