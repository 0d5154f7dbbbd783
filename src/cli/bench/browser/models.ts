import { signatureOf } from '../../../pipeline/index.ts'
import type { Invocation } from '../../command.ts'
import { randomInputs } from '../../data/inputs.ts'
import type { Sizes } from '../../dims.ts'
import { type EngineFailure, type EngineName, reasonOf } from '../engine.ts'
import type { ModelEntry } from '../model-files.ts'
import type { RoundsOptions } from '../../../measure/rounds.ts'
import { type BrowserComparison, compareInBrowser } from './measure.ts'
import { type BrowserEngine, browserEngines, type PageOptions } from './pages.ts'
import { browserText } from './table.ts'

/**
 * Measures models in a browser, one after another, and prints a table of each.
 * @param engines of which others than {@link browserEngines} are a UsageError
 * @returns not `ok` if one of them failed, which is part of the result
 */
export async function benchInBrowser(
  models: readonly ModelEntry[],
  engines: readonly EngineName[],
  sizesOf: (path: string) => Sizes,
  options: RoundsOptions & { readonly networks: readonly string[] } & Pick<PageOptions, 'packages' | 'files'>,
  { values, usage, print, progress, signal }: Invocation,
): Promise<{ readonly ok: boolean; readonly results: Readonly<Record<string, BrowserComparison | EngineFailure>> }> {
  const names = engines.map((engine): BrowserEngine => {
    const name = browserEngines.find((candidate) => candidate === engine)
    if (name) return name
    throw usage(`${engine} runs in no browser; ${browserEngines.join(' and ')} do`)
  })
  const results = new Map<string, BrowserComparison | EngineFailure>()
  let ok = true
  for (const { name, path } of models) {
    progress(`measuring ${name} in a browser`)
    try {
      const { inputs: entries } = await signatureOf(path)
      const inputs = randomInputs(entries, sizesOf(path), 1)
      const result = await compareInBrowser(names, { ...options, model: path, inputs, cache: values['cache'] })
      results.set(name, result)
      print(browserText(name, result))
    } catch (error) {
      signal.throwIfAborted()
      ok = false
      results.set(name, { error: reasonOf(error) })
      print(`${name}: ${reasonOf(error)}`)
    }
  }
  return { ok, results: Object.fromEntries(results) }
}
