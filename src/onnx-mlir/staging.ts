/**
 * A private folder for one compile. The driver reads side files next to the model (`omconfig.json`), refuses hard-linked
 * models in some versions and symbolic links in external data, writes next to its input, and leaves temporary files behind:
 * none of that can matter in a fresh folder that holds real copies and is removed afterwards.
 */
import { createHash } from 'node:crypto'
import { constants, createReadStream, rmSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, rm, statfs, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, isAbsolute, join, relative, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { EnvironmentError, ModelError } from '../errors.ts'
import type { Model, ModelFile } from '../onnx/model.ts'
import { onShutdown } from '../process/shutdown.ts'

export interface StagingOptions {
  /** Folder to make the staging folder in; default the system's temporary folder. Container engines on macOS and Windows see only some. */
  readonly parent?: string
  /** Leave the folder behind, to look into. */
  readonly keep?: boolean
  /** The model file's bytes, for models that were not read from a file. */
  readonly bytes?: Uint8Array
}

export interface Staging {
  /** The driver's working directory: holds `model.onnx`, and external data under their names. */
  readonly work: string
  /** Beside `work`: what must not be visible to the driver. */
  readonly root: string
  /** Removes everything, unless it is to be kept. */
  [Symbol.asyncDispose](): Promise<void>
}

/** Name of the model in the staging folder. */
export const stagedModel = 'model.onnx'

/**
 * Copies a model and its external data into a new folder that only this user can read.
 * @throws EnvironmentError `ENVIRONMENT_DISK_FULL`, ModelError `MODEL_CHANGED` if a file isn't what was read before
 */
export async function stageModel(model: Model, options: StagingOptions = {}): Promise<Staging> {
  const parent = options.parent ?? tmpdir()
  await mkdir(parent, { recursive: true })
  const root = await mkdtemp(join(parent, 'onnx-mlir-'))
  const forget = options.keep ? () => {} : onShutdown(() => rmSync(root, { recursive: true, force: true }))
  const staging: Staging = {
    root,
    work: join(root, 'work'),
    async [Symbol.asyncDispose]() {
      forget()
      if (!options.keep) await rm(root, { recursive: true, force: true, maxRetries: 3 })
    },
  }
  try {
    await mkdir(join(staging.work, 'tmp'), { recursive: true })
    await requireSpace(model, parent)
    await copyModel(model, staging.work, options.bytes)
    return staging
  } catch (error) {
    await staging[Symbol.asyncDispose]()
    throw diskFull(error, parent) ?? error
  }
}

/** An error about a full disk where the system's error is one. */
export function diskFull(error: unknown, folder: string): EnvironmentError | undefined {
  const { code } = error as NodeJS.ErrnoException
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return undefined
  return new EnvironmentError(
    'ENVIRONMENT_DISK_FULL',
    `The disk that holds ${folder} is full. Free some space, or set TMPDIR to a folder on another one.`,
    { folder },
    { cause: error as Error },
  )
}

async function copyModel(model: Model, work: string, bytes: Uint8Array | undefined): Promise<void> {
  const [main, ...external] = model.files
  if (bytes !== undefined) await writeFile(join(work, stagedModel), bytes)
  else if (main !== undefined) await copyVerified(main, join(work, stagedModel), model.path)
  else
    throw new ModelError('MODEL_BYTES', `${model.path} was given as bytes: onnx-mlir needs these bytes again.`, {
      model: model.path,
    })
  const base = dirname(main?.path ?? model.path)
  for (const file of external) {
    const name = relative(base, file.path)
    if (name === '' || isAbsolute(name) || name.split(sep)[0] === '..') {
      throw new ModelError(
        'MODEL_EXTERNAL_DATA',
        `${model.path}: external data ${file.path} lies outside of the model's folder.`,
        {
          model: model.path,
          file: file.path,
        },
      )
    }
    await mkdir(dirname(join(work, name)), { recursive: true })
    await copyVerified(file, join(work, name), model.path)
  }
}

/** A real copy (or a copy-on-write clone, which is one), and proof that it is what the model was decoded from. */
async function copyVerified(file: ModelFile, to: string, model: string): Promise<void> {
  await copyFile(file.path, to, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL)
  const hash = createHash('sha256')
  await pipeline(createReadStream(to), hash)
  if (hash.digest('hex') !== file.sha256) {
    throw new ModelError('MODEL_CHANGED', `${file.path} was changed while it was being compiled. Build again.`, {
      model,
      file: file.path,
    })
  }
}

/** What a compile writes is of the model's size several times over: intermediate code, object and library. */
async function requireSpace(model: Model, folder: string): Promise<void> {
  const needed = 4 * model.files.reduce((sum, file) => sum + file.bytes, 0)
  const { bavail, bsize } = await statfs(folder)
  const free = bavail * bsize
  if (free >= needed) return
  const mib = (bytes: number) => `${Math.ceil(bytes / (1 << 20))} MiB`
  throw new EnvironmentError(
    'ENVIRONMENT_DISK_FULL',
    `Compiling ${model.path} takes about ${mib(needed)} in ${folder}, which has ${mib(free)} left. Free some space, or set TMPDIR to a folder on another disk.`,
    { model: model.path, folder, needed, free },
  )
}
