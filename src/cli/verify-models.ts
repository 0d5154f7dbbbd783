import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { stepsOf, withSteps } from './bench/agreement.ts'
import { compareEngines, type EngineResult, randomSets } from './bench/compare-engines.ts'
import { compiledEngine } from './bench/compiled.ts'
import { type Engine, reasonOf } from './bench/engine.ts'
import { dataSetsOf, type InputSet, type ModelEntry, modelsIn } from './bench/model-files.ts'
import { onnxRuntimeEngine } from './bench/onnxruntime.ts'
import { builtinSource } from '../builtin/index.ts'
import { toleranceFor } from '../conformance/compare.ts'
import type { Model } from '../onnx/model.ts'
import { readModel } from '../formats/read.ts'
import { signatureOf } from '../pipeline/index.ts'
import { runProcess } from '../process/spawn.ts'
import { isTensor } from '../runtime/signature.ts'
import { resolveTarget } from '../targets/index.ts'
import type { Command, Invocation } from './command.ts'
import { dimName, dimsOption, inputDimsFlag, type Sizes } from './dims.ts'
import { buildOptions } from './model-build.ts'
import { numberOption, onlyOption } from './parse.ts'
import { bold, bytesText, dim, green, red, table } from './style.ts'

export interface VerifyModelsDefaults {
  /** Folder whose `node_modules` has onnxruntime-node. */
  readonly packages: string
  /** Folders that are taken where none is named. */
  readonly folders: readonly string[]
  /** The program that this command is part of: it is run anew for each model, which then takes nothing else along if it crashes. */
  readonly program?: string
  /** Sizes of dynamic dimensions by model name, for models without data that run on few sizes only. `--dims` wins. */
  readonly sizes: Readonly<Record<string, Sizes>>
}

/** What holds for every model. */
const limits = {
  /** Of the artifact: `factor` times the model's files and `room` more bytes, for code. */
  artifact: { factor: 1.3, room: 200_000 },
  /** Seconds of the C compiler, on a machine that does nothing else, for models below `bytes`. */
  compile: { seconds: 30, bytes: 50_000_000 },
  /** Bytes of generated C. */
  text: 1_000_000,
} as const

/** Compiling may take ten minutes. */
const ALONE_MS = 900_000

/** What was found out about one model; what is missing could not be. */
export interface VerifiedModel {
  readonly opset: Readonly<Record<string, number>>
  /** `equal` within the tolerances, `different`, or why there is nothing to compare. */
  readonly result: string
  /** See `Deviation.maxRel`. */
  readonly maxRelDiff: number | null
  /** What the outputs were compared with: `data set`, `onnxruntime`, or `none` and why. */
  readonly reference: string
  /** How many times as fast as onnxruntime: the median over rounds that are run in turn. */
  readonly ratio: number | null
  readonly compileSeconds: number | null
  readonly textBytes: number | null
  readonly artifactBytes: number | null
  readonly modelBytes: number
  /** Artifact by model. */
  readonly size: number | null
  /** Limits that it breaks, in words. */
  readonly broken: readonly string[]
}

