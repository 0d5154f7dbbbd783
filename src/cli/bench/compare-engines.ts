import { deviation, type Tolerance } from '../../conformance/compare.ts'
import type { Tensor } from '../../onnx/model.ts'
import type { SignatureEntry } from '../../runtime/signature.ts'
import { randomInputs } from '../data/inputs.ts'
import type { Sizes } from '../dims.ts'
import { median, type Summary, summarize } from '../statistics.ts'
import {
  type Engine,
  type EngineFailure,
  type EngineName,
  type LoadedModel,
  reasonOf,
  referenceEngine,
} from './engine.ts'
import { type Lane, type RoundsOptions, timeInTurns } from './rounds.ts'

/** What an engine did with a model. */
export interface EngineResult {
  readonly loadMs: number
  /** Microseconds of one run: synchronous where the engine has such a call. */
  readonly runUs: Summary
  /** Microseconds of one asynchronous run, where both exist. */
  readonly asyncUs?: Summary
  /** See `Deviation.maxRel`; over several random inputs and all outputs. `null` without onnxruntime. */
  readonly maxRelDiff: number | null
  /** Whether all outputs are within {@link agreement} of onnxruntime's. */
  readonly agrees: boolean | null
  /** How many times as fast as onnxruntime: its median time by this engine's. */
  readonly ratio: number | null
  /** The same as median of the ratios of each round. */
  readonly pairedRatio: number | null
  readonly rounds: number
  readonly [fact: string]: unknown
}

export type ModelResult = Partial<Record<EngineName, EngineResult | EngineFailure>>

/** Two engines round differently: from here on they disagree. */
export const agreement: Tolerance = { rtol: 1e-3, atol: 1e-5 }

/** Random inputs on which outputs are compared; the first is also what is timed. */
const comparedSeeds = [1, 2, 3]

/** Runs one model on all engines: the same inputs, in turn. An engine that fails is part of the result. */
export async function compareEngines(
  path: string,
  engines: readonly Engine[],
  entries: readonly SignatureEntry[],
  sizes: Sizes,
  options: RoundsOptions,
): Promise<ModelResult> {
  const results: { -readonly [Name in EngineName]?: EngineResult | EngineFailure } = {}
  const loaded = new Map<EngineName, LoadedModel>()
  const outputs = new Map<EngineName, Outputs[]>()
  for (const engine of engines) {
    try {
      const model = await engine.load(path)
      outputs.set(engine.name, await outputsOf(model, entries, sizes))
      loaded.set(engine.name, model)
    } catch (error) {
      options.signal?.throwIfAborted()
      results[engine.name] = { error: reasonOf(error) }
    }
  }
  const inputs = randomInputs(entries, sizes, comparedSeeds[0]!)
  const lanes: Lane[] = [...loaded].flatMap(([name, model]) =>
    model.lanes(inputs).map((lane) => ({ name: `${name} ${lane.name}`, run: lane.run })),
  )
  const samples = await timeInTurns(lanes, options)
  const reference = samples.get(`${referenceEngine} runUs`)
  for (const [name, model] of loaded) {
    const times = samples.get(`${name} runUs`) ?? []
    const asynchronous = samples.get(`${name} asyncUs`)
    results[name] = {
      loadMs: model.loadMs,
      runUs: summarize(times),
      ...(asynchronous && { asyncUs: summarize(asynchronous) }),
      ...agreementOf(outputs.get(name) ?? [], outputs.get(referenceEngine)),
      ratio: reference ? median(reference) / median(times) : null,
      pairedRatio: reference ? median(times.map((time, round) => reference[round]! / time)) : null,
      rounds: times.length,
      ...model.facts,
    }
    await model.dispose()
  }
  return results
}

type Outputs = ReadonlyMap<string, Tensor>

async function outputsOf(model: LoadedModel, entries: readonly SignatureEntry[], sizes: Sizes): Promise<Outputs[]> {
  const results: Outputs[] = []
  for (const seed of comparedSeeds) results.push(await model.outputs(randomInputs(entries, sizes, seed)))
  return results
}

function agreementOf(
  actual: readonly Outputs[],
  expected: readonly Outputs[] | undefined,
): Pick<EngineResult, 'maxRelDiff' | 'agrees'> {
  if (expected === undefined) return { maxRelDiff: null, agrees: null }
  let maxRelDiff = 0
  let agrees = true
  expected.forEach((outputs, i) => {
    for (const [name, tensor] of outputs) {
      const given = actual[i]?.get(name)
      const { maxRel, mismatches } = given ? deviation(given, tensor, agreement) : { maxRel: Infinity, mismatches: 1 }
      maxRelDiff = Math.max(maxRelDiff, maxRel)
      agrees &&= mismatches === 0
    }
  })
  return { maxRelDiff, agrees }
}
