import type { CompileProgress } from '../compilers/compiler.ts'
import type { UsageError } from '../errors/index.ts'

export interface Option {
  readonly type: 'string' | 'boolean'
  readonly short?: string
  /** May be given several times; otherwise the last one counts. */
  readonly multiple?: boolean
  /** Of a boolean that may be given a value, `--name=value`: its text without one. */
  readonly bare?: string
  /** What the value stands for in `--help`, e.g. `FILE`. */
  readonly value?: string
  readonly help: string
}

export type Options = Readonly<Record<string, Option>>

/** What a command was asked, and where it reports to. */
export interface Invocation {
  readonly positionals: readonly string[]
  /** The options' texts; of an option that may be repeated, the last. */
  readonly values: Readonly<Record<string, string | undefined>>
  readonly flags: ReadonlySet<string>
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal
  /** All texts of an option that may be repeated. */
  all(option: string): readonly string[]
  /** An error that ends with exit code 2 and points to `--help`. */
  usage(problem: string): UsageError
  /** A line of the result, before its end. Not printed where standard output is asked for JSON. */
  print(line: string): void
  /** What is being done now: one line on a terminal, overwritten by the next, and nothing elsewhere. */
  progress(line: string): void
  /** How far a compile is: a bar on a terminal, and elsewhere a line for each phase, as it may take many minutes. */
  phase(progress: CompileProgress): void
  /** A line on standard error. */
  warn(line: string): void
}

/** What a command found. */
export interface Outcome {
  /** For people; empty where everything has been printed already. */
  readonly text: string
  /** For programs, written where `--json` says. */
  readonly json: unknown
  /** `false`: a check failed, which ends with exit code 1. */
  readonly ok: boolean
}

/** One command of the CLI; each has a file of its own. */
export interface Command {
  /** What it is a command of, as users start it. Default: the CLI. */
  readonly program?: string
  readonly name: string
  readonly summary: string
  /** Positional arguments as `--help` shows them, and how many there may be. */
  readonly positionals?: { readonly usage: string; readonly min: number; readonly max: number }
  readonly options: Options
  /** Further lines of `--help`: what an option's line has no room for. */
  readonly notes?: string
  run(invocation: Invocation): Promise<Outcome>
}

/** How users start a command. */
export function started({ program = 'unplugin-onnx-mlir', name }: Command): string {
  return `${program} ${name}`
}
