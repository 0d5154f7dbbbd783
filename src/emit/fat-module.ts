import type { Signature } from '../runtime/signature.ts'
import { jsString, jsValue } from './js.ts'
import { fieldsOf, importText, knownOfFiles, type ModuleOptions } from './module.ts'

/** The model for one kind of machine. */
export type FatPart = Pick<ModuleOptions, 'facts' | 'files' | 'threads'>

export interface FatModuleOptions extends Pick<ModuleOptions, 'runtime' | 'imports' | 'isInside'> {
  /** Best first; at least two. */
  readonly alternatives: readonly FatPart[]
}

/**
 * The module of a model that was compiled for several kinds of machines, for Node: as {@link moduleSource}, but that which target
 * runs, and what goes with it, is decided where the program asks for it.
 */
export function fatModuleSource({ alternatives, runtime, imports = [], isInside = false }: FatModuleOptions): string {
  const [{ facts }] = alternatives as [FatPart]
  const names = ['composeFatModel', 'nativeLibraries', 'wasmModules', ...(isInside ? ['inlineFile'] : [])]
  const texts = alternatives.map((part) => partText(part, facts.signature, isInside))
  return `${[{ clause: `{ ${names.join(', ')} }`, from: runtime }, ...imports].map(importText).join('')}
export const inputs = ${jsValue(facts.signature.inputs)}
export const outputs = ${jsValue(facts.signature.outputs)}
export const metadata = ${jsValue(facts.metadata ?? {})}

const model = /*#__PURE__*/ (() =>
  composeFatModel(
    [
${texts.join('\n')}
    ],
    { native: nativeLibraries, wasm: wasmModules },
  ))()

export default model
export const run = (tensors) => model.run(tensors)
export const runSync = (tensors) => model.runSync(tensors)
export const target = /*#__PURE__*/ (() => model.target)()
export const compiler = /*#__PURE__*/ (() => model.compiler)()
export const report = /*#__PURE__*/ (() => model.report)()
`
}

function partText({ facts, files, threads }: FatPart, shared: Signature, isInside: boolean): string {
  const { name, target, compiler, report, metadata } = facts
  const known = [
    `name: ${jsString(name)}`,
    // onnx-mlir may know other sizes of one model than the built-in compiler.
    `signature: ${jsValue(facts.signature) === jsValue(shared) ? '{ inputs, outputs }' : jsValue(facts.signature)}`,
    `target: ${jsString(target)}`,
    `compiler: ${jsValue(compiler)}`,
    ...(report === undefined ? [] : [`report: ${jsValue(report)}`]),
    ...(metadata ? ['metadata'] : []),
    ...knownOfFiles(facts, 'node', isInside),
  ]
  const fields = fieldsOf('node', files, threads)
  return `      { facts: { ${known.join(', ')} }, files: { ${fields.join(', ')} } },`
}
