import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ArtifactVariant, EngineFeature } from '../cache/artifact.ts'
import { diskError } from '../cache/disk.ts'
import { CompileError } from '../errors/index.ts'
import { failure } from './failure.ts'
import { languageFlags } from './flags.ts'
import type { CompileJob } from './job.ts'
import { runCompiler, type RunResult } from './spawn.ts'
import { inStaging, writeSource } from './staging.ts'
import { finishModule } from './wasm-binary.ts'
import { findWasm, machineFlags, type WasmToolchain } from './wasm-find.ts'
import { relaxedModule } from './wasm-relaxed.ts'
import { finishThreaded, threadFlags } from './wasm-threaded.ts'
import { runYowasp } from './yowasp.ts'

/** One C file to be made into a WebAssembly module. */
export interface WasmJob extends Omit<CompileJob, 'toolchain' | 'defines'> {
  /** Default: `findWasm()`. */
  readonly toolchain?: WasmToolchain
  /** Whether threads share any kernel: then there are modules for engines with threads, too. */
  readonly isShared?: boolean
  /** Memory that one call needs, for the message of a model that is too large. */
  readonly arenaBytes?: number
}

export interface CompiledModule {
  /** Absolute path of the module within `folder`. */
  readonly library: string
  /** The weights that the module lacks, to be copied to the address that it exports as `om_weights`. */
  readonly weights?: string
  /** The same module for engines that can more, best first, within `folder`. */
  readonly variants?: readonly Pick<ArtifactVariant, 'needs' | 'library'>[]
  /** The staging folder, the caller's to remove when the files have been copied. */
  readonly folder: string
  readonly seconds: number
  /** What the user should be told of it, in sentences. */
  readonly notes: readonly string[]
}

/**
 * Up to here weights are part of the module: one request instead of two. Larger ones have a file of their own, which is
 * fetched beside the module with progress, while the engine compiles, and not held twice in memory.
 */
export const WEIGHTS_INSIDE = 1 << 20

/** Memory is addressed by 32 bits, and differences of addresses have a sign. */
const MOST_BYTES = 2 ** 31

/** Of C's calls. It lies below all data: a stack that overflows ends in a trap, not in the data. */
const STACK_BYTES = 1 << 20

const linkFlags: readonly string[] = [
  '-nostdlib',
  '-Wl,--no-entry',
  '-Wl,--gc-sections',
  '-Wl,--strip-all',
  '-Wl,--stack-first',
  `-Wl,-z,stack-size=${STACK_BYTES}`,
  `-Wl,--max-memory=${MOST_BYTES}`,
]

/** clang makes loops over chars calls of these, which our headers define as these very loops. */
const codeFlags: readonly string[] = ['-ffreestanding', '-fvisibility=hidden', '-g0']

/**
 * The compiler's level for each of ours. What is hot is unrolled and blocked by the kernels themselves, so `-Os` loses nothing
 * against `-O3` on models, and its code is 25 to 40 % smaller (compressed) to download and sooner compiled by the engine. Without
 * optimising, inlined kernels leave more locals in a function (50,000) than engines take, an LSTM's for one; `-O1` is as quick.
 */
const levels = ['-O1', '-O1', '-Os', '-Os'] as const

/**
 * Compiles generated C to a WebAssembly module without imports (native/wasm/om_wasm.h).
 *
 * @throws CompileError `COMPILE_C` with the first error and the path of the source, which is kept; `COMPILE_MEMORY`,
 *   `COMPILE_TIMEOUT`; `COMPILE_TOO_LARGE` where weights and intermediate results don't fit into 2 GiB
 * @throws EnvironmentError when there is no compiler, or no room on the disk
 * @throws the signal's reason when aborted
 */
