import { posix } from 'node:path'
import { declarationFile } from '../emit/declaration-file.ts'
import { ambientModule, modelsSource, queriesSource, reexportedModule, reexportSource } from '../emit/project-types.ts'
import { generatedFolder, lookAway } from '../emit/look-away.ts'
import { shapingQuery } from '../request/shaping.ts'
import { aliasSpecifiers, type Alias } from './aliases.ts'
import type { TypesProblem } from './problem.ts'
import { collision, longQuery, undeclaredOutside, unusualPath, unusualQuery, variant } from './problems.ts'
import { isTypeableQuery, type ModelUse } from './specifiers.ts'

/** Where the type layer stands, relative to the project. */
export const layerFolder = '.onnx-mlir/types'

export interface LayerInput {
  readonly models: readonly string[]
  readonly uses: readonly ModelUse[]
  /** All folders with a source file, relative to the root. */
  readonly sourceFolders: readonly string[]
  readonly aliases: readonly Alias[]
  /**
   * The model that a specifier means for a file in a folder, where that is outside of the project: of a package, or of a
   * folder above. Its path is relative to the root.
   */
  readonly outside: (specifier: string, folder: string) => string | undefined
  /** Where the project's own declarations go, if not into the layer: beside the models, and those of all models here. */
  readonly beside?: {
    readonly folder: string
    /** Whether a model that is outside of the project has a declaration beside it. */
    readonly isDeclared: (model: string) => boolean
  }
  /** As `process.platform` names it. */
  readonly platform: string
}

/** A declaration, of a model as the directives of a query have it; paths are relative to the root. */
export interface Typed {
  readonly file: string
  readonly model: string
  /** Empty for none. */
  readonly query: string
}

