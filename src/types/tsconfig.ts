import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, isAbsolute, join, resolve } from 'node:path'

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
  })
}

function references(json: JsonObject, path: string): string[] {
  const list = Array.isArray(json['references']) ? json['references'] : []
  return strings(list.map((reference: unknown) => (isObject(reference) ? reference['path'] : undefined)))
    .map((reference) => resolve(dirname(path), reference))
    .map((reference) => (reference.endsWith('.json') ? reference : join(reference, 'tsconfig.json')))
}

/** The file an `extends` names: a path with or without `.json`, or a package's configuration. */
function resolveExtends(specifier: string, from: string): string | undefined {
  if (specifier.startsWith('.') || isAbsolute(specifier)) {
    const path = resolve(dirname(from), specifier)
    return [path, `${path}.json`].find((candidate) => candidate.endsWith('.json') && existsSync(candidate))
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
    const json: unknown = parseJsonc(readFileSync(path, 'utf8'))
    return isObject(json) ? json : undefined
  } catch {
    return undefined
  }
}

/** JSON with comments and trailing commas, as in tsconfig.json. Throws a `SyntaxError` like `JSON.parse`. */
export function parseJsonc(text: string): unknown {
  const strict = text
    .replace(/^\ufeff/, '')
    .replace(/("(?:[^"\\]|\\.)*")|\/\/[^\r\n]*|\/\*[\s\S]*?\*\//g, (_, string?: string) => string ?? ' ')
    .replace(/("(?:[^"\\]|\\.)*")|,(?=\s*[\]}])/g, (_, string?: string) => string ?? '')
  return JSON.parse(strict)
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
