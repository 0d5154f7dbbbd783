import { dirname } from 'node:path'
import { filters } from '../request/extensions.ts'
import { canonicalId } from '../request/request.ts'
import { modelError, modelSpecifier } from './model-url.ts'
import type { SyncModuleMaker } from './sync.ts'

/** What of the builder that Bun gives a plugin of its run time. @see https://bun.com/docs/runtime/plugins */
export interface BunLoader {
  onResolve(
    given: { readonly filter: RegExp },
    callback: (args: { readonly path: string; readonly importer: string }) => { path: string },
  ): void
  onLoad(
    given: { readonly filter: RegExp },
    callback: (args: { readonly path: string }) => { contents: string; loader: 'js' },
  ): void
}

/**
 * Has `import` and `require()` in Bun take models.
 *
 * @param resolveSync Bun's, of a specifier in a folder
 */
export function hookBun(
  loader: BunLoader,
  makeModule: SyncModuleMaker,
  resolveSync: (specifier: string, folder: string) => string,
): void {
  // Without directives Bun finds a model by itself.
  loader.onResolve({ filter: filters.withQuery }, ({ path, importer }) => {
    const model = modelSpecifier(path)
    if (!model) return { path }
    try {
      return { path: canonicalId(resolveSync(model.path, dirname(importer)) + model.query) }
    } catch (error) {
      throw modelError(error, model, importer)
    }
  })
  loader.onLoad({ filter: filters.id }, ({ path }) => ({ contents: makeModule(path, 'module'), loader: 'js' }))
}
