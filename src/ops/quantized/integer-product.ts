import { add, type Dim, floorDivide, isStatic, multiply, product } from '../../graph/dim.ts'
import type { Node, Value, ValueInfo } from '../../graph/graph.ts'
import { type Agreement, sameSize, sizeOrOne, takes } from '../../graph/rules.ts'
import {
  fitsDepthwiseIntegers,
  type IntegerStrides,
  integerScratchBytes,
  depthwiseBytes,
  packDepthwiseIntegers,
  takesDepthwiseBytes,
  packedDepthwiseIntegers,
  packedIntegerBytes,
  packIntegers,
} from '../../lowering/pack-integer.ts'
import type { KernelShape } from '../../lowering/kernel-shape.ts'
import { type ColumnSums, int32Bytes, productFields, resultType, stepOf } from './product-fields.ts'
import { agreeConvolution } from '../nn/convolution-rules.ts'
import { numbersOf } from '../../graph/fold.ts'
import type { KernelWriter, LoweredOperator } from '../../lowering/lowering.ts'
import { agreeMatMul, batchOffset, inferMatMul, productOf } from '../math/matmul.ts'
import { checkFits, type Window, windowInitializer, windowOf } from '../../lowering/window.ts'

// The compiler's own products of 8-bit integers, see native/kernels/gemm-integer.h. Inputs, most of them optional:
// 0 A or x, 1 B or w, 2 and 3 their zero points, 4 what the sums are multiplied with, 5 what is added to the sums (or,
// where the result is float32, to that), 6 the result's zero point, 7 how far from 0 what is quantised is moved before it is
// rounded, less than 0.5 (scales are then positive). The attribute `to` is the type of the result: int32
// (the sums), float32, uint8 or int8.

/** Zero points, scales and nudges are one for all, or one for each output column; what is added is one for each. */
function agreeColumns(node: Node, column: readonly [input: number, axis: number]): Agreement[] {
  const own = [3, 4, 7].flatMap((input) =>
    node.inputs[input]?.rank === 1 ? [sizeOrOne(node, [input, 0], column)] : [],
  )
  return node.inputs[5] ? [...own, sameSize(node, [5, 0], column)] : own
}

/** What a result costs beside its products: OM_INT_RESULT of native/kernels/finish-integer.h. */
const RESULT = 32

/** Work as `KernelWriter.share` counts it, in products of floats: four of bytes are as quick as one. */
function workOf(node: Node, depth: Dim): Dim {
  return floorDivide(multiply(product(node.output().dims), add(depth, RESULT)), 4)
}

const INPUTS = 'scale?:float32 bias?:int32|float32[_] y_zero_point?:byte[.] nudge?:float32'

/** What is made for each shape, kept for the one that is asked for again. */
function once<Made>(make: (shape: KernelShape) => Made): (shape: KernelShape) => Made {
  const made = new Map<KernelShape, Made>()
  return (shape) => {
    if (!made.has(shape)) made.set(shape, make(shape))
    return made.get(shape)!
  }
}

/** B as kernels read it. Packed when compiling where it is a constant, else in each run. */
function packedB(
  b: Value,
  k: KernelWriter,
  { depth, columns, groups, strides }: { depth: Dim; columns: Dim; groups: number; strides: IntegerStrides | string },
  offset = '0',
): { readonly packed: string; readonly sums: ColumnSums } {
  const each = packedIntegerBytes(depth, columns, k.shape)
  if (b.constant && typeof depth === 'number' && typeof columns === 'number' && typeof strides === 'object') {
    const { data } = b.constant
    const partsFor = once((shape) =>
      Array.from({ length: groups }, (_, group) => {
        const from = data.subarray(group * depth * columns, (group + 1) * depth * columns)
        return packIntegers(from, depth, columns, strides, b.type === 'int8', shape)
      }),
    )
    const sums = partsFor(k.shape).flatMap((part) => Array.from(part.sums))
    const packed = k.panels('int8', {
      panels: { depth: Math.ceil(depth / 4), columns: Array<number>(groups).fill(columns), vectors: 2 },
      pack: (shape) => Buffer.concat(partsFor(shape).map((part) => part.packed)),
    })
    return { packed, sums }
  }
  const packed = k.scratch(multiply(groups, each), 'int8_t')
  const sums = k.scratch(multiply(4 * groups, columns), 'int32_t')
  const [d, n] = [k.dim(depth), k.dim(columns)]
  const list =
    typeof strides === 'string'
      ? strides
      : `{${strides.inner}, ${strides.outerStep}, ${strides.innerStep}, ${strides.column}}`
  k.line(`for (int64_t g = 0; g < ${groups}; g++)`)
  k.line(
    `  om_pack_integers(${k.value(b)} + ${offset} + g * ${d} * ${n}, (om_int_strides)${list}, ${d}, ${n}, ${b.type === 'int8'}, ${packed} + g * ${k.dim(each)}, ${sums} + g * ${n});`,
  )
  return { packed, sums }
}

