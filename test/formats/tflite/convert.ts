import { tflite } from '../../../src/formats/tflite/index.ts'
import type { ReadOptions } from '../../../src/onnx/limits.ts'
import type { Model } from '../../../src/onnx/model.ts'
import { decodeModel } from '../../../src/onnx/read.ts'
import { Reading } from '../../../src/onnx/reading.ts'
import { encodeModel } from '../../../src/onnx/write.ts'

/** The ONNX bytes that a .tflite file becomes. */
export function converted(bytes: Uint8Array, options: ReadOptions = {}): Uint8Array {
  return encodeModel(tflite.convert(bytes, new Reading('m.tflite', options), options))
}

export function convertedModel(bytes: Uint8Array, options: ReadOptions = {}): Model {
  return decodeModel(converted(bytes, options), { path: 'm.tflite' })
}
