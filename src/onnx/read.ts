import { createHash } from 'node:crypto'
import { constants, open, type FileHandle } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { ModelError } from '../errors/index.ts'
import { hashBytes } from './background.ts'
import { ExternalFiles } from './external-data.ts'
import { externalTensors } from './external-tensors.ts'
import { foreignFile } from './foreign.ts'
import { onnx } from './generated/onnx.js'
import type { ReadOptions } from './limits.ts'
import type { Model, ModelFile } from './model.ts'
import { readModelProto } from './model-proto.ts'
import { Reading } from './reading.ts'
import { claimedBytes } from './tensor-proto.ts'
import { encodeModel, type WritableModel } from './write.ts'

export interface DecodeOptions extends ReadOptions {
  /** What to call the model in messages and in `Model.path`. */
  readonly path?: string
  /** Directory that external data is in, and must stay in; without it, external data is an error. */
  readonly baseDir?: string
}

/** `ReadOptions`, and what ends the reading early. */
export interface FileReadOptions extends ReadOptions {
  readonly signal?: AbortSignal
}

/** What makes ONNX of a file that is none. */
export interface Conversion {
  /** The format that the file is in. */
  readonly format: string
  /** @throws ModelError naming what can't be converted */
  convert(bytes: Uint8Array, reading: Reading): WritableModel | Promise<Encoded>
}

/** What another program wrote, and what that read beside the file. */
export interface Encoded {
  readonly onnx: Uint8Array
  readonly files: readonly ModelFile[]
}

/**
 * Reads an ONNX model and its external data. Files are read and hashed in the background, in pieces.
 *
 * @param conversionOf what reads a file by its bytes; `undefined`: it is ONNX
 * @throws ModelError What is wrong with the file and what to do; its codes are listed in `ModelErrorCode`.
 * @throws the signal's reason when aborted
 */
export async function readOnnx(
  path: string,
  { signal, ...options }: FileReadOptions = {},
  conversionOf: (bytes: Uint8Array) => Promise<Conversion | undefined> = async () => undefined,
): Promise<Model> {
  const absolute = resolve(path)
  const bytes = await readBytes(absolute, new Reading(absolute, options), signal)
  const conversion = await conversionOf(bytes)
  if (conversion) return readConverted(bytes, conversion, absolute, { ...options, ...(signal && { signal }) })
  const external = options.externalData === false ? undefined : new ExternalFiles(dirname(absolute))
  const reading = new Reading(absolute, options, external)
  try {
    const proto = decodeProto(bytes, reading)
    if (external) await prefetch(proto, external, reading, signal)
    const model = readModelProto(proto, reading)
    const sha256 = await hashBytes(bytes, signal)
    await external?.prehash(signal)
    return { ...model, ...operatorsOf(options), files: filesOf(bytes.length, sha256, reading) }
  } finally {
    external?.close()
  }
}

/** What is made of another format is written and read again, so that it is held against every rule that a file is. */
async function readConverted(
  bytes: Uint8Array,
  { format, convert }: Conversion,
  path: string,
  { signal, ...options }: FileReadOptions,
): Promise<Model> {
  const external = options.externalData === false ? undefined : new ExternalFiles(dirname(path))
  const reading = new Reading(path, options, external)
  try {
    const made = await convert(bytes, reading)
    const { onnx, files } = 'onnx' in made ? made : { onnx: encodeModel(made), files: [] }
    const sha256 = await hashBytes(bytes, signal)
    await external?.prehash(signal)
    const model = decodeModel(onnx, { ...options, path })
    return { ...model, format, files: [...filesOf(bytes.length, sha256, reading), ...files] }
  } finally {
    external?.close()
  }
}

/** Decodes the bytes of an ONNX model. Tensors are views of `bytes` where that needs no copy: don't change them afterwards. */
export function decodeModel(bytes: Uint8Array, options: DecodeOptions = {}): Model {
  const external = options.baseDir === undefined ? undefined : new ExternalFiles(options.baseDir)
  const reading = new Reading(options.path ?? 'model.onnx', options, external)
  try {
    const model = readModelProto(decodeProto(bytes, reading), reading)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    return { ...model, ...operatorsOf(options), files: filesOf(bytes.length, sha256, reading) }
  } finally {
    external?.close()
  }
}

function operatorsOf({ operators }: ReadOptions): Pick<Model, 'operators'> {
  return operators ? { operators } : {}
}

function decodeProto(bytes: Uint8Array, reading: Reading): onnx.ModelProto {
  const file = reading.site('the file')
  const other = foreignFile(bytes)
  if (other) file.fail('MODEL_NOT_ONNX', `is ${other.is}. ${other.advice}`)
  return file.message(bytes, (reader) => onnx.ModelProto.decode(reader))
}

function filesOf(bytes: number, sha256: string, reading: Reading): ModelFile[] {
  return [{ path: reading.path, bytes, sha256 }, ...(reading.external?.files(reading.site('the file')) ?? [])]
}

/** Reads external data ahead. What is wrong with it is left to the reader, who knows whose data it is. */
async function prefetch(
  proto: onnx.ModelProto,
  external: ExternalFiles,
  reading: Reading,
  signal?: AbortSignal,
): Promise<void> {
  const site = reading.site('the external data')
  let total = 0
  try {
    for (const tensor of externalTensors(proto)) {
      const bytes = claimedBytes(tensor, site)
      total += bytes
      site.bound('tensorBytes', total, `${total} bytes`)
      await external.prefetch(tensor.externalData, bytes, site, signal)
    }
  } catch (error) {
    if (!(error instanceof ModelError)) throw error
  }
}

async function readBytes(path: string, reading: Reading, signal?: AbortSignal): Promise<Uint8Array> {
  const site = reading.site('the file')
  let handle: FileHandle | undefined
  try {
    // O_NONBLOCK: opening a pipe must not wait for its other end.
    handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
    const stats = await handle.stat()
    if (!stats.isFile()) site.fail('MODEL_UNREADABLE', 'is not a regular file. Give the path of the model file.')
    site.bound('fileBytes', stats.size, `${stats.size} bytes`)
    return await handle.readFile({ signal })
  } catch (error) {
    signal?.throwIfAborted()
    const { code } = error as NodeJS.ErrnoException
    if (!code || code.startsWith('MODEL_')) throw error
    const why = code === 'ENOENT' ? 'does not exist' : `can't be read (${code})`
    return site.fail('MODEL_UNREADABLE', `${why}. Check the path.`)
  } finally {
    await handle?.close()
  }
}
