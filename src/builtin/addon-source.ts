import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** An npm package of C++ headers. */
export interface HeaderPackage {
  readonly name: string
  readonly version: string
  /** Folder for `-isystem`. */
  readonly include: string
  /** Path of its license. */
  readonly license: string
}

/**
 * The addon as one C++ file that needs nothing but the compiler's own headers: for machines that can't be compiled for here,
 * and that have no `node_modules`.
 *
 * @param main path of the file that includes the others
 */
export async function selfContained(main: string, headers: readonly HeaderPackage[]): Promise<string> {
  const seen = new Set<string>()
  const notices = await Promise.all(headers.map(({ name, license }) => noticeOf(name, license)))
  const folders = headers.map(({ include }) => include)
  return [...notices, await expanded(main, folders, seen)].join('\n')
}

/** The licence of what is handed on, as comments. */
async function noticeOf(name: string, license: string): Promise<string> {
  const lines = (await readFile(license, 'utf8')).trimEnd().split('\n')
  return [`This file contains ${name}, whose license is:`, ...lines].map((line) => `// ${line}`.trimEnd()).join('\n')
}

/** A file with every file of ours that it includes in the place of the directive, at its first mention. */
async function expanded(path: string, folders: readonly string[], seen: Set<string>): Promise<string> {
  seen.add(path)
  const lines: string[] = []
  for (const line of (await readFile(path, 'utf8')).split('\n')) {
    const name = /^\s*#\s*include\s*["<]([^">]+)[">]/.exec(line)?.[1]
    const found = name === undefined ? undefined : await firstOf([dirname(path), ...folders], name)
    if (found !== undefined) lines.push(seen.has(found) ? '' : await expanded(found, folders, seen))
    else if (!/^\s*#\s*pragma\s+once\b/.test(line)) lines.push(line)
  }
  return lines.join('\n')
}

async function firstOf(folders: readonly string[], name: string): Promise<string | undefined> {
  for (const folder of folders) {
    const path = join(folder, name)
    const text = await readFile(path).catch(() => undefined)
    if (text !== undefined) return path
  }
  return undefined
}
