import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { addonFor } from './addon-for.ts'
import type { Artifact, Signature } from '../cache/artifact.ts'
import { artifactFor } from './artifacts.ts'
import type { PluginOptions } from './plugin-options.ts'
import { rememberByStat } from '../cache/file-memo.ts'
import { addonFolder, type Cache, openCache, ownVersion, type Store } from '../cache/index.ts'
import type { CompileProgress } from '../compilers/compiler.ts'
import type { Declared } from '../emit/dts.ts'
import { readingOf } from '../compilers/hardening.ts'
import type { ModelReadOptions } from '../formats/front-end.ts'
import type { ReadOptions } from '../onnx/limits.ts'
import type { OperatorDefinition } from '../ops/user/define.ts'
import { operatorFiles } from '../options/operator-files.ts'
import { factsOf, isModule } from './facts.ts'
import { inlineAddon, inlineNote, rebundlerNote } from './inline.ts'
import { expectOptions } from './options.ts'
import { feasibleRequest } from './feasible.ts'
import {
  artifactRequest,
  type Delivery,
  deliveryOf,
  isInWorker,
  runnableRequest,
  type Surroundings,
  targetsFor,
  threadsNote,
  threadsOf,
  webNote,
} from './surroundings.ts'
import { cold } from './when-cold.ts'
import { edgeNote, wholeModule } from './whole-module.ts'
import { canonicalQuery, type Directives, parseRequest, type Request, type RequestOptions } from '../request/index.ts'
import type { ModelFacts } from '../runtime/model.ts'
import { isNnpaLevel } from '../report/nnpa-level.ts'
import { canRun, resolveTarget } from '../targets/index.ts'

export type { PluginOptions }

