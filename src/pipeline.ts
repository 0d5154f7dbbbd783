import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { addonFor } from './pipeline/addon-for.ts'
import type { Artifact, Signature } from './artifact.ts'
import { artifactFor } from './pipeline/artifacts.ts'
import { buildReport, type ReportSettings } from './pipeline/build-report.ts'
import { weightErrorOf } from './builtin/index.ts'
import { type Cache, openCache } from './cache/index.ts'
import type { CompileProgress } from './compilers/compiler.ts'
import { readingOf } from './compilers/hardening.ts'
import type { OnnxMlirSettings } from './compilers/onnx-mlir.ts'
import { modelSignature } from './model-signature.ts'
import type { ReadOptions } from './onnx/limits.ts'
import { readModel } from './onnx/read.ts'
import { loadOperators, type OperatorDefinition, operatorFiles } from './ops/user/define.ts'
import { factsOf, isModule } from './pipeline/facts.ts'
import { feasibleRequest } from './pipeline/feasible.ts'
import {
  artifactRequest,
  deliveryOf,
  isInWorker,
  runnableRequest,
  type Surroundings,
  threadsNote,
  threadsOf,
  webNote,
} from './pipeline/surroundings.ts'
import { checkWeightError } from './pipeline/weight-error.ts'
import { edgeNote, wholeModule } from './pipeline/whole-module.ts'
import { canonicalQuery, type Directives, parseRequest, type Request, type RequestOptions } from './request/index.ts'
import type { ModelFacts } from './runtime/model.ts'
import { canRun, resolveTarget } from './targets/index.ts'

/** Options of the plugin and of the programmatic API: defaults of all directives, and where artifacts are kept. */
export interface PluginOptions extends RequestOptions, Omit<ReadOptions, 'operators'> {
  /** Operators of yours, see `defineOperator`. */
  readonly operators?: readonly OperatorDefinition[]
  /** Folder of the cache; `false`: nothing is kept beyond this process. Default: the project's `node_modules/.cache`. */
  readonly cache?: string | false
  /** Where onnx-mlir is and what it is asked for beside what directives say. Default: environment and PATH. */
  readonly onnxMlir?: OnnxMlirSettings
  /** What runs on NNPA, told at build time for z16 and z17; `false`: no report. */
  readonly report?: ReportSettings | false
}

/** All that a host needs to emit a model. */
export interface BuildResult {
  readonly artifact: Artifact
  /**
   * The native addon for the artifact's machine: a `.node` file, or its source (`.cc`) where it can't be compiled here. A
   * WebAssembly module needs none.
   */
  readonly addon?: { readonly path: string; readonly sha256: string }
  readonly facts: ModelFacts
  /** Whether it is to run in a Web Worker. */
  readonly inWorker: boolean
  /** How many threads are to run it at most; more than one only of an artifact with a variant for threads. */
  readonly threads: Directives['threads']
  /** Files that the model consists of: a change of one of them asks for a new build. */
  readonly watch: readonly string[]
  /** Whether the artifact was there already. */
  readonly cached: boolean
  /** How the files reach the program; other than by `url` it is one file. */
  readonly files: Directives['files']
  /** Page of the NNPA report, for targets that have one. */
  readonly reportPage?: string
}

export interface BuildContext extends Surroundings {
  readonly signal?: AbortSignal
  log(line: string): void
  warn(line: string): void
  /** Steps between the lines of `log`: of interest to whoever waits. */
  readonly progress?: (progress: CompileProgress) => void
}

export interface Pipeline {
  /**
   * Compiles the model of an id (a path, with directives as query), or takes it from the cache.
   *
   * @throws OnnxMlirError whose message is meant for the user as it stands
   */
  build(id: string, context: BuildContext): Promise<BuildResult>
}

