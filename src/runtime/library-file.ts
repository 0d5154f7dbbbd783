import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ModelLoadError } from './errors.ts'
import type { Requirements } from './model.ts'
import { formatOf, readHeaders } from './read-headers.ts'

/**
 * A path, or a `file:` URL; of a `URL`, what there is without the types of Node. Or a function that brings the file to disk
 * and gives its path, for the named model.
 */
export type FileAddress = string | { readonly href: string } | ((model: string) => string)

/**
 * Where a native file of a build really lies.
 * `ONNX_MLIR_MODEL_DIR` names a folder that holds the files instead (for single-file executables, which can't);
 * inside of an Electron archive the operating system sees only the unpacked copy.
 *
 * @throws ModelLoadError when there is no such file
 */
export function locate(file: FileAddress, model: string): string {
  if (typeof file === 'function') return file(model)
  const address = typeof file === 'string' ? file : file.href
  const built = address.startsWith('file:') ? fileURLToPath(address) : address
  const override = process.env['ONNX_MLIR_MODEL_DIR']
  const inOverride = override ? join(override, basename(built)) : undefined
  if (inOverride !== undefined && existsSync(inOverride)) return inOverride
  const unpacked = built.replace(/\.asar(?=[\\/])/, '.asar.unpacked')
  if (existsSync(unpacked)) return unpacked
  const places = [inOverride, unpacked].filter((place) => place !== undefined).join(' nor ')
  const hint =
    unpacked === built
      ? 'Copy the folder that the bundler wrote as a whole, or name the folder that holds this file in ONNX_MLIR_MODEL_DIR.'
      : 'Electron must unpack it: add it to asarUnpack.'
  throw new ModelLoadError('LOAD_MISSING', `${model}: there is no file ${places}. ${hint}`)
}

/** Whether {@link locate} finds it. */
export function isThere(file: FileAddress, model: string): boolean {
  if (typeof file === 'function') return true
  try {
    return locate(file, model) !== ''
  } catch {
    return false
  }
}

const systems: Readonly<Record<string, string>> = { linux: 'Linux', darwin: 'macOS', win32: 'Windows' }

/** Other systems that Node runs on take what is made for Linux, or say why not. */
function thisPlatform(): string {
  return process.platform === 'darwin' || process.platform === 'win32' ? process.platform : 'linux'
}

/** What code is made for; `platform` absent: Linux. */
export type Machine = Pick<Requirements, 'arch'> & { readonly platform?: string }

/** What code is built for and what this is, where it can't run here. */
export function foreign({
  arch,
  platform = 'linux',
}: Machine): { readonly built: string; readonly here: string } | undefined {
  const isOfSystem = platform === thisPlatform()
  if (arch === process.arch && isOfSystem) return undefined
  const of = (arch: string, system: string) => (isOfSystem ? arch : `${systems[system] ?? system} on ${arch}`)
  return { built: of(arch, platform), here: of(process.arch, process.platform) }
}

/** The system that a file is for, where it is not this one, whose loader would only say that the file is broken. */
export function foreignFormat(path: string): string | undefined {
  const format = formatOf(path)
  return format === undefined || format === thisPlatform() ? undefined : systems[format]
}

/** @throws ModelLoadError when code for a machine can't run here */
export function checkMachine(machine: Machine, model: string, target: string): void {
  const other = foreign(machine)
  if (other === undefined) return
  throw new ModelLoadError(
    'LOAD_MACHINE',
    `${model}: built for ${other.built}, running on ${other.here}; ` +
      `build it with a target for this machine (the library's is ${target})`,
  )
}

/**
 * Reads a library's headers before the dynamic linker does: its own words for another machine's library say little,
 * and a file that was cut short while being copied would end the process.
 *
 * @throws ModelLoadError when the file can't be a library of this machine
 */
export function checkLibrary(path: string, model: string, target: string): void {
  if (process.platform !== 'linux' && process.platform !== 'win32') return // macOS: dlopen's message is good
  const file = readHeaders(path)
  if (file === undefined) throw new ModelLoadError('LOAD_FORMAT', `${model}: ${path} is not a shared library`)
  checkMachine(file, model, target)
  if (file.end <= file.size) return
  const missing = `${file.size} bytes of ${file.end}`
  throw new ModelLoadError('LOAD_FORMAT', `${model}: ${path} is cut short (${missing}); copy it again`)
}
