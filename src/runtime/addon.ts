import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ModelLoadError } from './errors.ts'
import type { NativeAddon } from './native.ts'
import { readHeaders } from './read-headers.ts'
import { below, userCache } from './user-folder.ts'

const addons = new Map<string, NativeAddon>()

/**
 * Loads the addon. An output folder that was built on another machine may hold its source (`.cc`) in its place.
 *
 * @throws ModelLoadError
 */
export function loadAddon(path: string, model: string): NativeAddon {
  const known = addons.get(path)
  if (known !== undefined) return known
  const file = path.endsWith('.cc') ? compiledAddon(path, model) : path
  const headers = process.platform === 'darwin' ? undefined : readHeaders(file)
  if (headers !== undefined && headers.end > headers.size)
    throw new ModelLoadError('LOAD_FORMAT', `${model}: the addon ${file} is cut short; copy it again`)
  const module: { exports: Partial<NativeAddon> } = { exports: {} }
  try {
    // `process.dlopen` instead of `require`, which bundlers rewrite and ES modules lack.
    process.dlopen(module, file)
  } catch (error) {
    throw new ModelLoadError('LOAD_OPEN', `${model}: the addon ${file} can't be loaded: ${textOf(error)}`, {
      cause: error,
    })
  }
  const addon = module.exports
  if (addon.load === undefined) throw new ModelLoadError('LOAD_ADDON', `${model}: ${file} is another addon`)
  addons.set(path, addon as NativeAddon)
  return addon as NativeAddon
}

/** What makes a Node-API addon for this platform of one C++ file. Node's functions are found when it is loaded. */
export function addonFlags(platform: string): readonly string[] {
  return [
    '-std=c++17',
    '-O2',
    '-fPIC',
    '-fvisibility=hidden',
    '-fno-exceptions',
    '-fno-rtti',
    '-DNAPI_VERSION=8',
    // Electron refuses memory that isn't its own in ArrayBuffers: this makes their use a compile-time error.
    '-DNODE_API_NO_EXTERNAL_BUFFERS_ALLOWED',
    ...(platform === 'darwin'
      ? ['-dynamiclib', '-Wl,-undefined,dynamic_lookup'] // zig knows no bundles
      : [
          '-shared',
          // The machine that runs it may have an older libstdc++ than this compiler; its symbols stay inside. libgcc_s is
          // another matter: Node needs it itself, and inside it would ask for a newer C library than all else does.
          '-static-libstdc++',
          '-Wl,--exclude-libs,ALL',
          '-ffunction-sections',
          '-fdata-sections',
          '-Wl,--gc-sections',
          // A worker's end must not unmap code that a thread of the pool still runs.
          '-Wl,-z,nodelete',
          '-Wl,-z,noexecstack',
          '-Wl,-z,relro,-z,now',
          '-Wl,--build-id=none',
          '-Wl,-s',
        ]),
  ]
}

/** `linux-s390x`, `linux-x64-musl`: machines that can load each other's addons. */
function addonPlatform(): string {
  return `${process.platform}-${process.arch}${isMusl() ? '-musl' : ''}`
}

/** Node's own report names the C library only where it is glibc. */
function isMusl(): boolean {
  if (process.platform !== 'linux') return false
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } }
  return header?.glibcVersionRuntime === undefined
}

/** The addon of a source: compiled the first time, and kept beside the source, or else where this user keeps such things. */
function compiledAddon(source: string, model: string): string {
  const hash = createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 16)
  const name = `onnx-mlir-${hash}-${addonPlatform()}.node`
  // Never in a folder that all users share: whoever was first there could have us load what they like.
  const folders = [dirname(source), below(userCache(), 'unplugin-onnx-mlir')]
  const kept = folders.map((folder) => join(folder, name)).find((file) => existsSync(file))
  if (kept !== undefined) return kept
  const refusals: string[] = []
  for (const folder of folders) {
    let staging
    try {
      mkdirSync(folder, { recursive: true })
      staging = mkdtempSync(join(folder, '.onnx-mlir-'))
    } catch (error) {
      refusals.push(textOf(error))
      continue
    }
    try {
      compile(source, join(staging, name), model)
      renameSync(join(staging, name), join(folder, name)) // whole, or not at all
    } finally {
      rmSync(staging, { recursive: true, force: true })
    }
    return join(folder, name)
  }
  throw new ModelLoadError(
    'LOAD_ADDON',
    `${model}: the addon, which is compiled on its first use, can be written nowhere: ${refusals.join('; ')}`,
  )
}

function compile(source: string, output: string, model: string): void {
  const chosen = process.env['CXX']?.trim().split(/\s+/) ?? []
  const commands = [chosen, ['c++'], ['g++'], ['clang++']].filter(([program]) => program)
  for (const [program = '', ...first] of commands) {
    const args = [...first, ...addonFlags(process.platform), source, '-o', output]
    const { error, status, stderr } = spawnSync(/*turbopackIgnore: true*/ program, args, {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C' },
      maxBuffer: 64 << 20,
      windowsHide: true,
    })
    if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') continue
    if (status === 0) return
    const why = stderr?.split('\n').find((line) => /\berror\b|cannot find/i.test(line)) ?? textOf(error ?? stderr)
    throw new ModelLoadError('LOAD_ADDON', `${model}: ${program} can't compile the addon ${source}: ${why}`)
  }
  throw new ModelLoadError(
    'LOAD_ADDON',
    `${model}: the build came with the source of its addon, ${source}, since it was made on another machine. ` +
      `Compiling it, once, takes a C++ compiler, and there is none (CXX, c++, g++, clang++). Install one: ` +
      `apt-get install g++, dnf install gcc-c++, or apk add g++. Or build where there is a cross compiler for ${process.arch}.`,
  )
}

function textOf(error: unknown): string {
  const { message } = (error ?? {}) as { readonly message?: unknown }
  return typeof message === 'string' ? message : String(error)
}
