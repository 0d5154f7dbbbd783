import type { IncomingMessage, ServerResponse } from 'node:http'
import { modelFacts, scoreMany, scoreOne } from './scoring.ts'
import { InvalidTransaction, parseTransaction } from './transaction.ts'

const maxBodyBytes = 1 << 20
const maxTransactions = 1024

class HttpError extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** Answers one request; whatever goes wrong becomes a JSON `{ error }` with a fitting status. */
export async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const { pathname } = new URL(request.url ?? '/', 'http://service')
    if (pathname === '/health') {
      allow(request, 'GET')
      return send(response, 200, { status: 'ok', ...modelFacts() })
    }
    if (pathname === '/score') {
      allow(request, 'POST')
      return await score(request, response)
    }
    throw new HttpError(404, `${pathname}: there is only GET /health and POST /score`)
  } catch (error) {
    if (error instanceof HttpError) return send(response, error.status, { error: error.message })
    if (error instanceof InvalidTransaction) return send(response, 422, { error: error.message })
    console.error(error)
    send(response, 500, { error: 'internal error' })
  }
}

/** A transaction gets a verdict; an array of transactions gets an array of verdicts. `Server-Timing` tells what the model took. */
async function score(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await readJson(request)
  if (Array.isArray(body)) {
    if (body.length > maxTransactions) {
      throw new HttpError(413, `${body.length} transactions; at most ${maxTransactions} at once`)
    }
    const transactions = body.map((item, index) => parseTransaction(item, `transaction ${index}`))
    const start = performance.now()
    const verdicts = transactions.length > 0 ? await scoreMany(transactions) : []
    return send(response, 200, verdicts, performance.now() - start)
  }
  const transaction = parseTransaction(body, 'transaction')
  const start = performance.now()
  const verdict = scoreOne(transaction)
  send(response, 200, verdict, performance.now() - start)
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const type = request.headers['content-type'] ?? ''
  if (!/^application\/json\s*(;|$)/i.test(type)) throw new HttpError(415, 'content-type must be application/json')
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxBodyBytes) throw new HttpError(413, `more than ${maxBodyBytes} bytes`)
    chunks.push(chunk)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    throw new HttpError(400, 'the body is not JSON')
  }
}

function allow(request: IncomingMessage, method: string): void {
  if (request.method !== method) throw new HttpError(405, `${request.method}: only ${method} is allowed here`)
}

/** @param modelMs time in the model, in milliseconds */
function send(response: ServerResponse, status: number, body: unknown, modelMs?: number): void {
  if (response.headersSent || response.destroyed) return
  const text = JSON.stringify(body)
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    ...(modelMs !== undefined && { 'server-timing': `model;dur=${modelMs.toFixed(4)}` }),
    // After an error the rest of the request may be unread; that connection is of no further use.
    ...(status >= 400 && { connection: 'close' }),
  })
  response.end(text)
}
