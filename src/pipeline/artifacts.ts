import { basename } from 'node:path'
import type { Artifact } from '../cache/artifact.ts'
import { addonFolder, artifactKey, type Cache, type MadeArtifact } from '../cache/index.ts'
import { chooseCompilers } from '../compilers/choose.ts'
import type { Compiler, CompileContext } from '../compilers/compiler.ts'
import type { OnnxMlirSettings } from '../compilers/look-for-onnx-mlir.ts'
import { ModelError, OnnxMlirError } from '../errors/index.ts'
import { printable } from '../errors/printable.ts'
import type { ModelReadOptions } from '../formats/front-end.ts'
import { defaultLimits } from '../onnx/limits.ts'
import type { Model } from '../onnx/model.ts'
import type { Request } from '../request/index.ts'
import { sourceOf } from './source.ts'
import type { Surroundings } from './surroundings.ts'
import { tunableRequest } from './tunable.ts'
import { processorName } from '../targets/index.ts'
import { cold } from './when-cold.ts'

/** What the steps from request to artifact share. */
export interface ArtifactContext {
  readonly cache: Cache
  readonly onnxMlir: OnnxMlirSettings
  readonly reading: ModelReadOptions
  readonly context: Pick<CompileContext, 'signal' | 'progress'> &
    Pick<Surroundings, 'mode' | 'tunes'> & { log(line: string): void; warn(line: string): void }
}

export interface Built {
  readonly artifact: Artifact
  readonly cached: boolean
  /** The model's files: itself first, then external data. */
  readonly files: readonly string[]
  /** What to tell of how it was built, once. */
  readonly note?: string | undefined
}

/**
 * The artifact of a request, from the cache or from the first compiler that can make it. Where a preferred compiler
 * fails, the next takes over, and says so.
 */
export async function artifactFor(request: Request, shared: ArtifactContext): Promise<Built> {
  const { cache, onnxMlir, context } = shared
  const choices = await chooseCompilers(request, onnxMlir, cache.store, context.warn)
  if (request.directives.compiler === 'fastest' && choices.length > 1) {
    const built: Built[] = []
    for (const choice of choices) built.push(await build(request, await choice.compiler(), shared))
    const { fastestOf } = await cold()
    const winner = await fastestOf(
      built.map(({ artifact }) => artifact),
      cache,
      context,
    )
    return built.find(({ artifact }) => artifact === winner)!
  }
  for (const [i, choice] of choices.entries()) {
    const next = choices[i + 1]
    try {
      return await build(request, await choice.compiler(), shared)
    } catch (error) {
      // What is wrong with the model itself is wrong for every compiler.
      if (!next || !(error instanceof OnnxMlirError) || error instanceof ModelError) throw error
      context.warn(
        `${choice.name} failed on ${basename(request.path)}, so the ${next.name} compiler takes over: ${error.message}`,
      )
    }
  }
  throw new TypeError('no compiler was chosen')
}

async function build(
  asked: Request,
  compiler: Compiler,
  { cache, reading: options, context }: ArtifactContext,
): Promise<Built> {
  const { store } = cache
  const { request, note } = tunableRequest(asked, compiler.name, context)
  const isTuned = request.directives.tune !== false
  const reading: ModelReadOptions = { ...options, ...(context.signal && { signal: context.signal }) }
  const { files, byPython } = await sourceOf(request.path, store.folder, reading)
  const { tensorBytes: mostBytes } = { ...defaultLimits, ...options.limits }
  const hashing = { mostBytes, ...(context.signal && { signal: context.signal }) }
  const [model = '', ...externalData] = await Promise.all(files.map((file) => store.hashFile(file, hashing))).catch(
    async (error: unknown) => {
      context.signal?.throwIfAborted()
      // External data that went away or grew since the files were listed: reading tells what is wrong, and of what.
      await (await cold()).readModel(request.path, reading)
      throw error
    },
  )
  const key = artifactKey({
    model,
    externalData,
    directives: request.key,
    target: request.directives.target,
    compiler: compiler.identity,
    abi: compiler.abi,
    machine: isTuned ? processorName() : undefined,
    operators: options.operators ?? [],
    byPython,
  })
  const name = basename(request.path)
  let started = 0
  const { artifact, cached } = await cache.getOrMake(
    key,
    async (stagingRoot) => {
      const { buildAddon, inTurn, readModel } = await cold()
      // Before the model is decoded: of many that wait, none takes memory yet.
      return inTurn(isTuned ? 'tuning' : compiler.name, name, context, async () => {
        started = performance.now()
        context.log(`compiling ${name} for ${request.directives.target} (${compiler.name})`)
        const decoded = await readModel(request.path, reading)
        expectUnchanged(request.path, decoded, [model, ...externalData])
        const { signal, progress, log } = context
        const addon = () => store.writing((root) => buildAddon({ outDir: addonFolder(root), log }))
        const made = await compiler.compile(request, decoded, { stagingRoot, signal, progress, log, addon })
        return withMetadata(made, decoded)
      })
    },
    context.signal ? { signal: context.signal } : {},
  )
  if (!cached) {
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    context.log(
      `compiled ${name} for ${request.directives.target} in ${seconds} s, ${Math.ceil(artifact.bytes / 1024)} kB`,
    )
  }
  return { artifact, cached, files, note }
}

/** What the model's file says of itself goes with what was made of it, and what it says too much of into the build log. */
async function withMetadata(made: MadeArtifact, model: Model): Promise<MadeArtifact> {
  if (model.metadata.size === 0) return made
  const { modelMetadata } = await cold()
  const { kept, left } = modelMetadata(model)
  const { facts } = made
  const note = `${basename(model.path)}: its metadata ${printable(left.map((key) => JSON.stringify(key)).join(', '))} is too long for a program; \`inspect --json\` shows it`
  const notes = left.length === 0 ? facts.notes : [...facts.notes, note]
  return { ...made, facts: { ...facts, notes, ...(Object.keys(kept).length > 0 && { metadata: kept }) } }
}

/** A model that is saved anew while it is read would be stored under the key of its old bytes. */
function expectUnchanged(path: string, { files }: Model, hashes: readonly string[]): void {
  if (files.length === hashes.length && files.every((file, i) => file.sha256 === hashes[i])) return
  throw new ModelError('MODEL_CHANGED', `Model ${path} changed while it was read. Build again when it is complete.`, {
    model: path,
  })
}
