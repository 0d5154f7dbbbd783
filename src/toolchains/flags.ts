import { EnvironmentError } from '../errors/index.ts'
import { resolveTarget, type Target } from '../targets/index.ts'
import { runCompiler } from './spawn.ts'
import type { Toolchain } from './toolchain.ts'
import type { CompileJob } from './job.ts'
import { LARGE_WEIGHTS, type WeightsForm } from './weights.ts'
import { isZig, zigFlags } from './zig.ts'

/**
 * What the generated C means. NaN and infinities are ordinary values in ONNX, so nothing of -ffast-math that denies
 * them: no -ffinite-math-only, and no reassociation, which would also make results depend on the compiler's mood.
 */
export const languageFlags: readonly string[] = [
  '-std=gnu11', // GNU for vector types and asm
  '-fno-math-errno', // sqrtf and friends as instructions; nobody reads errno after them
  '-fno-trapping-math', // nobody reads floating-point exception flags, so both arms of a select may be computed
  '-ffp-contract=fast', // a*b+c rounds once where the machine can: faster, and nearer to the true value
  '-fwrapv', // ONNX integers wrap like NumPy's; an overflow is no licence to drop checks
  '-fno-strict-aliasing', // one arena holds tensors of every element type, one after another
  '-Werror=implicit-function-declaration', // an error in our C should come from the compiler and not from the linker
]

/**
 * What compilers warn of, if that, and what would be a wrong answer or foreign memory at run time: a pointer to one type
 * where another is expected, a number for a pointer, a missing result.
 */
const slips: readonly string[] = ['incompatible-pointer-types', 'int-conversion', 'pointer-sign', 'return-type']

/** Further flags that all code of a compiler's family gets, if the version at hand knows them. */
const familyFlags: Readonly<Record<Toolchain['family'], readonly string[]>> = {
  gcc: [
    // GCC's analysis of what a function does takes some addresses for null pointers, see OM_KERNEL in runtime.h: this
    // keeps it from drawing conclusions in functions that can't be `noipa`.
    '-fno-delete-null-pointer-checks',
    ...slips.map(asError),
    '-Werror=discarded-qualifiers',
    '-Werror=discarded-array-qualifiers',
    '-Werror=implicit-int',
  ],
  clang: [
    ...slips,
    'incompatible-pointer-types-discards-qualifiers',
    'incompatible-function-pointer-types',
    'implicit-int',
    'sometimes-uninitialized',
  ].map(asError),
  other: [],
}

function asError(warning: string): string {
  return `-Werror=${warning}`
}

const object: readonly string[] = [
  '-fvisibility=hidden', // only the ABI is exported, so the rest is inlined or dropped
  '-ffunction-sections', // together with --gc-sections: kernels that the model doesn't use
  '-fdata-sections',
  '-g0',
]

const elf: readonly string[] = [
  '-shared',
  '-Wl,--no-undefined', // fail now and not in dlopen
  '-Wl,--gc-sections',
  '-Wl,-z,noexecstack', // a library that asks for an executable stack is refused by SELinux and newer glibc
  '-Wl,-z,relro,-z,now',
  '-Wl,--build-id=none', // the cache names libraries by their content
  '-Wl,-s',
]

const machO: readonly string[] = ['-dynamiclib', '-Wl,-dead_strip', '-Wl,-S', '-Wl,-install_name,@rpath/model']

const windows: readonly string[] = [
  '-shared',
  '-static', // Windows has none of the compiler's own libraries
  '-Wl,--gc-sections',
  '-Wl,--no-insert-timestamp', // the cache names libraries by their content
  '-Wl,-s',
]

/**
 * Windows aligns the stack to 16 bytes. GCC knows no way to tell its tables for unwinding of a function that aligns it further, so that with
 * such tables it does not, and yet moves what it keeps there of AVX and AVX-512 by instructions that demand it: a crash in about every second
 * run (GCC bug 54412; Debian and MSYS2 have patched that). Without tables it aligns the stack, as on other systems; the tables are for
 * exceptions, which C has none of.
 */
const windowsObject: readonly string[] = ['-fno-asynchronous-unwind-tables', '-fno-unwind-tables']

/** Flags that make a position-independent library of one C file, without machine flags, names and `-lm`. */
export function libraryFlags(optimize: 0 | 1 | 2 | 3, target: Target, weightsBytes: number): string[] {
  return [...objectFlags(optimize, target, weightsBytes), ...linkFlags(target)]
}

/** The same for one of several C files. */
export function objectFlags(optimize: 0 | 1 | 2 | 3, target: Target, weightsBytes: number): string[] {
  // Data that code may not reach with a 32-bit distance; `weightsSection` puts it into .lrodata.
  const model = target.arch === 'x86-64' && weightsBytes >= LARGE_WEIGHTS ? ['-mcmodel=medium'] : []
  const system = systemOf(target) === 'win32' ? windowsObject : ['-fPIC']
  return [...languageFlags, `-O${optimize}`, ...system, ...object, ...model]
}