/** Products of matrices, numpy.matmul but for a vector as B; zero points of A are one, or one per row of a single matrix. */
const MatMulIntegers: LoweredOperator = {
  name: 'MatMulIntegers',
  domain: 'om',
  rules: takes(`A:T1[..., _] B:T2[_, ..., _] a_zero?:T1 b_zero?:T2 ${INPUTS}`, { T1: 'byte', T2: 'byte' }, (node) => [
    ...agreeMatMul(node),
    ...agreeColumns(node, [1, -1]),
    ...(node.inputs[2]?.rank === 1 ? [sizeOrOne(node, [2, 0], [0, -2])] : []),
  ]),
  infer: (node) => inferMatMul(node).map((info) => ({ ...info, type: resultType(node) })),
  lower(node, k) {
    const [a, b] = [node.input(0), node.input(1)]
    const { m, n, k: depth, batch } = productOf(node)
    k.include('gemm-integer.h')
    batch.forEach((dim, axis) => k.line(`for (int64_t b${axis} = 0; b${axis} < ${k.dim(dim)}; b${axis}++)`))
    const offset = (operand: Value, matrix?: Dim): string =>
      batch.length === 0 ? '0' : batchOffset(operand, batch, k, matrix)
    k.line('{')
    const strides =
      typeof depth === 'number' && typeof n === 'number'
        ? { inner: Math.max(1, depth), outerStep: 0, innerStep: n, column: 1 }
        : `{${k.dim(depth)}, 0, ${k.dim(n)}, 1}`
    // Of a stack of constant matrices each is packed in its turn.
    const weights = packedB(
      b,
      k,
      { depth, columns: n, groups: 1, strides: batch.length === 0 ? strides : `{${k.dim(depth)}, 0, ${k.dim(n)}, 1}` },
      offset(b),
    )
    const fields = [
      `.m = ${k.dim(m)}`,
      `.n = ${k.dim(n)}`,
      `.k = ${k.dim(depth)}`,
      `.packed = ${weights.packed}`,
      ...productFields(node, k, weights.sums),
      `.y = ${k.output()} + ${offset(node.output(), multiply(m, n))}`,
      `.y_row = ${k.dim(n)}`,
    ]
    const own = integerScratchBytes(m, depth, k.shape)
    if (b.constant && batch.length === 0 && isStatic([depth, n])) k.share(workOf(node, depth), own)
    const scratch = k.scratch(own, 'void')
    k.line(`om_int_gemm(${k.input(0)} + ${offset(a)}, (om_int_product){${fields.join(', ')}}, ${scratch});`)
    k.line('}')
  },
  flops: (node) => multiply(multiply(2, product(node.output().dims)), node.input(0).dims.at(-1)!),
}

function lastWindow(node: Node): Window {
  return windowOf(node, node.input(0).dims.slice(1, -1), node.input(1).dims.slice(2), 'within')
}

/** Positions along the last axis that a window spans. */
function extentOf({ kernel, dilations }: Window): number {
  return (kernel.at(-1)! - 1) * dilations.at(-1)! + 1
}

/** Whether weights and their zero points are constants. */
function areKnown(node: Node): boolean {
  return node.input(1).constant !== undefined && (!node.inputs[3] || node.inputs[3].constant !== undefined)
}

/**
 * The weights of a depthwise convolution as C expressions: packed (or bytes as they are, for machines without vectors) when
 * compiling where they and their zero points are constants, else in each run.
 */
