import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { builtinSource } from '../builtin/index.ts'
import { languageFlags } from '../toolchains/flags.ts'
import { writeWeights } from '../toolchains/weights.ts'
import { diskError, makeFolder } from '../cache/disk.ts'
import { ownVersion } from '../cache/index.ts'
import { readingOf } from '../compilers/hardening.ts'
import { readModel } from '../formats/read.ts'
import { tunableRequest } from '../pipeline/tunable.ts'
import { parseRequest, type RequestOptions } from '../request/index.ts'
import type { Choices } from '../lowering/choices.ts'
import { resolveTarget } from '../targets/index.ts'
import type { Invocation, Outcome } from './command.ts'
import { type BuildInvocation, buildModel } from './model-build.ts'
import { readingOption } from './operators.ts'
import { OUT_OPTION } from './output.ts'
import { bytesText } from './style.ts'

/** The line that C begins with: the model, so that it isn't overwritten by the next one's. */
function markOf(model: string): string {
  return `/* C of the model ${JSON.stringify(model).replaceAll('*/', '*\\/')} */\n`
}

/** @throws UsageError where there is C in this place that is not the model's own of an earlier time */
async function expectOwn(source: string, mark: string, usage: Invocation['usage']): Promise<void> {
  const there = await readFile(source, 'utf8').catch(() => undefined)
  if (there === undefined || there.startsWith(mark)) return
  const model = /^\/\* C of the model (".*") \*\/\n/.exec(there)?.[1]
  const whose = model ? `is the C of another model, ${model}` : 'is not from compile --emit c'
  throw usage(`${source} ${whose}; give each model a folder of its own with --out, or remove that one`)
}

/** What tuning finds for the model, or found when it was built last: the C is that of the winner. */
async function tunedChoices(id: string, options: RequestOptions, invocation: BuildInvocation): Promise<Choices> {
  const { artifact } = await buildModel(invocation, id, { ...options, compiler: 'builtin' })
  return artifact.tuned?.choices ?? {}
}

/**
 * Writes the C that the built-in compiler makes of a model, its weights and the headers it includes: all that a C
 * compiler needs, on whatever machine.
 */
export async function emitC(
  id: string,
  out: string,
  options: RequestOptions,
  invocation: BuildInvocation & Pick<Invocation, 'usage'>,
): Promise<Outcome> {
  const { progress, usage } = invocation
  const { path, directives } = parseRequest(id, options)
  if (directives.compiler === 'onnx-mlir') throw usage('--emit c is for the built-in compiler; onnx-mlir makes no C')
  const target = resolveTarget(directives.target)
  const source = join(out, 'model.c')
  const mark = markOf(relative(out, path))
  await expectOwn(source, mark, usage)
  const { request, note } = tunableRequest(parseRequest(id, options), 'builtin', { mode: 'build' })
  if (note !== undefined) invocation.warn(note)
  const choices = request.directives.tune === false ? {} : await tunedChoices(id, options, invocation)
  progress(`generating C in ${out}`)
  const { text, weights, includeDirs, signature, arenaBytes } = builtinSource(
    await readModel(path, { ...readingOf({ directives }), ...(await readingOption(invocation)) }),
    {
      target,
      dims: new Map(Object.entries(directives.dims)),
      weights: directives.weights,
      choices,
      identity: `unplugin-onnx-mlir ${ownVersion()}`,
    },
  )
  // The C names its weights by a fixed name (`weightsSection`), so each model has a folder of its own.
  await makeFolder(out, OUT_OPTION)
  const include = join(out, 'include')
  try {
    await writeFile(source, mark + text)
    await rm(join(out, 'weights.bin'), { force: true })
    if (weights.bytes > 0) await writeWeights(out, weights, 'incbin')
    for (const folder of includeDirs)
      await cp(folder, include, { recursive: true, filter: (file) => file === folder || /\.[ch]$/.test(file) })
  } catch (error) {
    throw diskError(error, out, OUT_OPTION)
  }
  const machine = (target.flags.gcc[0] ?? target.flags.clang[0] ?? []).join(' ')
  const command = `cc ${languageFlags.join(' ')} -O3 ${[machine, ...(choices.flags ?? [])].join(' ')} -fPIC -shared -Iinclude model.c -o model.so -lm`
  return {
    ok: true,
    text: [
      `${source}: C for ${target.name}, ${bytesText(weights.bytes)} of weights, ${bytesText(arenaBytes)} of working memory`,
      `Compile it in that folder: ${command}`,
    ].join('\n'),
    json: {
      source,
      include,
      command,
      target: target.name,
      compiler: 'builtin',
      signature,
      weightsBytes: weights.bytes,
      arenaBytes,
    },
  }
}
