import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

/** What would be uploaded: files of a built worker with their sizes, as they are and compressed. @param {string} folder */
export function filesOf(folder) {
  return readdirSync(folder)
    .sort()
    .map((file) => {
      const content = readFileSync(join(folder, file))
      return { file, bytes: content.length, gzipped: gzipSync(content, { level: 9 }).length }
    })
}

/** A built worker in Cloudflare's runtime, on a free port of this machine only. */
export class Worker {
  /** @param {import('miniflare').Miniflare} runtime @param {URL} url */
  constructor(runtime, url) {
    this.runtime = runtime
    this.url = url
  }

  /** @param {string} folder @param {string} script */
  static async start(folder, script) {
    const { Miniflare } = await import('miniflare').catch((error) => {
      throw new Error('workerd is not installed: npm ci --ignore-scripts --prefix demo, in the folder of the example', {
        cause: error,
      })
    })
    const runtime = new Miniflare({
      host: '127.0.0.1',
      modules: true,
      modulesRoot: folder,
      scriptPath: join(folder, script),
      modulesRules: [{ type: 'CompiledWasm', include: ['**/*.wasm'] }],
      compatibilityDate: '2026-04-01',
    })
    return new Worker(runtime, await runtime.ready)
  }

  /**
   * @param {string} path @param {unknown} [body] posted as JSON; without it the request is a GET
   * @returns {Promise<{ status: number, body: any, ms: number }>} `ms` is the whole round trip
   */
  async ask(path, body) {
    const start = performance.now()
    const response = await fetch(new URL(path, this.url), {
      ...(body !== undefined && {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    })
    const answer = await response.json()
    return { status: response.status, body: answer, ms: performance.now() - start }
  }

  async stop() {
    await this.runtime.dispose()
  }
}
