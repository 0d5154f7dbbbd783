import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { Turns } from '../process/turns.ts'
import { linkedWith } from './clang-alone.ts'
import { failure } from './failure.ts'
import type { Toolchain } from './toolchain.ts'
import { jobFlags, knownFlags, libraryName, linkFlags, machineFlags, mergeFlags, objectFlags } from './flags.ts'
import type { CompiledLibrary, CompileJob, CompileUnit } from './job.ts'
import { runCompiler } from './spawn.ts'
import { inStaging, isFile, stageWeights, writeSource } from './staging.ts'
import { weightsForm } from './weights.ts'

/** Each keeps one processor busy. Nothing else is waited for while one is held, so that models that hold theirs get on. */
const turns = new Turns(availableParallelism())

/**
 * Compiles several C files, each for a target of its own or all for one, as many at once as there are processors, and links them to one library, or to one object file.
 *
 * @throws as `compileLibrary`, of the first file that doesn't compile; the others are then left off
 */
export async function compileUnits(
  job: CompileJob,
  units: readonly CompileUnit[],
  toolchain: Toolchain,
): Promise<CompiledLibrary> {
  const known = await knownFlags(toolchain)
  const form = weightsForm(toolchain)
  return inStaging(job.stagingRoot, async (folder) => {
    const failed = new AbortController()
    const signal = job.signal ? AbortSignal.any([job.signal, failed.signal]) : failed.signal
    const limits = { cwd: folder, signal, timeout: job.timeout, memory: job.memory }
    const run = async (args: readonly string[], made: string, file: string): Promise<string> => {
      const result = await runCompiler(toolchain.command, args, limits)
      if (result.status === 0 && (await isFile(join(folder, made)))) return made
      throw failure(result, folder, job, toolchain, args, file)
    }
    const compile = async ({ name, source, target }: CompileUnit): Promise<string> => {
      const [file, made] = [`${name}.c`, `${name}.o`]
      await writeSource(folder, source, file)
      const flags = objectFlags(job.optimize, target, job.weights?.bytes ?? 0)
      const machine = await machineFlags(toolchain, target)
      const args = [...machine, ...known, ...flags, ...jobFlags(job, form), '-c', file, '-o', made]
      return turns.take(name, () => run(args, made, file), { signal })
    }
    const link = async (objects: readonly string[]): Promise<string> => {
      const library = libraryName(job.target)
      const others = await linkedWith(toolchain, job.target, limits)
      const machine = await machineFlags(toolchain, job.target)
      return run([...machine, ...linkFlags(job.target), ...objects, '-o', library, ...others], library, 'model.c')
    }
    await stageWeights(folder, job.weights, form)
    const started = performance.now()
    // The longest stand first: of levels, that of the widest vectors.
    const all = [...units, { name: 'model', source: job.source, target: job.target }]
    const compiled = all.map((unit) =>
      compile(unit).catch((error: unknown) => {
        failed.abort(error)
        throw error
      }),
    )
    // Nothing is left running in a folder that is about to be removed.
    await Promise.allSettled(compiled)
    const objects = await Promise.all(compiled)
    const made = job.isObject ? await mergeObjects(objects, run) : await link(objects)
    return { library: join(folder, made), folder, toolchain, seconds: (performance.now() - started) / 1000 }
  })
}

/** One object file of all. */
async function mergeObjects(
  [first = '', ...others]: readonly string[],
  run: (args: readonly string[], made: string, file: string) => Promise<string>,
): Promise<string> {
  if (others.length === 0) return first
  return run([...mergeFlags, first, ...others, '-o', 'merged.o'], 'merged.o', 'model.c')
}
