import { existsSync, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { isBlank, parseJsonc, parseTree } from './jsonc.ts'

/**
 * The settings of a tsconfig.json and of all it extends that decide whether TypeScript finds the generated types.
 * Paths are absolute. Read without the `typescript` API, which TypeScript 7 no longer has.
 */
export interface TsConfig {
  readonly path: string
  readonly allowArbitraryExtensions?: boolean
  readonly rootDirs?: readonly string[]
  /** Pattern → targets, as `compilerOptions.paths` has them. */
  readonly paths?: Readonly<Record<string, readonly string[]>>
  /** Absolute patterns. */
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
  readonly files?: readonly string[]
  /** Where TypeScript writes; what is there is no source. */
  readonly outDir?: string
  /** Configuration files of referenced projects; never inherited. */
  readonly references: readonly string[]
}

/**
 * Reads a configuration with its `extends` chain. What can't be read or found is left out: TypeScript itself reports
 * that, and better. Returns `undefined` where `path` itself isn't readable.
 */
export function readTsConfig(path: string): TsConfig | undefined {
  return readChain(path, dirname(path), new Set())
}

function readChain(path: string, configDir: string, seen: Set<string>): TsConfig | undefined {
  if (seen.has(path)) return undefined
  const json = readJsonc(path)
  if (json === undefined) return undefined
  const chain = new Set([...seen, path])
  let merged: Partial<TsConfig> = {}
  for (const base of strings([json['extends']].flat())) {
    const basePath = resolveExtends(base, path)
    if (basePath) merged = { ...merged, ...readChain(basePath, configDir, chain) }
  }
  return { ...merged, ...ownSettings(json, path, configDir), path, references: references(json, path) }
}

/** Settings a file states itself; a later file replaces arrays as a whole, as TypeScript does. */
function ownSettings(json: JsonObject, path: string, configDir: string): Partial<TsConfig> {
  const absolute = (text: string) =>
    resolve(
      dirname(path),
      text.replace(/^\$\{configDir\}/, () => configDir),
    )
  const absolutes = (value: unknown) => (Array.isArray(value) ? strings(value).map(absolute) : undefined)
  const options = isObject(json['compilerOptions']) ? json['compilerOptions'] : {}
  const baseUrl = typeof options['baseUrl'] === 'string' ? absolute(options['baseUrl']) : undefined
  const arbitrary = options['allowArbitraryExtensions']
  return defined({
    allowArbitraryExtensions: typeof arbitrary === 'boolean' ? arbitrary : undefined,
    rootDirs: absolutes(options['rootDirs']),
    paths: isObject(options['paths'])
      ? Object.fromEntries(
          Object.entries(options['paths']).map(([pattern, targets]) => [
            pattern,
            strings([targets].flat()).map((target) => (baseUrl ? resolve(baseUrl, target) : absolute(target))),
          ]),
        )
      : undefined,
    include: absolutes(json['include']),
    exclude: absolutes(json['exclude']),
    files: absolutes(json['files']),
    outDir: typeof options['outDir'] === 'string' ? absolute(options['outDir']) : undefined,
  })
}

function references(json: JsonObject, path: string): string[] {
  const list = Array.isArray(json['references']) ? json['references'] : []
  return strings(list.map((reference: unknown) => (isObject(reference) ? reference['path'] : undefined)))
    .map((reference) => resolve(dirname(path), reference))
    .map((reference) => (reference.endsWith('.json') ? reference : join(reference, 'tsconfig.json')))
}

/**
 * What TypeScript can't take of a configuration and of what it extends, all the way, in a sentence: it goes on without that, and so
 * with other settings. Only what is sure: a package may name its configuration in ways that only TypeScript knows.
 */
export function configFault(path: string, chain: readonly string[] = []): string | undefined {
  if (chain.includes(path))
    return says(`error TS18000: Circularity detected while resolving configuration: ${[...chain, path].join(' -> ')}.`)
  const json = readJsonc(path)
  if (json === undefined) return chain.length === 0 ? undefined : `${path} can't be read: ${whyUnreadable(path)}.`
  // As a base, TypeScript takes an empty file for none.
  if (chain.length > 0 && statSync(path).size === 0) return says(`error TS5083: Cannot read file '${path}'.`)
  const wrong = wrongKind(json)
  if (wrong !== undefined) return says(`${path}: error TS5024: Compiler option ${wrong}.`)
  for (const base of strings([json['extends']].flat())) {
    const basePath = resolveExtends(base, path)
    const fault = basePath === undefined ? missingBase(base, path) : configFault(basePath, [...chain, path])
    if (fault !== undefined) return basePath === undefined ? says(fault) : fault
  }
  return undefined
}

export function says(error: string): string {
  return `TypeScript says: ${error}`
}

/** Of what decides whether the types are found, what has a value of another kind. Most may be `null`, which states nothing. */
function wrongKind(json: JsonObject): string | undefined {
  const { extends: bases, compilerOptions: options } = json
  if (bases !== undefined && typeof bases !== 'string' && !Array.isArray(bases))
    return `'extends' requires a value of type string or Array`
  if (options !== undefined && options !== null && !isObject(options))
    return `'compilerOptions' requires a value of type object`
  const { rootDirs, allowArbitraryExtensions: arbitrary } = isObject(options) ? options : {}
  if (arbitrary !== undefined && arbitrary !== null && typeof arbitrary !== 'boolean')
    return `'allowArbitraryExtensions' requires a value of type boolean`
  const { files, include, exclude, references } = json
  for (const [name, value] of Object.entries({ files, include, exclude, references, rootDirs })) {
    if (value !== undefined && value !== null && !Array.isArray(value))
      return `'${name}' requires a value of type Array`
  }
  for (const [name, value] of Object.entries({ extends: bases, files, include, exclude, rootDirs })) {
    const isWrong = (item: unknown): boolean => item !== null && typeof item !== 'string'
    if (Array.isArray(value) && value.some(isWrong)) return `'${name}' requires a value of type string`
  }
  return undefined
}

function missingBase(specifier: string, from: string): string | undefined {
  if (specifier === '') return `error TS18051: Compiler option 'extends' cannot be given an empty string.`
  if (isPath(specifier)) return `error TS6053: File '${resolve(dirname(from), specifier)}' not found.`
  const [name = ''] = /^(@[^/]+\/)?[^/]+/.exec(specifier) ?? []
  const folders = createRequire(from).resolve.paths(name) ?? []
  // Yarn's Plug'n'Play has no folders to look into.
  const isThere = process.versions['pnp'] !== undefined || folders.some((folder) => existsSync(join(folder, name)))
  return isThere ? undefined : `error TS6053: File '${specifier}' not found.`
}

function isPath(specifier: string): boolean {
  return /^\.\.?([\\/]|$)/.test(specifier) || isAbsolute(specifier)
}

/** The file an `extends` names: a path with or without `.json`, or a package's configuration. */
export function resolveExtends(specifier: string, from: string): string | undefined {
  if (isPath(specifier)) {
    const path = resolve(dirname(from), specifier)
    return [path, `${path}.json`].find((candidate) => statSync(candidate, { throwIfNoEntry: false })?.isFile())
  }
  const require = createRequire(from)
  for (const candidate of [specifier, `${specifier}.json`, `${specifier}/tsconfig.json`]) {
    try {
      const path = require.resolve(candidate)
      if (path.endsWith('.json')) return path
    } catch {
      // The next spelling may exist.
    }
  }
  return undefined
}

function readJsonc(path: string): JsonObject | undefined {
  try {
    const text = readFileSync(path, 'utf8')
    const json: unknown = isBlank(text) ? {} : parseJsonc(text)
    return isObject(json) ? json : undefined
  } catch {
    return undefined
  }
}

/** Why a configuration can't be read: the system's words, or where its JSON is broken. One without any is an empty one to TypeScript. */
export function whyUnreadable(path: string): string | undefined {
  try {
    const text = readFileSync(path, 'utf8')
    return isBlank(text) || parseTree(text).kind === 'object' ? undefined : 'it is no object'
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

type JsonObject = Readonly<Record<string, unknown>>

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function strings(values: readonly unknown[]): string[] {
  return values.filter((value) => typeof value === 'string')
}

/** The object without its undefined fields, so that spreading it replaces only what it states. */
function defined<T extends object>(object: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }
}
