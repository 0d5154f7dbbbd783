import { basename } from 'node:path'
import type { Artifact } from '../artifact.ts'
import type { Platform } from '../emit/module.ts'
import { type Directives, parseRequest, type Request, type RequestOptions } from '../request/index.ts'
import { canRun, resolveTarget } from '../targets/index.ts'
import { isModule } from './facts.ts'

/** What a module is made for, beside what its request says. */
export interface Surroundings {
  /** `dev`: the library must run on this machine, whatever the target. */
  readonly mode: 'dev' | 'build'
  /** What will run the module: what is not Node gets WebAssembly, whatever the target is elsewhere. Default: `node`. */
  readonly platform?: Platform
  /**
   * The setting that makes this build one for Node, where it is for browsers since nothing else was said, as happens to those
   * who build libraries and programs.
   */
  readonly nodeSetting?: string
}

/** The request without what changes no artifact: how files are delivered, where in a page a model runs, and on how many threads. */
export function artifactRequest({ path, directives }: Request): Request {
  const threads = directives.threads === 1 ? 1 : 'auto'
  return parseRequest(path, { ...directives, files: 'url', worker: false, threads })
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
  return retargeted(isHere ? target : 'host', { threads: 1 })
}

/** Native libraries are files, whatever is asked for; at the edge are no files, and so no URLs of them. */
export function deliveryOf(
  { directives }: Request,
  artifact: Artifact,
  { platform }: Surroundings,
): Directives['files'] {
  if (!isModule(artifact)) return 'url'
  return platform === 'edge' && directives.files === 'url' ? 'module' : directives.files
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

/** How many threads the directives ask for, where the artifact can have several. */
export function threadsOf({ directives }: Request, { variants = [] }: Artifact): Directives['threads'] {
  return variants.some(({ needs }) => needs.includes('threads')) ? directives.threads : 1
}

/** What is told of threads that native code has not. */
export function threadsNote({ path, directives }: Request, artifact: Artifact): string | undefined {
  if (directives.threads === 1 || isModule(artifact)) return undefined
  return `${basename(path)}: native code runs on one thread today; threads=${directives.threads} is for WebAssembly`
}

function isForNode(platform: Platform = 'node'): boolean {
  return platform === 'node'
}
