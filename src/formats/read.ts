import type { Model } from '../onnx/model.ts'
import { type FileReadOptions, readOnnx } from '../onnx/read.ts'
import type { FrontEnd } from './front-end.ts'
import { pt2 } from './pt2/index.ts'
import { tflite } from './tflite/index.ts'

/** All formats but ONNX itself. A new one is a folder here and an entry. */
const frontEnds: readonly FrontEnd[] = [tflite, pt2]

/** What reads a file that is not ONNX, by its contents. */
export function frontEndOf(bytes: Uint8Array): FrontEnd | undefined {
  return frontEnds.find((candidate) => candidate.claims(bytes))
}

/**
 * Reads a model of any format; its contents tell which. What is not ONNX is converted.
 *
 * @throws as `readOnnx`
 */
export function readModel(path: string, options: FileReadOptions = {}): Promise<Model> {
  return readOnnx(path, options, (bytes) => {
    const frontEnd = frontEndOf(bytes)
    return (
      frontEnd && {
        format: frontEnd.format,
        convert: (file, reading) => frontEnd.convert(file, reading, options),
      }
    )
  })
}
