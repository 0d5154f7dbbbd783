import { shortenNames } from '../runtime/shorten.ts'

/** Where in a model an error belongs. */
export interface ErrorWhere {
  /** Path of the model file as the user wrote it. */
  model?: string
  /** ONNX node name, or `#index` where the node has none. */
  node?: string
  /** ONNX operator, e.g. `Conv` or `com.microsoft.Gelu`. */
  op?: string
}

/**
 * Every error this package throws on purpose.
 * `code` is stable and meant for programs; `message` names the model, the node and what to do next; `data` holds the facts,
 * names in their whole length among them, which the message cuts.
 */
export class OnnxMlirError extends Error {
  readonly code: string
  readonly data: Readonly<Record<string, unknown>>

  constructor(code: string, message: string, data: Record<string, unknown> & ErrorWhere = {}, options?: ErrorOptions) {
    super(shortenNames(message), options)
    this.name = 'OnnxMlirError'
    this.code = code
    this.data = data
  }
}

/** The model file can't be read, or breaks a rule of the ONNX specification. Codes begin with `MODEL_`. */
export class ModelError extends OnnxMlirError {
  override name = 'ModelError'
}

/** The model is sound, but a compiler can't make it. Codes begin with `COMPILE_` or `UNSUPPORTED_`. */
export class CompileError extends OnnxMlirError {
  override name = 'CompileError'
}

/** An option, directive, flag or file the user gave is wrong. Codes begin with `USAGE_`. */
export class UsageError extends OnnxMlirError {
  override name = 'UsageError'
}

/** A tool or file that the machine should have is missing. Codes begin with `ENVIRONMENT_`. The message says how to get it. */
export class EnvironmentError extends OnnxMlirError {
  override name = 'EnvironmentError'
}
