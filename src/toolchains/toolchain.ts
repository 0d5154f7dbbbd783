/** An installed compiler that answered. */
export interface Toolchain {
  /** Program (absolute path) and its first arguments. */
  readonly command: readonly [string, ...string[]]
  /** `other` is any compiler that takes gcc's options but is neither; nothing else is expected of it. */
  readonly family: 'gcc' | 'clang' | 'other'
  /** E.g. `gcc 12.2.0`. */
  readonly version: string
  /** What tells it from other builds of the same version, for cache keys: the first line of `--version`. */
  readonly banner: string
  /** Triple that it makes code for, e.g. `x86_64-linux-gnu`. */
  readonly machine: string
  /** It finds no C library of that machine, and does without, see clang-alone.ts: it makes libraries, no programs. */
  readonly isAlone?: boolean
}
