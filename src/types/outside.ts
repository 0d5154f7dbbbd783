import { readFileSync, realpathSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { exportsAliases, matchStar } from './aliases.ts'
import { fromRoot } from './project.ts'

/**
 * Finds models that aren't the project's own: those of packages, by the package's `exports` where it has some, and those of
 * folders above. TypeScript and bundlers agree on them without knowing the conditions of each other, as a model is one file.
 *
 * @returns the path relative to the root, with `/`; `undefined` where there is no such file
 */
export function outsideModels(root: string): (specifier: string, folder: string) => string | undefined {
  const known = new Map<string, string | undefined>()
  return (specifier, folder) => {
    const isRelative = /^\.\.?\//.test(specifier)
    // A package that one folder finds, its subfolders do, mostly; but a workspace may have several versions.
    const key = `${folder}\0${specifier}`
    if (!known.has(key)) {
      const path = isRelative ? fileAt(resolve(root, folder, specifier)) : packageFile(specifier, join(root, folder))
      known.set(key, path && fromRoot(root, path))
    }
    return known.get(key)
  }
}

function packageFile(specifier: string, from: string): string | undefined {
  const [, name, subpath] = /^((?:@[^/@]+\/)?[^/@#.][^/]*)\/(.+)$/.exec(specifier) ?? []
  if (name === undefined || subpath === undefined) return undefined
  for (let folder = from; ; folder = dirname(folder)) {
    const found = packageAt(join(folder, 'node_modules', name), `./${subpath}`)
    if (found !== undefined) return found
    if (folder === dirname(folder)) return undefined
  }
}

function packageAt(folder: string, subpath: string): string | undefined {
  let json: unknown
  try {
    json = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  } catch {
    return undefined
  }
  const aliases = exportsAliases(json)
  if (aliases === undefined) return fileAt(join(folder, subpath))
  for (const { pattern, targets } of aliases) {
    const star = matchStar(pattern, subpath)
    if (star === undefined) continue
    for (const target of targets) {
      const file = fileAt(
        join(
          folder,
          target.replaceAll('*', () => star),
        ),
      )
      if (file !== undefined) return file
    }
  }
  return undefined
}

/** Its real path: packages of a workspace are links. */
function fileAt(path: string): string | undefined {
  try {
    return statSync(path).isFile() ? realpathSync(path) : undefined
  } catch {
    return undefined
  }
}
