import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../../', import.meta.url))

export interface Page {
  /** From the root of the project, e.g. `docs/hosts/vite.md`. */
  readonly path: string
  readonly text: string
}

/** All that people read: README, CONTRIBUTING and the site's pages. */
export function allPages(): readonly Page[] {
  const site = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md') && !path.includes('node_modules'))
    .map((path) => join('docs', path))
  return ['README.md', 'CONTRIBUTING.md', ...site]
    .map((path) => readPage(relative(root, join(root, path))))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1))
}

/** @param path from the root of the project */
export const readPage = (path: string): Page => ({ path, text: readFileSync(join(root, path), 'utf8') })

export interface Sample {
  readonly language: string
  /** Which file it is: behind the language (` ```json [package.json]`), or on a first line `// vite.config.ts`. */
  readonly file: string | undefined
  readonly code: string
  /** Line of the page on which it begins. */
  readonly line: number
}

const fence = /^([ ]*)```(\w+)([^\n]*)\n(.*?)^\1```$/gms

/** The code samples of a page, without the indentation that lists give them. */
export function samplesOf({ text }: Page): readonly Sample[] {
  return [...text.matchAll(fence)].map(({ index, 1: indent = '', 2: language = '', 3: info = '', 4: code = '' }) => ({
    language,
    file: /^ *\[(.+)\]/.exec(info)?.[1] ?? /^ *(?:\/\/|#) ([\w.+/-]+\.\w+)\b(?!.*[({])/.exec(code)?.[1],
    code: code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
    line: text.slice(0, index).split('\n').length + 1,
  }))
}

/** What readers of the repository see beside these: what changed, and what examples and kernels are. */
export function otherPages(): readonly Page[] {
  const below = ['examples', 'native'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path)),
  )
  return ['CHANGELOG.md', ...below.filter((path) => path.endsWith('.md') && !path.includes('node_modules'))].map(
    readPage,
  )
}

/** Text outside of code. */
export function proseOf({ text }: Page): string {
  return text.replaceAll(fence, '').replaceAll(/`[^`\n]*`/g, '`code`')
}
