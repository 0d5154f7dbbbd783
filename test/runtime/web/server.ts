import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a request for a path is answered with, in turn; the last one again and again. */
export type Answer =
  | { readonly status?: number; readonly type?: string; readonly body?: Uint8Array | string; readonly headers?: object }
  | ((request: IncomingMessage, response: ServerResponse) => void)

/** A server for one test, on a port of its own. */
export class TestServer {
  readonly requests: { readonly path: string; readonly cache: string | undefined }[] = []
  readonly #server: Server
  readonly #answers: Readonly<Record<string, Answer | readonly Answer[]>>

  private constructor(answers: Readonly<Record<string, Answer | readonly Answer[]>>) {
    this.#answers = answers
    this.#server = createServer((request, response) => this.#answer(request, response))
  }

  static async open(answers: Readonly<Record<string, Answer | readonly Answer[]>>): Promise<TestServer> {
    const server = new TestServer(answers)
    await new Promise<void>((done) => server.#server.listen(0, '127.0.0.1', done))
    return server
  }

  /** @param host `127.0.0.1` is a secure context for browsers, another name of this machine is none */
  url(path: string, host = '127.0.0.1'): string {
    return `http://${host}:${(this.#server.address() as AddressInfo).port}${path}`
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((done) => this.#server.close(done))
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url!.replace(/\?.*/, '')
    const times = this.requests.filter((earlier) => earlier.path === path).length
    this.requests.push({ path, cache: request.headers['cache-control'] })
    const known = this.#answers[path] ?? { status: 404, body: 'no such file' }
    const answer = Array.isArray(known)
      ? (known as readonly Answer[])[Math.min(times, known.length - 1)]!
      : (known as Answer)
    if (typeof answer === 'function') return answer(request, response)
    const { status = 200, type = 'application/octet-stream', body = '', headers = {} } = answer
    response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body), ...headers })
    response.end(body)
  }
}
