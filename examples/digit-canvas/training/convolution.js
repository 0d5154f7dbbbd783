import { parameter } from '../../training-kit/layers.js'

/**
 * A convolution with ReLU, one image at a time. Images are [y, x, channel], so that the innermost loops run over neighbouring numbers.
 *
 * What it takes are ReLU's results or an image on an empty ground: most of it is zero. A zero adds nothing to any sum, and its own
 * derivative is not wanted (ReLU lets none through), so both directions visit what isn't zero only.
 */
export class Convolution {
  /**
   * @param {{ width: number, inputs: number, outputs: number, kernel: number, stride: number }} sizes
   *   `width` and height of the input, channels in and out, the kernel's width, which is odd, and the step; padded by half a kernel
   * @param {import('../../training-kit/random.js').Random} random draws the start weights
   */
  constructor({ width, inputs, outputs, kernel, stride }, random) {
    this.sizes = { inputs, outputs }
    this.outputWidth = Math.ceil(width / stride)
    this.targets = targets(width, kernel, stride)
    // The standard deviation that keeps the signal's variance through ReLU layers: He et al. 2015, equation 10.
    this.weight = parameter([kernel, kernel, inputs, outputs], Math.sqrt(2 / (kernel * kernel * inputs)), random)
    this.bias = parameter([outputs], 0, random)
    /** @type {Float64Array} */
    this.input = new Float64Array(width * width * inputs)
    this.inputSlope = new Float64Array(this.input.length)
    this.output = new Float64Array(this.outputWidth * this.outputWidth * outputs)
  }

  /** @param {Float64Array} input kept by reference until `backward` */
  forward(input) {
    const { output, targets } = this
    const { inputs, outputs } = this.sizes
    const weights = this.weight.values
    this.input = input
    for (let at = 0; at < output.length; at += outputs) output.set(this.bias.values, at)
    for (let place = 0, index = 0; place < targets.length; place++) {
      for (let channel = 0; channel < inputs; channel++, index++) {
        const value = input[index]
        if (value === 0) continue
        for (let pair = 0; pair < targets[place].length; pair += 2) {
          const weight = (targets[place][pair] * inputs + channel) * outputs
          const at = targets[place][pair + 1] * outputs
          for (let o = 0; o < outputs; o++) output[at + o] += value * weights[weight + o]
        }
      }
    }
    for (let at = 0; at < output.length; at++) if (output[at] < 0) output[at] = 0
    return output
  }

  /** From the loss's derivatives by the output to those by the input. @param {Float64Array} slope changed in place */
  backward(slope) {
    const { input, output, inputSlope, targets } = this
    const { inputs, outputs } = this.sizes
    const { values: weights, gradient } = this.weight
    const biasGradient = this.bias.gradient
    for (let at = 0; at < output.length; at++) {
      if (output[at] === 0) slope[at] = 0
      else biasGradient[at % outputs] += slope[at]
    }
    for (let place = 0, index = 0; place < targets.length; place++) {
      for (let channel = 0; channel < inputs; channel++, index++) {
        const value = input[index]
        let sum = 0
        if (value !== 0) {
          for (let pair = 0; pair < targets[place].length; pair += 2) {
            const weight = (targets[place][pair] * inputs + channel) * outputs
            const at = targets[place][pair + 1] * outputs
            for (let o = 0; o < outputs; o++) {
              gradient[weight + o] += value * slope[at + o]
              sum += weights[weight + o] * slope[at + o]
            }
          }
        }
        inputSlope[index] = sum
      }
    }
    return inputSlope
  }
}

/**
 * For each pixel, what it adds to: pairs of a place in the kernel and the output's pixel, both by rows.
 *
 * @param {number} width @param {number} kernel @param {number} stride
 */
function targets(width, kernel, stride) {
  const padding = (kernel - 1) / 2
  const outputWidth = Math.ceil(width / stride)
  /** Along one axis: places in the kernel, and of the output. @param {number} position */
  const along = (position) =>
    Array.from({ length: kernel }, (_, k) => ({ k, to: (position + padding - k) / stride })).filter(
      ({ to }) => Number.isInteger(to) && to >= 0 && to < outputWidth,
    )
  return Array.from({ length: width * width }, (_, place) => {
    const columns = along(place % width)
    return Int32Array.from(
      along(Math.floor(place / width)).flatMap((y) =>
        columns.flatMap((x) => [y.k * kernel + x.k, y.to * outputWidth + x.to]),
      ),
    )
  })
}
