import { Dense, Embedding } from '../../training-kit/layers.js'
import { Random } from '../../training-kit/random.js'
import { categories, featureNames } from '../src/features.js'

/**
 * The fraud network in plain double-precision JavaScript. Besides training, it is the reference that the compiled model is compared with.
 *
 *     features ─ normalise ─┐
 *     category ─ embed (4) ─┼─ dense 32, ReLU ─ dense 16, ReLU ─ dense 1 ─ sigmoid ─ score
 *     hour ───── embed (3) ─┘
 *
 * @typedef {ReturnType<typeof import('../src/features.js').modelInputs>} Inputs
 * @typedef {{ name: string, dims: number[], values: number[] }} Weight
 */
export class Network {
  /** @param {Random} random draws the start weights */
  constructor(random) {
    this.category = new Embedding(categories.length, 4, random)
    this.hour = new Embedding(24, 3, random)
    const width = featureNames.length + this.category.width + this.hour.width
    this.dense = [new Dense(width, 32, true, random), new Dense(32, 16, true, random), new Dense(16, 1, false, random)]
    this.mean = new Float64Array(featureNames.length)
    this.deviation = new Float64Array(featureNames.length).fill(1)
    this.row = new Float64Array(width)
  }

  /** Makes every feature of the training data centred and of variance 1. @param {Float32Array} features [rows, 8] */
  normaliseBy(features) {
    const rows = features.length / this.mean.length
    this.mean.fill(0)
    this.deviation.fill(0)
    features.forEach((value, at) => (this.mean[at % this.mean.length] += value / rows))
    features.forEach((value, at) => {
      const column = at % this.mean.length
      const distance = value - this.mean[column]
      this.deviation[column] += (distance * distance) / rows
    })
    this.deviation.forEach((variance, column) => (this.deviation[column] = Math.sqrt(variance)))
  }

  /** The probability of fraud of one row. @param {Inputs} inputs @param {number} row */
  forward({ features, category, hour }, row) {
    const width = this.mean.length
    for (let i = 0; i < width; i++) this.row[i] = (features[row * width + i] - this.mean[i]) / this.deviation[i]
    this.row.set(this.category.forward(Number(category[row])), width)
    this.row.set(this.hour.forward(Number(hour[row])), width + this.category.width)
    const [logit] = this.dense.reduce((values, layer) => layer.forward(values), this.row)
    return 1 / (1 + Math.exp(-logit))
  }

  /** The probability of fraud of every row. @param {Inputs} inputs */
  scores(inputs) {
    return Float64Array.from(inputs.category, (_, row) => this.forward(inputs, row))
  }

  /** Adds the gradient of one row's cross-entropy; returns that loss in nats. @param {Inputs} inputs @param {number} row @param {boolean} fraud */
  learn(inputs, row, fraud) {
    const score = this.forward(inputs, row)
    // Sigmoid and cross-entropy together have this derivative by the logit: Bishop 2006, equation 4.91.
    const logitSlope = Float64Array.of(score - Number(fraud))
    const slope = this.dense.reduceRight((slopes, layer) => layer.backward(slopes), logitSlope)
    const afterFeatures = this.mean.length
    this.category.backward(Number(inputs.category[row]), slope.subarray(afterFeatures))
    this.hour.backward(Number(inputs.hour[row]), slope.subarray(afterFeatures + this.category.width))
    return -Math.log(fraud ? score : 1 - score)
  }

  /** What training changes. */
  parameters() {
    return [this.category.table, this.hour.table, ...this.dense.flatMap(({ weight, bias }) => [weight, bias])]
  }

  /** Everything that makes this network, under the names that the ONNX graph uses. @returns {[name: string, dims: number[], values: Float64Array][]} */
  #named() {
    const columns = [this.mean.length]
    return [
      ['mean', columns, this.mean],
      ['deviation', columns, this.deviation],
      ['category.embedding', this.category.table.dims, this.category.table.values],
      ['hour.embedding', this.hour.table.dims, this.hour.table.values],
      ...this.dense.flatMap(({ weight, bias }, index) => [
        /** @type {[string, number[], Float64Array]} */ ([`dense${index + 1}.weight`, weight.dims, weight.values]),
        /** @type {[string, number[], Float64Array]} */ ([`dense${index + 1}.bias`, bias.dims, bias.values]),
      ]),
    ]
  }

  /** The weights rounded to float32, as the ONNX file holds them. @returns {Weight[]} */
  weights() {
    return this.#named().map(([name, dims, values]) => ({ name, dims, values: Array.from(new Float32Array(values)) }))
  }

  /** The network with these weights. @param {readonly Weight[]} weights as `weights()` gives them */
  static from(weights) {
    const network = new Network(new Random(0))
    const byName = new Map(weights.map(({ name, values }) => [name, values]))
    for (const [name, , values] of network.#named()) {
      const given = byName.get(name)
      if (given?.length !== values.length)
        throw new Error(`weights: ${name} needs ${values.length} numbers, got ${given?.length}`)
      values.set(given)
    }
    return network
  }
}
