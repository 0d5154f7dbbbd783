import { createReadStream } from 'node:fs'
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { EmittedFile } from './files.ts'

/** Below the base of a dev server: compiled models. */
export const filesPath = '__onnx/files/'

const types: Readonly<Record<string, string>> = {
  '.wasm': 'application/wasm',
  '.js': 'text/javascript',
}

/** Serves to browsers, out of the cache, what a dev server has compiled for them. Names are hashed: what they mean stays. */
export class ServedFiles {
  /** By the name in the URL. */
  readonly #sources = new Map<string, string>()

  /**
   * @param base of the server, ends with `/`
   * @returns expression for the file's URL, on the server that the module itself came from
   */
  place({ fileName, source }: EmittedFile, base: string): string {
    this.#sources.set(fileName, source)
    const path = JSON.stringify(`${base}${filesPath}${fileName}`)
    return `new URL(/* @vite-ignore */ ${path}, import.meta.url).href`
  }

  /**
   * Handles requests below {@link filesPath}.
   *
   * @param headers of the server's own files: an isolated page takes no worker without those that isolate it
   */
  respond(headers: OutgoingHttpHeaders = {}) {
    return (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void): void => {
      const name = (request.url ?? '').replace(/^\/|\?.*$/gs, '')
      const source = this.#sources.get(name)
      if (source === undefined) return next()
      const extension = /\.\w+$/.exec(name)?.[0] ?? ''
      for (const [header, value] of Object.entries(headers)) if (value !== undefined) response.setHeader(header, value)
      response.setHeader('Content-Type', types[extension] ?? 'application/octet-stream')
      // A worker's program that was kept from before the server had headers that isolate its pages would be refused in these.
      response.setHeader('Cache-Control', extension === '.js' ? 'no-cache' : 'max-age=31536000, immutable')
      createReadStream(source).once('error', next).pipe(response)
    }
  }
}
