import { readFileSync, readdirSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join, relative, sep } from 'node:path'
import { gzipSync } from 'node:zlib'

const types = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.wasm': 'application/wasm',
}

/** Strict on purpose: the page needs neither `unsafe-eval` nor inline code. */
const policy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "connect-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
].join('; ')

/**
 * @typedef {object} File
 * @property {string} name     path from the folder, with `/`
 * @property {Buffer} bytes    as it is on disk
 * @property {Buffer} gzipped
 */

/** The files of a built page. Throws where the folder can't be read. @param {string} folder @returns {File[]} */
export function filesOf(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const path = join(entry.parentPath, entry.name)
      const bytes = readFileSync(path)
      return { name: relative(folder, path).replaceAll(sep, '/'), bytes, gzipped: gzipSync(bytes, { level: 9 }) }
    })
}

/**
 * Serves files to this machine only, as a host of static sites would: compressed, and for ever where the name has a hash.
 *
 * @param {readonly File[]} files @param {number} port 0 for any that is free
 * @returns {Promise<{ url: string, close: () => Promise<void> }>} rejects where the port is taken
 */
export function serve(files, port) {
  const byPath = new Map(files.map((file) => [`/${file.name}`, file]))
  const server = createServer(({ url = '/', method, headers }, response) => {
    const path = url.replace(/[?#].*/, '')
    const file = byPath.get(path.endsWith('/') ? `${path}index.html` : path)
    if (method !== 'GET' && method !== 'HEAD') response.writeHead(405, { allow: 'GET, HEAD' }).end()
    else if (!file) response.writeHead(404, { 'content-type': 'text/plain' }).end('not found\n')
    else {
      const gzip = /\bgzip\b/.test(headers['accept-encoding'] ?? '')
      const body = gzip ? file.gzipped : file.bytes
      response.writeHead(200, {
        'content-type': types[/** @type {keyof typeof types} */ (extname(file.name))] ?? 'application/octet-stream',
        'content-length': body.length,
        'content-security-policy': policy,
        'cache-control': path.includes('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
        vary: 'accept-encoding',
        ...(gzip && { 'content-encoding': 'gzip' }),
      })
      response.end(method === 'HEAD' ? undefined : body)
    }
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      const address = /** @type {import('node:net').AddressInfo} */ (server.address())
      resolve({
        url: `http://127.0.0.1:${address.port}/`,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed())
            server.closeAllConnections()
          }),
      })
    })
  })
}
