import { createHash } from 'node:crypto'
import { constants, open, type FileHandle } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { ExternalFiles } from './external-data.ts'
import { foreignFile } from './foreign.ts'
import { onnx } from './generated/onnx.js'
import type { ReadOptions } from './limits.ts'
import type { Model } from './model.ts'
import { readModelProto } from './model-proto.ts'
import { Reading } from './reading.ts'

export interface DecodeOptions extends ReadOptions {
  /** What to call the model in messages and in `Model.path`. */
  readonly path?: string
  /** Directory that external data is in, and must stay in; without it, external data is an error. */
  readonly baseDir?: string
}

/**
 * Reads an ONNX model and its external data.
 *
 * @throws ModelError What is wrong with the file and what to do; its codes are listed in `ModelErrorCode`.
 */
export async function readModel(path: string, options: ReadOptions = {}): Promise<Model> {
  const absolute = resolve(path)
  const bytes = await readBytes(absolute, new Reading(absolute, options))
  return decodeModel(bytes, { ...options, path: absolute, baseDir: dirname(absolute) })
}

/** Decodes the bytes of an ONNX model. Tensors are views of `bytes` where that needs no copy: don't change them afterwards. */
export function decodeModel(bytes: Uint8Array, options: DecodeOptions = {}): Model {
  const external = options.baseDir === undefined ? undefined : new ExternalFiles(options.baseDir)
  const reading = new Reading(options.path ?? 'model.onnx', options, external)
  const file = reading.site('the file')
  try {
    const other = foreignFile(bytes)
    if (other) file.fail('MODEL_NOT_ONNX', `is ${other.is}. ${other.advice}`)
    const proto = file.message(bytes, (reader) => onnx.ModelProto.decode(reader))
    const model = readModelProto(proto, reading)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const files = [{ path: reading.path, bytes: bytes.length, sha256 }, ...(external?.files(file) ?? [])]
    return { ...model, files }
  } finally {
    external?.close()
  }
}

async function readBytes(path: string, reading: Reading): Promise<Uint8Array> {
  const site = reading.site('the file')
  let handle: FileHandle | undefined
  try {
    // O_NONBLOCK: opening a pipe must not wait for its other end.
    handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
    const stats = await handle.stat()
    if (!stats.isFile()) site.fail('MODEL_UNREADABLE', 'is not a regular file. Give the path of the .onnx file.')
    site.bound('fileBytes', stats.size, `${stats.size} bytes`)
    return await handle.readFile()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (!code || code.startsWith('MODEL_')) throw error
    const why = code === 'ENOENT' ? 'does not exist' : `can't be read (${code})`
    return site.fail('MODEL_UNREADABLE', `${why}. Check the path.`)
  } finally {
    await handle?.close()
  }
}
