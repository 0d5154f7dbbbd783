import { modelInputs } from '../src/features.js'
import { Network } from './network.js'
import { Random } from './random.js'

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

/** Adam, with the settings its paper proposes: Kingma & Ba 2015, algorithm 1. */
class Adam {
  #decay1 = 0.9
  #decay2 = 0.999
  #correction1 = 1
  #correction2 = 1

  /** @param {readonly import('./layers.js').Parameter[]} parameters */
  constructor(parameters) {
    this.slots = parameters.map((parameter) => ({
      parameter,
      moment1: new Float64Array(parameter.values.length),
      moment2: new Float64Array(parameter.values.length),
    }))
  }

  /** One step along the mean gradient of `rows` rows; clears the gradients. @param {number} rate @param {number} rows */
  step(rate, rows) {
    this.#correction1 *= this.#decay1
    this.#correction2 *= this.#decay2
    for (const { parameter, moment1, moment2 } of this.slots) {
      const { values, gradient } = parameter
      for (let i = 0; i < values.length; i++) {
        const slope = gradient[i] / rows
        moment1[i] += (1 - this.#decay1) * (slope - moment1[i])
        moment2[i] += (1 - this.#decay2) * (slope * slope - moment2[i])
        const mean = moment1[i] / (1 - this.#correction1)
        const deviation = Math.sqrt(moment2[i] / (1 - this.#correction2))
        values[i] -= (rate * mean) / (deviation + 1e-8)
      }
      gradient.fill(0)
    }
  }
}
