import { join } from 'node:path'
import { CompileError } from '../errors/index.ts'
import { linkedWith } from './clang-alone.ts'
import { failure } from './failure.ts'
import { findCc } from './find.ts'
import type { CompiledLibrary, CompileJob } from './job.ts'
import { runCompiler } from './spawn.ts'
import { inStaging, isFile, stageWeights, writeSource } from './staging.ts'
import { jobFlags, knownFlags, libraryFlags, libraryName, machineFlags } from './flags.ts'
import { compileUnits } from './units.ts'
import { LARGE_WEIGHTS, type WeightsForm, weightsForm } from './weights.ts'

export type { CompiledLibrary, CompileJob } from './job.ts'
export { findCc, findCxx, installAdvice } from './find.ts'
export type { Toolchain } from './toolchain.ts'
export { type Weights, weightsSection } from './weights.ts'

/**
 * Compiles generated C to a shared library: one file, or several side by side.
 *
 * @throws CompileError `COMPILE_C` with the first error and the path of the source, which is kept;
 *   `COMPILE_MEMORY`, `COMPILE_TIMEOUT`; `COMPILE_TOO_LARGE` where Windows would not load the library
 * @throws EnvironmentError when there is no compiler, no C library to compile against, or no room on the disk
 * @throws the signal's reason when aborted
 */
export async function compileLibrary(job: CompileJob): Promise<CompiledLibrary> {
  expectLoadable(job)
  const toolchain = job.toolchain ?? (await findCc({ target: job.target }))
  if (job.units || job.isObject) return compileUnits(job, job.units ?? [], toolchain)
  const flags = [...(await machineFlags(toolchain, job.target)), ...(await knownFlags(toolchain))]
  return inStaging(job.stagingRoot, async (folder) => {
    const form = weightsForm(toolchain)
    await writeSource(folder, job.source)
    await stageWeights(folder, job.weights, form)
    const library = join(folder, libraryName(job.target))
    const started = performance.now()
    const limits = { cwd: folder, signal: job.signal, timeout: job.timeout, memory: job.memory }
    const others = await linkedWith(toolchain, job.target, limits)
    const args = [...flags, ...compilerArguments(job, form), 'model.c', '-o', libraryName(job.target), ...others]
    const result = await runCompiler(toolchain.command, args, limits)
    if (result.status !== 0 || !(await isFile(library))) throw failure(result, folder, job, toolchain, args)
    return { library, folder, toolchain, seconds: (performance.now() - started) / 1000 }
  })
}

function compilerArguments(job: CompileJob, form: WeightsForm): string[] {
  return [...libraryFlags(job.optimize, job.target, job.weights?.bytes ?? 0), ...jobFlags(job, form)]
}

/** Places in a DLL are told by 32 bits, and half of them is what code reaches. */
function expectLoadable({ target, model = 'the model', weights }: CompileJob): void {
  const bytes = weights?.bytes ?? 0
  if (target.platform !== 'win32' || bytes < LARGE_WEIGHTS) return
  const size = `${(bytes / 2 ** 20).toFixed(0)} MiB`
  const message = `${model} has ${size} of weights: a DLL has room for 2 GiB. Store them smaller: weights=f16, or weights=int8.`
  throw new CompileError('COMPILE_TOO_LARGE', message, { model, weightsBytes: bytes })
}
