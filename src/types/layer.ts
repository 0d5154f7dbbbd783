import { posix } from 'node:path'
import { generatedMark, reexportSource } from '../emit/dts.ts'
import { jsString } from '../emit/js.ts'
import { aliasSpecifiers, type Alias } from './aliases.ts'
import type { TypesProblem } from './problem.ts'
import { isTypeableQuery, type ModelSpecifier } from './specifiers.ts'

/** The file with one declaration per alias and per query prefix, relative to the layer. */
export const ambientFile = 'queries.d.ts'

/** A model import in a source file; `file` is relative to the root. */
export interface ModelUse extends ModelSpecifier {
  readonly file: string
}

export interface LayerInput {
  readonly models: readonly string[]
  readonly uses: readonly ModelUse[]
  /** All folders with a source file, relative to the root. */
  readonly sourceFolders: readonly string[]
  readonly aliases: readonly Alias[]
  readonly platform: NodeJS.Platform
}

export interface Layer {
  /** Text by path, relative to the layer: everything but the models' own declarations. */
  readonly files: ReadonlyMap<string, string>
  /** Models, relative to the root, that get a declaration of their own. */
  readonly models: readonly string[]
  readonly problems: readonly TypesProblem[]
}

/**
 * Plans the type layer: a folder that mirrors the project, which `rootDirs` lays over it.
 *
 * | import | typed by |
 * |---|---|
 * | `./m.onnx` | `m.d.onnx.ts` in the mirrored folder |
 * | `./m.onnx?target=z16` | `m.d.onnx?target=z16.ts` beside it; not on Windows, whose file names have no `?` |
 * | the same, on Windows | `declare module './m.onnx?*'`, where that text means one model in the whole project |
 * | `#models/m.onnx`, with any query | `declare module '#models/m.onnx'` and `'#models/m.onnx?*'` |
 *
 * TypeScript takes a resolved file before a pattern, and of two patterns the one with the longer prefix. (Measured on
 * 5.9, 6.0 and 7.0. A relative name in `declare module` is an error that `@ts-nocheck` silences; it matches all the same.)
 */
export function planLayer({ models, uses, sourceFolders, aliases, platform }: LayerInput): Layer {
  const problems: TypesProblem[] = []
  const typeable = models.filter((model) => !/[*?#%\\]/.test(model))
  for (const model of models) if (!typeable.includes(model)) problems.push(unusualPath(model))

  const known = new Set(typeable)
  const byAlias = aliasSpecifiers(aliases, typeable)
  const files = new Map<string, string>([
    ['package.json', layerPackage],
    ['.gitignore', '*\n'],
  ])
  const ambient: string[] = []
  for (const [specifier, model] of byAlias) {
    ambient.push(moduleBlock(specifier, model), moduleBlock(`${specifier}?*`, model))
  }

  /** First use of each relative text that carries a query. */
  const prefixes = new Map<string, ModelUse>()
  for (const use of uses) {
    if (use.query === '') continue
    if (!isTypeableQuery(use.query)) {
      problems.push(unusualQuery(use))
      continue
    }
    const model = relativeModel(use.path, posix.dirname(use.file))
    if (model === undefined || !known.has(model)) continue
    if (!prefixes.has(use.path)) prefixes.set(use.path, use)
    if (platform === 'win32') continue
    const path = declarationFile(model, use.query)
    // 255 bytes is the longest file name of every common file system.
    if (Buffer.byteLength(posix.basename(path)) > 255) problems.push(longQuery(use))
    else files.set(path, `${generatedMark}\n${reexportSource(`./${posix.basename(model)}`)}`)
  }

  for (const [path, use] of prefixes) {
    const meant = new Set(sourceFolders.flatMap((folder) => relativeModel(path, folder) ?? []))
    const models = [...meant].filter((model) => known.has(model))
    const [model, other] = models
    if (model === undefined) continue
    if (other === undefined) ambient.push(moduleBlock(`${path}?*`, model))
    else problems.push(collision(use, models, byAlias, platform))
  }

  if (ambient.length > 0) files.set(ambientFile, `${generatedMark}\n// @ts-nocheck\n${ambient.sort().join('')}`)
  return { files, models: typeable, problems }
}

/** Path of a model's declaration in the layer; TypeScript splits a specifier at the last dot of its whole text. */
export function declarationFile(model: string, query = ''): string {
  return `${model.slice(0, -'.onnx'.length)}.d.onnx${query && `?${query}`}.ts`
}

/**
 * The layer's own package: its declarations describe ES modules whatever the project's `type` is, and `#types/…` lets
 * the ambient blocks name them, which no relative path may.
 */
const layerPackage = `${JSON.stringify({ private: true, type: 'module', imports: { '#types/*': './*' } }, null, 2)}\n`

function moduleBlock(specifier: string, model: string): string {
  const body = reexportSource(`#types/${model}`).trimEnd().replace('\n', '\n  ')
  return `declare module ${jsString(specifier)} {\n  ${body}\n}\n`
}

/** The model a relative specifier in `folder` means; `undefined` for names that aren't relative or leave the root. */
function relativeModel(path: string, folder: string): string | undefined {
  if (!path.startsWith('./') && !path.startsWith('../')) return undefined
  const model = posix.join(folder, path)
  return model.startsWith('../') ? undefined : model
}

function unusualPath(model: string): TypesProblem {
  return {
    severity: 'error',
    code: 'TYPES_MODEL_PATH',
    file: model,
    message: `${jsString(model)} has a character in its path that has a meaning in import specifiers (* ? # % \\). Rename it to get types.`,
  }
}

function unusualQuery({ path, query, file }: ModelUse): TypesProblem {
  return {
    severity: 'error',
    code: 'TYPES_QUERY',
    file,
    message:
      `${jsString(`${path}?${query}`)} can't be typed: directives may hold letters, digits and _ , = & - only. ` +
      `TypeScript takes the text behind the last dot for the file's extension.`,
  }
}

function longQuery({ path, query, file }: ModelUse): TypesProblem {
  return {
    severity: 'error',
    code: 'TYPES_QUERY_LENGTH',
    file,
    message: `${jsString(`${path}?${query}`)} is too long for a file name, so it has no types. Move directives into the plugin's options.`,
  }
}

function collision(
  { path, query, file }: ModelUse,
  models: readonly string[],
  byAlias: ReadonlyMap<string, string>,
  platform: NodeJS.Platform,
): TypesProblem {
  const model = relativeModel(path, posix.dirname(file))
  const alias = [...byAlias].find(([, aliased]) => aliased === model)?.[0]
  const remedy = alias
    ? `Import ${jsString(`${alias}?${query}`)} instead`
    : `Add "imports": { "#models/*": "./*" } to package.json and import ${jsString(`#models/${model}?${query}`)} instead`
  return {
    severity: platform === 'win32' ? 'error' : 'warning',
    code: 'TYPES_COLLISION',
    file,
    message:
      `${jsString(`${path}?${query}`)} means ${models.map(jsString).join(' or ')}, depending on the importing file. ` +
      `TypeScript on Windows can't tell them apart. ${remedy}, or drop the query.`,
  }
}
