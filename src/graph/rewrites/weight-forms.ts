import { halfCodes, halfNumbers } from '../../onnx/half.ts'
import type { Tensor } from '../../onnx/model.ts'
import { elementsOf, tensorArray, tensorOfArray } from '../../onnx/tensor.ts'

/** How far weights in fewer bytes are from what they stand for, as shares. */
export interface WeightError {
  /** The largest difference, of the largest weight. */
  readonly largest: number
  /** The root mean square of all differences, of that of the weights. */
  readonly rms: number
  /** The mean difference, of the mean magnitude: does not become small where a few large weights stand for all. */
  readonly mean: number
}

/** float32 weights in fewer bytes: `codes`, each times its `scale` where there is one. */
export interface WeightForm {
  readonly codes: Tensor
  /** float32, of as many axes, of size 1 along those that share a scale. */
  readonly scale?: Tensor
  readonly bytes: number
  readonly error: WeightError
}

/** float32 weights as float16, each rounded to the nearest. Those beyond 65504 become infinities, and the error infinite. */
export function halfForm({ dims, data }: Tensor): WeightForm {
  const weights = floatsOf({ type: 'float32', dims, data })
  const codes = halfCodes(weights)
  return {
    codes: tensorOfArray('float16', dims, codes),
    bytes: codes.byteLength,
    error: errorOf(weights, halfNumbers(codes)),
  }
}

/**
 * float32 weights as int8, symmetric: w ≈ code * scale, where one scale is for all weights that differ in their index along
 * `shared` axes only, and makes 127 of the largest of them. Finite weights only.
 */
export function byteForm(tensor: Tensor, shared: readonly number[]): WeightForm {
  const weights = floatsOf(tensor)
  const { dims } = tensor
  const scaleDims = dims.map((dim, axis) => (shared.includes(axis) ? 1 : dim))
  const scales = new Float32Array(elementsOf(scaleDims))
  forEachRun(dims, shared, (from, to, scale, step) => {
    for (let i = from, s = scale; i < to; i++, s += step) scales[s] = Math.max(scales[s]!, Math.abs(weights[i]!))
  })
  scales.forEach((largest, i) => (scales[i] = largest / 127))
  const [codes, near] = [new Int8Array(weights.length), new Float32Array(weights.length)]
  forEachRun(dims, shared, (from, to, scale, step) => {
    for (let i = from, s = scale; i < to; i++, s += step) {
      const unit = scales[s]!
      // The scale was rounded, too: the largest weight may come out as a little more than 127.
      const code = unit > 0 ? Math.max(-127, Math.min(127, Math.round(weights[i]! / unit))) : 0
      codes[i] = code
      near[i] = code * unit
    }
  })
  return {
    codes: tensorOfArray('int8', dims, codes),
    scale: tensorOfArray('float32', scaleDims, scales),
    bytes: codes.byteLength + scales.byteLength,
    error: errorOf(weights, near),
  }
}

function floatsOf(tensor: Tensor): Float32Array {
  const array = tensorArray(tensor)
  if (array instanceof Float32Array) return array
  throw new TypeError(`expected float32 weights, not ${tensor.type}`)
}

/**
 * Visits the elements of a tensor in order, in runs of elements `from` to `to` whose scales begin at `scale` and follow each
 * other by `step`: 0 where a run shares one.
 */
function forEachRun(
  dims: readonly number[],
  shared: readonly number[],
  visit: (from: number, to: number, scale: number, step: number) => void,
): void {
  const axes = mergedAxes(dims, shared)
  const inner = axes.pop() ?? { size: 1, isShared: true }
  const walk = (depth: number, index: number, scale: number): void => {
    const axis = axes[depth]
    if (!axis)
      return visit(index * inner.size, (index + 1) * inner.size, scale * scalesOf(inner), inner.isShared ? 0 : 1)
    for (let i = 0; i < axis.size; i++)
      walk(depth + 1, index * axis.size + i, scale * scalesOf(axis) + (axis.isShared ? 0 : i))
  }
  walk(0, 0, 0)
}

interface Axis {
  readonly size: number
  readonly isShared: boolean
}

function scalesOf({ size, isShared }: Axis): number {
  return isShared ? 1 : size
}

/** Neighbouring axes of one kind are one: the loop within is long. */
function mergedAxes(dims: readonly number[], shared: readonly number[]): Axis[] {
  const merged: Axis[] = []
  for (const [axis, size] of dims.entries()) {
    const isShared = shared.includes(axis)
    const last = merged.at(-1)
    if (last?.isShared === isShared) merged[merged.length - 1] = { size: last.size * size, isShared }
    else merged.push({ size, isShared })
  }
  return merged
}

function errorOf(weights: Float32Array, near: Float32Array): WeightError {
  const [off, all] = [new Sums(), new Sums()]
  for (let i = 0; i < weights.length; i++) {
    const weight = weights[i]!
    off.add(Math.abs(weight - near[i]!))
    all.add(Math.abs(weight))
  }
  if (all.most === 0) return { largest: 0, rms: 0, mean: 0 }
  return { largest: off.most / all.most, rms: Math.sqrt(off.squares / all.squares), mean: off.sum / all.sum }
}

/** Of magnitudes. */
class Sums {
  most = 0
  sum = 0
  squares = 0

  add(magnitude: number): void {
    this.most = Math.max(this.most, magnitude)
    this.sum += magnitude
    this.squares += magnitude * magnitude
  }
}
