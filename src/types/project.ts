import { readdir, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { isDeclarationFile } from '../emit/declaration-file.ts'
import { isModelName } from '../request/extensions.ts'

/** Files of a project that matter to its types. Paths are relative to the root, with `/`. */
export interface ProjectFiles {
  /** Files with an extension of models. */
  readonly models: readonly string[]
  /** Files that may import a model. */
  readonly sources: readonly string[]
  /** Declarations beside models, and those of all models: `m.d.onnx.ts`, `onnx-models.d.ts`. */
  readonly declarations: readonly string[]
  /** All folders looked into, the root as `''`. */
  readonly folders: readonly string[]
}

const sourceFile = /\.(?:[cm]?[jt]s|[jt]sx|vue|svelte|astro)$/
const declarationFile = /\.d\.(?:[^.]+\.)?[cm]?ts$/
/** What `types --write-beside` writes. */
const isBeside = (name: string): boolean => isDeclarationFile(name) || /^onnx-(?:models|queries)\.d\.ts$/.test(name)
const excludedFolders = new Set(['node_modules', 'dist', 'bower_components', 'jspm_packages'])

/**
 * Lists the models and sources below `root`. Left out: `node_modules`, `dist`, folders whose name begins with a dot,
 * the folders in `exclude` (names, or paths relative to the root), and linked folders, which could lead in circles.
 */
export async function projectFiles(root: string, exclude: readonly string[] = []): Promise<ProjectFiles> {
  const excluded = new Set(exclude.map((folder) => folder.replaceAll('\\', '/').replace(/^\.\/|\/$/g, '')))
  const models: string[] = []
  const sources: string[] = []
  const declarations: string[] = []
  const folders = ['']

  for (const folder of folders) {
    for (const entry of await listed(join(root, folder))) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (entry.isDirectory()) {
        const skip = entry.name.startsWith('.') || excludedFolders.has(entry.name)
        if (!skip && !excluded.has(entry.name) && !excluded.has(path)) folders.push(path)
      } else if (isModelName(entry.name)) {
        // A link to a model counts: large models often live elsewhere.
        if (entry.isFile() || (await isFile(join(root, path)))) models.push(path)
      } else if (isSourceFile(entry.name)) {
        sources.push(path)
      } else if (isBeside(entry.name)) {
        declarations.push(path)
      }
    }
  }
  return { models: models.sort(), sources: sources.sort(), declarations: declarations.sort(), folders }
}

/** Whether a file of this name may import a model; declarations can't. */
export function isSourceFile(name: string): boolean {
  return sourceFile.test(name) && !declarationFile.test(name)
}

/** Entries of a folder; none when it has vanished since it was listed. */
async function listed(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true })
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false
}

/** A path as it is told and compared: relative to the project, with `/`. */
export function fromRoot(root: string, path: string): string {
  return relative(root, path).replaceAll(sep, '/')
}
