/**
 * Trains the digit model and writes it: `node training/train.js`, half a minute, always the same bytes.
 * With `--check` it writes nothing and fails when the committed file is not what training gives.
 */
import { parseArgs } from 'node:util'
import { keepResults } from '../../training-kit/results.js'
import { fit } from './fit.js'
import { handMade } from './hand-made.js'
import { heldOutDigits, recognised } from './measure.js'
import { modelFile } from './model-file.js'
import { recipe } from './recipe.js'

const { check } = parseArgs({ options: { check: { type: 'boolean' } } }).values

const network = fit(recipe, (digits, loss) => console.log(`${digits} digits: loss ${loss.toFixed(4)}`))
const heldOut = heldOutDigits(recipe.heldOut)
const measured = {
  'held-out digits': `${recognised(network, heldOut)} of ${heldOut.length} recognised`,
  'hand-made digits': `${recognised(network, handMade)} of ${handMade.length} recognised`,
}
console.log(measured)

const model = modelFile(network.weights(), {
  data: `${recipe.digits} digits of a generator of strokes: synthetic, nobody's handwriting`,
  recipe: JSON.stringify(recipe),
  ...measured,
})
keepResults({ 'digit.onnx': model }, new URL('../', import.meta.url), check ?? false)
