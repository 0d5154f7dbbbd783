import { createRequire } from 'node:module'
import { isAbsolute } from 'node:path'
import { UsageError } from '../errors/index.ts'
import { filters } from '../request/extensions.ts'
import { canonicalId, isModelId, modelFile } from '../request/request.ts'
import type { Host } from './host.ts'
import { keptImports } from './kept-imports.ts'
import type { Models } from './models.ts'
import { runtimeFolder } from './runtime-folder.ts'

/** What the plugin contexts of Rollup, Rolldown and Vite have in common, as far as a model needs it. */
export interface RollupLikeContext {
  resolve(
    source: string,
    importer?: string,
    options?: { skipSelf?: boolean },
  ): Promise<{ id: string; external: boolean | string } | null>
  addWatchFile(path: string): void
  debug(message: string): void
  info(message: string): void
  warn(message: string): void
}

/** For hosts that filter natively, so that they call JavaScript for models only. */
const filter = { id: filters.id }

/**
 * `./m.onnx?…` → absolute path with the directives in canonical order: one request is one module, however it is written.
 * Rollup's own resolver would look for a file whose name has the query in it.
 */
export const resolveId = {
  filter: { id: [filters.id, /^node:/, keptImports] },
  async handler(this: RollupLikeContext, source: string, importer?: string) {
    // Nobody else needs to know what the runtime is built on; Rollup would warn of modules that it can't find.
    if (source.startsWith('node:') && importer?.startsWith(runtimeFolder)) return { id: source, external: true }
    if (keptImports.test(source)) return { id: source, external: true }
    if (!isModelId(source)) return null
    const path = modelFile(source)
    const resolved = await this.resolve(path, importer, { skipSelf: true })
    // `./lang.pt` may stand for lang.pt.ts.
    if (resolved && !filters.file.test(modelFile(resolved.id))) return null
    const file = resolved && !resolved.external ? modelFile(resolved.id) : resolvedByNode(path, importer)
    if (file === undefined) throw new UsageError('USAGE_MODEL', notFound(path, importer), { model: path })
    return canonicalId(file + source.slice(path.length))
  },
}

/** Rollup by itself knows neither `#models/…` of package.json's `imports` nor models in packages. */
function resolvedByNode(path: string, importer: string | undefined): string | undefined {
  if (importer === undefined || !isAbsolute(importer)) return undefined
  try {
    return createRequire(importer).resolve(path)
  } catch {
    return undefined
  }
}

function notFound(path: string, importer = 'the configuration'): string {
  // A NUL marks modules that plugins make up.
  const isVirtual = importer.startsWith('\0')
  const advice =
    isVirtual && /^\.\.?\//.test(path)
      ? 'That is a module without a file, of which nothing is beside: give the absolute path, or an alias of the host.'
      : 'Check the path; it begins with "./" for a file beside the importer.'
  return `The model "${path}", imported by ${isVirtual ? importer.slice(1) : importer}, is not there. ${advice}`
}

/** What each of these hosts does in its own way. */
export type HostPart = Omit<Host, 'watch' | 'debug' | 'log' | 'warn'>

/**
 * The `load` hook.
 *
 * @param hostOf what this host does for the module that is being loaded
 */
export function load<Context extends RollupLikeContext>(models: Models, hostOf: (context: Context) => HostPart) {
  return {
    filter,
    async handler(this: Context, id: string) {
      if (!isModelId(id)) return null
      const code = await models.load(id, {
        ...hostOf(this),
        watch: (path) => this.addWatchFile(path),
        debug: (line) => this.debug(line),
        log: (line) => this.info(line),
        warn: (line) => this.warn(line),
      })
      // Rolldown goes by the file extension unless it is told.
      return { code, moduleType: 'js' as const, moduleSideEffects: false }
    },
  }
}
