import { existsSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import type { Alias } from './aliases.ts'
import { adviceFor } from './frameworks.ts'
import type { Settings, TypesProblem } from './problem.ts'
import { fromRoot } from './project.ts'
import { includes } from './tsconfig-include.ts'
import { configFault, readTsConfig, type TsConfig, whyUnreadable } from './tsconfig.ts'

/** What the check needs to know of generated types. */
export interface LayerPlace {
  /** Absolute path of the project. */
  readonly root: string
  /** Absolute path of the generated folder that mirrors the root; absent where declarations are beside the models. */
  readonly layer?: string
  /** Absolute path of the file that declares all models, and what isn't a file. */
  readonly entry: string
  /** Models, relative to the root; those of packages may be outside of it. */
  readonly models: readonly string[]
  /** Sources that import a model, relative to the root. */
  readonly importers: readonly string[]
}

/** What of a configuration hides the generated types. */
export interface Faults {
  readonly hasNoArbitraryExtensions: boolean
  /** Absolute paths. */
  readonly missingRootDirs: readonly string[]
  readonly leavesOutEntry: boolean
  /** A folder of `rootDirs` that hides the types of a model. */
  readonly nearer: { readonly folder: string; readonly model: string } | undefined
}

/**
 * Whether the project's TypeScript configurations find the generated types; a problem with the exact change for each that
 * doesn't, or can't be read. A configuration that only references others stands for these. No configuration at all is no problem: such a
 * project isn't type-checked.
 */
export function checkTsConfig(place: LayerPlace, configPath = defaultConfig(place.root)): TypesProblem[] {
  if (configPath === undefined || place.models.length === 0) return []
  const broken = whyUnreadable(configPath)
  if (broken !== undefined) return [brokenConfig(configPath, `can't be read: ${broken}`, place)]
  const found = holders(configPath, place)
  const missing = found.length > 0 ? undefined : missingReference(configPath, place)
  if (missing !== undefined)
    return [
      brokenConfig(configPath, `references ${missing}, and nothing else, where no configuration can be read`, place),
    ]
  return found.flatMap((config) => {
    const problem = problemOf(config, place)
    if (!problem) return []
    // What is missing may be said there.
    const fault = configFault(config.path)
    return [fault === undefined ? problem : brokenBase(config.path, fault, place)]
  })
}

function brokenConfig(configPath: string, what: string, { root }: LayerPlace): TypesProblem {
  const file = fromRoot(root, configPath)
  const message = `${file} ${what}. So TypeScript finds no types of models, or anything else, until it is put right.`
  return { severity: 'error', code: 'TYPES_TSCONFIG', file, message }
}

function brokenBase(configPath: string, fault: string, { root }: LayerPlace): TypesProblem {
  const file = fromRoot(root, configPath)
  const message = `${file} is not right. ${fault} Correct it, or install or generate what "extends" names.`
  return { severity: 'error', code: 'TYPES_TSCONFIG', file, message }
}

/** Of a configuration that has no program, what it references in the project that can't be read. */
function missingReference(configPath: string, { root }: LayerPlace): string | undefined {
  const inProject = readTsConfig(configPath)?.references.filter((path) => path.startsWith(root + sep)) ?? []
  const path = inProject.find((reference) => readTsConfig(reference) === undefined)
  return path && fromRoot(root, path)
}

/**
 * The configurations whose programs hold sources that import models: of a configuration and those that it references, all
 * the way. Where no source imports one yet, the one that takes in most of where sources usually are.
 */
export function holders(configPath: string, { root, importers, models }: LayerPlace): TsConfig[] {
  const config = readTsConfig(configPath)
  if (config === undefined) return []
  const all = projects(config, root)
  const holding = (files: readonly string[]): TsConfig[] =>
    all.filter((project) => files.some((file) => includes(project, join(root, file))))
  const found = holding(importers)
  if (found.length > 0) return found
  const [likely = all[0]] = holding([...models, ...['src', 'app', 'lib'].map((folder) => `${folder}/main.ts`)])
  return likely ? [likely] : []
}

/** The aliases of `compilerOptions.paths` that lead into the project. */
export function tsConfigAliases(root: string, configPath = defaultConfig(root)): Alias[] {
  const config = configPath === undefined ? undefined : readTsConfig(configPath)
  if (!config) return []
  return projects(config, root).flatMap(({ paths = {} }) =>
    Object.entries(paths).map(([pattern, targets]) => ({
      pattern,
      targets: targets.map((target) => fromRoot(root, target)),
    })),
  )
}

/** Folders that TypeScript writes to, relative to the root. */
export function outputFolders(root: string, configPath = defaultConfig(root)): string[] {
  const config = configPath === undefined ? undefined : readTsConfig(configPath)
  if (!config) return []
  const folders = projects(config, root).map(({ outDir = root }) => fromRoot(root, outDir))
  return folders.filter((folder) => folder !== '' && !folder.startsWith('..'))
}

export function defaultConfig(root: string): string | undefined {
  return ['tsconfig.json', 'jsconfig.json'].map((name) => join(root, name)).find((path) => existsSync(path))
}

/** A configuration, unless it is a solution (`files: []` and references), and all that it references in the project. */
function projects(config: TsConfig, root: string): TsConfig[] {
  const found = new Map([[config.path, config]])
  for (const { references } of found.values()) {
    for (const path of references) {
      const project = found.has(path) || !path.startsWith(root + sep) ? undefined : readTsConfig(path)
      if (project) found.set(path, project)
    }
  }
  return [...found.values()].filter(
    ({ references, include, files }) => !(references.length > 0 && !include?.length && files?.length === 0),
  )
}

/** `undefined` for a configuration that is fine. */
export function faultsOf(config: TsConfig, { root, layer, entry, models }: LayerPlace): Faults | undefined {
  const { rootDirs = [], allowArbitraryExtensions } = config
  const missingRootDirs = layer === undefined ? [] : [root, layer].filter((needed) => !rootDirs.includes(needed))
  // TypeScript mirrors a file from the longest root folder that holds it; that must be the one the layer mirrors.
  const [nearer] = models.flatMap((model) => {
    const hides = (folder: string): boolean => folder.length > root.length && join(root, model).startsWith(folder + sep)
    const folder = layer === undefined ? undefined : rootDirs.find(hides)
    return folder === undefined ? [] : [{ folder, model }]
  })
  const faults = {
    hasNoArbitraryExtensions: allowArbitraryExtensions !== true,
    missingRootDirs,
    leavesOutEntry: !includes(config, entry),
    nearer: missingRootDirs.length > 0 ? undefined : nearer,
  }
  const isFine =
    !faults.hasNoArbitraryExtensions && missingRootDirs.length === 0 && !faults.leavesOutEntry && !faults.nearer
  return isFine ? undefined : faults
}

export function problemOf(config: TsConfig, place: LayerPlace): TypesProblem | undefined {
  const faults = faultsOf(config, place)
  if (faults === undefined) return undefined
  const { root } = place
  const file = fromRoot(root, config.path)
  const lines = [
    ...(faults.hasNoArbitraryExtensions ? ['compilerOptions.allowArbitraryExtensions is not true'] : []),
    ...faults.missingRootDirs.map(
      (missing) => `compilerOptions.rootDirs lacks ${missing === root ? 'the project folder' : 'the types folder'}`,
    ),
    ...(faults.nearer === undefined
      ? []
      : [
          `compilerOptions.rootDirs has ${relative(root, faults.nearer.folder)}, which hides the types of ${faults.nearer.model}`,
        ]),
    ...(faults.leavesOutEntry ? [`include leaves out ${fromConfig(config, place.entry)}`] : []),
  ]
  const advice = adviceFor(file, settings(config, place))
  return {
    severity: 'error',
    code: 'TYPES_TSCONFIG',
    file,
    message:
      `${file} hides the generated model types:\n${lines.map((line) => `  - ${line}\n`).join('')}` +
      (advice ?? `Add this to it, as npx unplugin-onnx-mlir types --fix does:\n${fixText(config, place)}`),
  }
}

/** What a configuration has to say beside what it says, paths as it writes them. */
export function settings(config: TsConfig, { root, layer, entry }: LayerPlace): Settings {
  const text = (path: string): string => fromConfig(config, path)
  return {
    allowArbitraryExtensions: true,
    ...(layer !== undefined && { rootDirs: [...new Set([root, layer, ...(config.rootDirs ?? [])])].map(text) }),
    entry: text(entry),
  }
}

/** The lines to add: one `extends` where the file states nothing itself, else its own lists with ours added. */
function fixText(config: TsConfig, place: LayerPlace): string {
  if (place.layer !== undefined && !config.rootDirs && !config.include && !config.files) {
    if (dirname(config.path) === place.root)
      return '  "extends": "unplugin-onnx-mlir/tsconfig"   (as the last of a list, where there are others)'
  }
  const { entry, ...options } = settings(config, place)
  const rootDirs = options.rootDirs ? `, "rootDirs": ${list(options.rootDirs)}` : ''
  const lines = [`  "compilerOptions": { "allowArbitraryExtensions": true${rootDirs} }`]
  if (!includes(config, place.entry)) {
    const include = config.include?.map((path) => fromConfig(config, path)) ?? (config.files ? [] : ['**/*'])
    lines.push(`  "include": ${list([...include, entry])}`)
  }
  return lines.join(',\n')
}

/** A path as a configuration writes it. */
export function fromConfig(config: Pick<TsConfig, 'path'>, path: string): string {
  const text = relative(resolve(config.path, '..'), path).replaceAll(sep, '/')
  if (text === '') return '.'
  return text.startsWith('../') || text === '..' ? text : `./${text}`
}

function list(texts: readonly string[]): string {
  return `[${texts.map((text) => JSON.stringify(text)).join(', ')}]`
}
