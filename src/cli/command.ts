import type { UsageError } from '../errors.ts'

export interface Option {
  readonly type: 'string' | 'boolean'
  readonly short?: string
  readonly multiple?: boolean
  /** What the value stands for in `--help`, e.g. `FILE`. */
  readonly value?: string
  readonly help: string
}

export interface Invocation {
  readonly positionals: readonly string[]
  /** The options' texts; of an option that may be repeated, the last. */
  readonly values: Readonly<Record<string, string | undefined>>
  readonly flags: ReadonlySet<string>
  /** All texts of an option that may be repeated. */
  all(option: string): readonly string[]
  /** An error that ends with exit code 2 and points to `--help`. */
  usage(problem: string): UsageError
}

/** One command of the CLI; each has a file of its own. */
export interface Command {
  readonly name: string
  readonly summary: string
  /** Positional arguments as `--help` shows them, e.g. `MODEL`. */
  readonly positionals?: string
  readonly options: Readonly<Record<string, Option>>
  /** Gives the exit code: 0 on success, 1 on a failed check. */
  run(invocation: Invocation): Promise<number>
}
