/**
 * Weights and the loss's derivatives by them, which add up over a batch.
 *
 * @typedef {{ dims: number[], values: Float64Array, gradient: Float64Array }} Parameter
 * @typedef {import('./random.js').Random} Random
 */

/**
 * Normally distributed start weights.
 *
 * @param {number[]} dims @param {number} deviation @param {Random} random @returns {Parameter}
 */
export function parameter(dims, deviation, random) {
  const size = dims.reduce((product, dim) => product * dim, 1)
  const values = Float64Array.from({ length: size }, () => deviation * random.normal())
  return { dims, values, gradient: new Float64Array(size) }
}

/** `y = x · weight + bias`, then ReLU where asked for; `weight` is [inputs, outputs]. One row at a time. */
export class Dense {
  /** @param {number} inputs @param {number} outputs @param {boolean} relu @param {Random} random */
  constructor(inputs, outputs, relu, random) {
    this.relu = relu
    // The standard deviation that keeps the signal's variance through ReLU layers: He et al. 2015, equation 10.
    this.weight = parameter([inputs, outputs], Math.sqrt(2 / inputs), random)
    this.bias = parameter([outputs], 0, random)
    /** @type {Float64Array} */
    this.input = new Float64Array(inputs)
    this.output = new Float64Array(outputs)
    this.inputSlope = new Float64Array(inputs)
  }

  /** @param {Float64Array} input kept by reference until `backward` */
  forward(input) {
    const { output, relu } = this
    const weights = this.weight.values
    this.input = input
    output.set(this.bias.values)
    for (let i = 0, at = 0; i < input.length; i++) {
      const value = input[i]
      for (let o = 0; o < output.length; o++) output[o] += value * weights[at++]
    }
    if (relu) for (let o = 0; o < output.length; o++) output[o] = Math.max(0, output[o])
    return output
  }

  /** From the loss's derivatives by the output to those by the input. @param {Float64Array} slope changed in place */
  backward(slope) {
    const { input, output, inputSlope, relu } = this
    const { values: weights, gradient } = this.weight
    const biasGradient = this.bias.gradient
    if (relu) for (let o = 0; o < output.length; o++) if (output[o] === 0) slope[o] = 0
    for (let o = 0; o < output.length; o++) biasGradient[o] += slope[o]
    for (let i = 0, at = 0; i < input.length; i++) {
      const value = input[i]
      let sum = 0
      for (let o = 0; o < output.length; o++, at++) {
        gradient[at] += value * slope[o]
        sum += weights[at] * slope[o]
      }
      inputSlope[i] = sum
    }
    return inputSlope
  }
}

/** A trained vector for each of a few kinds. */
export class Embedding {
  /** @param {number} kinds @param {number} width @param {Random} random */
  constructor(kinds, width, random) {
    this.width = width
    this.table = parameter([kinds, width], 0.5, random)
  }

  /** @param {number} kind */
  forward(kind) {
    return this.table.values.subarray(kind * this.width, (kind + 1) * this.width)
  }

  /** @param {number} kind @param {Float64Array} slope */
  backward(kind, slope) {
    for (let i = 0; i < this.width; i++) this.table.gradient[kind * this.width + i] += slope[i]
  }
}
