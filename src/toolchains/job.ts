import type { Target } from '../targets/index.ts'
import type { Toolchain } from './toolchain.ts'
import type { Weights } from './weights.ts'

/** A C file that becomes part of a library, with code for a target that may be its own. */
export interface CompileUnit {
  /** A file's, without its extension. */
  readonly name: string
  readonly source: string
  readonly target: Target
}

/** One C file to be made into a library, or several. */
export interface CompileJob {
  readonly source: string
  /** The others. */
  readonly units?: readonly CompileUnit[]
  /** What the source's `weightsSection` brings in. */
  readonly weights?: Weights
  readonly includeDirs: readonly string[]
  readonly target: Target
  readonly optimize: 0 | 1 | 2 | 3
  /** Make one object file of it, for other linkers, instead of a library. */
  readonly isObject?: boolean
  /** `-D` options: C identifiers and their values. */
  readonly defines?: Readonly<Record<string, string | number>>
  /** Flags behind all others. */
  readonly flags?: readonly string[]
  /** Folder in which a private staging folder is made. Default: the system's for temporary files. */
  readonly stagingRoot?: string
  /** Default: `findCc({ target })`. */
  readonly toolchain?: Toolchain
  /** The model's path as the user wrote it, for messages. */
  readonly model?: string
  /** Whether C of users may be in the source: its errors are theirs to mend. */
  readonly hasOperators?: boolean
  readonly signal?: AbortSignal
  /** Milliseconds; default 10 minutes. */
  readonly timeout?: number
  /** Bytes of resident memory that the compiler and what it starts may use; default: no limit. */
  readonly memory?: number
}

export interface CompiledLibrary {
  /** Absolute path within `folder`; of an object file where that was asked for. */
  readonly library: string
  /** The staging folder, the caller's to remove when the library has been copied. */
  readonly folder: string
  readonly toolchain: Toolchain
  /** Wall-clock time of the C compiler. */
  readonly seconds: number
}
