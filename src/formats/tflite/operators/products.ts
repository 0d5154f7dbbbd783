import { setActivated } from '../activation.ts'
import type { Converter, Handler } from '../converter.ts'
import { scalesOf } from '../rounding.ts'

/**
 * Weights `[out, in]`. All axes of x but the last are rows; without `keep_num_dims` the result has two. A bias may be left out.
 */
const fullyConnected: Handler = (c, { inputs, outputs: [output = -1], options }) => {
  const [x = -1, weights = -1, bias = -1] = inputs
  if ((options?.int8(1) ?? 0) !== 0) c.fail('has a FULLY_CONNECTED with shuffled weights')
  const width = c.size(weights, 1) ?? c.fail('has a FULLY_CONNECTED with weights of no known size')
  const keeps = options?.bool(2) ?? false
  const isRows = c.rank(x) === 2 && c.size(x, 1) === width
  const real = isRows || keeps ? c.real(x) : rowsOf(c, x, width)
  const by = scalesOf(c, { x, weights, bias, output })
  const operands = [real, c.weights(weights, [1, 0], by)]
  const added = bias < 0 ? [] : [c.bias(bias, x, by)]
  const product =
    isRows || !keeps
      ? c.op('Gemm', [...operands, ...added])
      : added.reduce((sum, term) => c.op('Add', [sum, term]), c.op('MatMul', operands))
  // Its codes are rounded once, as ONNX's are: unlike those of convolutions, see rounding.ts. dtln's 257 codes tell.
  setActivated(c, output, product, options?.int8(0) ?? 0)
}

/** The rows of a tensor: before it is dequantised, as a product takes codes that are dequantised just before it. */
function rowsOf(c: Converter, x: number, width: number): string {
  const shape = c.writer.ints([-1, width])
  const quantization = c.quantization(x)
  const rows = c.op('Reshape', [quantization ? c.get(x) : c.real(x), shape])
  return quantization ? c.dequantize(rows, c.type(x), quantization) : rows
}

const batchMatMul: Handler = (c, { inputs: [a = -1, b = -1], outputs: [output = -1], options }) => {
  const operand = (tensor: number, isAdjoint: boolean): string => {
    if (!isAdjoint) return c.real(tensor)
    const axes = Array.from({ length: c.rank(tensor) }, (_, axis) => axis)
    return c.weights(tensor, [...axes.slice(0, -2), axes.at(-1)!, axes.at(-2)!])
  }
  const product = c.op('MatMul', [operand(a, options?.bool(0) ?? false), operand(b, options?.bool(1) ?? false)])
  c.setReal(output, product)
}

export const products: Readonly<Record<string, Handler>> = {
  FULLY_CONNECTED: fullyConnected,
  BATCH_MATMUL: batchMatMul,
}