/** `npm run verify:models`: every model of some folders, its results, speed, size and the cost of making it. */
export function createVerifyModels({ packages, folders, sizes, program }: VerifyModelsDefaults): Command {
  return {
    name: 'verify:models',
    summary:
      'Compile models, compare their results and speed with onnxruntime, and hold sizes and times against limits',
    options: {
      models: {
        type: 'string',
        multiple: true,
        value: 'DIR',
        help: 'folder of models and of folders in test layout; may be repeated (default: those of ../shared)',
      },
      only: { type: 'string', value: 'NAME,…', help: 'of these, only some' },
      rtol: { type: 'string', value: 'X', help: 'relative tolerance (default: 1e-3)' },
      'atol-of-max': {
        type: 'string',
        value: 'X',
        help: 'absolute tolerance, as a share of the largest value of each output (default: 1e-5)',
      },
      rounds: { type: 'string', value: 'N', help: 'rounds per model (default: 15)' },
      seconds: { type: 'string', value: 'N', help: 'stop measuring a model after this long (default: 10)' },
      dims: inputDimsFlag,
      O: buildOptions.O,
      cache: buildOptions.cache,
    },
    notes: `Outputs are compared with those of the model's data sets, where it has any, else with onnxruntime's (without its
optimisations, some of which quantise again) on seeded random inputs: with the sizes of --dims, else with 64 for each dynamic dimension but the first, else with 1. The ratio is the
median over rounds in which both run in turn, one thread each: above 1 is faster than onnxruntime.
Exit code 1 where results differ or a limit is broken: an artifact of more than ${limits.artifact.factor} times the model's files and
${limits.artifact.room} bytes, more than ${limits.compile.seconds} s of compiling for a model below ${limits.compile.bytes} bytes (tell on an idle machine), more
than ${limits.text} bytes of C.`,
    async run(invocation) {
      const { values, usage, print, progress, signal, all } = invocation
      const named = all('models')
      const found = await Promise.all((named.length > 0 ? named : folders).map((folder) => modelsIn(folder, usage)))
      const entries = found.flat()
      const known = entries.map(({ name }) => name)
      const only = values['only'] === undefined ? known : onlyOption(values['only'], known, usage)
      const chosen = entries.filter(({ name }) => only.includes(name))
      const engines = [
        compiledEngine('builtin', 1, invocation),
        onnxRuntimeEngine('onnxruntime-node', packages, 1, { asWritten: true }),
      ]
      const results = new Map<string, VerifiedModel>()
      for (const entry of chosen) {
        signal.throwIfAborted()
        progress(entry.name)
        const given = { ...sizes[entry.name], ...dimsOption(invocation) }
        const result =
          program === undefined || chosen.length === 1
            ? await verifyModel(entry, engines, given, invocation)
            : await verifyAlone(entry, program, invocation)
        results.set(entry.name, result)
        print(lineOf(entry.name, result))
      }
      const bad = [...results.values()].filter(({ broken }) => broken.length > 0).length
      const verdict = `${results.size} models, ${bad} of them break a limit`
      return {
        ok: bad === 0,
        text: `${tableOf(results)}\n${bad === 0 ? green(verdict) : red(verdict)}`,
        json: { models: Object.fromEntries(results), limits },
      }
    },
  }
}

async function verifyModel(
  entry: ModelEntry,
  engines: readonly Engine[],
  sizes: Sizes,
  invocation: Invocation,
): Promise<VerifiedModel> {
  try {
    const model = await readModel(entry.path)
    const { result, reference } = await compare(entry, stepsOf(model), engines, sizes, invocation)
    return verdictOf(model, result, reference)
  } catch (error) {
    invocation.signal.throwIfAborted()
    return failure(reasonOf(error))
  }
}

function failure(reason: string): VerifiedModel {
  return {
    opset: {},
    result: reason,
    maxRelDiff: null,
    reference: 'none',
    ratio: null,
    compileSeconds: null,
    textBytes: null,
    artifactBytes: null,
    modelBytes: 0,
    size: null,
    broken: [reason],
  }
}

