import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import type { Signature } from '../cache/artifact.ts'
import { ModelError } from '../errors/index.ts'
import { type BuildResult, createPipeline, type PluginOptions } from '../pipeline/index.ts'
import { stemOf } from '../request/extensions.ts'
import { modelFile } from '../request/request.ts'
import { cold } from '../pipeline/when-cold.ts'
import { directives, parseRequest, type RequestOptions } from '../request/index.ts'
import type { Model } from '../runtime/model.ts'
import type { Invocation, Options } from './command.ts'
import { operatorsFlag, operatorsOption } from './operators.ts'
import { pythonFlag, pythonOption, readingFor } from './reading.ts'
import { resolveTarget } from '../targets/index.ts'
import { targetsFlag } from './targets.ts'

/** Options of every command that compiles a model. */
export const buildOptions = {
  target: {
    type: 'string',
    short: 't',
    value: 'T',
    help: 'machine to compile for: host, z16, x86-64-v3, arm64, wasm, …',
  },
  targets: targetsFlag,
  compiler: { type: 'string', short: 'c', value: 'C', help: 'auto, builtin, onnx-mlir or fastest (default: auto)' },
  O: { type: 'string', short: 'O', value: 'N', help: 'optimisation level, 0 to 3 (default: 3)' },
  weights: { type: 'string', value: 'W', help: 'f32, f16 or int8: bytes that weights are stored in (default: f32)' },
  tune: {
    type: 'boolean',
    bare: directives.tune.format(true),
    value: 'SECONDS',
    help: 'time variants on this machine for so long, and keep the fastest',
  },
  untrusted: { type: 'boolean', help: 'tighter limits, no external data, no onnx-mlir' },
  operators: operatorsFlag,
  python: pythonFlag,
  cache: { type: 'string', value: 'DIR', help: 'folder of the cache (default: see the command cache dir)' },
} as const satisfies Options

export const modelArgument = { usage: 'MODEL', min: 1, max: 1 } as const

/** The directives that a command line gives. @throws UsageError */
export function requestOptions({ values, flags }: Pick<Invocation, 'values' | 'flags'>): RequestOptions {
  return {
    ...(values['target'] && { target: directives.target.parse(values['target']) }),
    ...(values['compiler'] && { compiler: directives.compiler.parse(values['compiler']) }),
    ...(values['weights'] && { weights: directives.weights.parse(values['weights']) }),
    ...(values['tune'] !== undefined && { tune: directives.tune.parse(values['tune']) }),
    ...(flags.has('untrusted') && { untrusted: true }),
    ...(values['O'] && { O: directives.O.parse(values['O']) }),
  }
}

/** What a command that compiles a model passes on. */
export type BuildInvocation = Pick<Invocation, 'values' | 'flags' | 'progress' | 'phase' | 'warn' | 'signal'>

/** What a model takes and gives by its file, without compiling it. The artifact may know more of the shapes. */
export async function readSignature(invocation: BuildInvocation, id: string): Promise<Signature> {
  const request = parseRequest(id, requestOptions(invocation))
  const { modelSignature, readModel } = await cold()
  return modelSignature(await readModel(request.path, await readingFor(invocation, request)))
}

/** Compiles a model for one target, or takes it from the cache. @throws UsageError where several are asked for */
export async function buildModel(
  invocation: BuildInvocation,
  id: string,
  options: PluginOptions = requestOptions(invocation),
): Promise<BuildResult> {
  resolveTarget(parseRequest(id, options).directives.target)
  return buildTargets(invocation, id, options)
}

/** Compiles a model for all targets that are asked for, or takes it from the cache. */
export async function buildTargets(
  invocation: BuildInvocation,
  id: string,
  options: PluginOptions,
): Promise<BuildResult> {
  const { values, progress, phase, warn, signal } = invocation
  progress(`${basename(id)} …`)
  if (!existsSync(modelFile(id)))
    throw new ModelError('MODEL_UNREADABLE', `${modelFile(id)}: the file does not exist. Check the path.`, {
      model: id,
    })
  const operators = await operatorsOption(invocation)
  const pipeline = createPipeline({
    ...options,
    ...(operators && { operators }),
    ...pythonOption(invocation),
    ...(values['cache'] && { cache: values['cache'] }),
  })
  return pipeline.build(id, { mode: 'build', log: progress, progress: phase, warn, signal })
}

/**
 * Compiles a model, for the first of its targets that runs here, and makes it ready to run in this process.
 *
 * @throws EnvironmentError where none of its targets can run here
 */
export async function buildRunnable(
  invocation: BuildInvocation,
  id: string,
  options: PluginOptions = requestOptions(invocation),
): Promise<{ readonly built: BuildResult; readonly model: Model }> {
  const { runnableModel, runnableTarget } = await import('../plugin/runnable.ts')
  const { path, directives } = parseRequest(id, options)
  const target = runnableTarget(directives.target)
  const built = await buildModel(invocation, path, { ...options, ...directives, target })
  return { built, model: await runnableModel(modelFile(id), built) }
}

/** `builtin (0.1.0 gcc 12.2.0)` */
export function compilerText({ name, version }: { readonly name: string; readonly version: string }): string {
  return version ? `${name} (${version})` : name
}

/** What a model and its files are called. */
export function nameOf(id: string): string {
  return basename(stemOf(modelFile(id)))
}
