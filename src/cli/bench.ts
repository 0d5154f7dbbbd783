import { cpus } from 'node:os'
import { resolve } from 'node:path'
import { modelSignature } from '../compilers/model-signature.ts'
import type { OperatorDefinition } from '../ops/user/define.ts'
import { readingWith } from '../pipeline/index.ts'
import { runnableTarget } from '../plugin/runnable.ts'
import { parseRequest } from '../request/index.ts'
import { didYouMean } from '../request/suggest.ts'
import { agreementFor, stepsOf, withSteps } from './bench/agreement.ts'
import { type CallOverhead, measureCallOverhead } from './bench/call-overhead.ts'
import { benchInBrowser } from './bench/browser/models.ts'
import { networks } from './bench/browser/network.ts'
import { browserEngines } from './bench/browser/pages.ts'
import { compareEngines, type ModelResult, randomSets } from './bench/compare-engines.ts'
import { compiledEngine } from './bench/compiled.ts'
import { type Engine, type EngineName, engineNames, reasonOf } from './bench/engine.ts'
import { benchMemory } from './bench/memory.ts'
import { dataSetsOf, type ModelEntry, modelsIn } from './bench/model-files.ts'
import { onnxRuntimeEngine } from './bench/onnxruntime.ts'
import { profileModels } from './bench/profile.ts'
import { quiet } from '../measure/quiet.ts'
import type { RoundsOptions } from '../measure/rounds.ts'
import { modelText, overallRatios, overallText, overheadText } from './bench/tables.ts'
import type { Command, Invocation } from './command.ts'
import { dimsOption, inputDimsFlag, type Sizes } from './dims.ts'
import { buildOptions, requestOptions, nameOf } from './model-build.ts'
import { operatorsFlag, operatorsOption } from './operators.ts'
import { listOf, numberOption, onlyOption } from './parse.ts'
import { readById } from './read-named.ts'
import { summaries } from './summaries.ts'

/** What differs between the command of the CLI and `npm run bench`. */
export interface BenchDefaults {
  /** Folder whose `node_modules` has the other engines. Default: the working directory. */
  readonly packages?: string
  /** Model files that are taken where none are named. */
  readonly models?: readonly string[]
  /** Sizes of dynamic dimensions by model name, for models that can't run on 1. `--dims` wins. */
  readonly sizes?: Readonly<Record<string, Sizes>>
}

/** Goes by a model's name in `--only` and in the result. */
const callOverhead = 'call-overhead'

function networksOf({ values, usage }: Invocation): string[] {
  const names = listOf(values['network'] ?? 'fast-4g').filter((name) => name !== 'none')
  const wrong = names.find((name) => !Object.hasOwn(networks, name))
  if (wrong !== undefined) throw usage(`--network takes ${Object.keys(networks).join(', ')}, none; given ${wrong}`)
  return names
}

