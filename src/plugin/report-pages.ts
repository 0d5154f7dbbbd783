import { readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { escapeHtml } from '../report/html/escape.ts'

/** Where a dev server shows what runs on NNPA. */
export const reportsPath = '/__onnx/'

/**
 * Serves the reports of the models that a dev server has loaded: a list, and a page for each.
 *
 * @param pages files by the name that they are listed under
 */
export function reportPages(pages: ReadonlyMap<string, string>) {
  return (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void): void => {
    const name = (request.url ?? '/').replace(/^\/|\?.*$/g, '')
    const file = [...pages].find(([page]) => encodeURIComponent(page) === name)?.[1]
    if (name !== '' && file === undefined) return next()
    const page = file === undefined ? Promise.resolve(list([...pages.keys()])) : readFile(file, 'utf8')
    page.then((html) => {
      response.setHeader('Content-Type', 'text/html; charset=utf-8')
      response.end(html)
    }, next)
  }
}

function list(names: readonly string[]): string {
  const items = names.map(
    (name) => `<li><a href="${reportsPath}${encodeURIComponent(name)}">${escapeHtml(name)}</a></li>`,
  )
  const text = items.length > 0 ? `<ul>${items.join('')}</ul>` : '<p>No model for z16 or z17 has been loaded yet.</p>'
  return `<!doctype html><meta charset="utf-8"><title>NNPA reports</title><h1>NNPA reports</h1>${text}`
}
