import type { ModelFacts } from '../model.ts'
import type { Load } from '../shared-load.ts'
import type { WasmModule } from './api.ts'
import { compileModule, isRefused } from './compile.ts'
import type { Needing } from './features.ts'
import type { Contents, Source, WebFile } from './files.ts'
import type { AskedOfPage } from './thread-count.ts'
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
  /** How many run the module for them, and what starts them in a page. */
  readonly threads?: AskedOfPage
}

/** The parts of the runtime that get a model's files. */
export interface LoadParts {
  /** For files where they are. */
  readonly source: Source
  /** Where there are variants: the best for this engine, if it is not the module for all. */
  readonly variant?: (facts: ModelFacts, files: WebFiles) => WebFile | undefined
  /** Where the weights are in a file of their own. */
  readonly weights?: WeightsBeside
}

/**
 * Gets the files of a model, and tells of both together how far they are.
 *
 * @param known the module, where there is one already
 */
export async function loadFiles(
  facts: ModelFacts,
  files: WebFiles,
  parts: LoadParts,
  [signal, told]: Parameters<Load>,
  known?: WasmModule,
): Promise<{ readonly module: WasmModule; readonly weights: Contents | undefined }> {
  const { name: model, sha256, bytes } = facts
  const forAll: WebFile = {
    model,
    what: 'module',
    source: files.module,
    sha256: sha256?.library,
    bytes: bytes?.library,
  }
  const best = parts.variant?.(facts, files) ?? forAll
  const weights: WebFile | undefined =
    files.weights === undefined
      ? undefined
      : { model, what: 'weights', source: files.weights, sha256: sha256?.constants, bytes: bytes?.constants }
  const totals = { module: known ? 0 : best.bytes, weights: weights ? weights.bytes : 0 }
  const report = parts.weights?.together(told, totals) ?? told
  const contentsOf = (file: WebFile): Promise<Contents> =>
    parts.source(file, { signal, report: (loaded, total) => report({ loaded, total, file: file.what }) })

  async function compiled(file: WebFile): Promise<WasmModule> {
    const { module, bytes: code } = await contentsOf(file)
    try {
      return module ?? (await compileModule(code!, model))
    } catch (error) {
      if (file === forAll || !isRefused(error)) throw error
      return compiled(forAll)
    }
  }

  const [module, beside] = await Promise.all([known ?? compiled(best), weights && contentsOf(weights)])
  return { module, weights: beside }
}
