import { existsSync } from 'node:fs'
import { dirname, extname, join, relative, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { nearestPackage } from '../cache/nearest-package.ts'
import { UsageError } from '../errors/index.ts'
import { ending } from '../request/extensions.ts'
import { canonicalId, isModelId, modelFile } from '../request/request.ts'

/** A specifier of a model: what Node is to resolve, and the directives behind it. */
export interface ModelSpecifier {
  readonly path: string
  readonly query: string
}

const escapedQuery = new RegExp(`(?<=${ending})%3F`, 'i')

/** `undefined` for what is no model. */
export function modelSpecifier(given: string): ModelSpecifier | undefined {
  // The `require()` of CommonJS that was imported makes URLs of the paths it is given.
  const specifier = given.startsWith('file:') ? given.replace(escapedQuery, '?') : given
  if (!isModelId(specifier)) return undefined
  const path = modelFile(specifier)
  return { path, query: specifier.slice(path.length) }
}

/** What Node tells a hook of an import or `require()`. */
export interface ResolveContext {
  readonly parentURL?: string
  readonly conditions: readonly string[]
}

/** The URL of a model's module: its file's, with the directives in canonical order, so that one request is one module. */
export function modelUrl(file: string, { query }: ModelSpecifier): string {
  return pathToFileURL(file).href + canonicalId(file + query).slice(file.length)
}

/** The id of a model by the URL of its module; `undefined` for any other URL. */
export function modelId(url: string): string | undefined {
  if (!url.startsWith('file:')) return undefined
  const address = modelFile(url)
  const id = fileURLToPath(address) + url.slice(address.length)
  return isModelId(id) ? id : undefined
}

const notFound = new Set<unknown>(['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND', 'ENOENT'])

/**
 * What to say where Node finds no such file; any other error is Node's to tell.
 *
 * @param importer path or `file:` URL of the module that imports it
 */
export function modelError(error: unknown, { path }: ModelSpecifier, importer: string | undefined): unknown {
  const { code } = error as { code?: unknown }
  if (!notFound.has(code)) return error
  const from = importer?.startsWith('file:') ? fileURLToPath(importer) : importer
  const advice =
    (from && leftBehind(path, from)) ?? 'Check the path; it begins with "./" for a file beside the importer.'
  const message = `The model "${path}"${from ? `, imported by ${from},` : ''} is not there. ${advice}`
  return new UsageError('USAGE_MODEL', message, { model: path }, { cause: error })
}

/** The compiler of TypeScript writes JavaScript into another folder and leaves all other files where they are. */
function leftBehind(specifier: string, importer: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined
  const expected = join(dirname(importer), specifier)
  const root = nearestPackage(dirname(importer))
  if (root === undefined) return undefined
  const [output, ...inside] = relative(root, expected).split(sep)
  if (output === undefined || output === '..') return undefined
  const original = [join(root, 'src', ...inside), join(root, ...inside)].find((file) => existsSync(file))
  if (original === undefined || inside.length === 0) return undefined
  return (
    `It is at ${relative(root, original)}: tsc copies no models into ${output}. ` +
    `Copy it there after tsc, in NestJS by "compilerOptions": { "assets": ["**/*${extname(original)}"] } in nest-cli.json; or import it by an ` +
    `alias of package.json, "imports": { "#models/*": "./${relative(root, dirname(original)).split(sep).join('/') || '.'}/*" }, which means the same file from everywhere.`
  )
}
