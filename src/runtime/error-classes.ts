import * as own from './errors.ts'

/** A model's native code can't be loaded here. Codes begin with `LOAD_`. */
export const ModelLoadError = /* @__PURE__ */ ofAllCopies(own.ModelLoadError, 'ModelLoadError')
export type ModelLoadError = own.ModelLoadError

/** A model ran and reported an error, or can't run any more. Codes begin with `RUN_`. */
export const ModelRunError = /* @__PURE__ */ ofAllCopies(own.ModelRunError, 'ModelRunError')
export type ModelRunError = own.ModelRunError

/**
 * A program may hold several copies of the runtime: those bundled with models, and the one that it imports itself to ask
 * `error instanceof ModelRunError`. So errors of any copy are instances of the class, known by what every copy gives them.
 * Only who imports the class carries this, and not what is built of a model.
 */
function ofAllCopies<Kind extends typeof own.ModelLoadError>(kind: Kind, name: string): Kind {
  return Object.defineProperty(kind, Symbol.hasInstance, {
    configurable: true,
    value(this: unknown, value: unknown): boolean {
      const isOwn = Function.prototype[Symbol.hasInstance].call(this as Kind, value)
      // Classes that others derive from it are their own.
      return isOwn || (this === kind && isError(value) && value.name === name && typeof value.code === 'string')
    },
  })
}

/** Of any realm: what is an error has a tag, which plain objects lack. */
function isError(value: unknown): value is Error & { readonly code?: unknown } {
  return Object.prototype.toString.call(value) === '[object Error]'
}
