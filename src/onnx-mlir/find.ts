/** Looks for an onnx-mlir: an option, `ONNX_MLIR_HOME`, PATH, a container image (option or `ONNX_MLIR_IMAGE`). */
import { realpath } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { EnvironmentError, type OnnxMlirError } from '../errors/index.ts'
import { isProgram } from '../toolchains/programs.ts'
import type { ImageRequest } from './engine.ts'
import { type Installation, releaseImage } from './installation.ts'

export interface FindOptions {
  /** The binary, or the folder of an installation or build. */
  readonly path?: string
  /** Container image. */
  readonly image?: string
  /** `docker`, `podman`, or a path to one. */
  readonly engine?: string
  /** Container platform, e.g. `linux/s390x`. */
  readonly platform?: string
  /** Download the image if it is absent. Default false. */
  readonly pull?: boolean
  /** Further flags for the engine's `run`. */
  readonly runFlags?: readonly string[]
  /** `ssh://host`: a machine to compile on. */
  readonly builder?: string
  /** Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly signal?: AbortSignal
  readonly onPull?: (line: string) => void
}

/** A place that was looked at, for `doctor`. */
export interface Candidate {
  readonly source: 'option' | 'ONNX_MLIR_HOME' | 'PATH' | 'ONNX_MLIR_IMAGE'
  readonly installation?: Installation
  /** Why there is nothing usable. */
  readonly error?: OnnxMlirError
}

/**
 * The first place that was named and exists; `undefined` where nothing was named and nothing is on PATH.
 * @throws UsageError or EnvironmentError if a place that was named explicitly has none
 */
export async function findOnnxMlir(options: FindOptions = {}): Promise<Installation | undefined> {
  for (const look of places(options)) {
    const candidate = await look()
    if (candidate?.error) throw candidate.error
    if (candidate?.installation) return candidate.installation
  }
  return undefined
}

/** Every place that could be looked at and what is there, without stopping at the first. */
export async function listCandidates(options: FindOptions = {}): Promise<readonly Candidate[]> {
  const candidates: Candidate[] = []
  for (const look of places(options)) {
    const candidate = await look()
    if (candidate) candidates.push(candidate)
  }
  return candidates
}

/**
 * The error for a build that was pinned to onnx-mlir where there is none that can make it.
 * @param target name of the target that was asked for
 * @param obstacle why the one that is here can't
 */
export function missingOnnxMlir(target: string, obstacle?: string): EnvironmentError {
  const platform = /^z\d\d$/.test(target) ? '--platform=linux/s390x ' : ''
  return new EnvironmentError(
    obstacle === undefined ? 'ENVIRONMENT_ONNX_MLIR' : 'ENVIRONMENT_CROSS',
    [
      `${obstacle ?? `No onnx-mlir was found to compile for ${target}`}. One of these gives you one${obstacle === undefined ? '' : ` for ${target}`}:`,
      `  a container image:      podman pull ${platform}${releaseImage}   (or docker), then set ONNX_MLIR_IMAGE=${releaseImage}`,
      '  a local installation:   set ONNX_MLIR_HOME to the folder that holds bin/onnx-mlir, or put it on PATH',
      '  another machine:        builder: "ssh://host"',
      'Or use the built-in compiler: compiler=builtin.',
    ].join('\n'),
    { target },
  )
}

function places(options: FindOptions): (() => Promise<Candidate | undefined>)[] {
  const env = options.env ?? process.env
  const { builder, path, image } = options
  const home = env['ONNX_MLIR_HOME']
  const imageFromEnv = env['ONNX_MLIR_IMAGE']
  const looks: (() => Promise<Candidate | undefined>)[] = []
  const add = (source: Candidate['source'], find: () => Promise<Installation | undefined>) =>
    looks.push(() => attempt(source, find))

  if (builder !== undefined) add('option', async () => (await import('./run-ssh.ts')).parseSshBuilder(builder))
  if (path !== undefined) add('option', () => inFolder(path, `The onnx-mlir option path: ${path}`))
  if (image !== undefined) add('option', () => inImage(image, options))
  if (home) add('ONNX_MLIR_HOME', () => inFolder(home, `ONNX_MLIR_HOME=${home}`))
  add('PATH', () => onPath(env['PATH'] ?? ''))
  if (imageFromEnv) add('ONNX_MLIR_IMAGE', () => inImage(imageFromEnv, options))
  return looks
}

async function attempt(
  source: Candidate['source'],
  find: () => Promise<Installation | undefined>,
): Promise<Candidate | undefined> {
  try {
    const installation = await find()
    return installation && { source, installation }
  } catch (error) {
    return { source, error: error as OnnxMlirError }
  }
}

const program = process.platform === 'win32' ? 'onnx-mlir.exe' : 'onnx-mlir'

async function inFolder(path: string, named: string): Promise<Installation> {
  const tried = [path, join(path, 'bin', program), join(path, program)]
  for (const candidate of tried) {
    if (isProgram(candidate)) return { kind: 'local', path: await realpath(candidate) }
  }
  throw new EnvironmentError(
    'ENVIRONMENT_ONNX_MLIR',
    `${named} holds no executable onnx-mlir (looked for ${tried.join(', ')}).`,
    { path, tried },
  )
}

async function onPath(path: string): Promise<Installation | undefined> {
  for (const folder of path.split(delimiter)) {
    // An empty entry means the working directory: a project's own folder must not decide what gets run.
    if (folder !== '' && isProgram(join(folder, program))) {
      return { kind: 'local', path: await realpath(join(folder, program)) }
    }
  }
  return undefined
}

async function inImage(image: string, options: FindOptions): Promise<Installation> {
  const { platform, pull, runFlags, signal, onPull } = options
  const { findEngine, findImage } = await import('./engine.ts')
  const request: ImageRequest = { image, platform, pull, runFlags, signal, onPull }
  return findImage(await findEngine(options.engine), request)
}
