import { readFile } from 'node:fs/promises'
import { posix } from 'node:path'
import type { Platform } from './emit/module.ts'
import { tell } from './loaders/tell.ts'
import { urlAboveChunk } from './plugin/chunk-url.ts'
import type { EmittedFile } from './plugin/files.ts'
import { createModels, type HostOptions } from './plugin/models.ts'
import { createTypeLayer } from './plugin/types.ts'
import { ending } from './request/extensions.ts'
import { canonicalId, canonicalIfRight, isModelId, modelFile } from './request/request.ts'

/** What of Farm's configuration a model has to do with. */
interface FarmConfig {
  readonly root?: string
  readonly compilation?: { readonly output?: { readonly targetEnv?: string; readonly publicPath?: string } }
}

type Query = readonly (readonly [name: string, value: string])[]

interface LoadParameters {
  readonly resolvedPath: string
  readonly query: Query
}

interface ResolveParameters {
  readonly importer: string | null
  readonly kind: unknown
  readonly source: string
}

interface Resolved {
  readonly resolvedPath: string
  readonly query: Query
  readonly external: boolean
  readonly sideEffects: boolean
  readonly meta: Readonly<Record<string, string>>
}

/** Who asks: so that what we ask of Farm's resolver does not come back to us. */
interface Asking {
  readonly caller?: string | null
  readonly meta: Readonly<Record<string, unknown>>
}

interface FarmContext {
  resolve(parameters: ResolveParameters, asking: Asking): Promise<Pick<Resolved, 'resolvedPath'> | null>
  addWatchFile(file: string, watched: string): void
  emitFile(file: { resolvedPath: string; name: string; content: number[]; resourceType: string }): void
  warn(message: string): void
}

/** What Farm takes as a plugin. @see https://www.farmfe.org/docs/plugins/js-plugin-api */
export interface FarmPlugin {
  readonly name: string
  readonly priority: number
  config(): object
  configResolved(config: object): void
  readonly buildStart: { executor(): Promise<void> }
  readonly resolve: {
    readonly filters: { readonly sources: string[]; readonly importers: string[] }
    executor(parameters: ResolveParameters, context?: FarmContext, asking?: Asking): Promise<Resolved | null>
  }
  readonly load: {
    readonly filters: { readonly resolvedPaths: string[] }
    executor(parameters: LoadParameters, context?: FarmContext): Promise<{ content: string; moduleType: string } | null>
  }
}

const name = 'onnx-mlir'

/** Plugin for Farm. Code is for Node where `output.targetEnv` is one of Node's, and for browsers elsewhere. */
const farm = (options: HostOptions = {}): FarmPlugin => {
  const models = createModels(options)
  const types = createTypeLayer(options)
  let platform: Platform = 'browser'
  let publicPath = '/'

  function place({ fileName, source }: EmittedFile, path: string, context: FarmContext) {
    const asset = `assets/${fileName}`
    return readFile(source).then((content) => {
      context.emitFile({ resolvedPath: path, name: asset, content: [...content], resourceType: 'asset' })
      // Farm takes a text in `new URL()` for a file to look for.
      return platform === 'node'
        ? urlAboveChunk(JSON.stringify(asset), 'import.meta.url')
        : JSON.stringify(posix.join(publicPath, encodeURI(asset)))
    })
  }

  return {
    name,
    priority: 1000,
    // It reads the files of all modules as text, and ends the process where one is none.
    config: () => ({ compilation: { persistentCache: false } }),
    configResolved({ root, compilation }: FarmConfig) {
      const { targetEnv = 'browser', publicPath: given } = compilation?.output ?? {}
      platform = options.platform ?? (/node/.test(targetEnv) ? 'node' : 'browser')
      publicPath = given ?? '/'
      types.folder = root ?? types.folder
    },
    buildStart: { executor: () => types.update(tell) },
    // One request is one module, in whatever order its directives are: Farm's own resolver keeps the order.
    resolve: {
      filters: { sources: [`${ending}\\?`], importers: ['.*'] },
      async executor({ importer, kind, source }, context, asking) {
        if (!context || asking?.caller === name || !isModelId(source)) return null
        const path = modelFile(source)
        const meta = asking?.meta ?? {}
        const found = await context.resolve({ importer, kind, source: path }, { caller: name, meta })
        if (!found) return null
        const id = canonicalIfRight(modelFile(found.resolvedPath) + source.slice(path.length))
        const query = [...new URLSearchParams(id.slice(modelFile(id).length))]
        return { resolvedPath: modelFile(id), query, external: false, sideEffects: false, meta: {} }
      },
    },
    load: {
      filters: { resolvedPaths: [`${ending}(\\?.*)?$`] },
      async executor({ resolvedPath, query }, context) {
        const text = query.map(([name, value]) => (value === '' ? name : `${name}=${value}`)).join('&')
        // Farm's own resolver leaves a query in the path.
        const id = text === '' || resolvedPath.includes('?') ? resolvedPath : `${resolvedPath}?${text}`
        if (!context || !isModelId(id)) return null
        const content = await models.load(canonicalId(id), {
          mode: 'build',
          platform,
          watch: (path) => context.addWatchFile(resolvedPath, path),
          debug: () => {},
          log: tell,
          warn: (line) => context.warn(line),
          place: (file) => place(file, resolvedPath, context),
        })
        return { content, moduleType: 'js' }
      },
    },
  }
}

export default farm
export { farm as 'module.exports' }
