import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { CompileJob } from './job.ts'
import type { Target } from '../targets/index.ts'
import type { Toolchain } from './toolchain.ts'
import { failure } from './failure.ts'
import { jobFlags, knownFlags, machineFlags, objectFlags } from './flags.ts'
import { type ObjectFacts, readObject } from './object-file.ts'
import { runCompiler } from './spawn.ts'
import { type CallGraph, graphOfClang, graphOfGcc } from './call-graph.ts'
import { type StackBound, stackBound } from './stack-bound.ts'
import { inStaging } from './staging.ts'

/** What a model's C takes on a machine: see `ObjectFacts` and `StackBound`. */
export interface Measured extends Partial<ObjectFacts> {
  /** Where the compiler tells frame sizes and calls: GCC from version 10, clang from 12. */
  readonly stack?: StackBound
}

/** No ABI aligns the stack to more than 16 bytes: functions that keep wider vectors there do it themselves. */
function slackOf({ vectorBytes }: Target): number {
  return vectorBytes > 16 ? vectorBytes : 0
}

/**
 * Compiles a C file as users will, to see what it takes.
 *
 * @param folder where the file is, and others that it brings in
 * @param entry the function whose stack is asked for
 * @throws as `compileLibrary`
 */
export async function measureC(
  { folder, file, entry }: { readonly folder: string; readonly file: string; readonly entry: string },
  job: CompileJob,
  toolchain: Toolchain,
): Promise<Measured> {
  return inStaging(job.stagingRoot, async (staging) => {
    const isGcc = toolchain.family === 'gcc'
    const graph = isGcc ? ['-fcallgraph-info=su'] : toolchain.family === 'clang' ? ['-fstack-usage'] : []
    const flags = [...(await machineFlags(toolchain, job.target)), ...(await knownFlags(toolchain))]
    const args = [...flags, ...objectFlags(job.optimize, job.target, 0), ...jobFlags(job, 'incbin')]
    const made = join(staging, 'model.o')
    const compile = (more: readonly string[]) =>
      runCompiler(toolchain.command, [...args, ...more, join(folder, file)], {
        cwd: folder,
        ...(job.signal && { signal: job.signal }),
      })
    let result = await compile([...graph, '-c', '-o', made])
    if (result.status !== 0 && graph.length > 0) result = await compile(['-c', '-o', made]) // an old one
    if (result.status !== 0) throw failure(result, folder, job, toolchain, args, file)
    if (!isGcc && graph.length > 0) await compile(['-S', '-emit-llvm', '-o', join(staging, 'model.ll')])
    const facts = readObject(await readFile(made))
    const calls = await (isGcc ? gccCalls(staging) : clangCalls(staging, job.target))
    const bound = calls && stackBound(calls, entry, slackOf(job.target))
    const stack = bound && { ...bound, others: isGcc ? bound.others : (facts?.undefinedSymbols ?? bound.others) }
    await rm(staging, { recursive: true, force: true })
    return { ...facts, ...(stack && { stack }) }
  })
}

/** Text of a file that the compiler may not have written. */
function textOf(folder: string, name: string): Promise<string | undefined> {
  return readFile(join(folder, name), 'utf8').catch(() => undefined)
}

async function gccCalls(folder: string): Promise<CallGraph | undefined> {
  const text = await textOf(folder, 'model.ci')
  return text === undefined ? undefined : graphOfGcc(text)
}

async function clangCalls(folder: string, { pointerBytes }: Target): Promise<CallGraph | undefined> {
  const [code, usage] = [await textOf(folder, 'model.ll'), await textOf(folder, 'model.su')]
  return code === undefined || usage === undefined ? undefined : graphOfClang(code, usage, pointerBytes)
}
