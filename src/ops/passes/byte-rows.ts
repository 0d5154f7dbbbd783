import { numberOf } from '../../graph/fold.ts'
import type { Node, Value } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'
import type { Rewrite } from '../../graph/rewrite.ts'
import { elementTypes } from '../../onnx/element-type.ts'
import { tensorFrom } from '../../onnx/tensor.ts'
import { reductionAxes } from '../reduction/reduction.ts'
import { type Codes, dequantised, quantised } from './codes.ts'

/** Rows of codes that are normalised along the last axis, as codes, in integers: Softmax, its logarithm, and x / ‖x‖. */
export const byteRows: readonly Rewrite[] = [softmaxOfDequantised, logSoftmaxOfDequantised, unitRowsOfDequantised]

/** Of more, sums overflow (native/kernels/byte-rows.h). */
const MOST_COLUMNS = 2 ** 16

/** The codes whose rows are normalised by the node that gives `value`. */
function rowsOf(value: Value | undefined, operator: string): Codes | undefined {
  const node = value?.producer
  const x = node?.operator === operator ? dequantised(node.input(0)) : undefined
  const axis = node?.int('axis', -1)
  return x && (axis === -1 || axis === x.codes.rank - 1) && isShort(x.codes) ? x : undefined
}

function isShort({ dims }: Value): boolean {
  const columns = dims.at(-1)
  return typeof columns === 'number' && columns <= MOST_COLUMNS
}

/** e to the power of differences of codes, below 0, in units of 2^-bits. */
function powers({ scale }: Codes, bits: number, b: Builder): Value {
  const each = Array.from({ length: 256 }, (_, codes) => Math.round(Math.exp(-codes * scale) * 2 ** bits))
  return b.constant(tensorFrom('uint32', [256], each))
}

const codeOf = (node: Node): number => elementTypes[node.output().type].code

/** What is quantised of e to the power of differences of codes, over their sum. */
function softmaxOfDequantised(node: Node, b: Builder): readonly Value[] | undefined {
  const to = quantised(node)
  const x = rowsOf(to?.x, 'Softmax')
  if (!to || !x) return undefined
  const unit = digitsOf(to.scale)
  if (unit.power < -40 || unit.power > 0) return undefined
  return [b.op('SoftmaxBytes', [x.codes, powers(x, 23, b)], { ...unit, zero: to.zero, to: codeOf(node) }, 'om')]
}

/** A float32 as digits · 2^power. */
function digitsOf(value: number): { readonly digits: number; readonly power: number } {
  const power = Math.floor(Math.log2(value)) - 23
  return { digits: value / 2 ** power, power }
}

/** What is quantised of differences of codes from the greatest, less the logarithm of the sum of e to their power. */
function logSoftmaxOfDequantised(node: Node, b: Builder): readonly Value[] | undefined {
  const to = quantised(node)
  const x = rowsOf(to?.x, 'LogSoftmax')
  // So that ln 2 does not overflow, and has enough bits: TensorFlow Lite's unit is 1/16. Nor do floats.
  if (!to || !x || to.scale > 1 || to.scale < 2 ** -8 || x.scale > 2 ** 100) return undefined
  // 256 codes are the least one, and so is more.
  const x_unit = Math.round(Math.min(x.scale / to.scale, 256) * 2 ** 32)
  const unit = Math.round((Math.LN2 / to.scale) * 2 ** 24)
  const attributes = { x_unit, unit, zero: to.zero, to: codeOf(node) }
  return [b.op('LogSoftmaxBytes', [x.codes, powers(x, 30, b)], attributes, 'om')]
}

/** What is quantised, in units of a power of two (TensorFlow Lite's is 1/128), of x / max(‖x‖, ε). */
function unitRowsOfDequantised(node: Node, b: Builder): readonly Value[] | undefined {
  const to = quantised(node)
  const bits = to ? -Math.log2(to.scale) : NaN
  const x = to && dividedByNorm(to.x)
  if (!x || !isShort(x.codes) || !Number.isInteger(bits) || bits < 0 || bits > 7) return undefined
  return [b.op('L2Bytes', [x.codes], { bits, pivot: x.zero, zero: to.zero, to: codeOf(node) }, 'om')]
}

/** x of x / max(‖x‖, ε) along the last axis, where only a row of zeros is shorter than ε and no square leaves float32. */
function dividedByNorm({ producer: div }: Value): Codes | undefined {
  const x = div?.operator === 'Div' ? dequantised(div.input(0)) : undefined
  const max = x && div!.input(1).producer
  if (max?.operator !== 'Max' || max.inputs.length !== 2) return undefined
  const inputs = [max.input(0), max.input(1)]
  const least = inputs.map(numberOf).find((number) => number !== undefined)
  const norm = inputs.find((input) => input.producer?.operator === 'ReduceL2')?.producer
  const of = norm && dequantised(norm.input(0))
  if (!of || of.codes !== x!.codes || of.scale !== x!.scale || of.zero !== x!.zero) return undefined
  const axes = reductionAxes(norm)
  const isRows = axes?.length === 1 && axes[0] === x!.codes.rank - 1 && norm.int('keepdims', 1) === 1
  const isLonger = least !== undefined && least > 0 && x!.scale > least * 1.001
  return isRows && isLonger && x!.scale > 2 ** -40 && x!.scale < 2 ** 40 ? x : undefined
}
