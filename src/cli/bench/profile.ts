import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Model } from '../../runtime/model.ts'
import type { Profile } from '../../runtime/profile.ts'
import type { Invocation } from '../command.ts'
import { randomInputs, runArgument, runChecked } from '../data/inputs.ts'
import type { Sizes } from '../dims.ts'
import { compilerText } from '../model-build.ts'
import { writeText } from '../output.ts'
import { compiledModel } from './compiled.ts'
import type { EngineFailure, EngineName } from './engine.ts'
import { dataSetsOf, type ModelEntry } from './model-files.ts'
import { type EngineProfile, profileText } from './profile-table.ts'
import type { RoundsOptions } from '../../measure/rounds.ts'
import { type ProcessTrace, traceText } from './trace.ts'

/** Compilers whose libraries can measure their nodes. */
const profilers = ['builtin', 'onnx-mlir'] as const
type Profiler = (typeof profilers)[number]

export type ModelProfiles = { readonly [Name in Profiler]?: EngineProfile | EngineFailure }

interface ProfileOptions extends RoundsOptions {
  /** That a model may have. */
  readonly threads: number
}

/**
 * Profiles models compiled by each of the engines, one after another, and prints the tables.
 * @param engines of which others than {@link profilers} are a UsageError
 * @returns not `ok` if one of them failed, which is part of the result
 */
export async function profileModels(
  entries: readonly ModelEntry[],
  engines: readonly EngineName[],
  sizesOf: (path: string) => Sizes,
  options: ProfileOptions,
  invocation: Invocation,
): Promise<{ readonly ok: boolean; readonly profiles: Readonly<Record<string, ModelProfiles>> }> {
  const { values, usage, print, progress, signal } = invocation
  const names = engines.map((engine) => profilerOf(engine, usage))
  if (entries.length === 0) throw usage('--profile needs a model')
  const { trace } = values
  // Not after minutes of measuring.
  if (trace !== undefined) expectFolder(trace, usage)

  const profiles = new Map<string, ModelProfiles>()
  const processes: ProcessTrace[] = []
  let ok = true
  for (const entry of entries) {
    const { name: title, path } = entry
    const results: { -readonly [Name in Profiler]?: EngineProfile | EngineFailure } = {}
    profiles.set(title, results)
    for (const name of names) {
      progress(`profiling ${title} by ${name}`)
      try {
        const { result, events } = await profileModel(entry, name, sizesOf(path), options, invocation)
        processes.push({ title: `${title}, ${name}`, events })
        results[name] = result
      } catch (error) {
        signal.throwIfAborted()
        ok = false
        results[name] = { error: error instanceof Error ? error.message : String(error) }
      }
      print(profileText(`${title}, ${name}`, results[name]))
    }
  }
  if (trace !== undefined) await writeText(trace, traceText(processes))
  return { ok, profiles: Object.fromEntries(profiles) }
}

function profilerOf(engine: EngineName, usage: Invocation['usage']): Profiler {
  const profiler = profilers.find((candidate) => candidate === engine)
  if (profiler) return profiler
  throw usage(`--profile measures nodes in what ${profilers.join(' and ')} make: leave ${engine} out of --engines`)
}

function expectFolder(file: string, usage: Invocation['usage']): void {
  const folder = dirname(resolve(file))
  if (!existsSync(folder)) throw usage(`--trace ${file}: there is no folder ${folder}`)
}

/** On the first data set beside the model, else on random inputs. */
async function profileModel(
  entry: ModelEntry,
  name: Profiler,
  sizes: Sizes,
  options: ProfileOptions,
  invocation: Invocation,
): Promise<{ readonly result: EngineProfile; readonly events: Profile['trace'] }> {
  const { built, model } = await compiledModel(name, entry.path, invocation, {
    profile: 'onnx',
    threads: options.threads,
  })
  try {
    const [given] = await dataSetsOf(entry)
    const argument = runArgument(given?.inputs ?? randomInputs(model.inputs, sizes, 1))
    const { runs, nodes, trace } = model.profile(argument, runsWithin(model, argument, options))
    const { target, compiler } = built.artifact
    const facts = { target, compiler: compilerText(compiler), threads: built.threads }
    return { result: { ...nodeTimes({ runs, nodes }), ...facts }, events: trace }
  } finally {
    model.dispose()
  }
}

/** How many runs there is time for, after two that warm up. */
function runsWithin(
  model: Model,
  argument: Readonly<Record<string, unknown>>,
  { rounds, seconds }: RoundsOptions,
): number {
  runChecked(model, argument)
  const started = performance.now()
  runChecked(model, argument)
  const ms = performance.now() - started
  return ms * rounds <= seconds * 1000 ? rounds : Math.max(1, Math.floor((seconds * 1000) / ms))
}

function nodeTimes({
  runs,
  nodes,
}: Pick<Profile, 'runs' | 'nodes'>): Pick<EngineProfile, 'runs' | 'totalMs' | 'nodes'> {
  const total = nodes.reduce((sum, { seconds }) => sum + seconds, 0)
  return {
    runs,
    totalMs: total * 1000,
    nodes: nodes.map(({ name, op, calls, seconds }) => ({
      name,
      op: op.replace(/^onnx\./, ''),
      calls,
      totalMs: seconds * 1000,
      meanUs: (seconds / calls) * 1e6,
      share: total > 0 ? seconds / total : 0,
    })),
  }
}
