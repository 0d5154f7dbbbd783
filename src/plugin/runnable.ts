import { EnvironmentError } from '../errors/index.ts'
import type { BuildResult } from '../pipeline/index.ts'
import type { Model } from '../runtime/model.ts'
import { createNodeModel } from '../runtime/node.ts'
import { canRun, resolveTarget } from '../targets/index.ts'
import { cachedUrl } from './cached.ts'
import { emittedFiles } from './files.ts'

/** Makes a built model ready to run in this process, out of the cache. Nothing is loaded before its first run or `load()`. */
export async function runnableModel(path: string, built: BuildResult): Promise<Model> {
  const { addon, library, constants, variants } = emittedFiles(path, built)
  return createNodeModel(built.facts, {
    ...(addon && { addon: addon.source }),
    library: library.source,
    ...(constants && { constants: JSON.parse(await cachedUrl(constants)) as string }),
    ...(variants && { variants: variants.map(({ needs, file }) => ({ needs, library: file.source })) }),
    ...(built.threads !== undefined && { threads: built.threads }),
  })
}

/** @throws EnvironmentError `ENVIRONMENT_TARGET` if code for the target can't run on this machine */
export function expectRunnable(targetName: string): void {
  const target = resolveTarget(targetName)
  if (canRun(target)) return
  const here = resolveTarget('host').name
  if (target.own && !target.own.runner)
    throw new EnvironmentError(
      'ENVIRONMENT_TARGET',
      `Nothing is known that runs code for ${target.name}. Register the target with a runner ([]: this machine), or leave the target out.`,
      { target: target.name, machine: here },
    )
  throw new EnvironmentError(
    'ENVIRONMENT_TARGET',
    `Code for ${target.name} can't run on this machine, which runs ${here}. Leave the target out, or do this on such a machine.`,
    { target: target.name, machine: here },
  )
}
