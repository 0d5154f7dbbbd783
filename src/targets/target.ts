import type { OwnTarget } from './own.ts'

/** Instruction set family; each target is a level of one. `own`: whatever a user's is. */
export type Arch = 'x86-64' | 's390x' | 'arm64' | 'arm' | 'cortex-m' | 'riscv64' | 'wasm32' | 'own'

/** Where an artifact runs: what a compiler and the code generator need to know about it. */
export interface Target {
  /** Canonical name, as it stands in requests, artifacts and descriptors. Never `host`. */
  readonly name: string
  readonly arch: Arch
  /** Machines of one arch with a higher level run code made for a lower one. */
  readonly level: number
  readonly byteOrder: 'little' | 'big'
  readonly pointerBytes: 4 | 8
  /** Width of a vector register that kernels should fill; 0 where there is none that all machines of the target have. */
  readonly vectorBytes: 0 | 16 | 32 | 64
  /** In the words of `process.platform`; absent: Linux. */
  readonly platform?: 'win32' | 'darwin'
  /** GNU triple of a machine of this kind (of the module format, for wasm). */
  readonly triple: string
  /**
   * Machine flags of the C compiler, as alternatives: the first one that the installed compiler accepts is taken.
   * Empty where that compiler can't make the target.
   */
  readonly flags: { readonly gcc: readonly (readonly string[])[]; readonly clang: readonly (readonly string[])[] }
  /** What cross compilers for it are called before `gcc`, e.g. `s390x-linux-gnu-`. */
  readonly crossPrefixes: readonly string[]
  /**
   * Targets whose code one library of this one has, lowest first; the best that a machine has is chosen when the library is
   * loaded. Absent: the code is for the target alone.
   */
  readonly levels?: readonly string[]
  /** Debian's package with its compiler, where that isn't called by the triple. */
  readonly debian?: string
  /** QEMU's program that runs this arch's programs on others (Wine's, for Windows), and its arguments; absent where there is nothing to emulate. */
  readonly emulator?: readonly [program: string, ...args: string[]]
  /** There is no operating system that would load a library: models are linked into a program, see `compile --emit`. */
  readonly isBare?: boolean
  /** There is no unit for floats: these are computed by calls into the C library, and avoided where integers give the same. */
  readonly isSoft?: boolean
  /** Of a target that a user registers. */
  readonly own?: OwnTarget
  /** One line for `--help`. */
  readonly summary: string
}
