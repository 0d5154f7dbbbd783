import { fileURLToPath } from 'node:url'
import { modelError, modelId, modelSpecifier, modelUrl, type ResolveContext } from './model-url.ts'
import type { SyncModuleMaker } from './sync.ts'

interface LoadContext {
  /** What `resolve` gave. */
  readonly format?: string
}

interface Resolved {
  readonly url: string
}

/**
 * Hooks of `module.registerHooks`, for `import` and `require()` alike.
 *
 * @see https://nodejs.org/api/module.html#moduleregisterhooksoptions
 */
export function syncHooks(makeModule: SyncModuleMaker) {
  return {
    resolve(
      specifier: string,
      context: ResolveContext,
      nextResolve: (specifier: string, context: ResolveContext) => Resolved,
    ) {
      const model = modelSpecifier(specifier)
      if (!model) return nextResolve(specifier, context)
      const url = modelUrl(fileURLToPath(resolved()), model)
      if (!context.conditions.includes('require')) return { url, format: 'module', shortCircuit: true }
      // `require()` knows modules by the paths of their URLs, to which no query belongs.
      return { url: url.replace('?', '%3F'), format: 'commonjs', shortCircuit: true }

      function resolved(): string {
        try {
          return nextResolve(model!.path, context).url
        } catch (error) {
          throw modelError(error, model!, context.parentURL)
        }
      }
    },

    load(url: string, context: LoadContext, nextLoad: (url: string, context: LoadContext) => unknown) {
      const id = modelId(url)
      if (id === undefined) return nextLoad(url, context)
      const isRequired = context.format === 'commonjs'
      const source = makeModule(id, isRequired ? 'commonjs' : 'importless')
      return { format: isRequired ? 'commonjs' : 'module', shortCircuit: true, source }
    },
  }
}
