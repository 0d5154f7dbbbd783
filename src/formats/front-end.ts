import type { Encoded, FileReadOptions } from '../onnx/read.ts'
import type { Reading } from '../onnx/reading.ts'
import type { WritableModel } from '../onnx/write.ts'
import type { PythonOptions } from './python/options.ts'

/** How a model of any format is read. */
export interface ModelReadOptions extends FileReadOptions {
  /** Of formats that only Python reads. */
  readonly python?: PythonOptions
}

/** Reads models of one format other than ONNX: by itself, or by having another program write ONNX. */
export interface FrontEnd<Made extends WritableModel | Promise<Encoded> = WritableModel | Promise<Encoded>> {
  /** The format's name, for messages and reports. */
  readonly format: string
  /** Whether a file is of this format, by its contents. */
  claims(bytes: Uint8Array): boolean
  /**
   * The same model in ONNX. Offsets, lengths and counts in the file are claims until they were checked.
   *
   * @throws ModelError through `reading.site(…).fail(…)`, naming everything that can't be converted at once
   */
  convert(bytes: Uint8Array, reading: Reading, options: ModelReadOptions): Made
}