type System = 'linux' | NonNullable<Target['platform']>

/** Of libraries. A target of a user's that names none is for the one that we run on. */
function systemOf({ platform, own }: Target): System {
  if (platform !== undefined) return platform
  return own && (process.platform === 'win32' || process.platform === 'darwin') ? process.platform : 'linux'
}

/** What a job asks for beside what all code gets. */
export function jobFlags({ defines, includeDirs, flags = [] }: CompileJob, form: WeightsForm): string[] {
  return [
    ...Object.entries({ ...defines, ...(form === 'text' && { OM_WEIGHTS_TEXT: 1 }) }).map(
      ([name, value]) => `-D${name}=${value}`,
    ),
    ...includeDirs.map((folder) => `-I${folder}`),
    ...flags,
  ]
}

/** What makes one object file of several. */
export const mergeFlags: readonly string[] = ['-r', '-nostdlib']

/** What makes a library of object files, in the format of its system. */
export function linkFlags(target: Target): readonly string[] {
  return { linux: elf, darwin: machO, win32: windows }[systemOf(target)]
}

/** The ending of a library's file name, with its dot. */
export function libraryExtension(target: Target): string {
  return { linux: '.so', darwin: '.dylib', win32: '.dll' }[systemOf(target)]
}

/** Name of the file that is made. */
export function libraryName(target: Target): string {
  return `model${libraryExtension(target)}`
}

const accepted = new Map<string, Promise<readonly string[] | undefined>>()

/** The flags of the compiler's family that this version of it knows. */
export async function knownFlags(toolchain: Toolchain): Promise<readonly string[]> {
  const key = [...toolchain.command, toolchain.banner].join('\0')
  let flags = accepted.get(key)
  if (flags === undefined) accepted.set(key, (flags = allAccepted(toolchain, familyFlags[toolchain.family])))
  return (await flags) ?? []
}

async function allAccepted(toolchain: Toolchain, flags: readonly string[]): Promise<readonly string[]> {
  if (flags.length === 0 || (await accepts(toolchain, flags))) return flags
  const known = await Promise.all(flags.map((flag) => accepts(toolchain, [flag])))
  return flags.filter((_, i) => known[i])
}

/**
 * The target's machine flags in the form that this compiler knows.
 *
 * @throws EnvironmentError `ENVIRONMENT_OLD_COMPILER` if it knows none of them
 */
export async function machineFlags(toolchain: Toolchain, target: Target): Promise<readonly string[]> {
  const key = [...toolchain.command, toolchain.banner, target.name].join('\0')
  let flags = accepted.get(key)
  if (flags === undefined) accepted.set(key, (flags = firstAccepted(toolchain, target)))
  const result = await flags
  if (result !== undefined) return result
  const wanted = alternatives(toolchain, target).map((list) => list.join(' '))
  const message = `${toolchain.version} (${toolchain.command.join(' ')}) can't make code for ${target.name}: it knows none of ${wanted.join(', ') || 'its flags'}. Install a newer compiler, name another in CC, or choose a lower target.`
  throw new EnvironmentError('ENVIRONMENT_OLD_COMPILER', message, { target: target.name, compiler: toolchain.version })
}

/**
 * The levels of a target that this compiler can make code for, lowest first; one of them, or none, where there is no choice
 * to make.
 */
export async function knownLevels(toolchain: Toolchain, { levels = [], platform }: Target): Promise<Target[]> {
  // A compiler that we don't know makes code of one kind only.
  if (toolchain.family === 'other') return []
  const targets = levels.map((name): Target => ({ ...resolveTarget(name), ...(platform && { platform }) }))
  const known = await Promise.all(
    targets.map((target) =>
      machineFlags(toolchain, target).then(
        () => [target],
        (error: unknown) => {
          if (error instanceof EnvironmentError && error.code === 'ENVIRONMENT_OLD_COMPILER') return []
          throw error
        },
      ),
    ),
  )
  return known.flat()
}

function alternatives({ family, command }: Toolchain, target: Target): readonly (readonly string[])[] {
  if (isZig(command) && !target.own) return zigFlags(target)
  // A compiler that we don't know takes no machine flags: its default code is what it can make.
  return family === 'other' ? [target.own ? target.flags.gcc[0]! : []] : target.flags[family]
}

async function firstAccepted(toolchain: Toolchain, target: Target): Promise<readonly string[] | undefined> {
  for (const flags of alternatives(toolchain, target)) {
    if (await accepts(toolchain, flags)) return flags
  }
  return undefined
}

async function accepts({ command }: Toolchain, flags: readonly string[]): Promise<boolean> {
  // Standard input is empty: an empty program. zig fails where no file comes out of it.
  const check = isZig(command) ? '-E' : '-fsyntax-only'
  const { status } = await runCompiler(command, [...flags, '-x', 'c', check, '-'])
  return status === 0
}
