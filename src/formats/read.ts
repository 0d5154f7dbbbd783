import { statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Model } from '../onnx/model.ts'
import { readOnnx } from '../onnx/read.ts'
import { isModuleName, isSavedModelName } from '../request/extensions.ts'
import type { FrontEnd, ModelReadOptions } from './front-end.ts'
import { isTfjs } from './tfjs/magic.ts'
import { isTflite } from './tflite/magic.ts'
import { isZip } from './zip.ts'

/**
 * All formats but ONNX itself, by how their files begin; loaded for such files alone. Of several that begin alike, the first that
 * claims a file has it. A new one is a folder here and an entry.
 */
const formats: readonly {
  readonly begins: (bytes: Uint8Array, path: string) => boolean
  readonly load: () => Promise<FrontEnd>
  /** Whether a model of it is one file, whatever it says. */
  readonly isOneFile?: boolean
}[] = [
  { begins: (_, path) => isModuleName(path), load: async () => (await import('./python/index.ts')).pythonModule },
  { begins: (_, path) => isSavedModelName(path), load: async () => (await import('./python/index.ts')).savedModel },
  { begins: isTflite, isOneFile: true, load: async () => (await import('./tflite/index.ts')).tflite },
  { begins: isTfjs, load: async () => (await import('./tfjs/index.ts')).tfjs },
  { begins: isZip, load: async () => (await import('./pt2/index.ts')).pt2 },
  { begins: isZip, load: async () => (await import('./python/index.ts')).torchscript },
  { begins: isZip, load: async () => (await import('./python/index.ts')).keras },
]

/** What reads a file that is not ONNX, by its contents. */
async function frontEndOf(bytes: Uint8Array, path: string): Promise<FrontEnd | undefined> {
  for (const { begins, load } of formats) {
    if (!begins(bytes, path)) continue
    const frontEnd = await load()
    if (frontEnd.claims(bytes)) return frontEnd
  }
  return undefined
}

/**
 * Reads a model of any format; its contents tell which. What is not ONNX is converted.
 *
 * @throws as `readOnnx`
 * @throws EnvironmentError where it takes Python and there is none that can
 */
export function readModel(path: string, options: ModelReadOptions = {}): Promise<Model> {
  return readOnnx(path, options, async (bytes) => {
    const frontEnd = await frontEndOf(bytes, path)
    return (
      frontEnd && {
        format: frontEnd.format,
        convert: (file, reading) => frontEnd.convert(file, reading, options),
      }
    )
  })
}

/** What a model consists of, and its format where it is read for that. */
export interface ModelParts {
  /** Itself first. */
  readonly files: readonly string[]
  readonly format?: string | undefined
}

/** As many bytes as tell formats apart. */
const BEGINNING = 64

/**
 * The files that a model consists of: itself first, then external data. A format of one file is not converted for it.
 *
 * @throws as `readOnnx`
 */
export async function modelFilesOf(path: string, options: ModelReadOptions = {}): Promise<ModelParts> {
  const beginning = await beginningOf(path)
  if (beginning && formats.some(({ begins, isOneFile }) => isOneFile && begins(beginning, path)))
    return { files: [resolve(path)] }
  const { files, format } = await readModel(path, options)
  return { files: files.map((file) => file.path), format }
}

/** `undefined` where it can't be read, which reading tells better. */
async function beginningOf(path: string): Promise<Uint8Array | undefined> {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return undefined
  try {
    const file = await open(path)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(BEGINNING)).finally(() => file.close())
    return buffer.subarray(0, bytesRead)
  } catch {
    return undefined
  }
}
