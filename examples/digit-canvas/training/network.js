import { Dense } from '../../training-kit/layers.js'
import { side } from '../src/raster.js'
import { Convolution } from './convolution.js'

/**
 * The digit network in plain double-precision JavaScript. Besides training, it is the reference that the compiled model is compared with.
 *
 *     28×28 ─ convolution 5×5 step 2, ReLU ─ 14×14×8 ─ convolution 3×3 step 2, ReLU ─ 7×7×16 ─ dense ─ softmax ─ 10
 *
 * @typedef {{ name: string, dims: number[], values: number[] }} Weight
 */
export class Network {
  /** @param {import('../../training-kit/random.js').Random} random draws the start weights */
  constructor(random) {
    const [first, second] = [8, 16]
    this.convolutions = [
      new Convolution({ width: side, inputs: 1, outputs: first, kernel: 5, stride: 2 }, random),
      new Convolution({ width: side / 2, inputs: first, outputs: second, kernel: 3, stride: 2 }, random),
    ]
    this.dense = new Dense((side / 4) * (side / 4) * second, 10, false, random)
    this.image = new Float64Array(side * side)
  }

  /** The ten digits' probabilities. @param {Float32Array} image as `rasterise` makes it */
  forward(image) {
    this.image.set(image)
    const features = this.convolutions.reduce((values, layer) => layer.forward(values), this.image)
    return softmax(this.dense.forward(features))
  }

  /** Adds the gradient of one image's cross-entropy; returns that loss in nats. @param {Float32Array} image @param {number} digit */
  learn(image, digit) {
    const probabilities = this.forward(image)
    // Softmax and cross-entropy together have this derivative by the logits: Bishop 2006, equation 4.109.
    const slope = Float64Array.from(probabilities, (probability, of) => probability - Number(of === digit))
    this.convolutions.reduceRight((slopes, layer) => layer.backward(slopes), this.dense.backward(slope))
    return -Math.log(probabilities[digit])
  }

  /** What training changes. */
  parameters() {
    return [...this.convolutions, this.dense].flatMap(({ weight, bias }) => [weight, bias])
  }

  /**
   * Leaves each weight the eight significant bits of a bfloat16. As float32 half of its bytes are zero then, and gzip takes them out.
   */
  round() {
    for (const { values } of this.parameters()) {
      const bits = new Uint32Array(Float32Array.from(values).buffer)
      bits.forEach((pattern, at) => (bits[at] = (pattern + 0x8000) & 0xffff0000))
      values.set(new Float32Array(bits.buffer))
    }
  }

  /** The weights as ONNX has them: channels before rows and columns. @returns {Weight[]} */
  weights() {
    const convolutions = this.convolutions.flatMap(({ sizes, weight, bias }, index) => [
      { name: `convolution${index + 1}.weight`, ...transposed(weight, [3, 2, 0, 1]) },
      { name: `convolution${index + 1}.bias`, dims: [sizes.outputs], values: [...bias.values] },
    ])
    const { weight, bias } = this.dense
    const { sizes, outputWidth } = this.convolutions[1]
    const byPlace = { dims: [outputWidth, outputWidth, sizes.outputs, 10], values: weight.values }
    return [
      ...convolutions,
      { name: 'dense.weight', dims: weight.dims, values: transposed(byPlace, [2, 0, 1, 3]).values },
      { name: 'dense.bias', dims: bias.dims, values: [...bias.values] },
    ]
  }
}

/** Reorders axes: the result's axis `n` is the given one's `order[n]`. @param {{ dims: number[], values: Float64Array }} tensor @param {number[]} order */
function transposed({ dims, values }, order) {
  const strides = dims.map((_, axis) => dims.slice(axis + 1).reduce((product, dim) => product * dim, 1))
  /** @param {number} depth @param {number} offset @returns {number[]} */
  const from = (depth, offset) =>
    depth === order.length
      ? [values[offset]]
      : Array.from({ length: dims[order[depth]] }, (_, at) =>
          from(depth + 1, offset + at * strides[order[depth]]),
        ).flat()
  return { dims: order.map((axis) => dims[axis]), values: from(0, 0) }
}

/** @param {Float64Array} logits */
function softmax(logits) {
  const most = logits.reduce((a, b) => Math.max(a, b))
  const powers = logits.map((logit) => Math.exp(logit - most))
  const sum = powers.reduce((a, b) => a + b)
  return powers.map((power) => power / sum)
}
