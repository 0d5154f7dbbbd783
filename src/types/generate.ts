import { existsSync, readFileSync } from 'node:fs'
import { readdir, rm, rmdir } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { declarationFile, isDeclarationFile } from '../emit/declaration-file.ts'
import { type Declared, declarationSource } from '../emit/dts.ts'
import { isEdited, isGenerated } from '../emit/marked.ts'
import { OnnxMlirError, UsageError } from '../errors/index.ts'
import { expectFields } from '../options/expect.ts'
import { kinds, type KindsOf } from '../options/kinds.ts'
import { isOnlyAsImported, mentionsModel } from '../request/extensions.ts'
import { importsAliases, type Alias } from './aliases.ts'
import { besideFolder } from './beside.ts'
import { gitIgnored } from './ignored.ts'
import { type Layer, layerFolder, planLayer, type Typed } from './layer.ts'
import { outsideModels } from './outside.ts'
import type { TypesProblem } from './problem.ts'
import { edited, foreign, withoutPython } from './problems.ts'
import { projectFiles } from './project.ts'
import { modelSpecifiers, type ModelUse } from './specifiers.ts'
import { checkTsConfig, type LayerPlace, outputFolders, tsConfigAliases } from './tsconfig-check.ts'
import { writeWhole } from './write-whole.ts'

export { layerFolder }

export interface TypesOptions {
  /** Absolute path of the project: the folder of its package.json and tsconfig.json. */
  readonly root: string
  /** Reads the signature of a model, by its path with directives as query; an error becomes a problem of that model. */
  readonly signatureOf: (id: string) => Promise<Declared>
  /** Report what would change, and write nothing. */
  readonly check?: boolean
  /**
   * Write declarations beside the models, where they may be committed, instead of into the layer. Once they are there, every
   * later run keeps them up to date.
   */
  readonly beside?: boolean
  /** Folders to leave out besides `node_modules`, `dist` and those that begin with a dot: names, or paths from the root. */
  readonly exclude?: readonly string[]
  /** Aliases of the bundler, besides package.json's `imports` and tsconfig.json's `paths`; targets relative to the root. */
  readonly aliases?: readonly Alias[]
  /** Absolute path of the configuration to check; the root's tsconfig.json by default. */
  readonly tsconfig?: string
  /** Whose file names to write for; this machine's by default. */
  readonly platform?: string
  /** Folder of the cache: what git answers is remembered there. */
  readonly memoFolder?: string
}

const fields: KindsOf<TypesOptions> = {
  root: kinds.folder,
  signatureOf: kinds.function,
  check: kinds.boolean,
  beside: kinds.boolean,
  exclude: kinds.texts,
  aliases: kinds.objects,
  tsconfig: kinds.text,
  platform: kinds.text,
  memoFolder: kinds.folder,
}

/** What a run did, or would do under `check`. Paths are relative to the root, with `/`. */
export interface TypesResult {
  readonly written: readonly string[]
  readonly unchanged: readonly string[]
  readonly removed: readonly string[]
  readonly problems: readonly TypesProblem[]
}

/**
 * Brings the types of a project's models up to date: a declaration for each, and for the queries, aliases and packages by
 * which its sources import them. Files whose text is right already are left untouched, as are files that somebody else
 * wrote or edited, which are problems; generated files without a model or an import are removed. A model that can't be read
 * is a problem, and keeps the declaration it had.
 *
 * @throws UsageError for options that are none
 */