/** The one pipeline that the plugin, the loaders, the CLI and programs call. */
export function createPipeline(options: PluginOptions = {}): Pipeline {
  const { cache: root, limits, externalData, operators, onnxMlir = {}, report: reporting = {}, ...defaults } = options
  const readOptions = { ...(limits && { limits }), ...(externalData !== undefined && { externalData }) }
  let cache: Cache | undefined
  const toldNotes = new Set<string>()

  async function build(id: string, context: BuildContext): Promise<BuildResult> {
    const written = parseRequest(id, defaults)
    const asked = artifactRequest(written)
    const reading = { ...readingOf(asked, readOptions), ...(await readingWith(operators)) }
    // Reading a file that is not there gives the error that users should see; asking for its stat does not.
    if (!existsSync(asked.path)) await readModel(asked.path, reading)
    cache ??= openCache({ ...(root !== undefined && { root }), warn: context.warn })
    const { store } = cache
    const tellOnce = (note: string | undefined, tell = context.log): void => {
      if (note !== undefined && !toldNotes.has(note)) tell(note)
      if (note !== undefined) toldNotes.add(note)
    }
    tellOnce(webNote(asked, context), context.nodeSetting === undefined ? context.log : context.warn)

    const request = await feasibleRequest(runnableRequest(asked, context), { store, onnxMlir, log: context.log })
    const report = reporting && (await buildReport(asked, reporting, { ...context, store, onnxMlir, reading }))
    const { artifact: compiled, cached, files } = await artifactFor(request, { cache, context, onnxMlir, reading })
    tellOnce(threadsNote(written, compiled))
    const delivery = deliveryOf(written, compiled, context)
    const artifact = delivery === 'url' ? compiled : await wholeModule(compiled, cache)
    const tooLarge = delivery === 'module' ? edgeNote(basename(request.path), artifact) : undefined
    if (tooLarge !== undefined) context.warn(tooLarge)
    const addon = isModule(artifact)
      ? undefined
      : await store.writing((folder) => addonFor(artifact, { outDir: join(folder, 'addon') }))
    for (const note of cached ? [] : artifact.notes) context.log(note)
    const built: BuildResult = {
      artifact,
      ...(addon !== undefined && { addon: { path: addon, sha256: await store.hashFile(addon) } }),
      facts: factsOf(request, artifact, report ? report.facts : undefined),
      inWorker: isInWorker(written, context),
      threads: threadsOf(written, artifact),
      watch: [...files, ...operatorFiles(operators)],
      cached,
      files: delivery,
      ...(report && { reportPage: report.page }),
    }
    const { weights, maxWeightError } = request.directives
    if (weights !== 'f32' && maxWeightError < Infinity) await expectNear(request, built, { ...context, reading, store })
    return built
  }

  /** Holds small weights against the limit that the request gives, on this machine. */
  async function expectNear(
    request: Request,
    built: BuildResult,
    { reading, store, ...context }: BuildContext & { readonly reading: ReadOptions; readonly store: Cache['store'] },
  ): Promise<void> {
    const { path, directives } = request
    const variant = (other: RequestOptions): Promise<BuildResult> =>
      build(`${path}?${canonicalQuery({ ...directives, ...other })}`, context)
    if (!canRun(resolveTarget(directives.target))) return void (await variant({ target: 'host' }))
    const { weights, dims } = directives
    await checkWeightError(request, built, {
      ...context,
      folder: store.folder,
      usual: () => variant({ weights: 'f32', compiler: 'builtin' }),
      weightError: async () =>
        weightErrorOf(await readModel(path, reading), { weights, dims: new Map(Object.entries(dims)) }),
    })
  }

  return { build }
}

/** The operators that users define, as they go into reading a model. */
export async function readingWith(
  operators: readonly OperatorDefinition[] | undefined,
): Promise<Pick<ReadOptions, 'operators'>> {
  return operators && operators.length > 0 ? { operators: await loadOperators(operators) } : {}
}

/** The signature of a model file, without compiling it. For types. */
export async function signatureOf(path: string, operators?: readonly OperatorDefinition[]): Promise<Signature> {
  return modelSignature(await readModel(path, await readingWith(operators)))
}
