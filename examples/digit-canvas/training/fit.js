import { Adam } from '../../training-kit/adam.js'
import { Random } from '../../training-kit/random.js'
import { rasterise } from '../src/raster.js'
import { Network } from './network.js'
import { drawDigit } from './strokes.js'

/**
 * Trains a network on digits that are drawn while it learns. The same recipe gives the same weights.
 *
 * @param {{ seed: number, digits: number, batch: number, rate: number }} recipe
 * @param {(digits: number, loss: number) => void} [progress] called ten times: digits so far, and the mean loss since the last call, in nats
 */
export function fit({ seed, digits, batch, rate }, progress) {
  const random = new Random(seed)
  const network = new Network(random)
  const adam = new Adam(network.parameters())
  const steps = Math.floor(digits / batch)
  const often = Math.ceil(steps / 10)
  let loss = 0
  for (let step = 0; step < steps; step++) {
    for (let nth = 0; nth < batch; nth++) {
      const digit = random.integer(0, 9)
      loss += network.learn(rasterise(drawDigit(digit, random)), digit)
    }
    adam.step(rate * (1 - step / steps), batch)
    if ((step + 1) % often !== 0) continue
    progress?.((step + 1) * batch, loss / (often * batch))
    loss = 0
  }
  network.round()
  return network
}