export function createBench(defaults: BenchDefaults = {}): Command {
  const { packages = process.cwd(), models, sizes = {} } = defaults
  return {
    name: 'bench',
    summary: summaries.bench,
    positionals: { usage: models ? '[MODEL …]' : 'MODEL …', min: 0, max: Infinity },
    options: {
      models: { type: 'string', value: 'DIR', help: 'all models and test folders of a folder' },
      only: { type: 'string', value: 'NAME,…', help: `of these, only some; ${callOverhead} is what a call costs` },
      engines: {
        type: 'string',
        value: 'NAME,…',
        help: `of ${engineNames.join(', ')} (default: builtin,onnxruntime-node)`,
      },
      target: { ...buildOptions.target, help: 'machine that builtin and onnx-mlir compile for (default: host)' },
      threads: { type: 'string', value: 'N', help: 'threads of each engine (default: 1)' },
      rounds: { type: 'string', value: 'N', help: 'rounds per model (default: 30)' },
      seconds: { type: 'string', value: 'N', help: 'stop a model after this long, short of its rounds (default: 30)' },
      dims: inputDimsFlag,
      profile: {
        type: 'boolean',
        help: 'instead: the time of each node; --rounds are its runs, --engines its compilers',
      },
      memory: {
        type: 'boolean',
        help: 'instead: the memory that models take beside their engines, each in a process of its own (Linux)',
      },
      browser: {
        type: 'boolean',
        help: 'instead: pages that Vite builds, in headless Chromium: their first result, times and sizes',
      },
      network: {
        type: 'string',
        value: 'NAME,…',
        help: `with --browser: first results over these, too: ${Object.keys(networks).join(', ')} (default: fast-4g; none: none)`,
      },
      files: {
        type: 'string',
        value: 'auto|url|inline',
        help: 'with --browser: where our module is (default: auto, as a build decides by itself)',
      },
      operators: operatorsFlag,
      trace: { type: 'string', value: 'FILE', help: 'with --profile: write a trace for Perfetto or chrome://tracing' },
      cache: { type: 'string', value: 'DIR', help: 'folder of the cache (default: see the command cache dir)' },
    },
    notes: `Each round takes one sample of every engine; "faster" (in JSON: pairedRatio) is the median over the rounds of
onnxruntime-node's time by the engine's, and ratio the same of their medians: above 1 is faster than onnxruntime-node.
Where that is not among the engines, onnxruntime-web is what the others are compared with.
The largest relative difference to its outputs, for which it runs the graph without its optimisations, is that of numpy's
allclose: |a - e| / (|e| + atol / rtol), rtol 1e-3, atol 1e-5 or that share of an output's largest value, and a step of the
scale where a DequantizeLinear gives the output.
With --threads above 1 a sample waits until no thread of the process is at work: onnxruntime's look for more for 40 ms after a run.
--memory counts what is resident from before a model is loaded to behind three runs: at its peak, at the end, and what of
that are pages of files, which processes share. What a compile takes is no part of it.
--browser takes builtin-wasm and onnxruntime-web, both by default: "first result" is from asking for the page to the output, in
a new browser that has shown only an empty page, from this machine, and over a network as Chromium's DevTools slow it down, with
files compressed by gzip; medians of up to 7 loads in turn. "page" is all that a page loads. "sooner" and "faster" are ratios to the last engine;
"itself" is that of first results without what a page takes whose script does nothing, which is measured in turn with them.
--profile takes builtin (the default) and onnx-mlir, and names operators as they do. Nodes that became one share a line; those
that take no time at all, such as a Reshape, have none. A share is one of the time in all nodes.`,
    async run(invocation) {
      const { values, flags, usage, print, progress, signal } = invocation
      const isProfile = flags.has('profile')
      if (values['trace'] !== undefined && !isProfile) throw usage('--trace is for --profile')
      const isBrowser = flags.has('browser')
      const instead = ['profile', 'memory', 'browser'].filter((flag) => flags.has(flag))
      if (instead.length > 1) throw usage(`--${instead[0]} and --${instead[1]} are two things`)
      const [ofPages] = ['network', 'files'].filter((name) => !isBrowser && values[name] !== undefined)
      if (ofPages !== undefined) throw usage(`--${ofPages} is for --browser`)
      if (isBrowser && values['target'] !== undefined)
        throw usage('--target is for engines in Node: leave --browser out')
      // A wrong one is wrong usage, not each model's failure.
      runnableTarget(parseRequest('model.onnx', requestOptions(invocation)).directives.target)
      const operators = await operatorsOption(invocation)
      if (isBrowser && operators) throw usage('--operators is for engines in Node: leave --browser out')
      const usual = isProfile ? 'builtin' : isBrowser ? browserEngines.join() : 'builtin,onnxruntime-node'
      const names = engineNamesOf(invocation, usual)
      const threads = numberOption(invocation, 'threads', { otherwise: 1, min: 1 })
      const { models: chosen, withOverhead } = await selection(invocation, models)
      const options = {
        rounds: numberOption(invocation, 'rounds', { otherwise: 30, min: 1 }),
        seconds: numberOption(invocation, 'seconds', { otherwise: 30, integer: false }),
        signal,
        // Threads of an engine look for work after its last run, onnxruntime's for 40 ms: where the next one has several, they
        // would be in its way. mobilenet-v1 with two threads took 11.4 ms so, and takes 7.8.
        ...(threads > 1 && { quiet: () => quiet() }),
      }
      const dims = dimsOption(invocation)
      const sizesOf = (path: string): Sizes => ({ ...sizes[nameOf(path)], ...dims })
      const machine = {
        cpu: cpus()[0]?.model,
        arch: process.arch,
        platform: process.platform,
        node: process.version,
      }
      if (isProfile) {
        const { ok, profiles } = await profileModels(chosen, names, sizesOf, { ...options, threads }, invocation)
        return { ok, text: '', json: { models: profiles, machine } }
      }
      if (flags.has('memory')) {
        const results = await benchMemory(chosen, names, { threads, packages, sizesOf }, invocation)
        return { ok: true, text: '', json: { models: results, machine } }
      }
      if (isBrowser) {
        const over = networksOf(invocation)
        const files = values['files'] ?? 'auto'
        if (files !== 'auto' && files !== 'url' && files !== 'inline')
          throw usage(`--files takes auto, url or inline; given ${files}`)
        const pages = { ...options, packages, networks: over, files } as const
        const { ok, results } = await benchInBrowser(chosen, names, sizesOf, pages, invocation)
        return { ok, text: '', json: { models: results, machine } }
      }
      const engines = names.map((name) => engineOf(name, threads, packages, invocation))
      let overhead: CallOverhead | undefined
      if (withOverhead) {
        progress('measuring what a call costs')
        overhead = await measureCallOverhead(invocation, packages, options)
        print(overheadText(overhead))
      }
      const results = new Map<string, ModelResult>()
      for (const entry of chosen) {
        const { name } = entry
        progress(`measuring ${name}`)
        const result = await benchModel(entry, engines, sizesOf(entry.path), {
          ...options,
          ...(operators && { operators }),
        })
        results.set(name, result)
        print(modelText(name, result))
      }
      const overall = overallRatios([...results.values()])
      if (Object.keys(overall).length > 0) print(overallText(overall))
      const all = [...results.values()].flatMap((result) => Object.values(result))
      return {
        ok: all.every((result) => !('agrees' in result) || result.agrees !== false),
        text: '',
        json: {
          models: Object.fromEntries(results),
          overall,
          ...(overhead && { callOverhead: overhead }),
          machine,
        },
      }
    },
  }
}

