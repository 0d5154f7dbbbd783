import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, readdir, rename, rm, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { diskError } from '../cache/disk.ts'
import { CompileError, EnvironmentError } from '../errors.ts'
import { runCompiler } from './spawn.ts'
import { findCxx, installAdvice, type Toolchain } from './toolchain-find.ts'

export interface AddonOptions {
  /** C++ compiler, with arguments if need be (`ccache g++`). Default: `CXX`, `c++`, `g++`, `clang++`. */
  readonly cxx?: string
  /** Folder that keeps compiled addons; processes share it. */
  readonly outDir: string
  readonly signal?: AbortSignal
}

const native = fileURLToPath(new URL('../../native/', import.meta.url))
const addonFolder = join(native, 'addon')

/**
 * The Node-API addon for this machine: one that was built ahead, or one compiled here the first time it is asked for.
 * The file's name is a hash of all that goes into it, so a new package version or compiler makes a new one.
 *
 * @returns absolute path of the `.node` file
 * @throws EnvironmentError when there is no C++ compiler, no C++ library, or `outDir` can't be written to
 * @throws CompileError `COMPILE_ADDON` when the compiler refuses the sources
 */
export async function buildAddon(options: AddonOptions): Promise<string> {
  const prebuilt = prebuiltAddon()
  if (prebuilt !== undefined) return prebuilt
  const { outDir, cxx } = options
  const env = cxx === undefined ? process.env : { ...process.env, CXX: cxx }
  const toolchain = await findCxx({ env, memoFolder: outDir })
  const recipe = compilerArguments(headerPackages())
  const addon = join(outDir, `${await contentHash(toolchain, recipe)}.node`)
  if (await isFilled(addon)) return addon
  await compile(toolchain, recipe, addon, options)
  return addon
}

function prebuiltAddon(): string | undefined {
  const folder = join(addonFolder, 'prebuilds')
  if (!existsSync(folder)) return undefined
  const file = join(folder, `${process.platform}-${process.arch}${isMusl() ? '-musl' : ''}.node`)
  return existsSync(file) ? file : undefined
}

/** Node's own report names the C library only where it is glibc. */
function isMusl(): boolean {
  if (process.platform !== 'linux') return false
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } }
  return header?.glibcVersionRuntime === undefined
}

interface HeaderPackage {
  readonly name: string
  readonly folder: string
}

function headerPackages(): readonly HeaderPackage[] {
  const require = createRequire(import.meta.url)
  return ['node-api-headers', 'node-addon-api'].map((name) => ({
    name,
    folder: dirname(require.resolve(`${name}/package.json`)),
  }))
}

interface Recipe {
  readonly flags: readonly string[]
  readonly headers: readonly HeaderPackage[]
}

function compilerArguments(headers: readonly HeaderPackage[]): Recipe {
  const isMac = process.platform === 'darwin'
  return {
    headers,
    flags: [
      '-std=c++17',
      '-O2',
      '-fPIC',
      '-fvisibility=hidden',
      '-fno-exceptions',
      '-fno-rtti',
      '-DNAPI_VERSION=8',
      '-DNODE_ADDON_API_DISABLE_CPP_EXCEPTIONS',
      // Electron refuses memory that isn't its own in ArrayBuffers: this makes their use a compile-time error.
      '-DNODE_API_NO_EXTERNAL_BUFFERS_ALLOWED',
      // Node's functions are found when the addon is loaded.
      ...(isMac
        ? ['-bundle', '-undefined', 'dynamic_lookup']
        : [
            '-shared',
            // The built folder may be run in an image without libstdc++; its symbols stay inside.
            '-static-libstdc++',
            '-static-libgcc',
            '-Wl,--exclude-libs,ALL',
            // A worker's end must not unmap code that a thread of the pool still runs.
            '-Wl,-z,nodelete',
            '-Wl,-z,noexecstack',
            '-Wl,-z,relro,-z,now',
            '-Wl,--build-id=none',
            '-Wl,-s',
          ]),
    ],
  }
}

async function contentHash(toolchain: Toolchain, { flags, headers }: Recipe): Promise<string> {
  const hash = createHash('sha256')
  hash.update(JSON.stringify([toolchain.banner, toolchain.machine, process.platform, process.arch, flags]))
  for (const folder of [addonFolder, join(native, 'abi')])
    for (const name of (await readdir(folder)).toSorted())
      if (/\.(?:cc|h)$/.test(name)) hash.update(name).update(await readFile(join(folder, name)))
  for (const { name, folder } of headers) hash.update(name).update(await packageVersion(folder))
  return hash.digest('hex').slice(0, 32)
}

async function packageVersion(folder: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { version: string }
  return version
}

/** Compiles in a folder of its own and renames: nobody ever sees half a file, and of two that compile one wins. */
async function compile(toolchain: Toolchain, recipe: Recipe, addon: string, options: AddonOptions): Promise<void> {
  const { outDir, signal } = options
  let staging: string
  try {
    await mkdir(outDir, { recursive: true })
    staging = await mkdtemp(join(outDir, 'addon-'))
  } catch (error) {
    throw diskError(error, outDir)
  }
  try {
    const includes = recipe.headers.flatMap(({ name, folder }) => [
      '-isystem',
      name === 'node-api-headers' ? join(folder, 'include') : folder,
    ])
    const output = join(staging, 'addon.node')
    const args = [...recipe.flags, ...includes, join(addonFolder, 'addon.cc'), '-o', output]
    const result = await runCompiler(toolchain.command, args, { cwd: staging, signal })
    if (result.status !== 0) throw failure(toolchain, result.stderr || result.stdout, outDir)
    await rename(output, addon)
  } catch (error) {
    throw diskError(error, outDir)
  } finally {
    await rm(staging, { recursive: true, force: true })
  }
}

/** Headers and archives of the C++ library, which some systems pack apart from the compiler. */
const missingLibrary = /fatal error: '?(?:cerrno|cstdint|cstring|string|vector|map|mutex)'?|cannot find -lstdc\+\+/

function failure({ command, version }: Toolchain, output: string, outDir: string): Error {
  const compiler = command.join(' ')
  const first = output.split('\n').find((line) => /\berror\b|cannot find/i.test(line)) ?? output.trim()
  const data = { compiler: version, output }
  if (/No space left on device|Disk quota exceeded/i.test(output))
    return new EnvironmentError('ENVIRONMENT_DISK', `The disk of ${outDir} became full while ${compiler} ran.`, data)
  if (missingLibrary.test(output)) {
    const message = `${compiler} finds no C++ library to compile the addon with: ${first}. Install it:\n  ${installAdvice('C++')}`
    return new EnvironmentError('ENVIRONMENT_NO_LIBSTDCXX', message, data)
  }
  return new CompileError('COMPILE_ADDON', `${compiler} can't compile the addon: ${first}. Please report it.`, data)
}

function isFilled(path: string): Promise<boolean> {
  return stat(path).then(
    (info) => info.isFile() && info.size > 0,
    () => false,
  )
}
