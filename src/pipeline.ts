import { basename, join } from 'node:path'
import { tmpdir } from 'node:os'
import type { Artifact, Signature } from './artifact.ts'
import { buildAddon } from './builtin/addon.ts'
import { artifactKey, type Cache, openCache } from './cache/index.ts'
import { rememberByStat } from './cache/file-memo.ts'
import { builtinCompiler } from './compilers/builtin.ts'
import type { Compiler } from './compilers/compiler.ts'
import { ModelError } from './errors.ts'
import { modelSignature } from './model-signature.ts'
import { readModel } from './onnx/read.ts'
import type { ReadOptions } from './onnx/limits.ts'
import type { Model } from './onnx/model.ts'
import { parseRequest, type Request, type RequestOptions } from './request/index.ts'
import type { ModelFacts } from './runtime/model.ts'
import { canRun, resolveTarget } from './targets/index.ts'

/** Options of the plugin and of the programmatic API: defaults of all directives, and where artifacts are kept. */
export interface PluginOptions extends RequestOptions, ReadOptions {
  /** Folder of the cache; `false`: nothing is kept beyond this process. Default: the project's `node_modules/.cache`. */
  readonly cache?: string | false
}

/** All that a host needs to emit a model. */
export interface BuildResult {
  readonly artifact: Artifact
  /** The native addon for this machine. */
  readonly addon: { readonly path: string; readonly sha256: string }
  readonly facts: ModelFacts
  /** Files that the model consists of: a change of one of them asks for a new build. */
  readonly watch: readonly string[]
  /** Whether the artifact was there already. */
  readonly cached: boolean
}

export interface BuildContext {
  readonly signal?: AbortSignal
  /** `dev`: the library must run on this machine, whatever the target. */
  readonly mode: 'dev' | 'build'
  log(line: string): void
  warn(line: string): void
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
  const { cache: root, limits, ...defaults } = options
  let cache: Cache | undefined
  return {
    async build(id, context) {
      const request = runnableRequest(parseRequest(id, defaults), context)
      cache ??= openCache({ ...(root !== undefined && { root }), warn: context.warn })
      const { artifact, cached, files } = await artifactFor(request, cache, context, limits ? { limits } : {})
      const addon = await buildAddon({ outDir: join(cache.store.folder ?? tmpdir(), 'addon') })
      for (const note of cached ? [] : artifact.notes) context.log(note)
      return {
        artifact,
        addon: { path: addon, sha256: await cache.store.hashFile(addon) },
        facts: {
          name: basename(request.path),
          signature: artifact.signature,
          target: artifact.target,
          compiler: artifact.compiler,
        },
        watch: files,
        cached,
      }
    },
  }
}

/** The request itself, or, in dev, the same for this machine where its target can't run here. */
function runnableRequest(request: Request, { mode }: BuildContext): Request {
  if (mode === 'build' || canRun(resolveTarget(request.directives.target))) return request
  return parseRequest(request.path, { ...request.directives, target: 'host' })
}

interface Built {
  readonly artifact: Artifact
  readonly cached: boolean
  readonly files: readonly string[]
}

async function artifactFor(
  request: Request,
  cache: Cache,
  context: BuildContext,
  reading: ReadOptions,
): Promise<Built> {
  const { store } = cache
  const compiler: Compiler = await builtinCompiler(request, store.folder)
  const files = await modelFiles(request.path, store.folder, reading)
  const [model = '', ...externalData] = await Promise.all(files.map((file) => store.hashFile(file)))
  const key = artifactKey({
    model,
    externalData,
    directives: request.key,
    target: request.directives.target,
    compiler: compiler.identity,
    abi: compiler.abi,
  })
  const started = performance.now()
  const { artifact, cached } = await cache.getOrMake(
    key,
    async (stagingRoot) => {
      context.log(`compiling ${basename(request.path)} for ${request.directives.target} (${compiler.name})`)
      const decoded = await readModel(request.path, reading)
      expectUnchanged(request.path, decoded, [model, ...externalData])
      return compiler.compile(request, decoded, {
        stagingRoot,
        log: context.log,
        ...(context.signal && { signal: context.signal }),
      })
    },
    context.signal ? { signal: context.signal } : {},
  )
  if (!cached)
    context.log(
      `compiled ${basename(request.path)} in ${((performance.now() - started) / 1000).toFixed(1)} s, ${Math.ceil(artifact.bytes / 1024)} kB`,
    )
  return { artifact, cached, files }
}

/** A model that is saved anew while it is read would be stored under the key of its old bytes. */
function expectUnchanged(path: string, { files }: Model, hashes: readonly string[]): void {
  if (files.length === hashes.length && files.every((file, i) => file.sha256 === hashes[i])) return
  throw new ModelError('MODEL_CHANGED', `Model ${path} changed while it was read. Build again when it is complete.`, {
    model: path,
  })
}

/** The model file and its external data; remembered, so that a cache hit need not decode the model. */
async function modelFiles(path: string, memoFolder: string | undefined, reading: ReadOptions): Promise<string[]> {
  const text = await rememberByStat(memoFolder, 'files', path, async () => {
    const { files } = await readModel(path, reading)
    return JSON.stringify(files.map((file) => file.path))
  })
  return JSON.parse(text) as string[]
}

/** The signature of a model file, without compiling it. For types. */
export async function signatureOf(path: string): Promise<Signature> {
  return modelSignature(await readModel(path))
}