export interface Layer {
  /** Text by path, relative to the root: everything but the models' own declarations. */
  readonly files: ReadonlyMap<string, string>
  /** Declaration by model, both relative to the root. */
  readonly declarations: ReadonlyMap<string, string>
  /** All declarations of models, those among them: some imports of one model ask for other inputs than the rest. */
  readonly typed: readonly Typed[]
  /** The file that the program must hold for all of this, relative to the root. */
  readonly entry: string
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
 * | a model of a package, or above the project | the same by its specifier; its declaration is in `.outside` |
 * | `loadModel('./m.onnx')` | the interface `Models` of the runtime |
 *
 * Beside the models, declarations need no mirror: TypeScript finds them as it finds models, through `imports`, `exports` and
 * `paths`, too. Then there are no files for queries, whose names not every system can hold.
 *
 * TypeScript takes an ambient module of a whole name before a resolved file, that before a pattern, and of two patterns the
 * one with the longer prefix. (Measured on 5.9, 6.0 and 7.0. A relative name in `declare module` is an error that
 * `@ts-nocheck` silences; as a pattern, it matches all the same, and never as a whole.)
 */
export function planLayer(input: LayerInput): Layer {
  const { models, uses, sourceFolders, aliases, outside, beside, platform } = input
  const problems: TypesProblem[] = []
  const typeable = models.filter((model) => !/[*?#%\\]/.test(model))
  for (const model of models) if (!typeable.includes(model)) problems.push(unusualPath(model))

  const known = new Set(typeable)
  const byAlias = aliasSpecifiers(aliases, typeable)
  const modelOf = ({ path, file }: ModelUse): string | undefined =>
    byAlias.get(path) ?? meaning(path, posix.dirname(file), known, outside)

  const place = beside?.folder ?? layerFolder
  const declarations = new Map(
    typeable.map((model) => [model, posix.join(beside ? '' : layerFolder, declarationFile(model))]),
  )
  const files = new Map<string, string>()
  /** Declaration by specifier. */
  const ambient = new Map<string, string>()
  const declare = (specifier: string, model: string): void => {
    ambient.set(specifier, declarations.get(model)!)
  }
  /** What the declaration of a model without a query is made with: what the first of its imports says. */
  const usual = usualQueries(uses, modelOf)
  const variants: Typed[] = []
  /** What `loadModel` may be given, and the model that it means. */
  const named = new Map<string, string>(typeable.map((model) => [`./${model}`, model]))
  for (const [specifier, model] of byAlias) {
    // Bundlers' aliases mean nothing when a program runs.
    if (specifier.startsWith('#')) named.set(specifier, model)
    if (!beside) declare(specifier, model)
    declare(`${specifier}?*`, model)
  }

  /** First use of each model outside that nobody has declared. */
  const undeclared = new Map<string, ModelUse>()
  /** Specifiers of packages whose own declarations are those of their queries, too. */
  const reexported = new Set<string>()
  /** First use of each text that isn't an alias. */
  const texts = new Map<string, ModelUse>()
  for (const use of uses) {
    const model = modelOf(use)
    if (model === undefined) continue
    const isOutside = !known.has(model)
    // Its owner is to write its types beside it, as ours can't be committed here.
    if (isOutside && beside && !beside.isDeclared(model)) {
      undeclared.set(model, undeclared.get(model) ?? use)
      continue
    }
    if (use.query !== '' && !isTypeableQuery(use.query)) {
      problems.push(unusualQuery(use))
      continue
    }
    if (isOutside && beside) {
      if (use.query !== '' && !/^\.\.?\//.test(use.path)) reexported.add(use.path)
      continue
    }
    if (isOutside) declarations.set(model, posix.join(layerFolder, outsideFile(model)))
    const isVariant = shapingQuery(use.query) !== usual.get(model)
    if (isVariant && (isOutside || beside || platform === 'win32')) problems.push(variant(use, usual.get(model)!))
    else if (isVariant) {
      const file = posix.join(layerFolder, declarationFile(model, use.query))
      if (isTooLong(file)) problems.push(longQuery(use))
      else if (!variants.some((other) => other.file === file)) variants.push({ file, model, query: use.query })
      if (byAlias.has(use.path)) ambient.set(`${use.path}?${use.query}`, file)
      continue
    }
    if (byAlias.has(use.path)) continue
    if (!texts.has(use.path) || (use.query !== '' && texts.get(use.path)?.query === '')) texts.set(use.path, use)
    if (use.query === '' || isOutside || beside || platform === 'win32') continue
    const path = declarationFile(model, use.query)
    if (isTooLong(path)) problems.push(longQuery(use))
    else {
      const project = posix.relative(posix.dirname(path), modelsFile)
      files.set(posix.join(layerFolder, path), reexportSource(`./${posix.basename(model)}`, project))
    }
  }

  for (const [path, use] of texts) {
    const meant = new Set(sourceFolders.flatMap((folder) => meaning(path, folder, known, outside) ?? []))
    const [model, other] = meant
    if (model === undefined) continue
    if (other !== undefined) {
      // On Linux each has files of its own.
      const isTyped = platform !== 'win32' && !beside && [...meant].every((one) => known.has(one))
      if (use.query !== '' && !isTyped) problems.push(collision(use, [...meant], byAlias, beside !== undefined))
      continue
    }
    // TypeScript finds no mirrored file by a package's name.
    const isRelative = /^\.\.?\//.test(path)
    if (isRelative && !known.has(model)) declare(`${path}*`, model)
    else {
      if (!isRelative && !beside) declare(path, model)
      if (!isRelative || use.query !== '') declare(`${path}?*`, model)
    }
    if (!isRelative) named.set(path, model)
  }

  for (const [model, use] of undeclared) problems.push(undeclaredOutside(model, use))
  const fromPlace = (model: string): string => posix.relative(place, declarations.get(model)!)
  const entry = posix.join(place, beside ? 'onnx-models.d.ts' : modelsFile)
  const queries = beside ? 'onnx-queries.d.ts' : queriesFile
  if (declarations.size > 0) {
    const blocks = [
      ...[...ambient].map(([specifier, file]) =>
        ambientModule(specifier, posix.relative(place, file), beside !== undefined),
      ),
      ...[...reexported].map((specifier) => reexportedModule(`${specifier}?*`, specifier)),
    ]
    const hasQueries = blocks.length > 0 || !beside
    if (hasQueries) files.set(posix.join(place, queries), queriesSource(blocks))
    files.set(entry, modelsSource({ queries: hasQueries ? queries : undefined, named: mapped(named, fromPlace) }))
    if (!beside) files.set(posix.join(layerFolder, 'package.json'), layerPackage)
    if (!beside) for (const [name, text] of lookAway) files.set(posix.join(generatedFolder, name), text)
  }
  const plain = [...declarations].map(([model, file]) => ({ file, model, query: usual.get(model) ?? '' }))
  return { files, declarations, typed: [...plain, ...variants], entry, problems }
}

/** By model, the shaping directives of its imports: of several, none where one has none, else the first in order. */
function usualQueries(
  uses: readonly ModelUse[],
  modelOf: (use: ModelUse) => string | undefined,
): ReadonlyMap<string, string> {
  const usual = new Map<string, string>()
  for (const use of uses) {
    const model = modelOf(use)
    if (model === undefined) continue
    const query = shapingQuery(use.query)
    const known = usual.get(model)
    if (known === undefined || query < known) usual.set(model, query)
  }
  return usual
}

/** 255 bytes is the longest file name of every common file system. */
function isTooLong(path: string): boolean {
  return Buffer.byteLength(posix.basename(path)) > 255
}

/** The file of all models' names, and that of what isn't a file of its own; relative to the layer. */
export const modelsFile = 'models.d.ts'
const queriesFile = 'queries.d.ts'

/** No folder of the project can be in its way: those that begin with a dot have no models. */
function outsideFile(model: string): string {
  return posix.join('.outside', declarationFile(model.replaceAll('../', '_/').replaceAll('node_modules', '_modules')))
}

/**
 * The layer's own package: its declarations describe ES modules whatever the project's `type` is, and `#types/…` lets
 * the ambient blocks name them, which no relative path may.
 */
const layerPackage = `${JSON.stringify({ private: true, type: 'module', imports: { '#types/*': './*' } }, null, 2)}\n`

/** The model that a specifier without an alias means in a folder. */
function meaning(
  path: string,
  folder: string,
  known: ReadonlySet<string>,
  outside: LayerInput['outside'],
): string | undefined {
  if (path.startsWith('./') || path.startsWith('../')) {
    const model = posix.join(folder, path)
    if (!model.startsWith('../')) return known.has(model) ? model : undefined
  }
  return outside(path, folder)
}

function mapped(named: ReadonlyMap<string, string>, place: (model: string) => string): Map<string, string> {
  return new Map([...named].map(([name, model]) => [name, place(model)]))
}
