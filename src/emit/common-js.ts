// What `moduleSource` made in other forms. They rely on how that writes a module: every statement begins at the first column of
// a line, and no text of a model's does.

const namedImport = /^import \{(.*)\} from (.*)$/gm

/**
 * The module without imports: it requires its runtime. What hooks make of `require()` in some versions of Node takes an ES
 * module that imports nothing, and no other.
 *
 * @throws TypeError where an import is left
 */
export function withoutImports(source: string): string {
  const text = source.replace(namedImport, `const {$1} = process.getBuiltinModule('node:module').createRequire($2)($2)`)
  return expectNone(/^import\b/m, text)
}

/**
 * The module as CommonJS, for where `require()` takes no ES modules.
 *
 * @throws TypeError where something of an ES module is left
 */
export function asCommonJs(source: string): string {
  const exported: string[] = []
  const text = source
    .replace(namedImport, 'const {$1} = require($2)')
    .replace(/^export const (\w+)/gm, (_, name: string) => {
      exported.push(name)
      return `const ${name}`
    })
    .replace(/^export default model$/gm, '')
  // One by one, as tools read them that look for names in the text.
  const exports = [...exported.map((name) => `exports.${name} = ${name}`), 'exports.default = model']
  return `'use strict'
${expectNone(/^(?:import|export)\b/m, text)}
Object.defineProperty(exports, '__esModule', { value: true })
${exports.join('\n')}
`
}

function expectNone(statement: RegExp, text: string): string {
  if (statement.test(text)) throw new TypeError('a generated module has a statement that it can not have in this form')
  return text
}
