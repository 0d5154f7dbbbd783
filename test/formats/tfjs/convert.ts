import { tfjs } from '../../../src/formats/tfjs/index.ts'
import type { Model } from '../../../src/onnx/model.ts'
import { decodeModel } from '../../../src/onnx/read.ts'
import { Reading } from '../../../src/onnx/reading.ts'
import { encodeModel } from '../../../src/onnx/write.ts'

/** The files beside a model, in memory. */
export type Files = Readonly<Record<string, Uint8Array>>

/** The ONNX bytes that a `model.json` becomes. */
export function converted(file: unknown, files: Files = {}): Uint8Array {
  const bytes = typeof file === 'string' ? Buffer.from(file) : Buffer.from(JSON.stringify(file))
  const reading = new Reading('m.json', {}, {
    contents: (location, site) => files[location] ?? site.fail('MODEL_EXTERNAL_DATA', `is missing: ${location}`),
    read: () => new Uint8Array(),
    files: () => [],
  }) // prettier-ignore
  return encodeModel(tfjs.convert(bytes, reading, {}))
}

export function convertedModel(file: unknown, files: Files = {}): Model {
  return decodeModel(converted(file, files), { path: 'm.json' })
}
