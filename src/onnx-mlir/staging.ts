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
import { EnvironmentError, ModelError } from '../errors/index.ts'
import type { Model, ModelFile } from '../onnx/model.ts'
import { encodeModel } from '../onnx/write.ts'
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
  /** The driver's working directory: holds `model/` with the model and its external data. */
  readonly work: string
  /** Beside `work`: what must not be visible to the driver. */
  readonly root: string
  /** Removes everything, unless it is to be kept. */
  [Symbol.asyncDispose](): Promise<void>
}

/** The model in the staging folder: in a folder of its own with its external data, apart from what the driver writes. */
export const stagedModel = 'model/model.onnx'

/**
 * Copies a model and its external data into a new folder that only this user can read.
 * @throws EnvironmentError `ENVIRONMENT_DISK`, ModelError `MODEL_CHANGED` if a file isn't what was read before
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
    // onnx-mlir reads ONNX alone.
    await copyModel(model, staging.work, options.bytes ?? (model.format === undefined ? undefined : encodeModel(model)))
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
    'ENVIRONMENT_DISK',
    `The disk that holds ${folder} is full. Free some space, or set TMPDIR to a folder on another one.`,
    { folder },
    { cause: error as Error },
  )
}

async function copyModel(model: Model, work: string, bytes: Uint8Array | undefined): Promise<void> {
  const [main, ...external] = model.files
  const target = join(work, stagedModel)
  await mkdir(dirname(target), { recursive: true })
  if (bytes !== undefined) await writeFile(target, bytes)
  else if (main !== undefined && isAbsolute(main.path)) await copyVerified(main, target, model.path)
  else {
    const message = `${model.path} is on no disk: onnx-mlir needs its bytes again.`
    throw new ModelError('MODEL_BYTES', message, { model: model.path })
  }
  if (main === undefined || external.length === 0) return
  for (const file of external) {
    const to = join(dirname(target), externalName(model, file, dirname(main.path)))
    await mkdir(dirname(to), { recursive: true })
    await copyVerified(file, to, model.path)
  }
}

/** The driver reads `omconfig.json` beside a model by itself, and takes compile options from it. */
const refusedName = /^(omconfig\.json|model\.onnx)$/i

/** External data keep the name that the model has for them, and a link becomes the file that it leads to. */
function externalName(model: Model, { path }: ModelFile, folder: string): string {
  const name = relative(folder, path)
  const outside = name === '' || isAbsolute(name) || name.split(sep)[0] === '..'
  if (!outside && !refusedName.test(name)) return name
  const why = outside ? 'lies outside of the model’s folder' : 'has a name that onnx-mlir would misunderstand'
  throw new ModelError(
    'MODEL_EXTERNAL_DATA',
    `${model.path}: its external data ${path} ${why}. Export the model again with another file for its data.`,
    { model: model.path, file: path },
  )
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
  const size = (bytes: number) =>
    bytes < 1 << 20 ? `${Math.ceil(bytes / 1024)} KiB` : `${Math.ceil(bytes / (1 << 20))} MiB`
  throw new EnvironmentError(
    'ENVIRONMENT_DISK',
    `Compiling ${model.path} takes about ${size(needed)} in ${folder}, which has ${size(free)} left. Free some space, or set TMPDIR to a folder on another disk.`,
    { model: model.path, folder, needed, free },
  )
}
