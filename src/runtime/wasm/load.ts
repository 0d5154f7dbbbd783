import type { LoadProgress, ModelFacts } from '../model.ts'
import type { Load } from '../shared-load.ts'
import type { WasmModule } from './api.ts'
import { compileModule, isRefused } from './compile.ts'
import type { Needing } from './features.ts'
import { contentsOf, type Contents } from './files.ts'
import type { WeightsBeside } from './weights.ts'

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

/** The parts of the runtime that get a model's files. */
export interface LoadParts {
  /** Where there are variants: which of them this engine runs. */
  readonly bestOf?: (variants: readonly Needing[]) => number
  /** Where the weights are in a file of their own. */
  readonly weights?: WeightsBeside
}

/**
 * Gets the files of a model, and tells of both together how far they are.
 *
 * @param known the module, where there is one already
 */
export async function loadFiles(
  { name: model, sha256, bytes }: ModelFacts,
  { module, variants = [], weights }: WebFiles,
  parts: LoadParts,
  [signal, told]: Parameters<Load>,
  known?: WasmModule,
): Promise<{ readonly module: WasmModule; readonly weights: Contents | undefined }> {
  const best = parts.bestOf?.(variants) ?? -1
  const lengthOf = (variant: number): number | undefined => bytes?.variants?.[variant] ?? bytes?.library
  const totals = { module: known ? 0 : lengthOf(best), weights: weights === undefined ? 0 : bytes?.constants }
  const report = parts.weights?.together(told, totals) ?? told
  const fetched = (
    file: LoadProgress['file'],
    source: WebSource,
    hash: string | undefined,
    length: number | undefined,
  ): Promise<Contents> => {
    const news = (loaded: number, total: number | undefined): void => report({ loaded, total, file })
    return contentsOf({ model, what: file, source, sha256: hash, bytes: length }, { signal, report: news })
  }
  const compiled = async (variant: number): Promise<WasmModule> => {
    const { module: whole, bytes: code } = await fetched(
      'module',
      variants[variant]?.module ?? module,
      sha256?.variants?.[variant] ?? sha256?.library,
      lengthOf(variant),
    )
    if (whole) return whole
    return compileModule(code!, model).catch((error: unknown) => {
      if (variant >= 0 && isRefused(error)) return compiled(-1)
      throw error
    })
  }
  const [has, got] = await Promise.all([
    known ?? compiled(best),
    weights === undefined ? undefined : fetched('weights', weights, sha256?.constants, bytes?.constants),
  ])
  return { module: has, weights: got }
}
