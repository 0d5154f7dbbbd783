import { realpathSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { rememberByStat } from '../cache/file-memo.ts'
import { EnvironmentError } from '../errors/index.ts'
import { type Arch, isOfMachine, type Machine, type Target, thisMachine } from '../targets/index.ts'
import { clangs, splitCommand, which } from './programs.ts'
import type { Toolchain } from './toolchain.ts'
import { isZig, zigCommand } from './zig.ts'

export interface FindOptions {
  /** Default: this machine. */
  readonly target?: Target
  /** Folder of the cache, where the answers of compilers are remembered. */
  readonly memoFolder?: string
  /** Whether it is to make programs, too, which takes the target's C library. */
  readonly forPrograms?: boolean
  readonly env?: Readonly<Record<string, string | undefined>>
}

/**
 * Finds the C compiler: `CC` (which may hold arguments), then `cc`, `clang`, `gcc`, then cross compilers; the first
 * one that answers and makes code for the target's arch and system. Then a clang that links for it, that of `CC` or any,
 * with the target's C library or else without; last `zig cc`, which brings linker and C libraries along.
 *
 * @throws EnvironmentError `ENVIRONMENT_NO_COMPILER`, with what to install
 */
export function findCc(options: FindOptions = {}): Promise<Toolchain> {
  return find({ language: 'C', variable: 'CC', native: ['cc', 'clang', 'gcc'], gnu: 'gcc', clang: 'clang' }, options)
}

/** Finds the C++ compiler, as `findCc`: `CXX`, then `c++`, `g++`, `clang++`. */
export function findCxx(options: FindOptions = {}): Promise<Toolchain> {
  return find(
    { language: 'C++', variable: 'CXX', native: ['c++', 'g++', 'clang++'], gnu: 'g++', clang: 'clang++' },
    options,
  )
}

/** How to get a compiler, one line per system. */
export function installAdvice(language: 'C' | 'C++'): string {
  const cxx = language === 'C++'
  return [
    `Debian, Ubuntu: apt-get install ${cxx ? 'g++' : 'gcc libc6-dev'}`,
    `Fedora, RHEL: dnf install ${cxx ? 'gcc-c++' : 'gcc'}`,
    `Alpine: apk add ${cxx ? 'g++' : 'gcc musl-dev'}`,
    'macOS: xcode-select --install',
    'Windows: install MSYS2 and run pacman -S mingw-w64-ucrt-x86_64-gcc, or use WSL',
  ].join('\n  ')
}

interface Tools {
  readonly language: 'C' | 'C++'
  readonly variable: 'CC' | 'CXX'
  readonly native: readonly string[]
  readonly gnu: string
  readonly clang: string
}

async function find(tools: Tools, options: FindOptions): Promise<Toolchain> {
  const { target, memoFolder, env = process.env } = options
  if (target?.own && tools.language === 'C') return ownCompiler(target, target.own.cc, env, memoFolder)
  const wanted = target ?? thisMachine()
  const chosen = env[tools.variable]?.trim()
  let chosenClang: readonly string[] | undefined
  if (chosen) {
    const toolchain = await tryCommand(splitCommand(chosen), env, memoFolder)
    if (toolchain === undefined) throw chosenIsMissing(tools, chosen)
    const isClang = toolchain.family === 'clang' && !isZig(toolchain.command)
    if (isFor(toolchain, wanted)) {
      const isAbroad = isClang && target !== undefined && !isOfMachine(target) && !target.isBare
      if (!isAbroad || (await links(toolchain.command, tools))) return toolchain
      const alone = await findAlone(tools, [toolchain.command], options)
      if ('command' in alone) return alone
    }
    if (isClang) chosenClang = toolchain.command
  }
  const candidates = [
    ...tools.native.map((name) => [name]),
    ...(target?.crossPrefixes ?? []).map((prefix) => [prefix + tools.gnu]),
  ]
  for (const candidate of candidates) {
    const toolchain = await tryCommand(candidate, env, memoFolder)
    if (toolchain === undefined || !isFor(toolchain, wanted)) continue
    if (tools.language === 'C++' || makes(toolchain, target)) return toolchain
  }
  // Every clang makes code for all machines; few find the linker and the libraries of another one.
  const clang =
    target && (await tryCommand([...(chosenClang ?? [tools.clang]), `--target=${target.triple}`], env, memoFolder))
  if (clang !== undefined && (await links(clang.command, tools))) return clang
  // Then for C alone: the addon goes along as source where there is no C++ compiler for it.
  const alone = await findAlone(tools, chosenClang ? [chosenClang] : clangs.map((name) => [name]), options)
  if ('command' in alone) return alone
  // Of macOS it has a C++ library that is on every Mac.
  const zig =
    target && (tools.language === 'C' || target.platform === 'darwin') ? zigCommand(target, tools.language) : undefined
  const zigToolchain = zig && (await tryCommand(zig, env, memoFolder))
  if (zigToolchain !== undefined) return zigToolchain
  throw noCompiler(tools, target, alone.advice)
}

/** The first clang that makes libraries without the target's C library; or how to get one, and why none of those that are there does. */
async function findAlone(
  { language }: Tools,
  commands: readonly (readonly string[])[],
  { target, forPrograms, memoFolder, env = process.env }: FindOptions,
): Promise<Toolchain | { readonly advice: readonly string[] }> {
  if (language === 'C++' || forPrograms || target === undefined || isOfMachine(target)) return { advice: [] }
  // Only here: a build in which nothing has changed asks for compilers of this machine, and loads nothing that starts one.
  const { aloneAdvice, aloneToolchain, canBeAlone } = await import('./clang-alone.ts')
  if (!canBeAlone(target)) return { advice: [] }
  const advice = [aloneAdvice(target)]
  for (const command of commands) {
    const clang = await tryCommand([...command, `--target=${target.triple}`], env, memoFolder)
    if (clang?.family !== 'clang') continue
    const alone = await aloneToolchain(clang, target)
    if (typeof alone !== 'string') return alone
    advice.push(alone)
  }
  return { advice }
}

/** Whether compilers of this family make the target's code. The addon's C++ does without what only models are compiled for. */
function makes({ family }: Toolchain, target: Target | undefined): boolean {
  return target === undefined || family === 'other' || target.flags[family].length > 0
}

/** The compiler that a target's registration names. */
async function ownCompiler(
  { name }: Target,
  cc: readonly string[],
  env: Readonly<NodeJS.ProcessEnv>,
  memoFolder: string | undefined,
): Promise<Toolchain> {
  const toolchain = await tryCommand(cc, env, memoFolder)
  if (toolchain !== undefined) return toolchain
  const message = `The C compiler of target ${name}, ${cc.join(' ')}, does not answer to --version and -dumpmachine. Put it on PATH, or register the target with another one.`
  throw new EnvironmentError('ENVIRONMENT_NO_COMPILER', message, { target: name, given: cc })
}

/** Whether an empty library can be linked. Not remembered: that changes with what is installed beside the compiler. */
async function links(command: readonly string[], { language }: Tools): Promise<boolean> {
  const { runCompiler } = await spawning()
  const folder = await mkdtemp(join(tmpdir(), 'onnx-mlir-link-'))
  try {
    const args = ['-x', language === 'C' ? 'c' : 'c++', '-', '-shared', '-fPIC', '-o', 'probe.so', '-lm']
    return (await runCompiler(command, args, { cwd: folder, timeout: 10_000 })).status === 0
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** `undefined` if the program isn't there or doesn't answer, like macOS's `cc` before the tools are installed. */
async function tryCommand(
  [name = '', ...args]: readonly string[],
  env: Readonly<NodeJS.ProcessEnv>,
  memoFolder: string | undefined,
): Promise<Toolchain | undefined> {
  const program = which(name, env)
  if (program === undefined) return undefined
  const command = [program, ...args] as const
  const answer = await rememberedAnswer('compiler', command, memoFolder, ask)
  return answer === null ? undefined : { command, ...answer }
}

/** What a program answers when it is asked `about`, as plain data; remembered until there is another program in its place. */
export async function rememberedAnswer<Answer>(
  about: string,
  command: readonly [string, ...string[]],
  memoFolder: string | undefined,
  ask: (command: readonly string[]) => Promise<Answer>,
): Promise<Answer> {
  const probe = async (): Promise<string> => JSON.stringify(await ask(command))
  const real = realpathSync(command[0])
  // The name is part of it: one clang binary makes code for another machine when called as `s390x-linux-gnu-clang`.
  const kind = `${about} ${command.join(' ')}`
  return JSON.parse(isItself(real) ? await rememberByStat(memoFolder, kind, real, probe) : await probe()) as Answer
}

/** Where answers are remembered nobody is asked. */
const spawning = () => import('./spawn.ts')

type Answer = Omit<Toolchain, 'command'>

async function ask(command: readonly string[]): Promise<Answer | null> {
  const { runCompiler } = await spawning()
  const limits = { timeout: 10_000 }
  const [about, machine] = await Promise.all([
    runCompiler(command, ['--version'], limits).catch(() => undefined),
    runCompiler(command, ['-dumpmachine'], limits).catch(() => undefined),
  ])
  // `true` succeeds at anything and says nothing.
  if (about?.status !== 0 || machine?.status !== 0 || machine.stdout.trim() === '') return null
  const banner = about.stdout.split('\n', 1)[0]?.trim() ?? ''
  return { ...familyOf(about.stdout, banner), banner, machine: machine.stdout.trim() }
}

function familyOf(about: string, banner: string): Pick<Answer, 'family' | 'version'> {
  const clang = /clang version (\d[\w.]*)/.exec(about)
  if (clang) return { family: 'clang', version: `clang ${clang[1]}` }
  // `gcc (Debian 12.2.0-14) 12.2.0`, `cc (GCC) 11.4.1 20230605 (Red Hat 11.4.1-2)`: the number after the parentheses.
  const gcc = /Free Software Foundation/.test(about) ? /\) (\d[\w.]*)/.exec(banner) : null
  return gcc ? { family: 'gcc', version: `gcc ${gcc[1]}` } : { family: 'other', version: banner }
}

/**
 * Whether a program's stat stands for its answers. Not so for ccache, distcc and other wrappers, which stay the same when
 * the compiler behind them changes, nor for macOS, where /usr/bin/cc hands on to whichever Xcode is selected.
 */
function isItself(path: string): boolean {
  return (
    process.platform !== 'darwin' &&
    /^(?:.+-)?(?:gcc|cc|clang|g\+\+|c\+\+|clang\+\+)(?:-[\d.]+)?(?:\.exe)?$|^zig(?:\.exe)?$/.test(basename(path))
  )
}

/** Whether a compiler makes code for such machines; `null`: for whatever. */
function isFor({ machine }: Toolchain, wanted: Pick<Machine, 'arch' | 'platform'> | null): boolean {
  if (wanted === null) return true
  return archOf(machine) === wanted.arch && systemOf(machine) === wanted.platform
}

/** As a target's `platform`; `null`: no target's. */
function systemOf(triple: string): Machine['platform'] | null {
  if (/mingw|windows-gnu/.test(triple)) return 'win32'
  // These make DLLs that need one of Cygwin's, or take other options.
  if (/windows|cygwin|msys/.test(triple)) return null
  return /darwin|macos/.test(triple) ? 'darwin' : undefined
}

function archOf(triple: string): Arch | undefined {
  const cpu = triple.split('-', 1)[0] ?? ''
  if (/^(?:x86_64|amd64)$/.test(cpu)) return 'x86-64'
  if (/^(?:aarch64|arm64)/.test(cpu)) return 'arm64'
  if (/^(?:arm|thumb)/.test(cpu)) return triple.includes('-none-') ? 'cortex-m' : 'arm'
  if (cpu === 's390x' || cpu === 'riscv64' || cpu === 'wasm32') return cpu
  return undefined
}

function chosenIsMissing({ language, variable }: Tools, chosen: string): EnvironmentError {
  const message = `${variable}="${chosen}" is no ${language} compiler that answers to --version and -dumpmachine. Set ${variable} to one, or unset it.`
  return new EnvironmentError('ENVIRONMENT_NO_COMPILER', message, { variable, given: chosen })
}

function noCompiler(
  { language, variable, gnu }: Tools,
  target: Target | undefined,
  advice: readonly string[],
): EnvironmentError {
  const data = { language, target: target?.name }
  if (target === undefined || (isOfMachine(target) && target.flags.gcc.length > 0)) {
    const message = `No ${language} compiler found (${variable}, PATH). Install one:\n  ${installAdvice(language)}`
    return new EnvironmentError('ENVIRONMENT_NO_COMPILER', message, data)
  }
  const isClangs = language === 'C' && target.flags.gcc.length === 0
  const cross = isClangs ? [] : target.crossPrefixes.map((prefix) => prefix + gnu)
  const way =
    target.platform === 'darwin'
      ? 'on a Mac: xcode-select --install'
      : `Debian, Ubuntu: apt-get install ${isClangs ? 'clang ' : ''}${debianPackage(target)}`
  const message =
    `No ${language} compiler for ${target.name} (${target.arch}) found: ${cross.length > 0 ? `none of ${cross.join(', ')}, and ` : ''}no clang that links for it. ` +
    `Install one (${way}), or set ${variable}.`
  return new EnvironmentError('ENVIRONMENT_NO_COMPILER', [message, ...advice].join('\n  '), data)
}

function debianPackage({ debian, isBare, triple }: Target): string {
  return debian ?? `${isBare ? 'gcc' : 'g++'}-${triple.replaceAll('_', '-')}`
}
