import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { allPages, otherPages, type Page, proseOf, root, samplesOf } from './pages.ts'

const pages = allPages()

const withoutCode = (text: string): string => text.replaceAll(/^( *)```.*?^\1```$/gms, '')

/** Addresses that a page links to, without those of the web. */
function linksOf({ text }: Page): readonly string[] {
  const prose = withoutCode(text).replaceAll(/`[^`\n]*`/g, 'code')
  const found = [...prose.matchAll(/\]\(<?([^)\s>]+)|\b(?:src|href)="([^"]+)"|^\[[^\]]+\]: (\S+)$/gm)]
  return found.map((groups) => groups.slice(1).find(Boolean) ?? '').filter((link) => !/^[a-z]+:/.test(link))
}

/** Names of headings as GitHub makes them: of several with one name, the first goes without a number. */
const onGitHub = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-')

/** The same as VitePress makes them. */
const onSite = (heading: string): string =>
  heading
    .normalize('NFKD')
    .replaceAll(/[\u0300-\u036F]/g, '')
    .replaceAll(/[\s~`!@#$%^&*()\-_+=[\]{}|\\;:"'“”‘’<>,.?/]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .replace(/^(\d)/, '_$1')
    .toLowerCase()

/** Headings that are found by one name in the repository and on the site. */
function anchorsOf(text: string): ReadonlySet<string> {
  const headings = [...withoutCode(text).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) =>
    heading.replaceAll('`', '').replaceAll(/\[([^\]]+)\]\([^)]*\)/g, '$1'),
  )
  return new Set(headings.map(onGitHub).filter((name, i) => name === onSite(headings[i]!)))
}

test('names of headings', () => {
  expect(['What `inline` means', 'Two, three', 'a=b'].map((heading) => onSite(heading))).toEqual([
    'what-inline-means',
    'two-three',
    'a-b',
  ])
  expect([...anchorsOf('# One\n\n## Two, three\n\n## a=b\n\n```md\n## Code\n```')]).toEqual(['one', 'two-three'])
})

test.each([...pages, ...otherPages()].map((page) => [page.path, page] as const))(
  '%s links to what is there',
  (path, page) => {
    for (const link of linksOf(page)) {
      const [file = '', anchor] = link.split('#')
      const target = file === '' ? path : join(dirname(path), decodeURI(file))
      expect(existsSync(join(root, target)), `${path} links to ${link}`).toBe(true)
      if (anchor !== undefined)
        expect(anchorsOf(readFileSync(join(root, target), 'utf8')), `${path} links to ${link}`).toContain(anchor)
    }
  },
)

test('every page of the site is in its sidebar', async () => {
  const config = readFileSync(join(root, 'docs/.vitepress/config.ts'), 'utf8')
  for (const { path } of pages.filter((page) => page.path.startsWith('docs/'))) {
    const link = path.replace(/^docs/, '').replace(/(?:index)?\.md$/, '')
    expect(config, path).toContain(`'${link}'`)
  }
})

test('files that pages speak of are there', () => {
  for (const page of pages) {
    for (const [, name = ''] of page.text.matchAll(
      /`((?:src|native|test|docs|examples|loaders|scripts)\/[\w./-]+)`/g,
    )) {
      // Of a reader's project.
      if (/^src\/(?:[\w-]+\/)?[\w-]+\.(?:js|onnx)$/.test(name)) continue
      expect(existsSync(join(root, name)), `${page.path} speaks of ${name}`).toBe(true)
    }
  }
  expect(proseOf(pages[0]!)).not.toBe('')
})

test('pages that sources and errors speak of are there', () => {
  const sources = ['src', 'loaders', 'scripts'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path)),
  )
  let count = 0
  for (const path of sources.filter((path) => /\.[jt]s$/.test(path))) {
    // Pages of other projects are named with their addresses, or in capitals.
    for (const [page] of readFileSync(join(root, path), 'utf8').matchAll(/\bdocs\/(?:[a-z]+\/)?[a-z0-9-]+\.md\b/g)) {
      count++
      expect(existsSync(join(root, page)), `${path} speaks of ${page}`).toBe(true)
    }
  }
  expect(count).toBeGreaterThan(0)
})

test('samples are in languages that the site colours', () => {
  // The others are warnings of its build.
  const known = [
    'ts',
    'tsx',
    'js',
    'jsx',
    'json',
    'sh',
    'text',
    'c',
    'cmake',
    'dockerfile',
    'python',
    'typescript',
    'console',
  ]
  for (const page of pages) {
    for (const { language, line } of samplesOf(page)) expect(known, `${page.path}:${line}`).toContain(language)
  }
})
