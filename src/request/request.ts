import { resolve } from 'node:path'
import { UsageError } from '../errors/index.ts'
import type { Directive } from './directive.ts'
import { type DirectiveName, type Directives, directives } from './directives.ts'
import { filters, isModuleName, moduleExtension } from './extensions.ts'
import { didYouMean } from './suggest.ts'

/** A model and how it is to be compiled. */
export interface Request {
  /** Absolute path of the model file. */
  readonly path: string
  readonly directives: Directives
  /** All directives as one canonical query: equal for equal requests, however they were written. */
  readonly key: string
}

/** Directives for all models, from the plugin's options or the CLI's flags; a specifier's own win. */
export type RequestOptions = Partial<Directives>

const registry: { readonly [Name in DirectiveName]: Directive<Directives[Name]> } = directives
const names = (Object.keys(directives) as DirectiveName[]).sort()

/** Vite's own parameters: HMR timestamp, version hash of a dependency, mark of a dynamic import. They change no model. */
const hostInternal = new Set(['t', 'v', 'import'])

/** Asks of a bundler, not of us: the file as it is. `worker` with a value is a directive. */
const foreign = new Set(['url', 'raw', 'inline', 'no-inline', 'worker', 'sharedworker'])

/**
 * What every host carries unchanged: `.` breaks TypeScript's file lookup and Bun's plugins, `:` and `/` break others,
 * `*` and `[` are pattern characters in `declare module` and in filters.
 */
const grammar = /^[A-Za-z0-9_,=-]+$/

/** Whether a specifier or a bundler's module id is a model of ours. Never throws: wrong directives are found when parsed. */
export function isModelId(id: string): boolean {
  const { path, parameters } = splitId(id)
  // A leading NUL marks ids that other plugins made up.
  const isNamed = filters.path.test(path) || (isModuleName(path) && parameters.some(({ name }) => name === 'export'))
  return isNamed && !path.startsWith('\0') && !parameters.some(isForeign)
}

/** Whether a model with this query, of the form `?…` or none, is one of ours. */
export function isModelQuery(query: string): boolean {
  return !splitId(query).parameters.some(isForeign)
}

/** Whether this query makes a model of a file of Python. */
export function isModuleQuery(query: string): boolean {
  return isModelId(`.${moduleExtension}${query}`)
}

/** Path of a model without its directives. */
export function modelFile(id: string): string {
  return id.replace(/\?.*$/s, '')
}

function isForeign({ name, text }: Parameter): boolean {
  return foreign.has(name) && (name !== 'worker' || text === undefined)
}

/**
 * The id without what hosts append for themselves, and its directives in canonical order: one module for one meaning.
 *
 * @throws UsageError as `parseRequest`
 */
export function canonicalId(id: string): string {
  const { path } = splitId(id)
  const query = canonicalQuery(writtenDirectives(id))
  return query === '' ? path : `${path}?${query}`
}

/** The same, or the id as it is where its directives are wrong: loading it says what is wrong with them, and hosts where. */
export function canonicalIfRight(id: string): string {
  try {
    return canonicalId(id)
  } catch {
    return id
  }
}

/**
 * Reads a model's id, `/path/m.onnx?target=z16&O=2`, over the defaults.
 *
 * @param id a relative path is taken from the working directory
 * @throws UsageError naming the id, and the nearest directive or value there is; code `USAGE_DIRECTIVE`,
 *   `USAGE_DUPLICATE` or `USAGE_TARGET`
 */
export function parseRequest(id: string, defaults: RequestOptions = {}): Request {
  const written = writtenDirectives(id)
  const merged = names.map((name) => [name, mergedValue(name, written, defaults)])
  const values: Directives = Object.fromEntries(merged)
  return { path: resolve(splitId(id).path), directives: values, key: canonicalQuery(values) }
}

/** Canonical text of some directives, `O=3&compiler=auto&…`; those with nothing to write are left out. */
export function canonicalQuery(values: RequestOptions): string {
  const pairs = names.map((name) => [name, formatted(name, values)] as const)
  return pairs.flatMap(([name, text]) => (text === '' ? [] : [`${name}=${text}`])).join('&')
}

