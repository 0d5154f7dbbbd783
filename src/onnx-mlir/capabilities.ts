/**
 * What one onnx-mlir can do, as its own `--help` tells it. The version number says nothing about that:
 * three feature generations all call themselves 0.4.2, and 0.5.0.1 is newer but knows less than builds before it.
 */
import type { Arch, Target } from '../targets/target.ts'

/** Plain data, so that the cache can keep it under the binary's or image's identity. */
export interface Capabilities {
  /** First line of `--version`. */
  readonly version: string
  /** Git commit of the build, where it was built from git: the only exact identity. */
  readonly commit: string | undefined
  /** LLVM's default target triple, e.g. `s390x-ibm-linux-gnu`: the only machine that it can link libraries for. */
  readonly triple: string
  /** The triple's instruction set; `undefined` for one that is no target of ours. */
  readonly arch: Arch | undefined
  /** LLVM's name of the CPU that it runs on, e.g. `znver3`. */
  readonly hostCpu: string | undefined
  /** Names of all options, without dashes, sorted. */
  readonly flags: readonly string[]
  /** Option name → the values that `--help` lists, for options that list theirs. */
  readonly values: Readonly<Record<string, readonly string[]>>
  /** Built with the NNPA accelerator. */
  readonly nnpa: boolean
  readonly placement: PlacementDialect
  /** Which meaning exit codes 13 and up have. */
  readonly exitCodes: ExitCodeTable
  /** Learnt by trying: `--march` is no way to name a CPU to this build. */
  readonly cpuFlag?: 'mcpu'
}

/**
 * How a build takes and gives the placement of operations on NNPA.
 * `device-placement` (0.4.2 to 0.5.0.x, IBM zDLC), `nnpa-config` (main, 2025-09 to 2026-03), `config-file` (main since 2026-03, 0.5.1).
 */
export type PlacementDialect = 'none' | 'device-placement' | 'nnpa-config' | 'config-file'

export type ExitCodeTable = 'compiler-failure-13' | 'compiler-failure-14'

/**
 * Flags that load and save a placement, and the JSON member that holds it:
 * `device_placement` is a list of `{device, node_type, onnx_node_name}`, `nnpa_ops_config` of `{pattern: {match, rewrite}}`.
 */
export const placementFlags = {
  'device-placement': {
    load: 'nnpa-load-device-placement-file',
    save: 'nnpa-save-device-placement-file',
    member: 'device_placement',
  },
  'nnpa-config': { load: 'nnpa-load-config-file', save: 'nnpa-save-config-file', member: 'device_placement' },
  'config-file': { load: 'config-file', save: 'save-config-file', member: 'nnpa_ops_config' },
} as const satisfies Record<Exclude<PlacementDialect, 'none'>, { load: string; save: string; member: string }>

/**
 * Reads the texts that `--help` (or `--help-hidden`, which lists more) and `--version` print.
 * Texts without any option, e.g. from a program that isn't onnx-mlir, give no flags.
 */
export function parseCapabilities(help: string, version: string): Capabilities {
  const { flags, values } = parseHelp(help)
  const has = (flag: string) => flags.has(flag)
  const placement = (['config-file', 'nnpa-config', 'device-placement'] as const).find((dialect) =>
    has(placementFlags[dialect].save),
  )
  const triple = /Default target:[ \t]*(\S+)/.exec(version)?.[1] ?? ''
  return {
    version:
      version
        .split('\n')
        .find((line) => line.trim() !== '')
        ?.trim() ?? '',
    commit: /\(\S+ ([0-9a-f]{7,40})\)/.exec(version)?.[1],
    triple,
    arch: archOf(triple),
    hostCpu: /Host CPU:[ \t]*(\S+)/.exec(version)?.[1],
    flags: [...flags].sort(),
    values,
    nnpa: values['maccel']?.includes('NNPA') ?? has('EmitZHighIR'),
    placement: placement ?? 'none',
    // The codes moved in the same months as `config-file` came; builds between tell by their message (errors.ts).
    exitCodes: has('config-file') ? 'compiler-failure-14' : 'compiler-failure-13',
  }
}

/** True if the texts are those of an onnx-mlir driver. */
export function looksLikeOnnxMlir(capabilities: Capabilities): boolean {
  return capabilities.flags.includes('EmitLib') && capabilities.flags.includes('maccel')
}

/**
 * Whether this build can make libraries for a target. Cross-compiling is never offered: large constants are written in the
 * compiling machine's byte order, and the other machine's run-time library and linker are missing.
 */
export function canMake(capabilities: Capabilities, target: Target): boolean {
  if (!isForMachine(capabilities, target)) return false
  // `--help` lists no `--march` values; z17 came with 0.5.0, as this flag did.
  return target.name !== 'z17' || capabilities.flags.includes('do-not-emit-full-mlir-code')
}

/** Whether what it makes is for machines and the system of a target. */
export function isForMachine({ arch, triple }: Capabilities, target: Target): boolean {
  const platform = /windows|mingw/.test(triple) ? 'win32' : /darwin|macos/.test(triple) ? 'darwin' : undefined
  return arch === target.arch && platform === target.platform
}

/** Why a compiler for another machine makes no library for a target. */
export function crossReason(target: Target): string {
  // onnx-mlir issue 2851; seen at commit cc5be7b, which exits 0.
  return target.arch === 's390x'
    ? 'it would write large weights in the wrong byte order without a word'
    : 'it has no run-time library for other machines'
}

const archNames: Readonly<Record<string, Arch>> = {
  x86_64: 'x86-64',
  amd64: 'x86-64',
  s390x: 's390x',
  systemz: 's390x',
  aarch64: 'arm64',
  arm64: 'arm64',
  riscv64: 'riscv64',
}

/** The instruction set that LLVM means by a target triple, where it is one of ours. */
export function archOf(triple: string): Arch | undefined {
  return archNames[triple.split('-')[0] ?? '']
}

/**
 * LLVM's option listing: an option stands at the start of a line after two to six spaces (`  --tag=<…>   - …`, `      --O3`, `  -o <path>`),
 * its values on lines `    =NNPA   - …` below. Wrapped descriptions are indented to a column far right.
 */
function parseHelp(help: string): { flags: Set<string>; values: Record<string, string[]> } {
  const values = new Map<string, string[]>()
  let current: string[] = []
  for (const line of help.split('\n')) {
    const option = /^ {2,6}--?([A-Za-z0-9][\w.+-]*)/.exec(line)?.[1]
    const value = /^ {4}=(\S+)/.exec(line)?.[1]
    if (option !== undefined) {
      // An option with and without a value stands twice in the list.
      current = values.get(option) ?? []
      values.set(option, current)
    } else if (value !== undefined) current.push(value)
  }
  return {
    flags: new Set(values.keys()),
    values: Object.fromEntries([...values].filter(([, listed]) => listed.length > 0)),
  }
}