export async function generateTypes(options: TypesOptions): Promise<TypesResult> {
  expectFields(options, 'What generateTypes() is given', fields)
  const { root } = options
  if (!existsSync(root))
    throw new UsageError('USAGE_OPTION', `The project's folder ${root} is not there.`, { given: root })
  const first = await planTypes(options)
  const { place, beside, declarations } = first
  const modelProblems: TypesProblem[] = []
  const texts = new Map<string, string>()
  for (const typed of first.plan.typed) {
    const { file } = typed
    // From the declaration to the file of all models, whose queries come with it.
    const project = beside === undefined ? posix.relative(posix.dirname(file), first.plan.entry) : undefined
    const text = await declaration(typed, { ...options, project }, modelProblems)
    if (text !== undefined) texts.set(file, text)
  }
  const assets = new Set(
    modelProblems
      .filter(({ severity, code }) => severity === 'warning' && code === 'TYPES_MODEL')
      .map(({ file }) => file),
  )
  // No other file may speak of what has no declaration.
  const { plan } = assets.size === 0 ? first : await planTypes(options, assets)
  const files = new Map([...plan.files, ...texts])
  const problems = [...plan.problems, ...modelProblems]
  problems.push(...checkTsConfig(place, options.tsconfig))

  const written: string[] = []
  const unchanged: string[] = []
  for (const [file, text] of files) {
    const outcome = await writeIfChanged(join(root, file), text, options.check)
    if (outcome === 'edited') problems.push(edited(file))
    else if (outcome === 'foreign') problems.push(foreign(file))
    else (outcome === 'written' ? written : unchanged).push(file)
  }
  const planned = new Set([...files.keys(), ...first.plan.typed.map(({ file }) => file)])
  const removed = [
    ...(await removeStale(root, planned, options.check)),
    ...(await removeOrphans(root, declarations, planned, options.check)),
  ]
  return { written: written.sort(), unchanged: unchanged.sort(), removed: removed.sort(), problems }
}

/** How many models the files of a result declare: `2 declarations`. */
export function modelDeclarations(files: readonly string[]): string {
  const count = files.filter((file) => isDeclarationFile(file) && !file.includes('?')).length
  return `${count} ${count === 1 ? 'declaration' : 'declarations'}`
}

/**
 * What is to be written, and where it must be found.
 *
 * @param assets files that are no models of this package, though they are called so
 */
export async function planTypes(
  options: Omit<TypesOptions, 'signatureOf'>,
  assets: ReadonlySet<string> = new Set(),
): Promise<{
  readonly plan: Layer
  readonly place: LayerPlace
  /** The folder of what belongs to all models, where their declarations are beside them. */
  readonly beside: string | undefined
  readonly declarations: readonly string[]
}> {
  const { root, platform = process.platform } = options
  const { models: found, uses, sources, declarations } = await typedFiles(options)
  const models = found.filter((model) => !assets.has(model))
  const beside = await besideFolder(root, { models, uses, declarations, isAsked: options.beside })
  const plan = planLayer({
    models,
    uses,
    sourceFolders: [...new Set(sources.map((source) => posix.dirname(source)))],
    aliases: projectAliases(options),
    outside: outsideModels(root),
    ...(beside !== undefined && {
      beside: { folder: beside, isDeclared: (model) => existsSync(join(root, declarationFile(model))) },
    }),
    platform,
  })
  const place = {
    root,
    ...(beside === undefined && { layer: join(root, layerFolder) }),
    entry: join(root, plan.entry),
    models: [...plan.declarations.keys()],
    importers: [...new Set(uses.map(({ file }) => file))],
  }
  return { plan, place, beside, declarations }
}

/** The files that matter to types: without what builds wrote, whatever the folder is called that they wrote to. */
async function typedFiles(options: Pick<TypesOptions, 'root' | 'exclude' | 'tsconfig' | 'memoFolder'>): Promise<{
  readonly models: readonly string[]
  readonly uses: readonly ModelUse[]
  readonly sources: readonly string[]
  readonly declarations: readonly string[]
}> {
  const { root, exclude = [], tsconfig } = options
  const found = await projectFiles(root, [...exclude, ...outputFolders(root, tsconfig)])
  const all = modelUses(root, found.sources)
  const candidates = [...new Set([...all.map(({ file }) => file), ...found.models])]
  const ignored = await gitIgnored(root, candidates, options.memoFolder)
  const uses = all.filter(({ file }) => !ignored.has(file))
  // Large models are often kept out of git, and imported all the same.
  const names = new Set(uses.map(({ path }) => posix.basename(path)))
  const models = found.models.filter((model) =>
    isOnlyAsImported(model) ? isImported(model, uses) : !ignored.has(model) || names.has(posix.basename(model)),
  )
  return { ...found, models, uses, sources: found.sources.filter((source) => !ignored.has(source)) }
}

/** Whether a source names exactly this file; an alias may stand for any of its name. */
function isImported(model: string, uses: readonly ModelUse[]): boolean {
  return uses.some(({ file, path }) =>
    /^\.\.?\//.test(path)
      ? posix.join(posix.dirname(file), path) === model
      : posix.basename(path) === posix.basename(model),
  )
}

