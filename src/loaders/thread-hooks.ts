import { fileURLToPath } from 'node:url'
import type { PluginOptions } from '../pipeline/index.ts'
import { modelError, modelId, modelSpecifier, modelUrl, type ResolveContext } from './model-url.ts'
import type { ModuleMaker } from './module-maker.ts'

// Hooks of `module.register`, for `import` in a Node without `module.registerHooks`: Node has a thread of its own for them.
// https://nodejs.org/api/module.html#asynchronous-customization-hooks

let options: PluginOptions
let maker: Promise<ModuleMaker> | undefined

export function initialize(given: PluginOptions): void {
  options = given
}

/** The compiler is imported for the first model: programs without any need not wait for it. */
async function startMaker(): Promise<ModuleMaker> {
  const { createModuleMaker } = await import('./module-maker.ts')
  return createModuleMaker(options)
}

export async function resolve(
  specifier: string,
  context: ResolveContext,
  nextResolve: (specifier: string, context: ResolveContext) => Promise<{ readonly url: string }>,
) {
  const model = modelSpecifier(specifier)
  if (!model) return nextResolve(specifier, context)
  try {
    const { url } = await nextResolve(model.path, context)
    return { url: modelUrl(fileURLToPath(url), model), format: 'module', shortCircuit: true }
  } catch (error) {
    throw modelError(error, model, context.parentURL)
  }
}

export async function load(url: string, context: object, nextLoad: (url: string, context: object) => unknown) {
  const id = modelId(url)
  if (id === undefined) return nextLoad(url, context)
  const makeModule = await (maker ??= startMaker())
  return { format: 'module', shortCircuit: true, source: await makeModule(id, 'importless') }
}
