import { ModelLoadError } from '../errors.ts'
import type { LoadProgress, ModelFacts } from '../model.ts'
import type { WasmExports } from './api.ts'
import type { WebFile } from './files.ts'
import type { WebFiles } from './web-files.ts'

/** What models need whose weights are in a file beside the module. */
export interface WeightsBeside {
  file(facts: ModelFacts, files: WebFiles): WebFile | undefined
  /**
   * Copies them to where the module expects them, if it does.
   *
   * @throws ModelLoadError where module and weights are of different builds
   */
  put(exports: WasmExports, model: string, weights: Uint8Array | undefined): void
  /**
   * News of both files together, made of news of each.
   *
   * @param totals bytes of each, as far as they are known; 0 of what is not fetched
   */
  together(
    report: (progress: LoadProgress) => void,
    totals: Readonly<Record<LoadProgress['file'], number | undefined>>,
  ): (progress: LoadProgress) => void
}

export const weightsBeside: WeightsBeside = {
  file({ name: model, sha256, bytes }, { weights: source }) {
    if (source === undefined) return undefined
    return { model, what: 'weights', source, sha256: sha256?.constants, bytes: bytes?.constants }
  },

  put({ om_weights, memory }, model, weights) {
    if (om_weights === undefined && weights === undefined) return
    const bytes = new Uint8Array(memory.buffer)
    const address = om_weights ? om_weights.value >>> 0 : Infinity
    if (weights === undefined || address + weights.length > bytes.length)
      throw new ModelLoadError('LOAD_MISMATCH', `${model}: its module and its weights are of different builds`)
    bytes.set(weights, address)
  },

  together(report, totals) {
    const loaded = { module: 0, weights: 0 }
    const whole = { ...totals }
    return (progress) => {
      const { file } = progress
      loaded[file] = progress.loaded
      whole[file] = progress.total
      const total = whole.module! + whole.weights!
      report({ loaded: loaded.module + loaded.weights, total: total >= 0 ? total : undefined, file })
    }
  },
}
