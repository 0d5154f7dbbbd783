import { isModelName } from '../request/extensions.ts'

const declaration = /\.d(\.[^./?]+)(?:\?.*)?\.ts$/

/**
 * Path of a model's declaration, where TypeScript's `allowArbitraryExtensions` looks for it: `m.d.onnx.ts` of `m.onnx`, and
 * `m.d.onnx?O=3.ts` of `m.onnx?O=3`, as it splits a specifier at the last dot of its whole text.
 */
export function declarationFile(model: string, query = ''): string {
  const dot = model.lastIndexOf('.')
  return `${model.slice(0, dot)}.d${model.slice(dot)}${query && `?${query}`}.ts`
}

/** The model that a declaration without a query is of. */
export function declaredModel(file: string): string {
  return file.replace(/\.d(\.[^./]+)\.ts$/, '$1')
}

/** Whether a file is the declaration of a model, by its name. */
export function isDeclarationFile(path: string): boolean {
  return declaration.test(path) && isModelName(path.replace(declaration, '$1'))
}
