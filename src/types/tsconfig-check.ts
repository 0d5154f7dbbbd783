import { existsSync } from 'node:fs'
import { basename, join, relative, resolve, sep } from 'node:path'
import type { Alias } from './aliases.ts'
import { includes } from './tsconfig-include.ts'
import type { TypesProblem } from './problem.ts'
import { readTsConfig, type TsConfig } from './tsconfig.ts'

/** What the check needs to know of a generated type layer. */
export interface LayerPlace {
  /** Absolute path of the project. */
  readonly root: string
  /** Absolute path of the generated folder that mirrors the root. */
  readonly layer: string
  /** Absolute path of the file that declares queries and aliases, where there is one. */
  readonly ambient: string | undefined
  /** Models, relative to the root. */
  readonly models: readonly string[]
}

/**
 * Whether the project's TypeScript configuration finds the generated types; a problem with the exact change otherwise.
 * A configuration that only references others is fine when one of them is. No configuration at all is no problem:
 * such a project isn't type-checked.
 */
export function checkTsConfig(place: LayerPlace, configPath = defaultConfig(place.root)): TypesProblem[] {
  const config = configPath === undefined ? undefined : readTsConfig(configPath)
  if (!config || place.models.length === 0) return []
  const problems = projects(config).map((project) => problemOf(project, place))
  if (problems.includes(undefined)) return []
  return problems.slice(0, 1).filter((problem) => problem !== undefined)
}

/** The aliases of `compilerOptions.paths` that lead into the project. */
export function tsConfigAliases(root: string, configPath = defaultConfig(root)): Alias[] {
  const config = configPath === undefined ? undefined : readTsConfig(configPath)
  if (!config) return []
  return projects(config).flatMap(({ paths = {} }) =>
    Object.entries(paths).map(([pattern, targets]) => ({
      pattern,
      targets: targets.map((target) => relative(root, target).replaceAll(sep, '/')),
    })),
  )
}

function defaultConfig(root: string): string | undefined {
  return ['tsconfig.json', 'jsconfig.json'].map((name) => join(root, name)).find((path) => existsSync(path))
}

/** A solution file (`files: []` and references) stands for the projects it references. */
function projects(config: TsConfig): TsConfig[] {
  const solution = config.references.length > 0 && !config.include?.length && config.files?.length === 0
  if (!solution) return [config]
  return config.references.map(readTsConfig).filter((project) => project !== undefined)
}

function problemOf(config: TsConfig, place: LayerPlace): TypesProblem | undefined {
  const faults: string[] = []
  if (config.allowArbitraryExtensions !== true) faults.push('compilerOptions.allowArbitraryExtensions is not true')
  faults.push(...rootDirsFaults(config.rootDirs ?? [], place))
  if (place.ambient !== undefined && !includes(config, place.ambient)) {
    faults.push(`include leaves out ${fromConfig(config, place.ambient)}`)
  }
  if (faults.length === 0) return undefined
  return {
    severity: 'error',
    code: 'TYPES_TSCONFIG',
    file: relative(place.root, config.path).replaceAll(sep, '/'),
    message:
      `${basename(config.path)} hides the generated model types:\n${faults.map((fault) => `  - ${fault}\n`).join('')}` +
      `Add this to it, as npx unplugin-onnx-mlir types --fix does:\n${fixText(config, place)}`,
  }
}

/** TypeScript mirrors a file from the longest root folder that holds it; that must be the one the layer mirrors. */
function rootDirsFaults(rootDirs: readonly string[], { root, layer, models }: LayerPlace): string[] {
  const faults = [root, layer]
    .filter((needed) => !rootDirs.includes(needed))
    .map((missing) => `compilerOptions.rootDirs lacks ${missing === root ? 'the project folder' : 'the types folder'}`)
  if (faults.length > 0) return faults
  for (const model of models.map((path) => join(root, path))) {
    const nearer = rootDirs.find((folder) => folder.length > root.length && model.startsWith(folder + sep))
    if (nearer)
      return [
        `compilerOptions.rootDirs has ${relative(root, nearer)}, which hides the types of ${relative(root, model)}`,
      ]
  }
  return []
}

/** The lines to add: one `extends` where the file states nothing itself, else its own lists with ours added. */
function fixText(config: TsConfig, { root, layer, ambient }: LayerPlace): string {
  if (!config.rootDirs && !config.include && !config.files && resolve(config.path, '..') === root) {
    return '  "extends": "unplugin-onnx-mlir/tsconfig"   (as the last of a list, where there are others)'
  }
  const text = (path: string) => fromConfig(config, path)
  const rootDirs = [...new Set([root, layer, ...(config.rootDirs ?? [])])].map(text)
  const lines = [`  "compilerOptions": { "allowArbitraryExtensions": true, "rootDirs": ${list(rootDirs)} }`]
  if (ambient !== undefined && !includes(config, ambient)) {
    const include = config.include?.map(text) ?? (config.files ? [] : ['**/*'])
    lines.push(`  "include": ${list([...include, text(ambient)])}`)
  }
  return lines.join(',\n')
}

function fromConfig(config: TsConfig, path: string): string {
  const text = relative(resolve(config.path, '..'), path).replaceAll(sep, '/')
  if (text === '') return '.'
  return text.startsWith('../') ? text : `./${text}`
}

function list(texts: readonly string[]): string {
  return `[${texts.map((text) => JSON.stringify(text)).join(', ')}]`
}