interface Parameter {
  readonly name: string
  /** `undefined` for a bare `?name`. */
  readonly text: string | undefined
}

function splitId(id: string): { path: string; parameters: Parameter[] } {
  const start = id.indexOf('?')
  if (start < 0) return { path: id, parameters: [] }
  const parts = id.slice(start + 1).split('&')
  const parameters = parts
    .filter((part) => part !== '')
    .map((part) => {
      const equals = part.indexOf('=')
      return equals < 0
        ? { name: part, text: undefined }
        : { name: part.slice(0, equals), text: part.slice(equals + 1) }
    })
  return { path: id.slice(0, start), parameters }
}

/** The directives that an id itself gives. */
function writtenDirectives(id: string): RequestOptions {
  const { path, parameters } = splitId(id)
  const written = new Map<DirectiveName, unknown>()
  for (const { name, text } of parameters) {
    if (hostInternal.has(name)) continue
    naming(id, path, () => {
      const known = names.find((candidate) => candidate === name)
      if (known === undefined) throw unknownDirective(name)
      if (written.has(known)) throw new UsageError('USAGE_DUPLICATE', `${name} is given twice.`, { name })
      const { syntax, parse, bare } = registry[known]
      if (text === undefined && bare !== undefined) return void written.set(known, bare)
      if (!text) throw new UsageError('USAGE_DIRECTIVE', `${name} needs a value: ${syntax}.`, { name })
      if (!grammar.test(text)) throw forbiddenCharacter(known, text)
      written.set(known, parse(text))
    })
  }
  return Object.fromEntries(written) // each value came from the directive of its name
}

function mergedValue<Name extends DirectiveName>(
  name: Name,
  written: RequestOptions,
  defaults: RequestOptions,
): Directives[Name] {
  const directive: Directive<Directives[Name]> = registry[name]
  const text = optionText(directive, defaults[name] ?? directive.fallback)
  const option = text === '' ? directive.fallback : naming('Option', undefined, () => directive.parse(text))
  const own = written[name]
  return own === undefined ? option : (directive.merge?.(option, own) ?? own)
}

/**
 * Options are written as text and read back, as they may come from a configuration file that nobody has type-checked: what
 * can't be written is left to `parse`, which refuses it.
 */
function optionText<Value>(directive: Directive<Value>, value: Value): string {
  try {
    const text: unknown = directive.format(value)
    if (typeof text === 'string') return text
  } catch {
    // Of another type than `format` is for.
  }
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

function formatted<Name extends DirectiveName>(name: Name, values: RequestOptions): string {
  const directive: Directive<Directives[Name]> = registry[name]
  const value = values[name]
  return value === undefined ? '' : directive.format(value)
}

/** Runs `read` and puts the place in front of the message of a UsageError. */
function naming<Result>(place: string, model: string | undefined, read: () => Result): Result {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    throw new UsageError(error.code, `${place}: ${error.message}`, { ...error.data, model }, { cause: error })
  }
}

function unknownDirective(name: string): UsageError {
  const advice = `${didYouMean(name, names)} Known: ${names.join(', ')}.`
  return new UsageError('USAGE_DIRECTIVE', `Unknown directive "${name}".${advice}`, { given: name, expected: names })
}

function forbiddenCharacter(name: DirectiveName, text: string): UsageError {
  const advice = carriedText(name, text) ?? 'it with letters, digits, "_", "," and "-"'
  const message = `${name}="${text}" has a character that bundlers don't carry; write ${advice}.`
  return new UsageError('USAGE_DIRECTIVE', message, { name, given: text })
}

/** The same directive without such characters, where it has a way to write them. */
function carriedText<Name extends DirectiveName>(name: Name, text: string): string | undefined {
  const { parse, format }: Directive<Directives[Name]> = registry[name]
  try {
    const carried = format(parse(text))
    return grammar.test(carried) ? `${name}=${carried}` : undefined
  } catch {
    return undefined
  }
}
