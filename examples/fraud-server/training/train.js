/**
 * Trains the fraud model and writes it: `node training/train.js`, a few seconds, always the same bytes.
 * With `--check` it writes nothing and fails when the committed files are not what training gives.
 */
import { parseArgs } from 'node:util'
import { keepResults } from '../../training-kit/results.js'
import { modelInputs } from '../src/features.js'
import { fit } from './fit.js'
import { averagePrecision, precisionRecall } from './metrics.js'
import { modelFile } from './model-file.js'
import { recipe } from './recipe.js'
import { simulateTransactions } from './transactions.js'

const { check } = parseArgs({ options: { check: { type: 'boolean' } } }).values

const { training, heldOut } = simulateTransactions(recipe.transactions)
const frauds = heldOut.map(({ fraud }) => fraud)
console.log(`${training.length} transactions to learn from, ${heldOut.length} later ones held out`)

const network = fit(training, recipe, (epoch, loss) => console.log(`epoch ${epoch}: loss ${loss.toFixed(5)}`))
const scores = network.scores(modelInputs(heldOut))
const { precision, recall } = precisionRecall(scores, frauds, 0.5)
const measured = {
  'average precision': averagePrecision(scores, frauds).toFixed(3),
  precision: precision.toFixed(3),
  recall: recall.toFixed(3),
}
console.log('held out:', measured)

const weights = network.weights()
const files = {
  'fraud.onnx': modelFile(weights, {
    data: `${training.length} synthetic card transactions; ${heldOut.length} later ones held out`,
    recipe: JSON.stringify(recipe),
    ...Object.fromEntries(Object.entries(measured).map(([name, value]) => [`held-out ${name}`, value])),
  }),
  'training/weights.jsonl': Buffer.from(weights.map((weight) => `${JSON.stringify(weight)}\n`).join('')),
}
keepResults(files, new URL('../', import.meta.url), check ?? false)
