import model from '../fraud.onnx'
import { modelInputs, type Transaction } from './features.js'

/** Scores are probabilities: from here on, fraud is the likelier explanation. */
export const flagAt = 0.5

export interface Verdict {
  /** Probability of fraud, 0 to 1. */
  readonly score: number
  readonly flagged: boolean
}

/** One transaction while the customer waits: it takes microseconds, less than handing it to another thread would. */
export function scoreOne(transaction: Transaction): Verdict {
  const { score } = model.runSync(modelInputs([transaction]))
  return verdict(score.data[0])
}

/** Many transactions at once, off the event loop. */
export async function scoreMany(transactions: readonly Transaction[]): Promise<Verdict[]> {
  const { score } = await model.run(modelInputs(transactions))
  return Array.from(score.data, verdict)
}

/** What serves the scores. */
export function modelFacts() {
  const { compiler, target, inputs, outputs } = model
  return { compiler, target, inputs, outputs }
}

function verdict(score: number): Verdict {
  return { score, flagged: score >= flagAt }
}
