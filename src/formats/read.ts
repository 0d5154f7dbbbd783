import type { Model } from '../onnx/model.ts'
import { type FileReadOptions, readOnnx } from '../onnx/read.ts'
import type { FrontEnd } from './front-end.ts'
import { isTflite } from './tflite/magic.ts'
import { isZip } from './zip.ts'

/** All formats but ONNX itself, by how their files begin; loaded for such files alone. A new one is a folder here and an entry. */
const formats: readonly {
  readonly begins: (bytes: Uint8Array) => boolean
  readonly load: () => Promise<FrontEnd>
}[] = [
  { begins: isTflite, load: async () => (await import('./tflite/index.ts')).tflite },
  { begins: isZip, load: async () => (await import('./pt2/index.ts')).pt2 },
]

/** What reads a file that is not ONNX, by its contents. */
async function frontEndOf(bytes: Uint8Array): Promise<FrontEnd | undefined> {
  const frontEnd = await formats.find(({ begins }) => begins(bytes))?.load()
  return frontEnd?.claims(bytes) ? frontEnd : undefined
}

/**
 * Reads a model of any format; its contents tell which. What is not ONNX is converted.
 *
 * @throws as `readOnnx`
 */
export function readModel(path: string, options: FileReadOptions = {}): Promise<Model> {
  return readOnnx(path, options, async (bytes) => {
    const frontEnd = await frontEndOf(bytes)
    return (
      frontEnd && {
        format: frontEnd.format,
        convert: (file, reading) => frontEnd.convert(file, reading, options),
      }
    )
  })
}
