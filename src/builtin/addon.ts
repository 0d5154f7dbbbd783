import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { diskError, makeFolder } from '../cache/disk.ts'
import { isFilled, keepText } from '../cache/kept-text.ts'
import { CompileError, EnvironmentError } from '../errors/index.ts'
import { addonFlags } from '../runtime/addon.ts'
import type { Target } from '../targets/index.ts'
import { type HeaderPackage, selfContained } from './addon-source.ts'
import { aloneFlags, nodeImports, windowsAddonFlags } from './alone.ts'
import { findCxx, installAdvice } from '../toolchains/find.ts'
import type { Toolchain } from '../toolchains/toolchain.ts'
import { addonMain, addonSourcesHash, headerPackageNames, prebuiltAddon, prebuiltAddonFor } from './prebuilt-addon.ts'

export interface AddonOptions {
  /** C++ compiler, with arguments if need be (`ccache g++`). Default: `CXX`, `c++`, `g++`, `clang++`. */
  readonly cxx?: string
  /** Folder that keeps compiled addons; processes share it. */
  readonly outDir: string
  /** Is told when one is compiled. */
  readonly log?: (line: string) => void
  readonly signal?: AbortSignal
}

/**
 * The Node-API addon for this machine: the one that came with the package, or, where a compiler is named or there is none,
 * one compiled here the first time it is asked for. Its file's name is a hash of all that goes into it, so a new package version or compiler makes a new one.
 *
 * @returns absolute path of the `.node` file
 * @throws EnvironmentError when there is no C++ compiler, no C++ library, or `outDir` can't be written to
 * @throws CompileError `COMPILE_ADDON` when the compiler refuses the sources
 */
export async function buildAddon(options: AddonOptions): Promise<string> {
  const prebuilt = options.cxx === undefined ? prebuiltAddon() : undefined
  return prebuilt ?? compiled(await findCompiler(options), process.platform, options)
}

/** The same for the system of a target, by a cross compiler where none came with the package. */
export async function crossBuildAddon(target: Target, options: AddonOptions): Promise<string> {
  const prebuilt = options.cxx === undefined ? prebuiltAddonFor(target) : undefined
  if (prebuilt !== undefined) return prebuilt
  const toolchain = await findCompiler(options, target)
  const { platform = 'linux' } = target
  if (platform !== 'linux' || /linux/.test(toolchain.machine)) return compiled(toolchain, platform, options)
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
  await keepText(path, () => text)
  return path
}

function findCompiler({ cxx, outDir }: AddonOptions, target?: Target): Promise<Toolchain> {
  const env = cxx === undefined ? process.env : { ...process.env, CXX: cxx }
  return findCxx({ env, memoFolder: outDir, ...(target && { target }) })
}

async function compiled(toolchain: Toolchain, platform: string, options: AddonOptions): Promise<string> {
  const isForWindows = platform === 'win32'
  const flags = isForWindows ? [...aloneFlags, ...windowsAddonFlags.machine] : addonFlags(platform)
  const recipe: Recipe = { flags, headers: await headerPackages(), isForWindows }
  const addon = join(options.outDir, `${contentHash(toolchain, recipe)}.node`)
  if (await isFilled(addon)) return addon
  options.log?.(
    `compiling the addon for ${toolchain.machine} with ${toolchain.version}, once: it is kept in ${options.outDir}`,
  )
  await compile(toolchain, recipe, addon, options)
  return addon
}

/** In each package: its headers, its license. */
const places = {
  'node-api-headers': ['include', 'LICENSE'],
  'node-addon-api': ['.', 'LICENSE.md'],
} as const satisfies Record<(typeof headerPackageNames)[number], readonly [string, string]>

async function headerPackages(): Promise<readonly HeaderPackage[]> {
  const require = createRequire(import.meta.url)
  return Promise.all(
    headerPackageNames.map(async (name) => {
      const [include, license] = places[name]
      const manifest = require.resolve(`${name}/package.json`)
      const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string }
      return { name, version, include: join(dirname(manifest), include), license: join(dirname(manifest), license) }
    }),
  )
}

interface Recipe {
  readonly flags: readonly string[]
  readonly headers: readonly HeaderPackage[]
  readonly isForWindows: boolean
}

function contentHash(toolchain: Toolchain, { flags, headers }: Recipe): string {
  const hash = createHash('sha256')
  hash.update(JSON.stringify([toolchain.banner, toolchain.machine, process.platform, process.arch, flags]))
  hash.update(addonSourcesHash())
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
    const { runCompiler } = await import('../toolchains/spawn.ts') // which one that is kept does without
    const link: string[] = []
    if (recipe.isForWindows) {
      const { stdout } = await runCompiler(toolchain.command, ['-print-prog-name=dlltool'])
      for (const { library, args } of nodeImports(dirname(recipe.headers[0]!.include))) {
        const { status, stderr } = await runCompiler(stdout.trim(), args, { cwd: staging, signal })
        if (status !== 0) throw failure(toolchain, stderr, outDir)
        link.push(library)
      }
      link.push(...windowsAddonFlags.link)
    }
    const args = [...recipe.flags, ...includes, addonMain, ...link, '-o', output]
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
