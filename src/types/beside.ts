import { readFile } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { declarationFile } from '../emit/declaration-file.ts'
import { isGenerated } from '../emit/marked.ts'
import type { ModelUse } from './specifiers.ts'

/**
 * Where the declarations of all models of a project go that has each beside its model: a folder of the program, which they
 * stay in once they are there.
 *
 * @returns relative to the root; `undefined` for a project that has its types in the layer
 */
export async function besideFolder(
  root: string,
  files: {
    readonly models: readonly string[]
    readonly uses: readonly ModelUse[]
    readonly declarations: readonly string[]
    readonly isAsked: boolean | undefined
  },
): Promise<string | undefined> {
  const { models, uses, declarations, isAsked = false } = files
  const ours = await Promise.all(declarations.map((path) => isOurs(join(root, path))))
  const there = new Set(declarations.filter((_, index) => ours[index]))
  if (!isAsked && !models.some((model) => there.has(declarationFile(model)))) return undefined
  const kept = [...there].find((path) => posix.basename(path) === 'onnx-models.d.ts')
  return posix.dirname(kept ?? posix.join(commonFolder(uses.map(({ file }) => file)), 'onnx-models.d.ts'))
}

async function isOurs(path: string): Promise<boolean> {
  return isGenerated(await readFile(path, 'utf8').catch(() => ''))
}

/** The deepest folder that holds all files; the root for none. */
function commonFolder(files: readonly string[]): string {
  const [first = [], ...others] = files.map((file) => posix.dirname(file).split('/'))
  const parts = first.filter((_, depth) =>
    others.every((other) => first.slice(0, depth + 1).join('/') === other.slice(0, depth + 1).join('/')),
  )
  return parts.join('/') || '.'
}
