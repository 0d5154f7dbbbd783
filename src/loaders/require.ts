import Module from 'node:module'
import { dirname } from 'node:path'
import { canonicalId, isModelId } from '../request/request.ts'
import { modelError, modelSpecifier } from './model-url.ts'
import type { SyncModuleMaker } from './sync.ts'

/** A module of Node's CommonJS loader. */
interface LoadedModule {
  filename: string | null
  paths: string[]
  loaded: boolean
  _compile(source: string, file: string): void
}

/** What of the loader tsx, ts-node and others build on, too. */
interface CommonJsLoader {
  readonly prototype: { load(this: LoadedModule, file: string): void }
  _resolveFilename(
    specifier: string,
    parent: { readonly filename?: string } | null | undefined,
    ...more: unknown[]
  ): string
  _nodeModulePaths(folder: string): string[]
}

const loader = Module as unknown as CommonJsLoader

/**
 * Has `require()` find models, by names that have the directives in them. Where there are hooks it comes to them; but the
 * `require()` of CommonJS that was imported asks here first.
 */
export function hookRequireResolution(): void {
  const { _resolveFilename: resolveFilename } = loader
  loader._resolveFilename = function (specifier, parent, ...more) {
    const model = modelSpecifier(specifier)
    if (!model) return resolveFilename.call(this, specifier, parent, ...more)
    try {
      return canonicalId(resolveFilename.call(this, model.path, parent, ...more) + model.query)
    } catch (error) {
      throw modelError(error, model, parent?.filename)
    }
  }
}

/** Has `require()` load what it has found, in a Node without `module.registerHooks`. Names don't end in a file extension. */
export function hookRequireLoading(makeModule: SyncModuleMaker): void {
  const { load } = loader.prototype
  loader.prototype.load = function (file) {
    if (!isModelId(file)) return load.call(this, file)
    this.filename = file
    this.paths = loader._nodeModulePaths(dirname(file))
    this._compile(makeModule(file, 'commonjs'), file)
    this.loaded = true
  }
}
