import model from '../fraud.onnx'
import { modelInputs } from '../../fraud-server/src/features.js'
import { InvalidTransaction, parseTransaction } from '../../fraud-server/src/transaction.ts'

const maxTransactions = 1024

/** Answers `POST /score` (an array of transactions) with their probabilities of fraud, and `GET /` with what runs. */
export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url)
    if (pathname === '/' && request.method === 'GET') {
      const { name, target, compiler } = model
      return Response.json({ name, target, compiler })
    }
    if (pathname === '/score' && request.method === 'POST') return score(request)
    return problem(404, 'there is only GET / and POST /score')
  },
}

async function score(request: Request): Promise<Response> {
  const given: unknown = await request.json().catch(() => undefined)
  if (!Array.isArray(given)) return problem(400, 'the body is no JSON array of transactions')
  if (given.length === 0 || given.length > maxTransactions)
    return problem(413, `${given.length} transactions; 1 to ${maxTransactions} at once`)
  try {
    const transactions = given.map((item, index) => parseTransaction(item, `transaction ${index}`))
    // The module came with the worker, so there is nothing to load first.
    return Response.json([...model.runSync(modelInputs(transactions)).score.data])
  } catch (error) {
    if (error instanceof InvalidTransaction) return problem(422, error.message)
    throw error
  }
}

function problem(status: number, error: string): Response {
  return Response.json({ error }, { status })
}
