import { join } from 'node:path'
import { CompileError, EnvironmentError } from '../errors/index.ts'
import { isOfMachine } from '../targets/index.ts'
import { installAdvice } from './find.ts'
import type { Toolchain } from './toolchain.ts'
import type { CompileJob } from './job.ts'
import type { RunResult } from './spawn.ts'

/** Headers of the C library, which some systems pack apart from the compiler. */
const missingLibc =
  /(?:assert|complex|ctype|errno|features|fenv|float|inttypes|limits|math|pthread|setjmp|signal|std\w+|string|time|sys\/\w+|bits\/[\w-]+|gnu\/[\w-]+)\.h['"]?(?:: No such file| file not found)|cannot find (?:\S*crti\.o|-lm\b|-lc\b)/

/**
 * What went wrong, by what the compiler printed. `CompileError`s about the source name its path in `folder`, where it is kept.
 */
export function failure(
  { stderr, stdout, killedBy }: RunResult,
  folder: string,
  job: Pick<CompileJob, 'model' | 'hasOperators' | 'target'>,
  toolchain: Pick<Toolchain, 'command' | 'version'>,
  args: readonly string[],
  file = 'model.c',
): CompileError | EnvironmentError {
  const output = stderr.trim() || stdout.trim()
  const compiler = toolchain.command.join(' ')
  const data = { model: job.model, compiler: toolchain.version, arguments: args, output }
  if (/No space left on device|Disk quota exceeded/i.test(output)) {
    const message = `The disk of ${folder} became full while ${compiler} ran. Make room, or set ONNX_MLIR_CACHE_DIR to another folder.`
    return new EnvironmentError('ENVIRONMENT_DISK', message, { ...data, folder })
  }
  if (missingLibc.test(output)) {
    const advice = isOfMachine(job.target)
      ? `Install it:\n  ${installAdvice('C')}`
      : `Install the one for ${job.target.triple}.`
    const message = `${compiler} finds no C library to compile against: ${firstError(output)}. ${advice}`
    return new EnvironmentError('ENVIRONMENT_NO_LIBC', message, data)
  }
  const source = join(folder, file)
  const model = job.model === undefined ? 'the model' : job.model
  if (killedBy !== null || /Killed signal terminated program|out of memory|cannot allocate memory/i.test(output)) {
    const message = `${compiler} was killed while compiling ${model}, most likely for want of memory. Compile with a lower O, or with more memory. The C source is kept in ${source}.`
    return new CompileError('COMPILE_MEMORY', message, { ...data, source })
  }
  const advice = job.hasOperators
    ? 'mend the C of your operator where it is at fault, or else report it'
    : 'please report it'
  const message = `${compiler} can't compile ${model}: ${firstError(output)}. The C source is kept in ${source}; ${advice}.`
  return new CompileError('COMPILE_C', message, { ...data, source })
}

/** The first line that says what is wrong; notes and "In function" lines come before it. */
function firstError(output: string): string {
  const lines = output.split('\n').map((line) => line.trim())
  const telling = /\berror\b|undefined reference|undefined symbol|multiple definition|cannot find/i
  return lines.find((line) => telling.test(line)) ?? lines.find((line) => line !== '') ?? 'it printed nothing'
}
