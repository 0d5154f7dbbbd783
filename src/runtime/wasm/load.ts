import type { ModelFacts } from '../model.ts'
import type { Load } from '../shared-load.ts'
import type { WasmModule } from './api.ts'
import { compileModule, isRefused } from './compile.ts'
import type { Contents, Source, WebFile } from './files.ts'
import type { WebFiles } from './web-files.ts'
import type { WeightsBeside } from './weights.ts'

/** What became of the files of a model. */
export interface LoadedFiles {
  readonly module: WasmModule
  readonly weights?: Contents | undefined
}

/** The parts of the runtime that get a model's files. */
export interface LoadParts {
  /**
   * Gets them, and tells of all together how far they are.
   *
   * @param known the module, where there is one already
   */
  load(
    facts: ModelFacts,
    files: WebFiles,
    parts: LoadParts,
    way: Parameters<Load>,
    known?: WasmModule,
  ): Promise<LoadedFiles>
  /** Where there are variants: the best for this engine, if it is not the module for all. */
  readonly variant?: (facts: ModelFacts, files: WebFiles) => WebFile | undefined
  /** Where the weights are in a file of their own. */
  readonly weights?: WeightsBeside
}

/** Gets the files of a model from where they are. */
export const loadFrom =
  (source: Source): LoadParts['load'] =>
  async (facts, files, parts, [signal, told], known) => {
    const { name: model, sha256, bytes } = facts
    const forAll: WebFile = {
      model,
      what: 'module',
      source: files.module,
      sha256: sha256?.library,
      bytes: bytes?.library,
    }
    const best = parts.variant?.(facts, files) ?? forAll
    const weights = parts.weights?.file(facts, files)
    const report =
      parts.weights?.together(told, { module: known ? 0 : best.bytes, weights: weights ? weights.bytes : 0 }) ?? told
    const contentsOf = (file: WebFile): Promise<Contents> =>
      source(file, { signal, report: (loaded, total) => report({ loaded, total, file: file.what }) })

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
