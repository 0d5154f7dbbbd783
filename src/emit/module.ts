import type { ModelFacts } from '../runtime/model.ts'
import { jsString, jsValue } from './js.ts'

/** Where the generated module finds its files at run time: JavaScript expressions, each giving a `string` path or a `URL`. */
export interface ModuleFiles {
  readonly addon: string
  readonly library: string
  /** onnx-mlir's large constants, where the library has any. */
  readonly constants?: string
}

export interface ModuleOptions {
  readonly facts: ModelFacts
  /** What the module imports `createNodeModel` from: a package specifier or an absolute path. */
  readonly runtime: string
  readonly files: ModuleFiles
}

/**
 * The JavaScript module that a model import becomes on Node: an ES module with the model as default export, and its
 * parts under the same names. Facts are plain literals and the model is made by one call marked pure, so a bundler
 * drops whatever the application doesn't use; `import { inputs }` alone carries no native code.
 */
export function moduleSource({ facts, runtime, files }: ModuleOptions): string {
  const { name, signature, target, compiler, report, requires, sha256, profiled } = facts
  const known = [`name: ${jsString(name)}`, 'signature: { inputs, outputs }', 'target', 'compiler', 'report']
  if (requires) known.push(`requires: ${jsValue(requires)}`)
  if (sha256) known.push(`sha256: ${jsValue(sha256)}`)
  if (profiled) known.push('profiled: true')
  const fields = [`addon: ${files.addon}`, `library: ${files.library}`]
  if (files.constants !== undefined) fields.push(`constants: ${files.constants}`)
  // The file expressions (`new URL(…)`) count as side effects where they are arguments; in a function body they don't.
  return `import { createNodeModel } from ${jsString(runtime)}

export const inputs = ${jsValue(signature.inputs)}
export const outputs = ${jsValue(signature.outputs)}
export const target = ${jsValue(target)}
export const compiler = ${jsValue(compiler)}
export const report = ${jsValue(report)}

const model = /*#__PURE__*/ (() =>
  createNodeModel(
    { ${known.join(', ')} },
    { ${fields.join(', ')} },
  ))()

export default model
export const run = (tensors) => model.run(tensors)
export const runSync = (tensors) => model.runSync(tensors)
`
}

/**
 * The module for code that can't load a native library, such as a browser bundle: it has the exports of
 * {@link moduleSource}, imports without a complaint, and throws an `Error` with `message` when any of them is used.
 */
export function stubSource(message: string): string {
  return `const fail = () => {
  throw new Error(${jsString(message)})
}
const unavailable = /*#__PURE__*/ new Proxy(function () {}, {
  get: fail,
  set: fail,
  has: fail,
  ownKeys: fail,
  getPrototypeOf: fail,
  apply: fail,
  construct: fail,
})

export default unavailable
export {
  unavailable as run,
  unavailable as runSync,
  unavailable as inputs,
  unavailable as outputs,
  unavailable as target,
  unavailable as compiler,
  unavailable as report,
}
`
}
