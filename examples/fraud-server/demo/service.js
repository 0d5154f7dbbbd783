import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { createInterface } from 'node:readline'

const startTimeoutMs = 60_000
const stopTimeoutMs = 5_000

/**
 * The built service as a child process, and an HTTP client that keeps one connection to it.
 *
 * @typedef {{ status: number, body: any, ms: number, modelMs: number | undefined }} Answer
 * `ms` is the whole round trip; `modelMs` is what the service says the model took, in milliseconds.
 */
export class Service {
  #agent = new Agent({ keepAlive: true, maxSockets: 1 })

  /** @param {import('node:child_process').ChildProcess} child @param {URL} url */
  constructor(child, url) {
    this.child = child
    this.url = url
  }

  /**
   * Starts a built server in its own folder, on a free port of this machine only, and waits until it listens.
   *
   * @param {string} folder @param {string} script
   * @param {readonly string[]} [node] program and arguments that run a script
   */
  static async start(folder, script, node = [process.execPath]) {
    const { NODE_PATH: _, ...environment } = process.env
    const [program = '', ...args] = node
    const child = spawn(program, [...args, script], {
      cwd: folder,
      env: { ...environment, PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const timeout = setTimeout(() => child.kill('SIGKILL'), startTimeoutMs)
    const exited = once(child, 'exit').then(([code, signal]) => {
      throw new Error(`the service ended before it listened (${signal ?? `exit code ${code}`})`)
    })
    const listens = once(createInterface({ input: /** @type {NodeJS.ReadableStream} */ (child.stdout) }), 'line')
    try {
      const [line] = await Promise.race([listens, exited])
      const url = /^listening on (http:\S+)$/.exec(line)?.[1]
      if (!url) throw new Error(`the service said ${JSON.stringify(line)} instead of where it listens`)
      return new Service(child, new URL(url))
    } catch (error) {
      child.kill('SIGKILL')
      throw error
    } finally {
      clearTimeout(timeout)
      exited.catch(() => {})
    }
  }

  /** @param {string} path @param {unknown} [body] posted as JSON; without it the request is a GET @returns {Promise<Answer>} */
  async ask(path, body) {
    const text = body === undefined ? undefined : JSON.stringify(body)
    const start = performance.now()
    const outgoing = request(new URL(path, this.url), {
      agent: this.#agent,
      method: text === undefined ? 'GET' : 'POST',
      headers:
        text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) },
    })
    outgoing.end(text)
    let response
    try {
      ;[response] = await once(outgoing, 'response')
    } catch (error) {
      // The service had just closed the idle connection, as it may: nothing was answered, so ask again on a new one.
      if (outgoing.reusedSocket && error instanceof Error && 'code' in error && error.code === 'ECONNRESET') {
        return this.ask(path, body)
      }
      throw error
    }
    let received = ''
    for await (const chunk of response.setEncoding('utf8')) received += chunk
    const ms = performance.now() - start
    const modelMs = /model;dur=([\d.]+)/.exec(response.headers['server-timing'] ?? '')?.[1]
    return {
      status: response.statusCode,
      body: JSON.parse(received),
      ms,
      modelMs: modelMs === undefined ? undefined : Number(modelMs),
    }
  }

  /** Asks the service to shut down, as a process manager would; returns its exit code, or the signal that it took. */
  async stop() {
    this.#agent.destroy()
    if (this.child.exitCode !== null) return this.child.exitCode
    const timeout = setTimeout(() => this.child.kill('SIGKILL'), stopTimeoutMs)
    const exited = once(this.child, 'exit')
    this.child.kill('SIGTERM')
    const [code, signal] = await exited
    clearTimeout(timeout)
    return code ?? signal
  }
}
