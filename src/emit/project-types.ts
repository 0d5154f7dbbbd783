import { posix } from 'node:path'
import { declaredModel } from './declaration-file.ts'
import { exportedParts } from './dts.ts'
import { jsString } from './js.ts'
import { markedSource, statements } from './marked.ts'

/**
 * A module whose types are those of another specifier: what a query of a model stands for.
 *
 * @param project specifier of the file of all models
 */
export function reexportSource(specifier: string, project: string): string {
  return markedSource(`/// <reference path=${JSON.stringify(project)} />\n${statements(reexports(specifier))}`)
}

/**
 * The types of a specifier that isn't a file for TypeScript.
 *
 * @param declaration relative to the file that the block is in
 * @param isBeside whether the declaration is beside its model instead of in the layer, whose files have a name
 */
export function ambientModule(specifier: string, declaration: string, isBeside: boolean): string {
  const model = declaredModel(declaration)
  const lines = isBeside ? typesOf(relativeText(model)) : reexports(`#types/${model}`)
  return moduleBlock(specifier, lines)
}

/** The types of a specifier that are those of another, which is no relative one. */
export function reexportedModule(specifier: string, of: string): string {
  return moduleBlock(specifier, reexports(of))
}

function moduleBlock(specifier: string, lines: readonly string[]): string {
  return `declare module ${jsString(specifier)} {\n${lines.map((line) => `  ${line}\n`).join('')}}`
}

function reexports(of: string): string[] {
  return [`export * from ${jsString(of)}`, `export { default } from ${jsString(of)}`]
}

/** An ambient module may not export from a relative name, but it may have types from there. */
function typesOf(path: string): string[] {
  const module = `import(${jsString(path)})`
  return [
    `const model: typeof ${module}.default`,
    'export default model',
    ...exportedParts.map((part) => `export const ${part}: typeof ${module}.${part}`),
    // Without their parameters: any dimension where they have one.
    ...['Facts', 'Inputs', 'Outputs'].map((type) => `export type ${type} = ${module}.${type}`),
  ]
}

/** The file of ambient modules, whose relative names only match as TypeScript doesn't check the file. */
export function queriesSource(blocks: readonly string[]): string {
  return markedSource(`// @ts-nocheck\n${statements([...blocks].sort())}`)
}

/**
 * The file by which a program knows all models: as what `loadModel` gives for a name, and, in passing, the file of ambient
 * modules.
 *
 * @param named declaration by name, relative to this file
 */
export function modelsSource({
  queries,
  named,
}: {
  readonly queries: string | undefined
  readonly named: ReadonlyMap<string, string>
}): string {
  const reference = queries === undefined ? '' : `/// <reference path="./${queries}" />\n`
  const fields = [...named]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, declaration]) => {
      const model = relativeText(declaredModel(declaration))
      return `    ${jsString(name)}: typeof import(${jsString(model)}).default\n`
    })
  return markedSource(
    reference +
      statements([
        'export {}',
        `declare module 'unplugin-onnx-mlir/runtime' {\n  interface Models {\n${fields.join('')}  }\n}`,
      ]),
  )
}

function relativeText(path: string): string {
  return path.startsWith('../') ? path : `./${posix.normalize(path)}`
}
