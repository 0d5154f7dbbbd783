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
    this.sizes = { width, inputs, outputs, kernel, stride }
    this.padding = (kernel - 1) / 2
    this.outputWidth = Math.ceil(width / stride)
    const fanIn = kernel * kernel * inputs
    // He et al. 2015, equation 10.
    this.weight = parameter([kernel, kernel, inputs, outputs], Math.sqrt(2 / fanIn), random)
    this.bias = parameter([outputs], 0, random)
    this.input = new Float64Array(width * width * inputs)
    this.inputSlope = new Float64Array(this.input.length)
    this.output = new Float64Array(this.outputWidth * this.outputWidth * outputs)
  }

  /** @param {Float64Array} input kept by reference until `backward` */
  forward(input) {
    const { output } = this
    const { outputs } = this.sizes
    const weights = this.weight.values
    this.input = input
    for (let at = 0; at < output.length; at += outputs) output.set(this.bias.values, at)
    this.#visit((value, _, weight, at) => {
      for (let o = 0; o < outputs; o++) output[at + o] += value * weights[weight + o]
    })
    for (let at = 0; at < output.length; at++) if (output[at] < 0) output[at] = 0
    return output
  }

  /** From the loss's derivatives by the output to those by the input. @param {Float64Array} slope changed in place */
  backward(slope) {
    const { output, inputSlope } = this
    const { outputs } = this.sizes
    const { values: weights, gradient } = this.weight
    const biasGradient = this.bias.gradient
    for (let at = 0; at < output.length; at++) {
      if (output[at] === 0) slope[at] = 0
      else biasGradient[at % outputs] += slope[at]
    }
    inputSlope.fill(0)
    this.#visit((value, index, weight, at) => {
      let sum = 0
      for (let o = 0; o < outputs; o++) {
        gradient[weight + o] += value * slope[at + o]
        sum += weights[weight + o] * slope[at + o]
      }
      inputSlope[index] += sum
    })
    return inputSlope
  }

  /**
   * Every pair of an input that isn't zero and a place that it adds to.
   *
   * @param {(value: number, index: number, weight: number, at: number) => void} visitor takes the input and its index, and where
   *   the weights and the outputs of the pair begin
   */
  #visit(visitor) {
    const { width, inputs, outputs, kernel, stride } = this.sizes
    const { input, padding, outputWidth } = this
    for (let y = 0, index = 0; y < width; y++) {
      for (let x = 0; x < width; x++) {
        for (let channel = 0; channel < inputs; channel++, index++) {
          const value = input[index]
          if (value === 0) continue
          for (let ky = (y + padding) % stride; ky < kernel; ky += stride) {
            const row = (y + padding - ky) / stride
            if (row < 0 || row >= outputWidth) continue
            for (let kx = (x + padding) % stride; kx < kernel; kx += stride) {
              const column = (x + padding - kx) / stride
              if (column < 0 || column >= outputWidth) continue
              const weight = ((ky * kernel + kx) * inputs + channel) * outputs
              visitor(value, index, weight, (row * outputWidth + column) * outputs)
            }
          }
        }
      }
    }
  }
}
