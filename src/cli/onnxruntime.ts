import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { EnvironmentError, UsageError } from '../errors/index.ts'
import type { Tensor } from '../onnx/model.ts'
import type { TestValue } from '../onnx/test-data.ts'
import { encodeModel } from '../onnx/write.ts'
import { fromRuntime, isSequence, toRuntime } from '../conformance/runtime-tensor.ts'
import type { Tensor as RuntimeTensor } from '../runtime/tensor.ts'
import type { Inputs } from './data/inputs.ts'
import { modelFile } from '../request/request.ts'
import { readById } from './read-named.ts'

/** The packages of onnxruntime: native, and WebAssembly. */
export type OnnxRuntimePackage = 'onnxruntime-node' | 'onnxruntime-web'

/** An onnxruntime that a project has installed. It is no dependency of this package. */
export interface OnnxRuntime {
  readonly version: string
  /** @param model id of a model: its path, with directives */
  load(model: string, options: SessionOptions): Promise<OnnxSession>
}

export interface SessionOptions {
  /** For the arithmetic of one operator. */
  readonly threads: number
  /** Run the graph as it is written: some of onnxruntime's fusions quantise again what a model dequantises. */
  readonly asWritten?: boolean
}

export interface OnnxSession {
  run(inputs: Inputs): Promise<ReadonlyMap<string, Tensor>>
  /** A run on inputs that are in onnxruntime's form already, its results left there: what there is to time. */
  prepare(inputs: Inputs): () => Promise<unknown>
  release(): Promise<void>
}

/** The part of onnxruntime's API (onnxruntime-common) that is used here. */
interface Api {
  readonly env: { logLevel: string; readonly wasm: { numThreads?: number } }
  readonly Tensor: new (type: string, data: unknown, dims: readonly number[]) => unknown
  readonly InferenceSession: {
    create(model: string | Uint8Array, options: Readonly<Record<string, unknown>>): Promise<ApiSession>
  }
}

interface ApiSession {
  run(feeds: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, RuntimeTensor>>>
  release(): Promise<void>
}

/**
 * @param from folder of the project, whose `node_modules` is looked into as Node does
 * @returns `undefined` where the package isn't installed
 * @throws EnvironmentError `ENVIRONMENT_ONNXRUNTIME` where it is, but can't be loaded
 */
export async function findOnnxRuntime(name: OnnxRuntimePackage, from: string): Promise<OnnxRuntime | undefined> {
  const require = createRequire(join(from, 'package.json'))
  let entry: string
  try {
    entry = require.resolve(name)
  } catch {
    return undefined
  }
  try {
    const imported = (await import(pathToFileURL(entry).href)) as Api & { readonly default?: Api }
    const api = imported.default ?? imported
    // Warnings about a model's unused initializers and the like would go to standard error.
    api.env.logLevel = 'error'
    return { version: await versionOf(name, entry), load: (model, options) => load(api, name, model, options) }
  } catch (cause) {
    const message = `${name} in ${from} can't be loaded: ${(cause as Error).message}. Install it anew.`
    throw new EnvironmentError('ENVIRONMENT_ONNXRUNTIME', message, { from }, { cause })
  }
}

/**
 * The same where there is nothing to do without it.
 *
 * @throws EnvironmentError `ENVIRONMENT_ONNXRUNTIME` also where it isn't installed
 */
export async function neededOnnxRuntime(name: OnnxRuntimePackage, from: string): Promise<OnnxRuntime> {
  const found = await findOnnxRuntime(name, from)
  if (found) return found
  const message = `${name} is not installed in ${from}: npm install --save-dev ${name}`
  throw new EnvironmentError('ENVIRONMENT_ONNXRUNTIME', message)
}

/** What it reads: the file of an id, its bytes, or what another format is converted to. */
async function sourceOf(id: string, asBytes: boolean): Promise<string | Uint8Array> {
  const file = modelFile(id)
  if (/\.onnx$/i.test(file)) return asBytes ? readFile(file) : file
  const model = await readById(id)
  return model.format === undefined && !asBytes ? file : encodeModel(model)
}

async function load(
  api: Api,
  name: OnnxRuntimePackage,
  model: string,
  { threads, asWritten = false }: SessionOptions,
): Promise<OnnxSession> {
  const isWeb = name === 'onnxruntime-web'
  if (isWeb) api.env.wasm.numThreads = threads
  const session = await api.InferenceSession.create(await sourceOf(model, isWeb), {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionProviders: [isWeb ? 'wasm' : 'cpu'],
    graphOptimizationLevel: asWritten ? 'disabled' : 'all',
    // onnxruntime-web's sessions pass over `env.logLevel`: 3 is errors.
    logSeverityLevel: 3,
  })
  const feedsOf = (inputs: Inputs): Readonly<Record<string, unknown>> =>
    Object.fromEntries([...inputs].map(([input, tensor]) => [input, feed(api, tensor)]))
  return {
    async run(inputs) {
      const results = Object.entries(await session.run(feedsOf(inputs)))
      return new Map(results.map(([output, { type, dims, data }]) => [output, fromRuntime({ type, dims, data })]))
    },
    prepare(inputs) {
      const feeds = feedsOf(inputs)
      return () => session.run(feeds)
    },
    release: () => session.release(),
  }
}

function feed(api: Api, tensor: TestValue): unknown {
  if (tensor === undefined || isSequence(tensor))
    throw new UsageError(
      'USAGE_INPUT',
      'onnxruntime for JavaScript takes tensors only, and the model has other inputs.',
    )
  const { data, dims } = toRuntime(tensor)
  return new api.Tensor(tensor.type, tensor.type === 'float16' ? float16Data(data as Uint16Array) : data, dims)
}

/** onnxruntime takes what the engine has: `Float16Array`, or bits. */
function float16Data(bits: Uint16Array): unknown {
  const Array16 = globalThis.Float16Array as typeof globalThis.Float16Array | undefined
  return Array16 === undefined ? bits : new Array16(bits.buffer as ArrayBuffer, bits.byteOffset, bits.length)
}

async function versionOf(name: string, entry: string): Promise<string> {
  for (let folder = dirname(entry); folder !== dirname(folder); folder = dirname(folder)) {
    const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => '{}')
    const manifest = JSON.parse(text) as { name?: string; version?: string }
    if (manifest.name === name && manifest.version !== undefined) return manifest.version
  }
  return 'unknown'
}
