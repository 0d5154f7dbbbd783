import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join, posix, relative, sep } from 'node:path'
import { adviceFor } from './frameworks.ts'
import { generateTypes, planTypes, type TypesOptions, type TypesResult } from './generate.ts'
import { withTypesScript } from './package-fix.ts'
import type { TypesProblem } from './problem.ts'
import { fromRoot } from './project.ts'
import { modelSpecifiers } from './specifiers.ts'
import { defaultConfig, holders, type LayerPlace, problemOf, settings } from './tsconfig-check.ts'
import { fixedTsConfig } from './tsconfig-fix.ts'
import { configFault, readTsConfig, says, whyUnreadable } from './tsconfig.ts'
import { optionsOf, type Program, programOf, tscOf } from './typescript.ts'

export interface FixResult extends TypesResult {
  /** Files of the user's that were changed: path relative to the root, and how. */
  readonly fixed: readonly { readonly file: string; readonly what: string }[]
}

/**
 * Writes the types of a project, and changes what keeps them from being found: the configurations that hold sources with
 * models, `package.json` for those who clone the project, and `.gitignore`. TypeScript is asked before and after: a change
 * that takes a file out of a program, or doesn't bring the types into it, is taken back and is a problem.
 */
export async function fixTypes(options: TypesOptions): Promise<FixResult> {
  const { root } = options
  const { place, beside } = await planTypes(options)
  const problems: TypesProblem[] = []
  const fixed: { file: string; what: string }[] = []
  const path = options.tsconfig ?? defaultConfig(root)
  if (path === undefined || !existsSync(path)) problems.push(noConfiguration(root, path))
  else {
    const broken = whyUnreadable(path)
    if (broken !== undefined) problems.push(notFixed(fromRoot(root, path), broken))
  }

  // The file that programs are to hold must be there before TypeScript is asked about it.
  const before =
    path === undefined ? [] : await Promise.all(holders(path, place).map((config) => remember(config.path, root)))
  const changed = new Map<string, string>()
  for (const { file, text, config, program } of before) {
    const said = program?.configFault
    const broken = configFault(config) ?? (said && says(said))
    if (broken !== undefined) {
      problems.push(notFixed(file, broken))
      continue
    }
    const outcome = await fixConfiguration(config, text, place)
    if (typeof outcome === 'object') problems.push(outcome)
    else if (outcome !== undefined) changed.set(file, outcome)
  }
  const result = await generateTypes(options)
  const failed = new Set(problems.map(({ file }) => file))
  for (const { file, text, config, program } of before) {
    const what = changed.get(file)
    const fault =
      place.models.length === 0 || failed.has(file)
        ? undefined
        : await faultOf({ root, config, place, before: program })
    if (fault === undefined) {
      if (what !== undefined) fixed.push({ file, what })
      continue
    }
    if (what !== undefined) await writeFile(config, text)
    problems.push(notFixed(file, fault))
    failed.add(file)
  }
  const others = result.problems.filter(({ code, file }) => code !== 'TYPES_TSCONFIG' || !failed.has(file))

  if (beside === undefined && result.written.length + result.unchanged.length > 0) {
    fixed.push(...(await fixPackage(root, problems)), ...(await fixGitignore(root, problems)))
  }
  return { ...result, problems: [...others, ...problems], fixed }
}

/** A configuration as it is, in the word of TypeScript, too. */
async function remember(
  config: string,
  root: string,
): Promise<{ file: string; config: string; text: string; program: Program | undefined }> {
  const tsc = tscOf(root)
  return {
    file: fromRoot(root, config),
    config,
    text: await readFile(config, 'utf8'),
    program: tsc === undefined ? undefined : await programOf(tsc, config),
  }
}

/** @returns what was done, a problem, or `undefined` where nothing is to be done */
async function fixConfiguration(
  path: string,
  text: string,
  place: LayerPlace,
): Promise<string | TypesProblem | undefined> {
  const config = readTsConfig(path)
  if (config === undefined || place.models.length === 0) return undefined
  const file = fromRoot(place.root, path)
  // What it says about a generated file is that this can't be changed here.
  if (adviceFor(file, settings(config, place)) !== undefined) return undefined
  try {
    const fixed = fixedTsConfig(text, config, place)
    if (fixed === text) return undefined
    await writeFile(path, fixed)
    return fixed.includes('"unplugin-onnx-mlir/tsconfig"') && !text.includes('"unplugin-onnx-mlir/tsconfig"')
      ? 'it extends unplugin-onnx-mlir/tsconfig'
      : 'it has the types in its program'
  } catch (error) {
    return notFixed(file, messageOf(error))
  }
}

