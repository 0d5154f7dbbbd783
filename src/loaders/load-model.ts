import { createRequire } from 'node:module'
import { isAbsolute, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { UsageError } from '../errors/index.ts'
import { createPipeline, type PluginOptions } from '../pipeline/index.ts'
import { kinds } from '../options/kinds.ts'
import { expectOptions } from '../pipeline/options.ts'
import { runnableModel } from '../plugin/runnable.ts'
import type { Model } from '../runtime/model.ts'
import type { ModelNamed, Models } from '../runtime/models.ts'
import { modelError, modelSpecifier } from './model-url.ts'
import { tell } from './tell.ts'

export interface LoadModelOptions extends PluginOptions {
  /** Ends the compile when aborted. */
  readonly signal?: AbortSignal
  /** Takes lines about the compile; a model that is in the cache has none. Default: standard error. */
  readonly log?: (line: string) => void
}

/** A model's path, as `Models` has it or any other, or its URL. */
export type ModelName = keyof Models | (string & {}) | URL

/**
 * Compiles a model, or takes it from the cache, and gives it ready to run in this process: for programs that no bundler
 * builds and no loader starts. Its types are those of the generated declarations, by its name.
 *
 * @param name a path, from the working directory unless it is absolute; a `file:` URL (`new URL('./m.onnx', import.meta.url)`);
 *   an alias of the working directory's package.json (`#models/m.onnx`) or a file of a package. With directives as its query
 * @throws UsageError for a name that is no model's, or a wrong directive or option; the signal's reason where it is aborted
 * @throws OnnxMlirError where the model can't be read or compiled
 */
export async function loadModel<const Name extends ModelName>(
  name: Name,
  options: LoadModelOptions = {},
): Promise<Name extends string ? ModelNamed<Name> : Model> {
  expectOptions(options, "loadModel()'s second argument", {
    log: kinds.function,
    signal: kinds.signal,
  })
  const { signal, log = tell, ...given } = options
  signal?.throwIfAborted()
  const id = modelId(nameText(name))
  const built = await createPipeline({ report: false, ...given }).build(id, {
    mode: 'dev',
    tunes: true, // whoever writes it into a program means it
    log,
    warn: log,
    ...(signal && { signal }),
  })
  // What declarations say of a name, nothing here can check: they are made of the same file.
  return (await runnableModel(id, built)) as Name extends string ? ModelNamed<Name> : Model
}

function nameText(name: string | { readonly href: string }): string {
  const text: unknown = typeof name === 'string' ? name : (name as { readonly href?: unknown } | null | undefined)?.href
  if (typeof text !== 'string' || text === '')
    throw new UsageError('USAGE_MODEL', `loadModel() takes a model's path or its file: URL, given ${inspect(name)}.`, {
      given: name,
    })
  if (typeof name !== 'string' && !text.startsWith('file:'))
    throw new UsageError('USAGE_MODEL', `loadModel() reads files, and ${text} is none: download it first.`, {
      given: text,
    })
  return text
}

/** The id of a model by what a program calls it. What is no model's name stays as it is: reading it says so. */
function modelId(name: string): string {
  const { path, query } = modelSpecifier(name) ?? { path: name, query: '' }
  if (path.startsWith('file:')) return fileURLToPath(path) + query
  if (isAbsolute(path) || /^\.\.?[\\/]/.test(path)) return resolve(path) + query
  try {
    return createRequire(join(process.cwd(), '_')).resolve(path) + query
  } catch (error) {
    throw modelError(error, { path, query }, undefined)
  }
}
