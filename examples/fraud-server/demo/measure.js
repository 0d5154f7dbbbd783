/**
 * @typedef {import('./service.js').Service} Service
 * @typedef {import('../training/transactions.js').LabelledTransaction} LabelledTransaction
 */

const batchSize = 512
const warmUpRequests = 200

/** float32 in the library against float64 in the training code: seven digits, less two for the sums. */
export const tolerance = 1e-5

/** What the service is asked; labels and the simulation's clock stay here. @param {LabelledTransaction} transaction */
function question({ fraud: _fraud, minute: _minute, ...transaction }) {
  return transaction
}

/** Scores all transactions, in batches. @param {Service} service @param {readonly LabelledTransaction[]} transactions */
export async function scoreAll(service, transactions) {
  /** @type {number[]} */
  const scores = []
  for (let at = 0; at < transactions.length; at += batchSize) {
    const { status, body } = await service.ask('/score', transactions.slice(at, at + batchSize).map(question))
    if (status !== 200) throw new Error(`POST /score answered ${status}: ${JSON.stringify(body)}`)
    for (const { score } of body) scores.push(score)
  }
  return scores
}

/**
 * Round trips of single requests one after the other, as a payment terminal would send them, and the model's share of each.
 * Each score must be the one that the batch gave.
 *
 * @param {Service} service @param {readonly LabelledTransaction[]} transactions @param {readonly number[]} scores
 * @param {number} requests how many are timed
 */
export async function timeSingles(service, transactions, scores, requests) {
  /** @type {{ request: number[], model: number[] }} */
  const ms = { request: [], model: [] }
  for (let nth = 0; nth < warmUpRequests + requests; nth++) {
    const row = nth % transactions.length
    const answer = await service.ask('/score', question(transactions[row]))
    if (answer.status !== 200) throw new Error(`POST /score answered ${answer.status}: ${JSON.stringify(answer.body)}`)
    if (!(Math.abs(answer.body.score - scores[row]) <= tolerance)) {
      throw new Error(`transaction ${row} scores ${answer.body.score} alone and ${scores[row]} in a batch`)
    }
    if (nth < warmUpRequests) continue
    ms.request.push(answer.ms)
    ms.model.push(answer.modelMs ?? NaN)
  }
  return { requests, request: percentiles(ms.request), model: percentiles(ms.model) }
}

/** @param {number[]} values milliseconds */
function percentiles(values) {
  const sorted = values.toSorted((a, b) => a - b)
  /** @param {number} share */
  const at = (share) => sorted[Math.ceil(share * sorted.length) - 1]
  return { p50: at(0.5), p99: at(0.99) }
}
