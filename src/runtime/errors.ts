/** What goes wrong with a model: errors with a code. Wrong inputs are `TypeError` and `RangeError`. */
class ModelError extends Error {
  readonly code: string
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** A model's native code can't be loaded here. Codes begin with `LOAD_`. */
export class ModelLoadError extends ModelError {
  override name = 'ModelLoadError'
}

/** A model ran and reported an error, or can't run any more. Codes begin with `RUN_`. */
export class ModelRunError extends ModelError {
  override name = 'ModelRunError'
}

/** What is said of later uses. @param what `m.onnx: it` */
export function disposed(what: string): ModelRunError {
  return new ModelRunError('RUN_DISPOSED', `${what} was disposed`)
}