export async function compileWasm(job: WasmJob): Promise<CompiledModule> {
  const toolchain = job.toolchain ?? (await findWasm())
  const weightsBytes = job.weights?.bytes ?? 0
  expectRoom(job, weightsBytes)
  return inStaging(job.stagingRoot, async (folder) => {
    const started = performance.now()
    const exported = weightsBytes > 0 ? ['-Wl,--export=om_weights'] : []
    const args = [...machineFlags, ...languageFlags, ...codeFlags, levels[job.optimize], ...linkFlags, ...exported]
    await writeSource(folder, job.source)
    const linked = await link(toolchain, job, folder, args)
    const threaded = job.isShared ? await link(toolchain, job, folder, [...args, ...threadFlags]) : undefined
    const weights: Uint8Array[] = []
    for await (const chunk of job.weights?.chunks ?? []) weights.push(chunk)
    const isInside = weightsBytes <= WEIGHTS_INSIDE
    const { relaxed, notes } = relaxedOf(linked, job.optimize)
    const write = async (name: string, contents: Uint8Array | readonly Uint8Array[]): Promise<string> => {
      const path = join(folder, name)
      await writeFile(path, contents).catch((error: unknown) => {
        throw diskError(error, folder)
      })
      return path
    }
    const inside = isInside ? weights : undefined
    const library = await write('model.wasm', finishModule(linked, inside).module)
    const variants: { needs: readonly EngineFeature[]; library: string }[] = []
    const add = async (needs: readonly EngineFeature[], module: Uint8Array | undefined): Promise<void> => {
      if (module) variants.push({ needs, library: await write(`${needs.join('-')}.wasm`, module) })
    }
    if (threaded) {
      const both = relaxedOf(threaded, job.optimize).relaxed
      await add(['threads', 'relaxed-simd'], both && finishThreaded(both, inside))
      await add(['threads'], finishThreaded(threaded, inside))
    }
    await add(['relaxed-simd'], relaxed && finishModule(relaxed, inside).module)
    return {
      library,
      ...(!isInside && { weights: await write('weights.bin', weights) }),
      ...(variants.length > 0 && { variants }),
      folder,
      seconds: (performance.now() - started) / 1000,
      notes,
    }
  })
}

/** Code without optimisations is as it was written. */
function relaxedOf(
  linked: Uint8Array,
  optimize: CompileJob['optimize'],
): { readonly relaxed?: Uint8Array | undefined; readonly notes: readonly string[] } {
  try {
    return { relaxed: optimize > 0 ? relaxedModule(linked) : undefined, notes: [] }
  } catch (error) {
    // A clang that is newer than what is known here of its instructions.
    return { notes: [`no module for relaxed SIMD is made: ${(error as Error).message}`] }
  }
}

async function link(
  toolchain: WasmToolchain,
  job: WasmJob,
  folder: string,
  flags: readonly string[],
): Promise<Uint8Array> {
  const limits = { signal: job.signal, timeout: job.timeout, memory: job.memory }
  const version = `clang ${toolchain.version}`
  const made = async (result: RunResult, command: readonly [string, ...string[]], module?: Uint8Array) => {
    if (result.status === 0 && module !== undefined && module.length > 0) return module
    throw failure(result, folder, job, { command, version }, flags)
  }
  if (toolchain.kind === 'yowasp') {
    const { result, output } = await runYowasp(
      toolchain,
      { source: job.source, folders: job.includeDirs, flags },
      limits,
    )
    return made(result, ['@yowasp/clang'], output)
  }
  const includes = job.includeDirs.map((directory) => `-I${directory}`)
  const args = [...flags, ...includes, 'model.c', '-o', 'linked.wasm']
  const result = await runCompiler(toolchain.command, args, { cwd: folder, ...limits })
  return made(result, toolchain.command, await readFile(join(folder, 'linked.wasm')).catch(() => undefined))
}

function expectRoom({ model = 'the model', arenaBytes = 0 }: WasmJob, weightsBytes: number): void {
  const needed = weightsBytes + arenaBytes + STACK_BYTES
  if (needed < MOST_BYTES - 2 ** 24) return
  const [weights, arena] = [weightsBytes, arenaBytes].map((bytes) => `${(bytes / 2 ** 20).toFixed(0)} MiB`)
  const message = `${model} needs ${weights} for its weights and ${arena} for intermediate results: WebAssembly has 2 GiB. Compile it for a native target, fix or lower its dimensions (dims=), or store its weights smaller.`
  throw new CompileError('COMPILE_TOO_LARGE', message, { model, weightsBytes, arenaBytes })
}
