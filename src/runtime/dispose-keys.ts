/** Engines without explicit resource management are asked under the names that compilers of `using` fall back to. */
export const disposeKey: typeof Symbol.dispose = Symbol.dispose ?? Symbol.for('Symbol.dispose')
export const asyncDisposeKey: typeof Symbol.asyncDispose = Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')
