import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import { afterAll, onTestFinished } from 'vitest'
import { Browser, Page, Unresponsive } from '../../report/browser.ts'

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.wasm': 'application/wasm',
}

/** What a page needs that runs WebAssembly of its own, and nothing more. */
export const strictPolicy =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self'"

export interface Site {
  /** Of the page. */
  readonly url: string
  /** Paths below the site's own that were asked for and found. */
  readonly served: readonly string[]
}

/**
 * Serves a folder until the test ends.
 *
 * @param headers of all files, besides
 * @param under path that the folder is served below, ends with `/`; elsewhere is nothing
 */
export async function serveSite(
  folder: string,
  under: string,
  policy = strictPolicy,
  headers: Readonly<Record<string, string>> = {},
): Promise<Site> {
  const served: string[] = []
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://host')
    const path = pathname.startsWith(under) ? decodeURI(pathname.slice(under.length)) || 'index.html' : '..'
    const content = path.includes('..') ? Promise.reject(new Error('not here')) : readFile(join(folder, path))
    content.then(
      (bytes) => {
        served.push(path)
        response.setHeader('Content-Type', types[extname(path)] ?? 'application/octet-stream')
        response.setHeader('Content-Security-Policy', policy)
        for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
        response.end(bytes)
      },
      () => {
        // Browsers ask for it without being told to.
        response.statusCode = pathname === '/favicon.ico' ? 204 : 404
        response.end()
      },
    )
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  onTestFinished(() => void server.close().closeAllConnections())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${under}`, served }
}

/** One browser for all pages of a file: to start it and to end it takes longer (0.7 s of a processor) than what they do. */
let shared: Browser | undefined
afterAll(async () => {
  await shared?.close()
  shared = undefined
})

/** Opens a page until the test ends, apart from all others; with flags in a browser of its own. */
export async function openPage(url: string, flags: readonly string[] = []): Promise<Page> {
  const page = flags.length > 0 ? await Page.open(url, () => new Browser(flags)) : await openShared(url)
  onTestFinished(() => page.close())
  return page
}

/** Where the browser is to blame, whatever comes next gets a new one. */
async function openShared(url: string): Promise<Page> {
  const browser = (shared ??= new Browser())
  return Page.openIn(browser, url).catch(async (error: unknown) => {
    if (error instanceof Unresponsive) {
      shared = undefined
      await browser.close()
    }
    throw error
  })
}
