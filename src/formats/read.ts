import type { Model } from '../onnx/model.ts'
import { type FileReadOptions, readOnnx } from '../onnx/read.ts'
import type { FrontEnd } from './front-end.ts'
import { tflite } from './tflite/index.ts'

/** All formats but ONNX itself. A new one is a folder here and an entry. */
const frontEnds: readonly FrontEnd[] = [tflite]

/**
 * Reads a model of any format; its contents tell which. What is not ONNX is converted.
 *
 * @throws as `readOnnx`
 */
export function readModel(path: string, options: FileReadOptions = {}): Promise<Model> {
  return readOnnx(path, options, (bytes) => {
    const frontEnd = frontEnds.find((candidate) => candidate.claims(bytes))
    return (
      frontEnd && {
        format: frontEnd.format,
        convert: (file, reading) => frontEnd.convert(file, reading, options),
      }
    )
  })
}