/** All that a host needs to emit a model. */
export interface BuildResult {
  readonly artifact: Artifact
  /**
   * The native addon for the artifact's machine: a `.node` file, or its source (`.cc`) where it can't be compiled here. A
   * WebAssembly module needs none.
   */
  readonly addon?: {
    readonly path: string
    readonly sha256: string
    /** The same as a JavaScript module, where files are inline. */
    readonly module?: string
  }
  readonly facts: ModelFacts
  /** Whether it is to run in a Web Worker. */
  readonly inWorker: boolean
  /** How many threads are to run it at most, as the import says of an artifact that can have several; else what the runtime takes. */
  readonly threads: Directives['threads']
  /** Files that the model consists of: a change of one of them asks for a new build. */
  readonly watch: readonly string[]
  /** Whether the artifact was there already. */
  readonly cached: boolean
  /** How the files reach the program; WebAssembly that does so other than by `url` is one file. */
  readonly files: Delivery
  /** Page of the NNPA report, for targets that have one. */
  readonly reportPage?: string
  /** Where several targets are asked for, in the order of choice: the same for each other one. */
  readonly others?: readonly BuildResult[]
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

/**
 * The one pipeline that the plugin, the loaders, the CLI and programs call.
 *
 * @throws UsageError for an option that is unknown or of another kind
 */
export function createPipeline(options: PluginOptions = {}): Pipeline {
  expectOptions(options, 'What createPipeline() is given')
  const {
    cache: root,
    limits,
    externalData,
    operators,
    python,
    onnxMlir = {},
    report: reporting = {},
    ...defaults
  } = options
  const readOptions = { ...(limits && { limits }), ...(externalData !== undefined && { externalData }) }
  let cache: Cache | undefined
  const toldNotes = new Set<string>()

  async function build(id: string, context: BuildContext): Promise<BuildResult> {
    const written = parseRequest(id, defaults)
    const [first = '', ...others] = targetsFor(written, context)
    if (first === written.directives.target) return buildOne(written, context)
    const { path, directives } = written
    // Of WebAssembly in Node there are files, as of all else.
    const files = others.length > 0 && directives.files === 'module' ? 'auto' : directives.files
    const builtFor = (target: string): Promise<BuildResult> => {
      const forNative = target === 'wasm' ? ({ compiler: 'builtin', profile: 'none' } as const) : {}
      return buildOne(parseRequest(path, { ...directives, target, files, ...forNative }), context)
    }
    const built = [await builtFor(first)]
    for (const target of others) {
      const next = await builtFor(target)
      // Without a C compiler, code for this machine becomes WebAssembly, which may be asked for, too.
      if (built.every(({ artifact }) => artifact.target !== next.artifact.target)) built.push(next)
    }
    const [best, ...rest] = built as [BuildResult, ...BuildResult[]]
    return rest.length === 0 ? best : { ...best, others: rest }
  }

  async function buildOne(written: Request, context: BuildContext): Promise<BuildResult> {
    const asked = artifactRequest(written)
    cache ??= openCache({ ...(root !== undefined && { root }), warn: context.warn })
    const { store } = cache
    const { log, warn } = context
    const byPython = { ...(python !== undefined && { interpreter: python }), store, log, warn }
    const reading = { ...readingOf(asked, { ...readOptions, python: byPython }), ...(await readingWith(operators)) }
    // Reading a file that is not there gives the error that users should see; asking for its stat does not.
    if (!existsSync(asked.path)) await (await cold()).readModel(asked.path, reading)
    const tellOnce = (note: string | undefined, tell = context.log): void => {
      if (note !== undefined && !toldNotes.has(note)) tell(note)
      if (note !== undefined) toldNotes.add(note)
    }
    tellOnce(webNote(asked, context), context.nodeSetting === undefined ? context.log : context.warn)

    const request = await feasibleRequest(runnableRequest(asked, context), { store, onnxMlir, log: context.log })
    const report =
      reporting && isNnpaLevel(asked.directives.target)
        ? await (await cold()).buildReport(asked, reporting, { ...context, store, onnxMlir, reading })
        : undefined
    const {
      artifact: compiled,
      cached,
      files,
      note,
    } = await artifactFor(request, { cache, context, onnxMlir, reading })
    tellOnce(note, context.warn)
    tellOnce(threadsNote(written, compiled))
    const delivery = deliveryOf(written, compiled, context)
    const isWhole = delivery !== 'url' && isModule(compiled)
    const artifact = isWhole ? await wholeModule(compiled, cache) : compiled
    tellOnce(rebundlerNote(context, delivery))
    const tooLarge =
      delivery === 'module'
        ? edgeNote(basename(request.path), artifact)
        : delivery === 'inline'
          ? inlineNote(request.path, artifact)
          : undefined
    if (tooLarge !== undefined) context.warn(tooLarge)
    const addon = isModule(artifact)
      ? undefined
      : await store.writing((folder) => addonFor(artifact, { outDir: addonFolder(folder), log: context.log }))
    for (const note of cached ? [] : artifact.notes) context.log(note)
    const built: BuildResult = {
      artifact,
      ...(addon !== undefined && { addon: await addonOf(addon, delivery, store) }),
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
    {
      reading,
      store,
      ...context
    }: BuildContext & { readonly reading: ModelReadOptions; readonly store: Cache['store'] },
  ): Promise<void> {
    const { path, directives } = request
    const variant = (other: RequestOptions): Promise<BuildResult> =>
      build(`${path}?${canonicalQuery({ ...directives, tune: false, ...other })}`, context)
    if (!canRun(resolveTarget(directives.target))) return void (await variant({ target: 'host' }))
    const { weights, dims } = directives
    const { checkWeightError, readModel, weightErrorOf } = await cold()
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

async function addonOf(path: string, delivery: Delivery, store: Store): Promise<BuildResult['addon']> {
  const sha256 = await store.hashFile(path)
  if (delivery !== 'inline') return { path, sha256 }
  const module = await store.writing((folder) => inlineAddon(path, sha256, join(folder, 'addon')))
  return { path, sha256, module }
}

/** The operators that users define, as they go into reading a model. */
export async function readingWith(
  operators: readonly OperatorDefinition[] | undefined,
): Promise<Pick<ReadOptions, 'operators'>> {
  if (operators === undefined || operators.length === 0) return {}
  const { loadOperators } = await import('../ops/user/define.ts')
  return { operators: await loadOperators(operators) }
}

/** The signature of a model, by its path with directives as query, without compiling it. */
export async function signatureOf(id: string, operators?: readonly OperatorDefinition[]): Promise<Signature> {
  const { modelSignature, readModel } = await cold()
  const request = parseRequest(id)
  return modelSignature(await readModel(request.path, { ...readingOf(request), ...(await readingWith(operators)) }))
}

export interface DeclaredOptions {
  readonly operators?: readonly OperatorDefinition[] | undefined
  readonly python?: PluginOptions['python']
  /** Of the cache. */
  readonly store?: Store
}

/**
 * What a model's declaration is made from, by its path with directives as query, without compiling the model. Remembered for as
 * long as the model's file stays the same, where nothing else can have a say in it.
 */
export async function declaredOf(id: string, options: DeclaredOptions = {}): Promise<Declared> {
  const { operators = [], python, store } = options
  const request = parseRequest(id)
  const { path } = request
  const read = async (): Promise<Declared & { readonly isAlone: boolean }> => {
    const { kindOfFormat, modelDocs, modelMetadata, modelSignature, readModel } = await cold()
    const byPython = { ...(python !== undefined && { interpreter: python }), ...(store && { store }) }
    const model = await readModel(path, {
      ...readingOf(request, { python: byPython }),
      ...(await readingWith(operators)),
    })
    const isAlone = model.files.length === 1 && kindOfFormat(model.format) === undefined
    const metadata = modelMetadata(model).kept
    const said = { docs: modelDocs(model), ...(Object.keys(metadata).length > 0 && { metadata }) }
    return { ...modelSignature(model), ...said, isAlone }
  }
  if (operators.length > 0) return read()
  let fresh: Declared | undefined
  const { signature } = request.directives
  const text = await rememberByStat(store?.folder, `declared ${ownVersion()} ${signature}`, path, async () => {
    const { isAlone, ...declared } = await read()
    fresh = declared
    return isAlone ? declaredText(declared) : ''
  })
  return fresh ?? (text === '' ? read() : declaredFrom(text))
}

function declaredText({ docs, ...signature }: Declared): string {
  return JSON.stringify({ ...signature, ...(docs && { docs: { ...docs, values: [...docs.values] } }) })
}

function declaredFrom(text: string): Declared {
  type Written = Signature & { readonly docs?: { readonly model: string; readonly values: [string, string][] } }
  const { docs, ...signature } = JSON.parse(text) as Written
  return { ...signature, ...(docs && { docs: { ...docs, values: new Map(docs.values) } }) }
}