async function declaration(
  { model, query }: Pick<Typed, 'model' | 'query'>,
  { root, signatureOf, project }: TypesOptions & { readonly project: string | undefined },
  problems: TypesProblem[],
): Promise<string | undefined> {
  try {
    const { docs, metadata, ...signature } = await signatureOf(join(root, model) + (query && `?${query}`))
    const said = { ...(docs && { docs }), ...(metadata && { metadata }) }
    return declarationSource(signature, { name: model, ...said, ...(project && { project }) })
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const isPythons = error instanceof OnnxMlirError && /^(?:ENVIRONMENT|MODEL)_NO_PYTHON$/.test(error.code)
    if (isPythons) problems.push(withoutPython(model, message))
    else
      problems.push({
        severity: isPerhapsAsset(model) ? 'warning' : 'error',
        code: 'TYPES_MODEL',
        file: model,
        message,
      })
    return undefined
  }
}

/** Files of other formats are often there for other programs, MediaPipe's say, which read more of them. A build that imports one fails. */
function isPerhapsAsset(model: string): boolean {
  return !model.endsWith('.onnx')
}

/** Synchronously, as it is every source of a project: the way through the thread pool takes longer than to read one. */
function modelUses(root: string, sources: readonly string[]): ModelUse[] {
  const uses: ModelUse[] = []
  for (const file of sources) {
    const bytes = readIfThere(join(root, file))
    // Most name no model, and need not become text.
    if (!bytes || !mentionsModel(bytes)) continue
    const text = bytes.toString()
    if (!isGenerated(text)) for (const specifier of modelSpecifiers(text)) uses.push({ ...specifier, file })
  }
  return uses
}

function projectAliases({ root, tsconfig, aliases = [] }: Omit<TypesOptions, 'signatureOf'>): Alias[] {
  return [...packageAliases(root), ...tsConfigAliases(root, tsconfig), ...aliases]
}

function packageAliases(root: string): Alias[] {
  try {
    return importsAliases(JSON.parse(readText(join(root, 'package.json')) ?? ''))
  } catch {
    // npm and the bundler report a broken package.json.
    return []
  }
}

async function writeIfChanged(
  path: string,
  text: string,
  check = false,
): Promise<'written' | 'unchanged' | 'edited' | 'foreign'> {
  const before = readText(path)
  if (before?.replaceAll('\r\n', '\n') === text) return 'unchanged'
  if (before !== undefined && path.endsWith('.ts')) {
    if (!isGenerated(before)) return 'foreign'
    if (isEdited(before)) return 'edited'
  }
  if (!check) await writeWhole(path, text)
  return 'written'
}

/** Removes generated files of the layer that the plan no longer has, and folders left empty. */
async function removeStale(root: string, planned: ReadonlySet<string>, check = false): Promise<string[]> {
  const removed: string[] = []
  const visit = async (folder: string): Promise<void> => {
    const entries = await readdir(join(root, folder), { withFileTypes: true }).catch(() => [])
    for (const entry of entries) {
      const path = posix.join(folder, entry.name)
      if (entry.isDirectory()) await visit(path)
      else if (entry.isFile() && entry.name.endsWith('.ts') && isStale(root, path, planned)) {
        if (!check) await rm(join(root, path), { force: true })
        removed.push(path)
      }
    }
    if (folder !== layerFolder && !check) await rmdir(join(root, folder)).catch(() => undefined)
  }
  await visit(layerFolder)
  return removed
}

/** Removes generated files beside models that are gone. */
async function removeOrphans(
  root: string,
  declarations: readonly string[],
  planned: ReadonlySet<string>,
  check = false,
): Promise<string[]> {
  const removed: string[] = []
  for (const path of declarations) {
    if (!isStale(root, path, planned)) continue
    if (!check) await rm(join(root, path), { force: true })
    removed.push(path)
  }
  return removed
}

function isStale(root: string, path: string, planned: ReadonlySet<string>): boolean {
  return !planned.has(path) && isGenerated(readText(join(root, path)) ?? '')
}

function readText(path: string): string | undefined {
  return readIfThere(path)?.toString()
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch {
    return undefined
  }
}
