import type { LoadProgress, ModelFacts } from '../model.ts'
import type { Load } from '../shared-load.ts'
import type { WasmModule } from './api.ts'
import { compileModule, isRefused } from './compile.ts'
import { bestOf, type Needing } from './features.ts'
import { contentsOf, type Contents } from './files.ts'

/**
 * Where a file is: its address, relative to the page; its contents; or a function that gives either, called when the model
 * is loaded. Of a module it may also be the `WebAssembly.Module`, and of either a `Response`.
 */
export type WebSource = string | object | (() => unknown)

/** The files of a model that runs as WebAssembly. */
export interface WebFiles {
  /** What every engine runs. */
  readonly module: WebSource
  /** For engines that can more, best first: the first that runs is fetched instead. */
  readonly variants?: readonly (Needing & { readonly module: WebSource })[]
  /** Of a model whose weights are in a file of their own. */
  readonly weights?: WebSource
}

/** How to get the files of a model, telling of both together how far they are. */
export function filesOf(
  { name: model, sha256, bytes }: ModelFacts,
  { module, variants = [], weights }: WebFiles,
  ...[signal, report]: Parameters<Load>
): { module(): Promise<WasmModule>; weights(): Promise<Contents | undefined> } {
  const news = new Map<LoadProgress['file'], readonly [loaded: number, total: number | undefined]>()
  const fetched = (
    what: LoadProgress['file'],
    source: WebSource,
    hash?: string,
    length?: number,
  ): Promise<Contents> => {
    news.set(what, [0, length])
    return contentsOf(
      { model, what, source, sha256: hash, bytes: length },
      {
        signal,
        report: (...latest) => {
          news.set(what, latest)
          const [loaded, total] = [0, 1].map((i) => [...news.values()].reduce((sum, of) => sum + (of[i] ?? NaN), 0))
          report({ loaded: loaded!, total: total! >= 0 ? total : undefined, file: what })
        },
      },
    )
  }
  const compiled = async (variant: number): Promise<WasmModule> => {
    const { module: known, bytes: code } = await fetched(
      'module',
      variants[variant]?.module ?? module,
      sha256?.variants?.[variant] ?? sha256?.library,
      bytes?.variants?.[variant] ?? bytes?.library,
    )
    if (known) return known
    return compileModule(code!, model).catch((error: unknown) => {
      if (variant >= 0 && isRefused(error)) return compiled(-1)
      throw error
    })
  }
  return {
    module: () => compiled(bestOf(variants)),
    async weights() {
      if (weights === undefined) return undefined
      return fetched('weights', weights, sha256?.constants, bytes?.constants)
    },
  }
}
