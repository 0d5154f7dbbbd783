import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { diskError, makeFolder } from '../cache/disk.ts'
import { CompileError, EnvironmentError } from '../errors.ts'
import { addonFlags, addonPlatform } from '../runtime/addon.ts'
import type { Target } from '../targets/index.ts'
import { type HeaderPackage, selfContained } from './addon-source.ts'
import { runCompiler } from '../toolchains/spawn.ts'
import { findCxx, installAdvice, type Toolchain } from '../toolchains/find.ts'

export interface AddonOptions {
  /** C++ compiler, with arguments if need be (`ccache g++`). Default: `CXX`, `c++`, `g++`, `clang++`. */
  readonly cxx?: string
  /** Folder that keeps compiled addons; processes share it. */
  readonly outDir: string
  readonly signal?: AbortSignal
}

const native = fileURLToPath(new URL('../../native/', import.meta.url))
const addonFolder = join(native, 'addon')
const addonMain = join(addonFolder, 'addon.cc')

/**
 * The Node-API addon for this machine: one that was built ahead, or one compiled here the first time it is asked for.
 * The file's name is a hash of all that goes into it, so a new package version or compiler makes a new one.
 *
 * @returns absolute path of the `.node` file
 * @throws EnvironmentError when there is no C++ compiler, no C++ library, or `outDir` can't be written to
 * @throws CompileError `COMPILE_ADDON` when the compiler refuses the sources
 */
export async function buildAddon(options: AddonOptions): Promise<string> {
  return prebuiltAddon() ?? compiled(await findCompiler(options), process.platform, options)
}

/** The same for the Linux of a target, by a cross compiler. */
export async function crossBuildAddon(target: Target, options: AddonOptions): Promise<string> {
  const toolchain = await findCompiler(options, target)
  if (/linux/.test(toolchain.machine)) return compiled(toolchain, 'linux', options)
  const message = `${toolchain.command.join(' ')} makes addons for ${toolchain.machine}, not for Linux.`
  throw new EnvironmentError('ENVIRONMENT_NO_COMPILER', message, { target: target.name })
}

/**
 * The addon's source as one file, which the runtime compiles on the machine that it comes to.
 *
 * @returns absolute path of the `.cc` file
 */
export async function writeAddonSource({ outDir }: AddonOptions): Promise<string> {
  const text = await selfContained(addonMain, await headerPackages())
  const path = join(outDir, `${createHash('sha256').update(text).digest('hex').slice(0, 32)}.cc`)
  if (await isFilled(path)) return path
  const temporary = `${path}.${process.pid}.tmp`
  try {
    await makeFolder(outDir)
    await writeFile(temporary, text)
    await rename(temporary, path)
  } catch (error) {
    throw diskError(error, outDir)
  }
  return path
}

function findCompiler({ cxx, outDir }: AddonOptions, target?: Target): Promise<Toolchain> {
  const env = cxx === undefined ? process.env : { ...process.env, CXX: cxx }
  return findCxx({ env, memoFolder: outDir, ...(target && { target }) })
}

async function compiled(toolchain: Toolchain, platform: string, options: AddonOptions): Promise<string> {
  const recipe: Recipe = { flags: addonFlags(platform), headers: await headerPackages() }
  const addon = join(options.outDir, `${await contentHash(toolchain, recipe)}.node`)
  if (!(await isFilled(addon))) await compile(toolchain, recipe, addon, options)
  return addon
}

/** Whether this machine's addon comes with the package, so that no C++ compiler is needed. */
export function hasPrebuiltAddon(): boolean {
  return prebuiltAddon() !== undefined
}

function prebuiltAddon(): string | undefined {
  const folder = join(addonFolder, 'prebuilds')
  if (!existsSync(folder)) return undefined
  const file = join(folder, `${addonPlatform()}.node`)
  return existsSync(file) ? file : undefined
}

async function headerPackages(): Promise<readonly HeaderPackage[]> {
  const require = createRequire(import.meta.url)
  const places = [
    ['node-api-headers', 'include', 'LICENSE'],
    ['node-addon-api', '.', 'LICENSE.md'],
  ] as const
  return Promise.all(
    places.map(async ([name, include, license]) => {
      const manifest = require.resolve(`${name}/package.json`)
      const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string }
      return { name, version, include: join(dirname(manifest), include), license: join(dirname(manifest), license) }
    }),
  )
}

interface Recipe {
  readonly flags: readonly string[]
  readonly headers: readonly HeaderPackage[]
}

async function contentHash(toolchain: Toolchain, { flags, headers }: Recipe): Promise<string> {
  const hash = createHash('sha256')
  hash.update(JSON.stringify([toolchain.banner, toolchain.machine, process.platform, process.arch, flags]))
  for (const folder of [addonFolder, join(native, 'abi')])
    for (const name of (await readdir(folder)).toSorted())
      if (/\.(?:cc|h)$/.test(name)) hash.update(name).update(await readFile(join(folder, name)))
  for (const { name, version } of headers) hash.update(name).update(version)
  return hash.digest('hex').slice(0, 32)
}

/** Compiles in a folder of its own and renames: nobody ever sees half a file, and of two that compile one wins. */
async function compile(toolchain: Toolchain, recipe: Recipe, addon: string, options: AddonOptions): Promise<void> {
  const { outDir, signal } = options
  let staging: string
  try {
    await makeFolder(outDir)
    staging = await mkdtemp(join(outDir, 'addon-'))
  } catch (error) {
    throw diskError(error, outDir)
  }
  try {
    const includes = recipe.headers.flatMap(({ include }) => ['-isystem', include])
    const output = join(staging, 'addon.node')
    const args = [...recipe.flags, ...includes, addonMain, '-o', output]
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
