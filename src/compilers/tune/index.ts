import { rm } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Tuned } from '../../cache/artifact.ts'
import { type BuiltinOptions, type BuiltinResult, builtinSource, compileSource } from '../../builtin/index.ts'
import { disagreement, type Results } from '../../measure/agreement.ts'
import { cpuClock } from '../../measure/cpu-clock.ts'
import { modelLane } from '../../measure/model-lane.ts'
import { timeInTurns } from '../../measure/rounds.ts'
import type { Model } from '../../onnx/model.ts'
import type { Model as RunnableModel } from '../../runtime/model.ts'
import { createNodeModel } from '../../runtime/node.ts'
import type { CompileContext } from '../compiler.ts'
import { type Inputs, inputsFor } from './inputs.ts'
import { type Found, NO_TIME, type Race, search, type Workbench } from './search.ts'
import { tunedText } from './text.ts'
import { type Variant, variants } from './variants.ts'

/** Rounds of a race, and the seconds after which fewer do. */
const RACE = { rounds: 25, seconds: 4 }

/** A build that is loaded into this process. */
interface Candidate {
  readonly made: BuiltinResult
  readonly runnable: RunnableModel
}

export interface TuneContext extends Pick<CompileContext, 'signal' | 'progress' | 'log'> {
  readonly addon: string
  /** Seconds from the build by the rules on. */
  readonly seconds: number
  /** What to try, for tests. */
  readonly variants?: readonly Variant[]
}

/**
 * Compiles a model, and then variants of it for as long as there is time, and gives the one that this machine runs fastest.
 * Variants whose results are not those of the build by the rules, within what `verify` allows, are left out. A model that
 * can't be run on inputs that are known here stays as it is.
 *
 * @throws as `compileBuiltin` where the rules' own build fails; the signal's reason
 */
export async function tuneBuiltin(
  model: Model,
  options: BuiltinOptions,
  context: TuneContext,
): Promise<{ readonly made: BuiltinResult; readonly tuned: Tuned }> {
  const source = builtinSource(model, options)
  const open = new Set<Candidate>()
  const load = (made: BuiltinResult): Candidate => {
    const candidate = { made, runnable: runnableOf(made, options, context.addon) }
    open.add(candidate)
    return candidate
  }
  const drop = async (candidate: Candidate): Promise<void> => {
    open.delete(candidate)
    candidate.runnable.dispose()
    await rm(candidate.made.folder, { recursive: true, force: true })
  }
  const base = load(await compileSource(model, source, options))
  const started = performance.now()
  let problem: string | undefined
  let found: Found<Candidate> = { build: base, choices: {}, names: [], ratio: 1, tried: [] }
  let isDone = false
  try {
    const inputs = await inputsFor(model, base.runnable).catch((error: unknown) => {
      problem = `it can't be run on inputs that are made up: ${messageOf(error)}`
      return []
    })
    const expected = inputs.map((input) => base.runnable.runSync(input))
    const varies = difference(base.runnable, inputs, expected)
    if (varies !== undefined) problem = `its results are others in each run: ${varies}`
    else if (inputs.length > 0) {
      const bench = workbench(model, { options, context, inputs, expected, load, drop, seen: new Set([source.text]) })
      const suiting = (context.variants ?? variants).filter(({ suits }) => suits(options.target, source.text))
      found = await search(suiting, base, bench, {
        seconds: context.seconds,
        build: base.made.seconds,
        race: raceSeconds(base.runnable, inputs[0]!),
      })
    }
    isDone = true
  } finally {
    if (isDone) {
      open.delete(found.build)
      found.build.runnable.dispose()
    }
    await Promise.all([...open].map(drop))
  }
  const tuned: Tuned = {
    winner: found.names.join(' + ') || 'default',
    choices: found.choices,
    ratio: rounded(found.ratio),
    tried: found.tried.map((trial) => ({ ...trial, ratio: trial.ratio === null ? null : rounded(trial.ratio) })),
    seconds: (performance.now() - started) / 1000,
    ...(problem !== undefined && { problem }),
  }
  const file = basename(model.path)
  for (const { name, problem: why } of tuned.tried)
    if (why !== undefined && why !== NO_TIME) context.log?.(`${file}: the variant "${name}" is left out: ${why}`)
  context.log?.(`${file}: ${tunedText(tuned)}`)
  return { made: found.build.made, tuned }
}

/** What a race takes: its rounds, which are at least five and a second, and the runs before them. */
function raceSeconds(model: RunnableModel, inputs: Inputs): number {
  const began = performance.now()
  model.runSync(inputs)
  const run = (performance.now() - began) / 1000
  return Math.max(1, 10 * run, Math.min(RACE.seconds, 2 * RACE.rounds * run)) + 2 * Math.max(0.2, run)
}

function rounded(ratio: number): number {
  return Math.round(ratio * 1000) / 1000
}

interface Work {
  readonly options: BuiltinOptions
  readonly context: TuneContext
  readonly inputs: readonly Inputs[]
  /** What the build by the rules makes of each. */
  readonly expected: readonly Results[]
  load(made: BuiltinResult): Candidate
  drop(candidate: Candidate): Promise<void>
  /** C and flags of all builds. */
  readonly seen: Set<string>
}

function workbench(model: Model, { options, context, inputs, expected, load, drop, seen }: Work): Workbench<Candidate> {
  const name = basename(model.path)
  const { signal, progress } = context
  return {
    now: () => performance.now(),
    async build(choices, ms) {
      const source = builtinSource(model, { ...options, choices })
      const all = [source.text, ...(choices.flags ?? [])].join('\0')
      if (seen.has(all)) return undefined
      seen.add(all)
      const late = AbortSignal.timeout(Math.max(1, Math.ceil(ms)))
      const stop = signal ? AbortSignal.any([signal, late]) : late
      try {
        const build = load(await compileSource(model, source, { ...options, choices, signal: stop }))
        const problem = difference(build.runnable, inputs, expected)
        if (problem === undefined) return { build }
        await drop(build)
        return { problem: `its results differ in ${problem}` }
      } catch (error) {
        signal?.throwIfAborted()
        return { problem: late.aborted ? NO_TIME : messageOf(error) }
      }
    },
    async race(before, after): Promise<Race> {
      const lanes = Object.entries({ before, after }).map(([lane, of]) => modelLane(lane, of.runnable, inputs[0]!))
      const samples = await timeInTurns(lanes, { ...RACE, clock: cpuClock, ...(signal && { signal }) })
      const [first = [], second = []] = [samples.get('before'), samples.get('after')]
      return first.map((time, round) => ({ before: time, after: second[round]! }))
    },
    progress: (variant, step, steps) => progress?.({ model: name, text: `tuning: ${variant}`, step, steps }),
    drop,
  }
}

function difference(
  runnable: RunnableModel,
  inputs: readonly Inputs[],
  expected: readonly Results[],
): string | undefined {
  for (const [i, results] of expected.entries()) {
    const problem = disagreement(runnable.outputs, runnable.runSync(inputs[i]!), results)
    if (problem !== undefined) return problem
  }
  return undefined
}

function runnableOf({ signature, library }: BuiltinResult, { target }: BuiltinOptions, addon: string): RunnableModel {
  const compiler = { name: 'builtin', version: '' }
  return createNodeModel({ name: 'variant', signature, target: target.name, compiler }, { addon, library })
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