/** `verifyModel` in a process of its own. */
async function verifyAlone(
  { name, path }: ModelEntry,
  program: string,
  { all, signal }: Invocation,
): Promise<VerifiedModel> {
  const folder = await mkdtemp(join(tmpdir(), 'verify-model-'))
  const file = join(folder, 'result.json')
  const given = ['rtol', 'atol-of-max', 'rounds', 'seconds', 'O', 'cache', 'dims'].flatMap((option) =>
    all(option).flatMap((text) => [`--${option}`, text]),
  )
  const args = [program, '--models', dirname(path), '--only', name, '--json', file, ...given]
  try {
    const { exitCode, exitSignal } = await runProcess(process.execPath, args, { signal, timeoutMs: ALONE_MS })
    signal.throwIfAborted()
    const text = await readFile(file, 'utf8').catch(() => undefined)
    if (text === undefined) return failure(`crashed: ${exitSignal ?? `exit ${exitCode}`}`)
    const { models } = JSON.parse(text) as { models: Readonly<Record<string, VerifiedModel>> }
    return models[name] ?? failure('it was not verified')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

interface Comparison {
  readonly result: EngineResult
  readonly reference: string
}

/** Runs it on its data, or on random inputs of the first sizes that both engines can run on. */
async function compare(
  entry: ModelEntry,
  steps: ReadonlyMap<string, number>,
  engines: readonly Engine[],
  sizes: Sizes,
  invocation: Invocation,
): Promise<Comparison> {
  const tolerances = {
    rtol: numberOption(invocation, 'rtol', { otherwise: 1e-3, integer: false }),
    atolOfMax: numberOption(invocation, 'atol-of-max', { otherwise: 1e-5, integer: false }),
  }
  const options = {
    rounds: numberOption(invocation, 'rounds', { otherwise: 15, min: 1 }),
    seconds: numberOption(invocation, 'seconds', { otherwise: 10, integer: false }),
    signal: invocation.signal,
    toleranceOf: withSteps(steps, (expected) => toleranceFor(expected, tolerances)),
  }
  const given = await dataSetsOf(entry)
  const isStated = given.some(({ expected }) => expected !== undefined)
  const attempts = given.length > 0 ? [given] : await randomAttempts(entry, sizes)
  let problem = 'there is nothing to run'
  let alone: Comparison | undefined
  for (const sets of attempts) {
    const { builtin, 'onnxruntime-node': other } = await compareEngines(entry.path, engines, sets, options)
    if (builtin && 'error' in builtin) problem = String(builtin.error)
    else if (builtin && other && 'error' in other && !isStated)
      alone = { result: builtin, reference: `none: ${String(other.error)}` }
    else if (builtin) return { result: builtin, reference: isStated ? 'data set' : 'onnxruntime' }
  }
  if (alone) return alone
  throw new Error(problem)
}

/** Most models with dynamic dimensions take some size like 64, but not all. */
async function randomAttempts({ path }: ModelEntry, sizes: Sizes): Promise<InputSet[][]> {
  const { inputs } = await signatureOf(path)
  const behindFirst = inputs
    .filter(isTensor)
    .flatMap(({ name, shape }) => shape.slice(1).map((dim, i) => dimName(name, dim, i + 1)))
  const larger = Object.fromEntries(behindFirst.flatMap((name) => (name === undefined ? [] : [[name, 64]])))
  const asGiven = randomSets(inputs, sizes)
  return Object.keys(sizes).length > 0 ? [asGiven] : [randomSets(inputs, larger), asGiven]
}

function verdictOf(model: Model, result: EngineResult, reference: string): VerifiedModel {
  const { text } = builtinSource(model, { target: resolveTarget('host'), identity: '' })
  const textBytes = Buffer.byteLength(text)
  const modelBytes = model.files.reduce((sum, { bytes }) => sum + bytes, 0)
  const artifactBytes = Number(result['bytes'])
  const compileSeconds = Number(result['compileSeconds'])
  const { factor, room } = limits.artifact
  const broken = [
    ...(result.agrees === false ? ['the results differ'] : []),
    ...(artifactBytes > factor * modelBytes + room ? [`the artifact has ${bytesText(artifactBytes)}`] : []),
    ...(compileSeconds > limits.compile.seconds && modelBytes < limits.compile.bytes
      ? [`compiling took ${compileSeconds.toFixed(0)} s`]
      : []),
    ...(textBytes > limits.text ? [`its C has ${bytesText(textBytes)}`] : []),
  ]
  return {
    opset: Object.fromEntries(model.opsets),
    result: result.agrees === null ? 'not compared' : result.agrees ? 'equal' : 'different',
    maxRelDiff: result.maxRelDiff,
    reference,
    ratio: result.pairedRatio,
    compileSeconds,
    textBytes,
    artifactBytes,
    modelBytes,
    size: artifactBytes / modelBytes,
    broken,
  }
}

/** While models run: what is known of one. */
function lineOf(name: string, { result, broken }: VerifiedModel): string {
  return `${bold(name)}: ${broken.length > 0 ? red(broken.join('; ')) : result}`
}

function tableOf(results: ReadonlyMap<string, VerifiedModel>): string {
  const or = (value: number | null, text: (value: number) => string): string => (value === null ? '-' : text(value))
  const heading = ['model', 'opset', 'result', 'difference', 'ratio', 'compile s', 'C', 'artifact', '/ model']
  const rows = [...results].map(([name, one]) => [
    name,
    String(one.opset[''] ?? '-'),
    one.broken.length > 0 && one.maxRelDiff === null ? 'failed' : one.result,
    or(one.maxRelDiff, (value) => value.toExponential(1)),
    or(one.ratio, (value) => value.toFixed(2)),
    or(one.compileSeconds, (value) => value.toFixed(1)),
    or(one.textBytes, bytesText),
    or(one.artifactBytes, bytesText),
    or(one.size, (value) => value.toFixed(2)),
  ])
  return table([heading.map(dim), ...rows])
}
