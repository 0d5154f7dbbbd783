import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import type { Arch } from './target.ts'

/** What a machine can run: its arch and the highest level of it. */
export interface Machine {
  readonly arch: Arch
  readonly level: number
  /** As of a target. */
  readonly platform?: 'win32' | 'darwin'
}

/** The facts that decide, gathered apart so that the rule can be tested for machines we don't have. */
export interface MachineFacts {
  /** As in `process.arch`: that of the running Node, which is what loads the library. */
  readonly arch: string
  readonly platform: string
  /** Text of `/proc/cpuinfo` on Linux, the words of `sysctl` on macOS, else empty. */
  readonly cpu: string
}

/** This machine, as the running Node process sees it; looked at once. */
export function thisMachine(): Machine | null {
  detected ??= { machine: machineFrom(gatherFacts()) }
  return detected.machine
}

/** What this machine's processor is called; empty where the system doesn't say. */
export function processorName(): string {
  return cpus()[0]?.model.trim() ?? ''
}

let detected: { machine: Machine | null } | undefined

/** `null` for what no target is for: processors like `ppc64` and `loong64`, Windows on ARM. */
export function machineFrom({ arch, platform, cpu }: MachineFacts): Machine | null {
  // Windows does not say what its processor can; a library for it looks itself.
  if (platform === 'win32') return arch === 'x64' ? { arch: 'x86-64', level: 1, platform } : null
  if (platform === 'darwin') {
    if (arch === 'x64') return { arch: 'x86-64', level: x86Level(sysctlFlags(cpu)), platform }
    return arch === 'arm64' ? { arch, level: 1, platform } : null
  }
  switch (arch) {
    case 'x64':
      return { arch: 'x86-64', level: x86Level(cpuinfoFlags(cpu, 'flags')) }
    case 's390x':
      return { arch: 's390x', level: zLevel(cpu) }
    case 'arm64':
      return { arch: 'arm64', level: 1 }
    case 'arm':
      return { arch: 'arm', level: armLevel(cpu) }
    case 'riscv64':
      return { arch: 'riscv64', level: riscvLevel(cpu) }
    default:
      return null
  }
}

/** x86-64 psABI §3.1.1 in the spelling of /proc/cpuinfo (`abm` holds LZCNT, `pni` is SSE3). */
const X86_LEVELS: readonly (readonly [number, readonly string[]])[] = [
  [2, ['cx16', 'lahf_lm', 'popcnt', 'pni', 'ssse3', 'sse4_1', 'sse4_2']],
  [3, ['avx', 'avx2', 'bmi1', 'bmi2', 'f16c', 'fma', 'abm', 'movbe', 'xsave']],
  [4, ['avx512f', 'avx512bw', 'avx512cd', 'avx512dq', 'avx512vl']],
]

function x86Level(flags: ReadonlySet<string>): number {
  let level = 1
  for (const [next, needed] of X86_LEVELS) {
    if (!needed.every((flag) => flags.has(flag))) break
    level = next
  }
  return level
}

/** Spellings of `machdep.cpu.features` and `leaf7_features` that differ from /proc/cpuinfo by more than letter case. */
const SYSCTL_NAMES: Readonly<Record<string, string>> = {
  sse3: 'pni',
  'sse4.1': 'sse4_1',
  'sse4.2': 'sse4_2',
  'avx1.0': 'avx',
  lahf: 'lahf_lm',
  lzcnt: 'abm',
}

function sysctlFlags(words: string): Set<string> {
  return new Set(
    words
      .toLowerCase()
      .split(/\s+/)
      .map((word) => SYSCTL_NAMES[word] ?? word),
  )
}

function cpuinfoFlags(cpuinfo: string, label: string): Set<string> {
  const line = new RegExp(`^${label}\\s*:(.*)$`, 'm').exec(cpuinfo)?.[1] ?? ''
  return new Set(line.trim().split(/\s+/))
}

/**
 * The kernel names facilities, not models: `vx` came with z13, `vxe` with z14, `vxe2` with z15, `vxp2` with z16
 * (arch/s390/kernel/processor.c). z17 brought no name of its own, so its machine types 9175 and 9176 decide.
 */
function zLevel(cpuinfo: string): number {
  const features = cpuinfoFlags(cpuinfo, 'features')
  if (!features.has('vx')) return 12
  if (!features.has('vxe')) return 13
  if (!features.has('vxe2')) return 14
  if (!features.has('vxp2')) return 15
  return /machine\s*=\s*917[56]\b/.test(cpuinfo) ? 17 : 16
}

/** A 64-bit kernel may say `asimd` even to a 32-bit process. */
function armLevel(cpuinfo: string): number {
  const features = cpuinfoFlags(cpuinfo, 'Features')
  return features.has('neon') || features.has('asimd') ? 7 : 6
}

/** Of `isa : rv64imafdcv_zicsr_…`: what one hart lacks, none is sure to have. Letters end where the first long name begins. */
function riscvLevel(cpuinfo: string): number {
  const isas = [...cpuinfo.matchAll(/^isa\s*:\s*rv64([a-z]*)/gm)].map(([, letters = '']) => letters)
  return isas.length > 0 && isas.every((letters) => /^[^szx]*v/.test(letters)) ? 2 : 1
}

function gatherFacts(): MachineFacts {
  const { arch, platform } = process
  return { arch, platform, cpu: cpuText(arch, platform) }
}

/** Empty where it can't be read: the lowest level of the arch is then taken. */
function cpuText(arch: string, platform: string): string {
  try {
    if (platform === 'linux') return readFileSync('/proc/cpuinfo', 'utf8')
    if (platform !== 'darwin' || arch !== 'x64') return ''
    const names = ['machdep.cpu.features', 'machdep.cpu.leaf7_features', 'machdep.cpu.extfeatures']
    const { execFileSync } = process.getBuiltinModule('node:child_process') // which other systems do without
    return execFileSync('/usr/sbin/sysctl', ['-n', ...names], { encoding: 'utf8', timeout: 5000 })
  } catch {
    return ''
  }
}