function depthwiseWeights(
  node: Node,
  k: KernelWriter,
  [channels, lines, taps]: readonly [number, number, number],
): { weights: string; sums: ColumnSums; isNarrow: string } {
  const [w, zero] = [node.input(1), node.inputs[3]]
  if (areKnown(node)) {
    const weights = numbersOf(w.constant!)!
    const zeros = zero ? numbersOf(zero.constant!)! : [0]
    const each = weights.length / channels
    const moved = (index: number): number =>
      Number(weights[index]) - Number(zeros.length === 1 ? zeros[0] : zeros[Math.floor(index / each)])
    const own = takesDepthwiseBytes(k.shape) ? depthwiseBytes(moved, [channels, lines, taps]) : undefined
    if (own) {
      const bytes = k.constant('int8', new Uint8Array(own.bytes.buffer))
      return { weights: `NULL, ${bytes}`, sums: [...own.sums], isNarrow: 'true' }
    }
    const packedFor = once((shape) => packDepthwiseIntegers(moved, [channels, lines, taps], shape))
    const { sums, isNarrow } = packedFor(k.shape)
    const packed = k.panels('int32', {
      panels: { depth: Math.ceil(lines / 2) * taps, columns: [channels], vectors: 1 },
      pack: (shape) => int32Bytes(packedFor(shape).packed),
    })
    return { weights: `${packed}, NULL`, sums: [...sums], isNarrow: String(isNarrow) }
  }
  const packed = k.scratch(multiply(4, packedDepthwiseIntegers(channels, lines, taps, k.shape)), 'int32_t')
  const sums = k.scratch(4 * channels, 'int32_t')
  const zeros = zero ? `${k.input(3)}, ${stepOf(k, zero)}` : 'NULL, 0'
  const from = [k.input(1), channels, lines, taps, w.type === 'int8', zeros].join(', ')
  k.line(`const bool narrow = om_pack_depthwise_integers(${from}, ${packed}, ${sums});`)
  return { weights: `${packed}, NULL`, sums, isNarrow: 'narrow' }
}

/** Convolutions, channels last: x [N, …, C], w as ONNX has it. */
const ConvIntegers: LoweredOperator = {
  name: 'ConvIntegers',
  domain: 'om',
  rules: takes(
    `x:T1[_, _, _, ...] w:T2[_, _, _, ...] x_zero?:T1[.] w_zero?:T2 ${INPUTS}`,
    { T1: 'byte', T2: 'byte' },
    (node) => [
      ...agreeConvolution(node, { x: 0, w: 1, channels: node.input(0).rank - 1 }),
      ...agreeColumns(node, [1, 0]),
    ],
  ),
  infer(node): ValueInfo[] {
    const [x, w] = [node.input(0), node.input(1)]
    return [{ type: resultType(node), shape: [x.dims[0]!, ...lastWindow(node).output, w.dims[0]!] }]
  },
  check: (node, k) => checkFits(k, lastWindow(node)),
  lower(node, k) {
    const [x, w] = [node.input(0), node.input(1)]
    const [outs, depth, ...kernel] = w.dims as [Dim, Dim, ...Dim[]]
    const channels = x.dims.at(-1)!
    const [window, groups] = [lastWindow(node), node.int('group', 1)]
    k.include('conv-integer.h')
    const sizes = `.batch = ${k.dim(x.dims[0]!)}, .channels = ${k.dim(channels)}, .out_channels = ${k.dim(outs)}, .groups = ${groups}`
    k.line(`const om_int_convolution shape = {${sizes}, .window = ${windowInitializer(window, (dim) => k.dim(dim))}};`)
    const taps = product(kernel)
    const rest = (sums: ColumnSums): string => [...productFields(node, k, sums), `.y = ${k.output()}`].join(', ')
    const lines = window.kernel.slice(0, -1).reduce((n, size) => n * size, 1)
    if (depth === 1 && outs === groups && fitsDepthwiseIntegers(lines, extentOf(window), k.shape)) {
      // Weights that are packed in each run would be packed by every thread. A tap takes twice as long as in a product: lines come together first.
      if (areKnown(node)) k.share(multiply(2, workOf(node, taps)))
      const { weights, sums, isNarrow } = depthwiseWeights(node, k, [groups, lines, window.kernel.at(-1)!])
      k.line(`const om_int_product whole = {${rest(sums)}};`)
      k.line(`om_depthwise_integers(${k.input(0)}, ${weights}, ${isNarrow}, &shape, &whole);`)
      return
    }
    const columns = floorDivide(outs, groups)
    const all = multiply(taps, depth)
    const strides = isStatic([all, depth, taps])
      ? { inner: Number(depth), outerStep: 1, innerStep: Number(taps), column: Number(all) }
      : `{${k.dim(depth)}, 1, ${k.dim(taps)}, ${k.dim(all)}}`
    const weights = packedB(w, k, { depth: all, columns, groups, strides })
    k.line(`const om_int_product whole = {.packed = ${weights.packed}, ${rest(weights.sums)}};`)
    const own = integerScratchBytes(product(node.output().dims.slice(1, -1)), all, k.shape)
    if (w.constant && isStatic([all, columns])) k.share(workOf(node, all), own)
    const scratch = k.scratch(own, 'void')
    k.line(`om_conv_integers(${k.input(0)}, &shape, &whole, ${scratch});`)
  },
  flops: (node) => multiply(2, product([...node.output().dims, ...node.input(1).dims.slice(1)])),
}

export const integerProducts: readonly LoweredOperator[] = [MatMulIntegers, ConvIntegers]
