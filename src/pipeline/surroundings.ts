import { basename } from 'node:path'
import type { Artifact } from '../cache/artifact.ts'
import type { Platform } from '../emit/module.ts'
import {
  asksForThreads,
  type Directives,
  namesOf,
  parseRequest,
  type Request,
  type RequestOptions,
} from '../request/index.ts'
import { canRun, resolveTarget } from '../targets/index.ts'
import { isModule } from './facts.ts'

/** What a module is made for, beside what its request says. */
export interface Surroundings {
  /** `dev`: the library must run on this machine, whatever the target. */
  readonly mode: 'dev' | 'build'
  /** Whether models may be tuned now, which takes its time. Default: in builds. */
  readonly tunes?: boolean
  /** What will run the module: what is not Node gets WebAssembly, whatever the target is elsewhere. Default: `node`. */
  readonly platform?: Platform
  /**
   * The setting that makes this build one for Node, where it is for browsers since nothing else was said, as happens to those
   * who build libraries and programs.
   */
  readonly nodeSetting?: string
  /** Who bundles this build's output once more, and leaves behind the files beside it. */
  readonly rebundler?: string
}

/** How files reach the program: {@link Directives.files} when it is decided. */
export type Delivery = Exclude<Directives['files'], 'auto'>

/** The request without what changes no artifact: how files are delivered, where in a page a model runs, and on how many threads. */
export function artifactRequest({ path, directives }: Request): Request {
  const threads = asksForThreads(directives) ? 'auto' : undefined
  return parseRequest(path, { ...directives, files: 'auto', worker: false, threads })
}

/**
 * The targets to compile for, of those that a request names: all of them for Node, best first; WebAssembly for browsers, and in
 * dev the best that runs here.
 */
export function targetsFor({ directives }: Request, { mode, platform }: Surroundings): readonly string[] {
  const names = namesOf(directives.target)
  if (names.length === 1) return names
  if (!isForNode(platform)) return [names.includes('wasm') ? 'wasm' : names[0]!]
  return mode === 'build' ? names : [names.find((name) => canRun(resolveTarget(name))) ?? 'host']
}

/** The request itself; for browsers and the edge as WebAssembly; in dev for this machine where its target can't run here. */
export function runnableRequest(request: Request, { mode, platform }: Surroundings): Request {
  const retargeted = (target: string, more: RequestOptions = {}) =>
    parseRequest(request.path, { ...request.directives, target, ...more })
  const { target, compiler } = request.directives
  // In the same words for all: one compile serves pages and servers that ask for it.
  const isWasm = !isForNode(platform) || (target === 'wasm' && compiler !== 'onnx-mlir')
  if (isWasm) return retargeted('wasm', { compiler: 'builtin' })
  const isHere = mode === 'build' || canRun(resolveTarget(target))
  return retargeted(isHere ? target : 'host', { threads: undefined })
}

/**
 * How an artifact's files reach the program. At the edge are no files, and so no URLs of them. In development native code is in
 * the cache, which is at hand. A worker's program would need a policy that allows `blob:`.
 */
export function deliveryOf(
  { directives: { files, worker } }: Request,
  artifact: Artifact,
  { mode, platform, rebundler }: Surroundings,
): Delivery {
  if (platform === 'edge') return files === 'inline' ? files : 'module'
  const isNative = !isModule(artifact)
  if (isNative && mode === 'dev') return 'url'
  if (files !== 'auto' && !(isNative && files === 'module')) return files
  if (mode === 'dev') return 'url'
  return (isForNode(platform) ? rebundler !== undefined : !worker && isSmall(artifact)) ? 'inline' : 'url'
}

/**
 * Of a module that is no larger, base64 takes no longer to come than a page takes to ask for one more file, on any network that
 * was measured (docs/runtime-web.md). And it is the module for all: what another one would gain is some 20 µs of a run of so many operations.
 */
const SMALL_BYTES = 1 << 16
const SMALL_FLOPS = 2e6

/** Whether a module is better off inside of a page's JavaScript than in a file beside it. */
function isSmall({ bytes, constants, flops = Infinity }: Artifact): boolean {
  return bytes <= SMALL_BYTES && constants === undefined && flops <= SMALL_FLOPS
}

/** Whether the model runs in a Web Worker. */
export function isInWorker({ directives }: Request, { platform }: Surroundings): boolean {
  return platform === 'browser' && directives.worker
}

/** What code for browsers can't have of what the directives ask for, and how to have it in Node. */
export function webNote({ directives }: Request, { platform, nodeSetting }: Surroundings): string | undefined {
  const { target, compiler } = directives
  const isElsewhere = target !== 'wasm' && target !== resolveTarget('host').name
  const unheeded = [
    ...(isElsewhere ? [`target=${target}`] : []),
    ...(compiler === 'onnx-mlir' ? ['compiler=onnx-mlir'] : []),
  ]
  if (isForNode(platform) || unheeded.length === 0) return undefined
  const advice =
    nodeSetting === undefined ? '' : ` (what runs in Node is built with ${nodeSetting}; else take target=wasm)`
  return `code for browsers gets WebAssembly of the built-in compiler; ${unheeded.join(' and ')} ${unheeded.length > 1 ? 'are' : 'is'} for servers${advice}`
}

/** How many threads the directives ask for, where the artifact can have several: native code of the built-in compiler always can. */
export function threadsOf({ directives }: Request, artifact: Artifact): Directives['threads'] {
  const { variants = [], compiler } = artifact
  const canShare = isModule(artifact)
    ? variants.some(({ needs }) => needs.includes('threads'))
    : compiler.name === 'builtin'
  return canShare ? directives.threads : undefined
}

/** What is told of threads that onnx-mlir's code does not take from us. */
export function threadsNote({ path, directives }: Request, { compiler }: Artifact): string | undefined {
  if (!asksForThreads(directives) || compiler.name === 'builtin') return undefined
  return `${basename(path)}: what onnx-mlir compiles has threads of its own (its option parallel); threads=${directives.threads} is for the built-in compiler`
}

function isForNode(platform: Platform = 'node'): boolean {
  return platform === 'node'
}
