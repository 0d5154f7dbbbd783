import { deviation, type Tolerance } from '../../conformance/compare.ts'
import type { Tensor } from '../../onnx/model.ts'
import type { SignatureEntry } from '../../runtime/signature.ts'
import { randomInputs } from '../data/inputs.ts'
import type { Sizes } from '../dims.ts'
import { agreementFor } from './agreement.ts'
import { median, type Summary, summarize } from '../../measure/statistics.ts'
import {
  type Engine,
  type EngineFailure,
  type EngineName,
  type LoadedModel,
  reasonOf,
  referenceAmong,
} from './engine.ts'
import type { InputSet } from './model-files.ts'
import { type Lane, type RoundsOptions, timeInTurns } from '../../measure/rounds.ts'

/** What an engine did with a model. */
export interface EngineResult {
  readonly loadMs: number
  /** Microseconds of one run: synchronous where the engine has such a call. */
  readonly runUs: Summary
  /** Microseconds of one asynchronous run, where both exist. */
  readonly asyncUs?: Summary
  /** See `Deviation.maxRel`; over all sets of inputs and all outputs. `null` where there is nothing to compare with. */
  readonly maxRelDiff: number | null
  /** Whether all outputs are within {@link agreementFor} of what is expected, else of the reference engine's. */
  readonly agrees: boolean | null
  /** How many times as fast as the reference engine (see `referenceAmong`): its median time by this engine's. */
  readonly ratio: number | null
  /** The same as median of the ratios of each round. */
  readonly pairedRatio: number | null
  readonly rounds: number
  readonly [fact: string]: unknown
}

export type ModelResult = Partial<Record<EngineName, EngineResult | EngineFailure>>

/** Random inputs on which outputs are compared. */
const comparedSeeds = [1, 2, 3]

export function randomSets(entries: readonly SignatureEntry[], sizes: Sizes): InputSet[] {
  return comparedSeeds.map((seed) => ({ inputs: randomInputs(entries, sizes, seed) }))
}

export interface ComparisonOptions extends RoundsOptions {
  /** What to allow of an output; default: {@link agreementFor}. */
  readonly toleranceOf?: (expected: Tensor, output: string) => Tolerance
}

/**
 * Runs one model on all engines: the same inputs, in turn. An engine that fails is part of the result.
 *
 * @param sets what outputs are compared on; the first is also what is timed
 */
export async function compareEngines(
  path: string,
  engines: readonly Engine[],
  sets: readonly InputSet[],
  options: ComparisonOptions,
): Promise<ModelResult> {
  const { toleranceOf = agreementFor } = options
  const results: { -readonly [Name in EngineName]?: EngineResult | EngineFailure } = {}
  const loaded = new Map<EngineName, LoadedModel>()
  const outputs = new Map<EngineName, Outputs[]>()
  for (const engine of engines) {
    try {
      const model = await engine.load(path)
      outputs.set(engine.name, await outputsOf(model, sets))
      loaded.set(engine.name, model)
    } catch (error) {
      options.signal?.throwIfAborted()
      results[engine.name] = { error: reasonOf(error) }
    }
  }
  const lanes: Lane[] = [...loaded].flatMap(([name, model]) =>
    model.lanes(sets[0]!.inputs).map((lane) => ({ name: `${name} ${lane.name}`, run: lane.run })),
  )
  const samples = await timeInTurns(lanes, options)
  const referenceName = referenceAmong(loaded.keys())
  const reference = samples.get(`${referenceName} runUs`)
  const given = referenceName && outputs.get(referenceName)
  const expected = sets.map((set, i) => set.expected ?? given?.[i])
  for (const [name, model] of loaded) {
    const times = samples.get(`${name} runUs`) ?? []
    const asynchronous = samples.get(`${name} asyncUs`)
    results[name] = {
      loadMs: model.loadMs,
      runUs: summarize(times),
      ...(asynchronous && { asyncUs: summarize(asynchronous) }),
      ...agreementOf(outputs.get(name) ?? [], expected, toleranceOf),
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

async function outputsOf(model: LoadedModel, sets: readonly InputSet[]): Promise<Outputs[]> {
  const results: Outputs[] = []
  for (const { inputs } of sets) results.push(await model.outputs(inputs))
  return results
}

function agreementOf(
  actual: readonly Outputs[],
  expected: readonly (Outputs | undefined)[],
  toleranceOf: (expected: Tensor, output: string) => Tolerance,
): Pick<EngineResult, 'maxRelDiff' | 'agrees'> {
  if (expected.every((outputs) => outputs === undefined)) return { maxRelDiff: null, agrees: null }
  let maxRelDiff = 0
  let agrees = true
  expected.forEach((outputs, i) => {
    for (const [name, tensor] of outputs ?? []) {
      const given = actual[i]?.get(name)
      const missing = { maxRel: Infinity, mismatches: 1 }
      const { maxRel, mismatches } = given ? deviation(given, tensor, toleranceOf(tensor, name)) : missing
      maxRelDiff = Math.max(maxRelDiff, maxRel)
      agrees &&= mismatches === 0
    }
  })
  return { maxRelDiff, agrees }
}