async function benchModel(
  entry: ModelEntry,
  engines: readonly Engine[],
  sizes: Sizes,
  options: RoundsOptions & { readonly operators?: readonly OperatorDefinition[] },
): Promise<ModelResult> {
  const { path } = entry
  try {
    const given = await dataSetsOf(entry)
    const model = await readById(path, await readingWith(options.operators))
    const sets = given.length > 0 ? given : randomSets(modelSignature(model).inputs, sizes)
    const toleranceOf = withSteps(stepsOf(model), agreementFor)
    return await compareEngines(path, engines, sets, { ...options, toleranceOf })
  } catch (error) {
    options.signal?.throwIfAborted()
    return Object.fromEntries(engines.map(({ name }) => [name, { error: reasonOf(error) }]))
  }
}

function engineNamesOf({ values, usage }: Invocation, otherwise: string): EngineName[] {
  const names = listOf(values['engines'] ?? otherwise).map((text): EngineName => {
    const name = engineNames.find((candidate) => candidate === text)
    if (name) return name
    throw usage(
      `there is no engine ${JSON.stringify(text)}.${didYouMean(text, engineNames)} There are ${engineNames.join(', ')}`,
    )
  })
  return [...new Set(names)]
}

function engineOf(name: EngineName, threads: number, packages: string, invocation: Invocation): Engine {
  return name === 'onnxruntime-node' || name === 'onnxruntime-web'
    ? onnxRuntimeEngine(name, packages, threads, { asWritten: true })
    : compiledEngine(name, threads, invocation)
}

/** Which models to take, and whether to take the cost of a call. */
async function selection(
  { positionals, values, usage }: Invocation,
  defaults: readonly string[] | undefined,
): Promise<{ readonly models: readonly ModelEntry[]; readonly withOverhead: boolean }> {
  const named = [
    ...positionals.map((path) => entryOf(resolve(path))),
    ...(values['models'] ? await modelsIn(values['models'], usage) : []),
  ]
  const models = named.length > 0 ? named : defaults?.map(entryOf)
  if (models === undefined) throw usage('MODEL is missing; or give a folder of them with --models DIR')
  if (values['only'] === undefined) return { models, withOverhead: named.length === 0 }

  const known = [callOverhead, ...models.map(({ name }) => name)]
  const only = onlyOption(values['only'], known, usage)
  return { models: models.filter(({ name }) => only.includes(name)), withOverhead: only.includes(callOverhead) }
}

function entryOf(path: string): ModelEntry {
  return { name: nameOf(path), path }
}
