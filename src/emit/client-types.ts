import type { Directive } from '../request/directive.ts'
import { extensions, moduleExtension, savedModelName } from '../request/extensions.ts'

/**
 * The text of client.d.ts: types of every import of a model, for projects that have no declarations yet.
 *
 * TypeScript allows one `*` in a pattern, so each value of each directive is a pattern, alone and as the last of several.
 */
export function clientTypes(
  directives: Readonly<Record<string, Pick<Directive<unknown>, 'name' | 'listed' | 'bare'>>>,
): string {
  const all = Object.values(directives).flatMap(({ name, listed, bare }) => [
    ...(bare === undefined ? [] : [name]),
    ...listed.map((value) => `${name}=${value}`),
  ])
  const names = [...extensions.map((extension) => `*.${extension}`), `*/${savedModelName}`]
  const patterns = [
    ...names.filter((name) => name !== described),
    '#models/*',
    ...all.flatMap((directive) => [...names.map((name) => `${name}?${directive}`), `*&${directive}`]),
    // A module is none without this.
    ...all
      .filter((directive) => directive.startsWith('export='))
      .map((directive) => `*.${moduleExtension}?${directive}`),
  ]
  return head + patterns.map(reexported).join('')
}

/** The pattern that all others have their types from. */
const described = '*.onnx'

const head = `/**
 * Types of model imports before \`npx unplugin-onnx-mlir types\` has run: any inputs, any outputs.
 * Generated declarations come first, as resolved files and longer patterns win over these.
 *
 * Use it through \`"types": ["unplugin-onnx-mlir/client"]\` in tsconfig.json. TypeScript allows one \`*\` in a pattern, so
 * the last directive of a query must be one of those below; what stands before it may be any. Of \`dims\`, \`tune\`,
 * \`maxWeightError\`, \`inputs\` and \`export\`, whose values have no end, these are the usual ones: write others before another directive,
 * \`?dims=seq_77&O=3\`.
 *
 * Written by \`npm run docs:generate\` from src/request.
 */

declare module '${described}' {
  import type { Model } from 'unplugin-onnx-mlir/runtime'

  const model: Model
  export default model
  export const run: Model['run']
  export const runSync: Model['runSync']
  export const inputs: Model['inputs']
  export const outputs: Model['outputs']
  export const target: Model['target']
  export const compiler: Model['compiler']
  export const report: Model['report']
  export const metadata: Model['metadata']
}

`

function reexported(pattern: string): string {
  return `declare module '${pattern}' {
  export * from '${described}'
  export { default } from '${described}'
}
`
}
