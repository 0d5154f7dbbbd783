import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { EnvironmentError } from '../errors/index.ts'
import type { Target } from '../targets/index.ts'
import type { Toolchain } from './toolchain.ts'
import { machineFlags } from './flags.ts'
import { runCompiler, type RunOptions } from './spawn.ts'

/*
 * A clang that makes libraries for a Linux or macOS of which nothing is installed here: no C library, no headers, no GCC, no SDK.
 * Headers are the package's (native/libc), what compilers call by themselves comes in as source, and the rest is looked up by
 * the target's dynamic loader in the C library of the process that loads the model.
 */

const libc = fileURLToPath(new URL('../../native/libc', import.meta.url))

/** Of all code. */
const codeFlags: readonly string[] = ['-nostdlibinc', '-isystem', libc, '-Qunused-arguments']

/** Of the source of what clang calls by itself. */
const callsFlags: readonly string[] = ['-O2', '-fPIC', '-ffunction-sections', '-g0']

/** Has atomic operations in place, where clang would call its run-time library. */
const outOfLine: Readonly<Partial<Record<Target['arch'], readonly string[]>>> = { arm64: ['-mno-outline-atomics'] }

/** LLD first, which links for all machines; GNU's linker is one for each. */
const linkers = ['lld', 'bfd'] as const

/** Versions of LLD that link for a machine, where that was not always so. */
const firstLld: Readonly<Partial<Record<Target['arch'], number>>> = { s390x: 18 }

/** What was found once stays: what is missing may be installed while we run. */
const found = new Map<string, Toolchain>()

/** Whether libraries of a target find names of the C library where they are loaded. */
export function canBeAlone({ platform, isBare, own, arch }: Target): boolean {
  return platform !== 'win32' && !isBare && own === undefined && arch !== 'wasm32'
}

/**
 * A clang as one that does without a C library, where it has the target's back end and a linker.
 *
 * @param clang is told the target already
 * @returns why not, in words, where it can't
 */
export async function aloneToolchain(clang: Toolchain, target: Target): Promise<Toolchain | string> {
  const key = [target.name, clang.banner, ...clang.command].join('\0')
  const known = found.get(key)
  if (known) return known
  const here = `${clang.version} (${clang.command[0]})`
  const folder = await mkdtemp(join(tmpdir(), 'onnx-mlir-link-'))
  try {
    let problem: string | undefined
    for (const linker of linkers) {
      const more = [...codeFlags, ...(outOfLine[target.arch] ?? []), `-fuse-ld=${linker}`]
      const toolchain: Toolchain = { ...clang, command: [...clang.command, ...more], isAlone: true }
      const said = await linkNames(toolchain, target, { cwd: folder, timeout: 20_000 })
      if (said === undefined) {
        found.set(key, toolchain)
        return toolchain
      }
      problem ??= await explain(toolchain, target, said)
    }
    return `${here}: ${problem}`
  } catch (error) {
    if (error instanceof EnvironmentError && error.code === 'ENVIRONMENT_OLD_COMPILER')
      return `${here} makes no code for ${target.name}`
    throw error
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/**
 * What a library is linked with, beside its own objects, in a folder: `-lm`, or what stands for it.
 *
 * @throws EnvironmentError, CompileError of a compiler that can't be run; what it refuses shows in the link itself
 */
export async function linkedWith(
  toolchain: Toolchain,
  target: Target,
  options: RunOptions & { readonly cwd: string },
): Promise<readonly string[]> {
  if (!toolchain.isAlone) return ['-lm']
  await linkNames(toolchain, target, options)
  const machine = await machineFlags(toolchain, target)
  return ['-nostdlib', ...machine, ...callsFlags, join(libc, 'compiler-calls.c'), '-L.', '-lm']
}

/** Makes a library that has names only, which links in the place of the C library. @returns what the compiler says where it can't */
async function linkNames(toolchain: Toolchain, target: Target, options: RunOptions): Promise<string | undefined> {
  const machine = await machineFlags(toolchain, target)
  const name =
    target.platform === 'darwin'
      ? ['-Wl,-install_name,/usr/lib/libSystem.B.dylib', '-o', 'libm.dylib']
      : ['-Wl,-soname,libm.so.6', '-o', 'libm.so']
  const args = [...machine, '-shared', '-nostdlib', '-fPIC', join(libc, 'names.c'), ...name]
  const { status, stderr } = await runCompiler(toolchain.command, args, options)
  return status === 0 ? undefined : stderr
}

/** @param said by clang and its linker */
async function explain({ command }: Toolchain, { arch }: Target, said: string): Promise<string> {
  if (/No available targets|unable to create target|unknown target/i.test(said)) return `it has no back end for ${arch}`
  if (/invalid linker name/.test(said)) return 'it finds no LLD'
  if (/unknown emulation/.test(said)) {
    const { stdout } = await runCompiler(command, ['-nostdlib', '-Wl,--version'])
    const lld = /LLD \d[\w.]*/.exec(stdout)?.[0] ?? 'its LLD'
    return `${lld} does not link for ${arch}${arch in firstLld ? `, ${firstLld[arch]} and newer do` : ''}`
  }
  return said.split('\n').find((line) => /\berror\b/.test(line)) ?? said.trim()
}

/** How to get both, for messages. */
export function aloneAdvice({ arch, flags }: Target): string {
  const version = arch in firstLld || flags.gcc.length === 0 ? '-19' : ''
  const least = arch in firstLld ? ` ${firstLld[arch]} or newer` : ''
  return `Or clang and LLD${least}, which need nothing else of that machine (Debian, Ubuntu: apt-get install clang${version} lld${version}; Fedora: dnf install clang lld; macOS: brew install llvm lld; Windows: winget install LLVM.LLVM).`
}
