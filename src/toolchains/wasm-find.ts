import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { mkdtemp, rm } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { EnvironmentError } from '../errors/index.ts'
import { rememberedAnswer } from './find.ts'
import { clangs, splitCommand, which } from './programs.ts'

/** What makes WebAssembly of C: a clang of this machine, or the npm package that is one. */
export type WasmToolchain =
  | { readonly kind: 'clang'; readonly command: readonly [string, ...string[]]; readonly version: string }
  | { readonly kind: 'yowasp'; readonly entry: string; readonly version: string }

/** The npm package whose clang is itself WebAssembly, and so runs wherever Node does. */
export const npmClang = '@yowasp/clang'

export interface FindWasmOptions {
  readonly memoFolder?: string | undefined
  readonly env?: Readonly<NodeJS.ProcessEnv>
  /** Folders whose packages are looked through. Default: the working directory, then ours. */
  readonly from?: readonly string[]
}

/** How to get one, one line per way. */
export function wasmAdvice(): string {
  return [
    `any system: npm install --save-dev ${npmClang}`,
    'Debian, Ubuntu: apt-get install clang lld',
    'Fedora, RHEL: dnf install clang lld',
    'Alpine: apk add clang lld',
    'macOS: brew install llvm lld',
  ].join('\n  ')
}

/**
 * Finds what compiles to WebAssembly: `CC` where that is a clang which can, then `clang`, newest numbered ones, and Homebrew's;
 * each has to link an empty module, as many come without `wasm-ld`. Then `@yowasp/clang`.
 *
 * @throws EnvironmentError `ENVIRONMENT_NO_COMPILER`, with both ways to get one
 */
export async function findWasm(options: FindWasmOptions = {}): Promise<WasmToolchain> {
  const { env = process.env } = options
  const chosen = env['CC']?.trim()
  const candidates = [...(chosen ? [splitCommand(chosen)] : []), ...clangs.map((name) => [name])]
  for (const candidate of candidates) {
    const found = await tryClang(candidate, env, options.memoFolder)
    if (found) return found
  }
  const found = findYowasp(options.from)
  if (found) return found
  throw new EnvironmentError(
    'ENVIRONMENT_NO_COMPILER',
    `Nothing found that compiles to WebAssembly: no clang with wasm-ld on PATH, and no npm package ${npmClang}. Install one:\n  ${wasmAdvice()}`,
    { language: 'C', target: 'wasm' },
  )
}

async function tryClang(
  [name = '', ...args]: readonly string[],
  env: Readonly<NodeJS.ProcessEnv>,
  memoFolder: string | undefined,
): Promise<WasmToolchain | undefined> {
  const program = which(name, env)
  if (program === undefined) return undefined
  const command = [program, ...args] as const
  const version = await rememberedAnswer('wasm', command, memoFolder, probe)
  return version === null ? undefined : { kind: 'clang', command, version }
}

/** Its version if it links an empty module for us. */
async function probe(command: readonly string[]): Promise<string | null> {
  const { runCompiler } = await import('./spawn.ts') // where the answer is not remembered
  const limits = { timeout: 20_000 }
  const about = await runCompiler(command, ['--version'], limits).catch(() => undefined)
  const version = /clang version (\d[\w.]*)/.exec(about?.stdout ?? '')?.[1]
  if (version === undefined) return null
  const folder = await mkdtemp(join(tmpdir(), 'onnx-mlir-probe-'))
  try {
    const args = [...machineFlags, '-nostdlib', '-Wl,--no-entry', '-x', 'c', '-', '-o', join(folder, 'empty.wasm')]
    const made = await runCompiler(command, args, limits).catch(() => undefined)
    return made?.status === 0 ? version : null
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** What every engine has that has SIMD: Chrome 91, Firefox 89, Safari 16.4, Node 16.4. */
export const machineFlags: readonly string[] = [
  '--target=wasm32',
  '-msimd128',
  '-mbulk-memory',
  '-msign-ext',
  '-mnontrapping-fptoint',
]

function findYowasp(
  from: readonly string[] = [process.cwd(), dirname(import.meta.filename)],
): WasmToolchain | undefined {
  for (const folder of from) {
    try {
      const entry = createRequire(join(folder, 'x.js')).resolve(npmClang)
      const { version } = manifestAbove(entry)
      return { kind: 'yowasp', entry: pathToFileURL(entry).href, version }
    } catch {
      // Not installed there.
    }
  }
  return undefined
}

/** The package's manifest: its exports may not give it away. */
function manifestAbove(entry: string): { version: string } {
  for (let folder = dirname(entry); ; folder = dirname(folder)) {
    try {
      const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, unknown>
      if (manifest['name'] === npmClang) return { version: String(manifest['version']) }
    } catch {
      // Further up.
    }
    if (folder === dirname(folder)) throw new TypeError(`${entry} has no package.json`)
  }
}
