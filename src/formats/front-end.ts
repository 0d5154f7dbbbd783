import type { ReadOptions } from '../onnx/limits.ts'
import type { Reading } from '../onnx/reading.ts'
import type { WritableModel } from '../onnx/write.ts'

/** Reads models of one format other than ONNX. */
export interface FrontEnd {
  /** The format's name, for messages and reports. */
  readonly format: string
  /** Whether a file is of this format, by its contents. */
  claims(bytes: Uint8Array): boolean
  /**
   * The same model in ONNX. Offsets, lengths and counts in the file are claims until they were checked.
   *
   * @throws ModelError through `reading.site(…).fail(…)`, naming everything that can't be converted at once
   */
  convert(bytes: Uint8Array, reading: Reading, options: ReadOptions): WritableModel
}
