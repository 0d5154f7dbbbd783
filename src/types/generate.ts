import { mkdir, readFile, readdir, rm, rmdir, writeFile } from 'node:fs/promises'
import { dirname, join, posix, relative, resolve, sep } from 'node:path'
import type { Signature } from '../artifact.ts'
import { declarationSource, generatedMark } from '../emit/dts.ts'
import { importsAliases, type Alias } from './aliases.ts'
import { ambientFile, declarationFile, planLayer, type ModelUse } from './layer.ts'
import type { TypesProblem } from './problem.ts'
import { projectFiles } from './project.ts'
import { modelSpecifiers } from './specifiers.ts'
import { checkTsConfig, tsConfigAliases } from './tsconfig-check.ts'

/** Where the type layer stands, relative to the project. */
export const layerFolder = '.onnx-mlir/types'

export interface TypesOptions {
  /** Absolute path of the project: the folder of its package.json and tsconfig.json. */
  readonly root: string
  /** Reads the signature from a model's file; an error becomes a problem of that model. */
  readonly signatureOf: (path: string) => Promise<Signature>
  /** Report what would change, and write nothing. */
  readonly check?: boolean
  /** Folders to leave out besides `node_modules`, `dist` and those that begin with a dot: names, or paths from the root. */
  readonly exclude?: readonly string[]
  /** Aliases of the bundler, besides package.json's `imports` and tsconfig.json's `paths`; targets relative to the root. */
  readonly aliases?: readonly Alias[]
  /** Absolute path of the configuration to check; the root's tsconfig.json by default. */
  readonly tsconfig?: string
  /** Whose file names to write for; this machine's by default. */
  readonly platform?: NodeJS.Platform
}

/** What a run did, or would do under `check`. Paths are relative to the root, with `/`. */
export interface TypesResult {
  readonly written: readonly string[]
  readonly unchanged: readonly string[]
  readonly removed: readonly string[]
  readonly problems: readonly TypesProblem[]
}

/**
 * Brings the type layer of a project up to date: declarations of all its models, and of the queries and aliases by which
 * its sources import them. Files whose text is right already are left untouched; generated files without a model or an
 * import are removed. A model that can't be read is a problem, and keeps the declaration it had.
 */
export async function generateTypes(options: TypesOptions): Promise<TypesResult> {
  const { root, platform = process.platform } = options
  const { models, sources } = await projectFiles(root, options.exclude)
  const plan = planLayer({
    models,
    uses: await modelUses(root, sources),
    sourceFolders: [...new Set(sources.map((source) => posix.dirname(source)))],
    aliases: [...(await packageAliases(root)), ...tsConfigAliases(root, options.tsconfig), ...(options.aliases ?? [])],
    platform,
  })

  const problems = [...plan.problems]
  const files = new Map(models.length === 0 ? [] : plan.files)
  const kept: string[] = []
  for (const model of plan.models) {
    const text = await declaration(model, options, problems)
    if (text === undefined) kept.push(declarationFile(model))
    else files.set(declarationFile(model), text)
  }
  const ambient = files.has(ambientFile) ? join(root, layerFolder, ambientFile) : undefined
  problems.push(
    ...checkTsConfig({ root, layer: join(root, layerFolder), ambient, models: plan.models }, options.tsconfig),
  )

  const written: string[] = []
  const unchanged: string[] = []
  for (const [path, text] of files) {
    const changed = await writeIfChanged(join(root, layerFolder, path), text, options.check)
    ;(changed ? written : unchanged).push(posix.join(layerFolder, path))
  }
  const removed = await removeStale(root, new Set([...files.keys(), ...kept]), options.check)
  return { written: written.sort(), unchanged: unchanged.sort(), removed, problems }
}

/**
 * Brings the declaration of one changed model up to date. Its imports and their queries are not looked at: they don't
 * depend on the model's content. For a model that is new or gone, use {@link generateTypes}.
 *
 * @param path of the model: absolute, or relative to the root
 */
export async function generateTypesFor(path: string, options: TypesOptions): Promise<TypesResult> {
  const model = relative(options.root, resolve(options.root, path)).replaceAll(sep, '/')
  const problems: TypesProblem[] = []
  const text = await declaration(model, options, problems)
  if (text === undefined) return { written: [], unchanged: [], removed: [], problems }
  const file = posix.join(layerFolder, declarationFile(model))
  const changed = await writeIfChanged(join(options.root, file), text, options.check)
  return { written: changed ? [file] : [], unchanged: changed ? [] : [file], removed: [], problems }
}

async function declaration(
  model: string,
  { root, signatureOf }: TypesOptions,
  problems: TypesProblem[],
): Promise<string | undefined> {
  try {
    return declarationSource(await signatureOf(join(root, model)), { name: model })
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    problems.push({ severity: 'error', code: 'TYPES_MODEL', file: model, message })
    return undefined
  }
}

async function modelUses(root: string, sources: readonly string[]): Promise<ModelUse[]> {
  const uses: ModelUse[] = []
  // Some at a time: one by one takes twice as long, and all at once may exceed the limit of open files.
  for (let start = 0; start < sources.length; start += 64) {
    const batch = sources.slice(start, start + 64)
    const texts = await Promise.all(batch.map((file) => readText(join(root, file))))
    for (const [index, file] of batch.entries()) {
      for (const specifier of modelSpecifiers(texts[index] ?? '')) uses.push({ ...specifier, file })
    }
  }
  return uses
}

async function packageAliases(root: string): Promise<Alias[]> {
  try {
    return importsAliases(JSON.parse(await readText(join(root, 'package.json'))))
  } catch {
    // npm and the bundler report a broken package.json.
    return []
  }
}

async function writeIfChanged(path: string, text: string, check = false): Promise<boolean> {
  if ((await readText(path)) === text) return false
  if (!check) {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text)
  }
  return true
}

/** Removes generated files that the plan no longer has, and folders left empty. Files without our mark stay. */
async function removeStale(root: string, planned: ReadonlySet<string>, check = false): Promise<string[]> {
  const removed: string[] = []
  const visit = async (folder: string): Promise<void> => {
    const entries = await readdir(join(root, layerFolder, folder), { withFileTypes: true }).catch(() => [])
    for (const entry of entries) {
      const path = posix.join(folder, entry.name)
      if (entry.isDirectory()) await visit(path)
      if (!entry.isFile() || planned.has(path) || !entry.name.endsWith('.ts')) continue
      const absolute = join(root, layerFolder, path)
      if (!(await readText(absolute)).startsWith(generatedMark)) continue
      if (!check) await rm(absolute, { force: true })
      removed.push(posix.join(layerFolder, path))
    }
    if (folder !== '' && !check) await rmdir(join(root, layerFolder, folder)).catch(() => undefined)
  }
  await visit('')
  return removed.sort()
}

/** A file's text; empty where there is no such file. */
async function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '')
}
