/** A model's native code can't be loaded here. Codes begin with `LOAD_`. */
export class ModelLoadError extends Error {
  override name = 'ModelLoadError'
  readonly code: string
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** A model ran and reported an error, or can't run any more. Codes begin with `RUN_`. Wrong inputs are `TypeError` and `RangeError`. */
export class ModelRunError extends Error {
  override name = 'ModelRunError'
  readonly code: string
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
