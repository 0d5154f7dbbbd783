import { ending, isModuleName, mentionsModel } from '../request/extensions.ts'

/** A query whose keys and values every bundler, TypeScript and Windows can carry: no `.`, `:`, `/`, `*` or blanks. */
const directives = /^[A-Za-z0-9_,=&-]+$/

/** Queries by which bundlers give a file itself; such an import is no model. */
const assetQueries = new Set(['url', 'raw', 'inline', 'no-inline'])

/**
 * A string or template literal without substitutions or escapes that ends as a model's path does, or in a query behind it.
 * Not our own names of a model's files, which esbuild writes into bundles that a project may hold.
 */
const literal = new RegExp(
  /(['"`])((?!onnx-mlir:)(?:(?!\$\{)[^'"`\r\n\\?])+ENDING)(?:\?((?:(?!\$\{)[^'"`\s\\])*))?\1/.source.replace(
    'ENDING',
    ending,
  ),
  'g',
)

/** A model import as source text writes it. */
export interface ModelSpecifier {
  /** Text before the query: `./fraud.onnx`, `#models/fraud.onnx`. */
  readonly path: string
  /** Text after the `?`; empty without a query. */
  readonly query: string
}

/** A model import in a source file; `file` is relative to the project. */
export interface ModelUse extends ModelSpecifier {
  readonly file: string
}

/**
 * The model specifiers in source text, each once, in order of appearance.
 *
 * Every string literal that ends in `.onnx`, `.onnx?…` or the like of another extension counts, wherever it stands: in
 * `import`, `export … from`, `import()`, `require()` and import types of JavaScript, TypeScript, Vue and Svelte files alike. A
 * literal that is no import costs one unused declaration, which is cheaper than a parser for each of those languages.
 */
export function modelSpecifiers(source: string): ModelSpecifier[] {
  if (!mentionsModel(source)) return []
  const found = new Map<string, ModelSpecifier>()
  for (const [, , path = '', query = ''] of source.matchAll(literal)) {
    const parts = query.split('&')
    if (parts.some((directive) => assetQueries.has(directive))) continue
    if (isModuleName(path) && !parts.some((directive) => directive.startsWith('export='))) continue
    found.set(`${path}?${query}`, { path, query })
  }
  return [...found.values()]
}

/** Whether TypeScript and all file systems can tell this query's types; see {@link directives}. */
export function isTypeableQuery(query: string): boolean {
  return directives.test(query)
}
