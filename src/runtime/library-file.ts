import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ModelLoadError } from './errors.ts'

/**
 * Where a native file of a build really lies.
 * `ONNX_MLIR_MODEL_DIR` names a folder that holds the files instead (for single-file executables, which can't);
 * inside of an Electron archive the operating system sees only the unpacked copy.
 *
 * @throws ModelLoadError when there is no such file
 */
export function locate(file: string | URL, model: string): string {
  const built = file instanceof URL || file.startsWith('file:') ? fileURLToPath(file) : file
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

/** ELF's `e_machine` of the platforms that Node runs on, by `process.arch`. Source: the gABI's list of machine numbers. */
const elfMachines: Readonly<Record<number, string>> = {
  3: 'ia32',
  8: 'mips',
  21: 'ppc64',
  22: 's390x',
  40: 'arm',
  62: 'x64',
  183: 'arm64',
  243: 'riscv64',
  258: 'loong64',
}

/** @throws ModelLoadError when code for `arch`, in the words of `process.arch`, can't run here */
export function checkArch(arch: string, model: string, target: string): void {
  if (arch === process.arch) return
  throw new ModelLoadError(
    'LOAD_MACHINE',
    `${model}: built for ${arch}, running on ${process.arch}; ` +
      `build it with a target for this machine (the library's is ${target})`,
  )
}

/**
 * Reads a library's ELF header before the dynamic linker does: its own words for another machine's library say little,
 * and a file that was cut short while being copied would end the process (SIGBUS).
 *
 * @throws ModelLoadError when the file can't be a library of this machine
 */
export function checkLibrary(path: string, model: string, target: string): void {
  if (process.platform !== 'linux') return // macOS: dlopen's message is good
  const header = Buffer.alloc(64)
  const file = openSync(path, 'r')
  let size: number
  let read: number
  try {
    size = fstatSync(file).size
    read = readSync(file, header, 0, header.length, 0)
  } finally {
    closeSync(file)
  }
  if (read < 52 || header.readUInt32BE(0) !== 0x7f454c46)
    throw new ModelLoadError('LOAD_FORMAT', `${model}: ${path} is not a shared library`)
  const is64 = header[4] === 2
  const isLittle = header[5] === 1
  const u16 = (at: number): number => (isLittle ? header.readUInt16LE(at) : header.readUInt16BE(at))
  const u32 = (at: number): number => (isLittle ? header.readUInt32LE(at) : header.readUInt32BE(at))
  const u64 = (at: number): number => Number(isLittle ? header.readBigUInt64LE(at) : header.readBigUInt64BE(at))
  checkArch(elfMachines[u16(18)] ?? `machine ${u16(18)}`, model, target)
  // The section headers are the last thing in a library.
  const end = is64 ? u64(40) + u16(58) * u16(60) : u32(32) + u16(46) * u16(48)
  if (end > size)
    throw new ModelLoadError('LOAD_FORMAT', `${model}: ${path} is cut short (${size} bytes of ${end}); copy it again`)
}
