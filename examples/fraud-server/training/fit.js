import { Adam } from '../../training-kit/adam.js'
import { Random } from '../../training-kit/random.js'
import { modelInputs } from '../src/features.js'
import { Network } from './network.js'

/**
 * @typedef {import('./transactions.js').LabelledTransaction} LabelledTransaction
 * @typedef {{ seed: number, epochs: number, batch: number, rate: number }} Recipe
 */

/**
 * Trains a network on transactions: mini-batches in a new order each epoch, Adam, a rate that falls linearly to zero.
 * The same transactions and recipe give the same weights.
 *
 * @param {readonly LabelledTransaction[]} transactions
 * @param {Recipe} recipe
 * @param {(epoch: number, loss: number) => void} [progress] called after each epoch with the mean loss in nats
 */
export function fit(transactions, { seed, epochs, batch, rate }, progress) {
  const random = new Random(seed)
  const inputs = modelInputs(transactions)
  const network = new Network(random)
  network.normaliseBy(inputs.features)
  const adam = new Adam(network.parameters())
  const order = Uint32Array.from(transactions, (_, row) => row)
  const steps = epochs * Math.ceil(order.length / batch)

  for (let epoch = 1, step = 0; epoch <= epochs; epoch++) {
    random.shuffle(order)
    let loss = 0
    for (let start = 0; start < order.length; start += batch, step++) {
      const rows = order.subarray(start, start + batch)
      for (const row of rows) loss += network.learn(inputs, row, transactions[row].fraud)
      adam.step(rate * (1 - step / steps), rows.length)
    }
    progress?.(epoch, loss / order.length)
  }
  return network
}
