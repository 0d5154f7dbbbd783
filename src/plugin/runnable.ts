import { EnvironmentError } from '../errors/index.ts'
import type { BuildResult } from '../pipeline/index.ts'
import type { Model } from '../runtime/model.ts'
import { namesOf } from '../request/index.ts'
import { createNodeModel } from '../runtime/node.ts'
import type { ModelFiles } from '../runtime/node-model.ts'
import { canRun, resolveTarget } from '../targets/index.ts'
import { cachedUrl } from './cached.ts'
import { emittedFiles } from './files.ts'

/** Makes a built model ready to run in this process, out of the cache. Nothing is loaded before its first run or `load()`. */
export async function runnableModel(path: string, built: BuildResult): Promise<Model> {
  return createNodeModel(built.facts, await runnableFiles(path, built))
}

/** The files that it is made of: those in the cache, which stay while this process lives. */
export async function runnableFiles(path: string, built: BuildResult): Promise<ModelFiles> {
  const { addon, library, constants, variants } = emittedFiles(path, built)
  return {
    ...(addon && { addon: addon.source }),
    library: library.source,
    ...(constants && { constants: JSON.parse(await cachedUrl(constants)) as string }),
    ...(variants && { variants: variants.map(({ needs, file }) => ({ needs, library: file.source })) }),
    ...(built.threads !== undefined && { threads: built.threads }),
  }
}

/**
 * The first of the targets of a directive whose code runs on this machine.
 *
 * @throws EnvironmentError `ENVIRONMENT_TARGET` if there is none
 */
export function runnableTarget(target: string): string {
  const asked = namesOf(target).map((name) => resolveTarget(name))
  const runnable = asked.find((one) => canRun(one))
  if (runnable) return runnable.name
  const machine = resolveTarget('host').name
  const own = asked.find((one) => one.own && !one.own.runner)
  const message = own
    ? `Nothing is known that runs code for ${own.name}. Register the target with a runner ([]: this machine), or leave the target out.`
    : `Code for ${asked.map(({ name }) => name).join(' and ')} can't run on this machine, which runs ${machine}. Leave the target out, or do this on such a machine.`
  throw new EnvironmentError('ENVIRONMENT_TARGET', message, { target, machine })
}