/** What of a configuration isn't right after all, in our own judgement and in TypeScript's. */
async function faultOf({
  root,
  config: path,
  place,
  before,
}: {
  readonly root: string
  readonly config: string
  readonly place: LayerPlace
  readonly before: Program | undefined
}): Promise<string | undefined> {
  const config = readTsConfig(path)
  const problem = config && problemOf(config, place)
  if (problem) return problem.message
  const tsc = tscOf(root)
  if (tsc === undefined) return undefined
  const [shown, program] = await Promise.all([optionsOf(tsc, path), programOf(tsc, path)])
  if (typeof shown === 'string') return says(shown)
  const lost = [...(before?.files ?? [])].find((file) => file.startsWith(root + sep) && !program.files.has(file))
  if (lost !== undefined) return `its program would lose ${relative(root, lost)}`
  if (!program.files.has(place.entry)) return `TypeScript doesn't take ${relative(root, place.entry)} into its program`
  if (!shown.allowArbitraryExtensions) return 'for TypeScript, allowArbitraryExtensions is off'
  const folders = place.layer === undefined ? [] : [root, place.layer]
  const missing = folders.find((folder) => !shown.rootDirs.includes(folder))
  if (missing !== undefined) return `for TypeScript, rootDirs lacks ${relative(root, missing) || 'the project folder'}`
  return unresolved(program, place)
}

/** An import of a model, as its file has it, that TypeScript finds no declaration for. */
async function unresolved(
  { files, modelImports }: Program,
  { root, models, importers }: LayerPlace,
): Promise<string | undefined> {
  for (const importer of importers) {
    const file = join(root, importer)
    // What TypeScript reads itself: parts of Vue and Svelte files, it doesn't.
    if (!files.has(file)) continue
    const text = await readFile(file, 'utf8')
    for (const { path, query } of modelSpecifiers(text)) {
      const model = posix.join(posix.dirname(importer), path)
      // Of what is no file in the layer, TypeScript tells nothing here.
      const isMirrored = query === '' && !model.startsWith('../') && /^\.\.?\//.test(path) && models.includes(model)
      const isImported = ["'", '"'].some((quote) => text.includes(` from ${quote}${path}${quote}`))
      if (!isMirrored || !isImported) continue
      if (!modelImports.some((found) => found.specifier === path && found.file === file))
        return `TypeScript finds no types for ${JSON.stringify(path)} in ${importer}`
    }
  }
  return undefined
}

async function fixPackage(root: string, problems: TypesProblem[]): Promise<FixResult['fixed']> {
  const path = join(root, 'package.json')
  const text = await readFile(path, 'utf8').catch(() => undefined)
  if (text === undefined) return []
  const isYarn2 = existsSync(join(root, '.yarnrc.yml')) || existsSync(join(root, '.pnp.cjs'))
  try {
    const fixed = withTypesScript(text, isYarn2)
    if (fixed === text) return []
    await writeFile(path, fixed)
    return [
      { file: 'package.json', what: `npm install writes the types, too: "${isYarn2 ? 'postinstall' : 'prepare'}"` },
    ]
  } catch (error) {
    problems.push(notFixed('package.json', messageOf(error)))
    return []
  }
}

/** For tools that go by the project's own .gitignore alone. */
async function fixGitignore(root: string, problems: TypesProblem[]): Promise<FixResult['fixed']> {
  const path = join(root, '.gitignore')
  const text = await readFile(path, 'utf8').catch(() => undefined)
  if (text === undefined || /^\/?\.onnx-mlir\/?\s*$/m.test(text)) return []
  try {
    await writeFile(path, `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}.onnx-mlir/\n`)
    return [{ file: '.gitignore', what: 'it has .onnx-mlir/' }]
  } catch (error) {
    problems.push(notFixed('.gitignore', messageOf(error)))
    return []
  }
}

function noConfiguration(root: string, path: string | undefined): TypesProblem {
  const isNuxt = ['nuxt.config.ts', 'nuxt.config.js', 'nuxt.config.mjs'].some((name) => existsSync(join(root, name)))
  const file = path === undefined ? 'tsconfig.json' : fromRoot(root, path)
  return {
    severity: 'error',
    code: 'TYPES_NO_TSCONFIG',
    file,
    message: `there is no ${file}. Make one with ${isNuxt ? 'npx nuxt prepare and the tsconfig.json of https://nuxt.com/docs/4.x/directory-structure/tsconfig' : 'npx tsc --init'}.`,
  }
}

function notFixed(file: string, reason: string): TypesProblem {
  return { severity: 'error', code: 'TYPES_NOT_FIXED', file, message: `${file} is left as it was: ${reason}` }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
