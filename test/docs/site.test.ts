import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { filesBelow } from '../hosts/app.ts'
import { openPage, serveSite } from '../hosts/browser/site.ts'
import { chromium } from '../report/browser.ts'
import { allPages, root } from './pages.ts'

// The site as `npm run docs` has built it.

const site = join(root, 'docs/.vitepress/dist')
const isBuilt = existsSync(join(site, 'index.html'))
if (!isBuilt) console.log('skipped: the site is not built; run npm run docs')

/** Pages by their paths, e.g. `hosts/vite.html`. */
async function built(): Promise<ReadonlyMap<string, string>> {
  const names = (await filesBelow(site)).filter((file) => file.endsWith('.html') && file !== '404.html')
  return new Map(
    await Promise.all(names.map(async (name) => [name, await readFile(join(site, name), 'utf8')] as const)),
  )
}

describe.runIf(isBuilt)('the site', () => {
  test('has every page, and its links lead to what is on it', async () => {
    const pages = await built()
    const expected = allPages().filter(({ path }) => path.startsWith('docs/'))
    expect([...pages.keys()]).toEqual(expected.map(({ path }) => path.replace(/^docs\/(.*)\.md$/, '$1.html')).sort())
    for (const [name, html] of pages) {
      for (const [, link = ''] of html.matchAll(/<a\b[^>]* href="([^"]*)"/g)) {
        const { host, pathname, hash } = new URL(link.replaceAll('&amp;', '&'), `http://site/${name}`)
        if (host !== 'site') continue
        const target = pathname.slice(1).replace(/(^|\/)$/, '$1index.html')
        expect(pages.has(target), `${name} links to ${link}`).toBe(true)
        if (hash)
          expect(pages.get(target), `${name} links to ${link}`).toContain(` id="${decodeURIComponent(hash.slice(1))}"`)
      }
    }
  })

  test.runIf(chromium)('fits into wide and narrow windows, light and dark, without a complaint', async () => {
    const { url } = await serveSite(site, '/', "default-src 'self' 'unsafe-inline' data:")
    const page = await openPage(`${url}index.html`)
    for (const [width, scheme] of [
      [1280, 'light'],
      [390, 'dark'],
    ] as const) {
      await page.resize(width, 844)
      await page.prefer(scheme)
      for (const name of (await built()).keys()) {
        await page.visit(url + name)
        // What is wider than the window has a scroll bar of its own, or is cut off.
        const wide = `[...document.querySelectorAll('.vp-doc *')].filter((element) => {
          for (let at = element; at !== null; at = at.parentElement)
            if (['auto', 'scroll'].includes(getComputedStyle(at).overflowX) && at !== document.documentElement) return false
          return element.getBoundingClientRect().right > innerWidth
        }).map(({ outerHTML }) => outerHTML.slice(0, 80))`
        expect(await page.evaluate(wide), `${name} at ${width} px`).toEqual([])
        expect(await page.evaluate('document.documentElement.scrollWidth'), name).toBeLessThanOrEqual(width)
      }
    }
    expect(page.problems).toEqual([])
  })
})
