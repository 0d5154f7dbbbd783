import { beforeAll, describe, expect, it } from 'vitest'
import { fromRuntime, toRuntime } from '../../../src/conformance/runtime-tensor.ts'
import type { Tensor } from '../../../src/onnx/model.ts'
import { tensorFrom, tensorValues } from '../../../src/onnx/tensor.ts'
import { compileBytes } from '../../ops/harness.ts'
import { converted } from './convert.ts'
import { type Fields, type OperatorSource, tfliteBytes, type TensorSource } from './writer.ts'

// Each operator in a file of its own making, against numbers worked out by hand from what TensorFlow says that it does. All are
// in one model, which is compiled at the level that users get and at none.

interface Given {
  readonly shape: readonly number[]
  readonly values: readonly number[]
  readonly type?: 'float32' | 'int32' | 'int64' | 'bool' | 'int8' | 'uint8' | 'int16'
  /** Known when the model is compiled. */
  readonly fixed?: boolean
  readonly scale?: number | readonly number[]
  readonly zeroPoint?: number | readonly number[]
  readonly axis?: number
}

interface Case {
  readonly name?: string
  readonly op: string
  readonly options?: Fields
  readonly inputs: readonly (Given | undefined)[]
  readonly outputs: readonly Given[]
}

const f = (shape: readonly number[], values: readonly number[]): Given => ({ shape, values })
const i32 = (values: readonly number[], shape: readonly number[] = [values.length]): Given => ({ shape, values, type: 'int32' }) // prettier-ignore
const fixed = (given: Given): Given => ({ ...given, fixed: true })
const axes = (...values: number[]): Given => fixed(i32(values))
const bool = (shape: readonly number[], values: readonly number[]): Given => ({ shape, values, type: 'bool' })
/** Codes of int8. */
const coded = (shape: readonly number[], values: readonly number[]): Given => ({ shape, values, type: 'int8', scale: 0.1, zeroPoint: -3 }) // prettier-ignore
const range = (count: number, from = 0): number[] => Array.from({ length: count }, (_, i) => from + i)
const int8 = (value: number): { int8: number } => ({ int8: value })
const int32 = (value: number): { int32: number } => ({ int32: value })
const yes = { bool: true }
const none = undefined

/** Values of the unary operators. */
const xs = [-2.5, -1, -0.25, 0, 0.5, 3.25, 7, 0.75]
function unary(op: string, fn: (x: number) => number, values = xs, options?: Fields): Case {
  return { op, inputs: [f([2, values.length / 2], values)], outputs: [f([2, values.length / 2], values.map(fn))], ...(options && { options }) } // prettier-ignore
}

const a = [7, -7, 5.5, -5.5]
const b = [2, 2, -2, 3]
function binary(op: string, fn: (x: number, y: number) => number, options?: Fields): Case {
  return { op, inputs: [f([4], a), f([4], b)], outputs: [f([4], a.map((x, i) => fn(x, b[i]!)))], ...(options && { options }) } // prettier-ignore
}

function compare(op: string, fn: (x: number, y: number) => boolean): Case {
  const [x, y] = [[1, 2, 3, 4], [2, 2, 1, 5]] as const // prettier-ignore
  return {
    op,
    inputs: [f([4], x), f([4], y)],
    outputs: [
      bool(
        [4],
        x.map((value, i) => Number(fn(value, y[i]!))),
      ),
    ],
  }
}

/** A plain convolution: [N, H, W, C] with weights [O, kh, kw, I], stride and begin of padding alike in both directions. */
function conv(
  x: readonly number[],
  [h, w, c]: number[],
  k: readonly number[],
  [o, kh, kw]: number[],
  { stride, pad, out: [oh, ow] }: { stride: number; pad: number; out: number[] },
): number[] {
  const result: number[] = []
  for (let y = 0; y < oh!; y++)
    for (let z = 0; z < ow!; z++)
      for (let m = 0; m < o!; m++) {
        let sum = 0
        for (let i = 0; i < kh!; i++)
          for (let j = 0; j < kw!; j++)
            for (let n = 0; n < c!; n++) {
              const [p, q] = [y * stride + i - pad, z * stride + j - pad]
              if (p >= 0 && p < h! && q >= 0 && q < w!)
                sum += x[(p * w! + q) * c! + n]! * k[((m * kh! + i) * kw! + j) * c! + n]!
            }
        result.push(sum)
      }
  return result
}

const image = range(4 * 4 * 2).map((i) => ((i * 7) % 11) - 5)
const kernel = range(3 * 3 * 3 * 2).map((i) => ((i * 5) % 7) - 3)
const pixels = f([1, 4, 4, 2], image)
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))

const cases: readonly Case[] = [
  unary('ABS', Math.abs),
  unary('NEG', (x) => -x),
  unary('EXP', Math.exp),
  unary('LOG', Math.log, [0.5, 1, 2, 9]),
  unary('SQRT', Math.sqrt, [0, 1, 2, 9]),
  unary('RSQRT', (x) => 1 / Math.sqrt(x), [0.25, 1, 2, 9]),
  unary('SQUARE', (x) => x * x),
  unary('SIN', Math.sin),
  unary('COS', Math.cos),
  unary('FLOOR', Math.floor),
  unary('CEIL', Math.ceil),
  unary('ROUND', (x) => x, [-3, 0, 2, 4]),
  unary('SIGN', Math.sign),
  unary('TANH', Math.tanh),
  unary('LOGISTIC', sigmoid),
  unary('RELU', (x) => Math.max(0, x)),
  unary('RELU6', (x) => Math.min(6, Math.max(0, x))),
  unary('RELU_N1_TO_1', (x) => Math.min(1, Math.max(-1, x))),
  unary('RELU_0_TO_1', (x) => Math.min(1, Math.max(0, x))),
  unary('ELU', (x) => (x < 0 ? Math.expm1(x) : x)),
  unary('HARD_SWISH', (x) => (x * Math.min(6, Math.max(0, x + 3))) / 6),
  unary('LEAKY_RELU', (x) => (x < 0 ? 0.25 * x : x), xs, [{ float32: 0.25 }]),
  unary('GELU', (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))), xs, [yes]),
  binary('ADD', (x, y) => x + y),
  { ...binary('ADD', (x, y) => Math.min(6, Math.max(0, x + y)), [int8(3)]), name: 'ADD with RELU6' },
  { ...binary('SUB', (x, y) => Math.tanh(x - y), [int8(4)]), name: 'SUB with TANH' },
  binary('MUL', (x, y) => x * y),
  { ...binary('DIV', (x, y) => Math.min(1, Math.max(-1, x / y)), [int8(2)]), name: 'DIV with RELU_N1_TO_1' },
  binary('MAXIMUM', Math.max),
  binary('MINIMUM', Math.min),
  binary('SQUARED_DIFFERENCE', (x, y) => (x - y) ** 2),
  binary('FLOOR_DIV', (x, y) => Math.floor(x / y)),
  binary('FLOOR_MOD', (x, y) => x - y * Math.floor(x / y)),
  binary('ATAN2', Math.atan2),
  { name: 'FLOOR_DIV of integers', op: 'FLOOR_DIV', inputs: [i32([7, -7, 7, -7, 6, -6]), i32([2, 2, -2, -2, 3, 3])], outputs: [i32([3, -4, -4, 3, 2, -2])] }, // prettier-ignore
  { name: 'FLOOR_MOD of integers', op: 'FLOOR_MOD', inputs: [i32([7, -7, 7, -7]), i32([4, 4, -4, -4])], outputs: [i32([3, 1, -1, -3])] }, // prettier-ignore
  { name: 'ADD of integers with RELU6', op: 'ADD', options: [int8(3)], inputs: [i32([1, -5, 9]), i32([1, 1, 1])], outputs: [i32([2, 0, 6])] }, // prettier-ignore
  { name: 'FLOOR_MOD of large numbers', op: 'FLOOR_MOD', inputs: [f([4], [1e8, 16777215, -1e9, 7.5]), f([4], [3, 10, 7, -2])], outputs: [f([4], [1, 5, 1, -0.5])] }, // prettier-ignore
  { op: 'POW', inputs: [f([3], [2, 3, 4]), f([3], [3, 2, 0.5])], outputs: [f([3], [8, 9, 2])] },
  { op: 'ADD_N', inputs: [f([2], [1, 2]), f([2], [3, 4]), f([2], [5, 6])], outputs: [f([2], [9, 12])] },
  compare('EQUAL', (x, y) => x === y),
  compare('NOT_EQUAL', (x, y) => x !== y),
  compare('LESS', (x, y) => x < y),
  compare('LESS_EQUAL', (x, y) => x <= y),
  compare('GREATER', (x, y) => x > y),
  compare('GREATER_EQUAL', (x, y) => x >= y),
  { op: 'LOGICAL_AND', inputs: [bool([3], [1, 1, 0]), bool([3], [1, 0, 0])], outputs: [bool([3], [1, 0, 0])] },
  { op: 'LOGICAL_OR', inputs: [bool([3], [1, 1, 0]), bool([3], [1, 0, 0])], outputs: [bool([3], [1, 1, 0])] },
  { op: 'LOGICAL_NOT', inputs: [bool([2], [1, 0])], outputs: [bool([2], [0, 1])] },
  { op: 'CAST', inputs: [f([3], [1.9, -1.9, 0])], outputs: [i32([1, -1, 0])] },
  { op: 'PRELU', inputs: [f([1, 2, 2, 2], [1, -1, -2, 2, -3, -4, 5, 6]), fixed(f([1, 1, 2], [0.5, 0.25]))], outputs: [f([1, 2, 2, 2], [1, -0.25, -1, 2, -1.5, -1, 5, 6])] }, // prettier-ignore
  { op: 'SOFTMAX', options: [{ float32: 2 }], inputs: [f([1, 2], [0, 0.5])], outputs: [f([1, 2], [1 / (1 + Math.E), Math.E / (1 + Math.E)])] }, // prettier-ignore
  { op: 'LOG_SOFTMAX', inputs: [f([1, 2], [0, 1])], outputs: [f([1, 2], [-Math.log(1 + Math.E), 1 - Math.log(1 + Math.E)])] }, // prettier-ignore
  { op: 'ZEROS_LIKE', inputs: [f([2], [3, 4])], outputs: [f([2], [0, 0])] },
  // Convolutions: SAME with stride 2 on a size of 4 pads only at the end.
  {
    name: 'CONV_2D, VALID, bias, RELU',
    op: 'CONV_2D',
    options: [int8(1), int32(1), int32(1), int8(1)],
    inputs: [pixels, fixed(f([3, 3, 3, 2], kernel)), fixed(f([3], [1, 2, 3]))],
    outputs: [f([1, 2, 2, 3], conv(image, [4, 4, 2], kernel, [3, 3, 3], { stride: 1, pad: 0, out: [2, 2] }).map((x, i) => Math.max(0, x + 1 + (i % 3))))], // prettier-ignore
  },
  {
    name: 'CONV_2D, SAME, stride 2',
    op: 'CONV_2D',
    options: [int8(0), int32(2), int32(2)],
    inputs: [pixels, fixed(f([3, 3, 3, 2], kernel))],
    outputs: [f([1, 2, 2, 3], conv(image, [4, 4, 2], kernel, [3, 3, 3], { stride: 2, pad: 0, out: [2, 2] }))],
  },
  {
    name: 'CONV_2D with weights of the run',
    op: 'CONV_2D',
    options: [int8(0), int32(1), int32(1)],
    inputs: [pixels, f([3, 3, 3, 2], kernel)],
    outputs: [f([1, 4, 4, 3], conv(image, [4, 4, 2], kernel, [3, 3, 3], { stride: 1, pad: 1, out: [4, 4] }))],
  },
  {
    name: 'DEPTHWISE_CONV_2D, two outputs per channel',
    op: 'DEPTHWISE_CONV_2D',
    options: [int8(1), int32(1), int32(1), int32(2)],
    inputs: [f([1, 2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8]), fixed(f([1, 2, 2, 4], range(16)))],
    outputs: [f([1, 1, 1, 4], [3 * 4 + 5 * 8 + 7 * 12, 1 + 3 * 5 + 5 * 9 + 7 * 13, 2 * 2 + 4 * 6 + 6 * 10 + 8 * 14, 2 * 3 + 4 * 7 + 6 * 11 + 8 * 15])], // prettier-ignore
  },
  {
    name: 'TRANSPOSE_CONV, SAME, stride 2',
    op: 'TRANSPOSE_CONV',
    options: [int8(0), int32(2), int32(2)],
    inputs: [axes(1, 4, 4, 1), fixed(f([1, 2, 2, 1], [1, 2, 3, 4])), f([1, 2, 2, 1], [1, 10, 100, 1000])],
    outputs: [f([1, 4, 4, 1], [1, 2, 10, 20, 3, 4, 30, 40, 100, 200, 1000, 2000, 300, 400, 3000, 4000])],
  },
  {
    name: 'TRANSPOSE_CONV that cuts',
    op: 'TRANSPOSE_CONV',
    options: [int8(0), int32(1), int32(1)],
    inputs: [axes(1, 2, 2, 1), fixed(f([1, 2, 2, 1], [1, 2, 3, 4])), f([1, 2, 2, 1], [1, 10, 100, 1000])],
    outputs: [f([1, 2, 2, 1], [1, 12, 103, 1000 + 4 + 30 + 200])],
  },
  { op: 'MAX_POOL_2D', options: [int8(1), int32(2), int32(2), int32(2), int32(2)], inputs: [f([1, 2, 4, 1], [1, 5, 2, 3, 4, 0, 9, 8])], outputs: [f([1, 1, 2, 1], [5, 9])] }, // prettier-ignore
  { name: 'MAX_POOL_2D of 16 bits', op: 'MAX_POOL_2D', options: [int8(1), int32(2), int32(2), int32(2), int32(2)], inputs: [{ ...f([1, 2, 2, 1], [1, -5, 3000, 2]), type: 'int16', scale: 0.1 }], outputs: [{ ...f([1, 1, 1, 1], [3000]), type: 'int16', scale: 0.1 }] }, // prettier-ignore
  { name: 'MAX_POOL_2D of codes, with RELU', op: 'MAX_POOL_2D', options: [int8(1), int32(2), int32(2), int32(2), int32(2), int8(1)], inputs: [coded([1, 2, 4, 1], [-9, -5, -2, 3, -4, -8, 9, 8])], outputs: [coded([1, 1, 2, 1], [-3, 9])] }, // prettier-ignore
  { name: 'AVERAGE_POOL_2D of codes, with RELU6', op: 'AVERAGE_POOL_2D', options: [int8(1), int32(2), int32(2), int32(2), int32(2), int8(3)], inputs: [coded([1, 2, 6, 1], [-9, -5, 3, 4, 70, 60, -4, -8, 3, 4, 80, 90])], outputs: [coded([1, 1, 3, 1], [-3, 4, 57])] }, // prettier-ignore
  { name: 'ADD of codes, with RELU6', op: 'ADD', options: [int8(3)], inputs: [coded([4], [-20, 7, 40, 100]), coded([4], [-3, -4, 0, 0])], outputs: [coded([4], [-3, 6, 43, 57])] }, // prettier-ignore
  { name: 'MAXIMUM of codes', op: 'MAXIMUM', inputs: [coded([3], [-128, 5, 9]), coded([3], [-127, 127, -9])], outputs: [coded([3], [-127, 127, 9])] }, // prettier-ignore
  { name: 'REDUCE_MIN of codes', op: 'REDUCE_MIN', inputs: [coded([2, 2], [-128, 5, 9, 127]), axes(1)], outputs: [coded([2], [-128, 9])] }, // prettier-ignore
  { name: 'RESIZE_BILINEAR of codes', op: 'RESIZE_BILINEAR', options: [none, none, yes], inputs: [coded([1, 1, 2, 1], [-1, 0]), axes(1, 3)], outputs: [coded([1, 1, 3, 1], [-1, -1, 0])] }, // prettier-ignore
  { name: 'AVERAGE_POOL_2D, SAME', op: 'AVERAGE_POOL_2D', options: [int8(0), int32(1), int32(1), int32(2), int32(2)], inputs: [f([1, 2, 2, 1], [1, 3, 5, 7])], outputs: [f([1, 2, 2, 1], [4, 5, 6, 7])] }, // prettier-ignore
  { op: 'L2_POOL_2D', options: [int8(1), int32(2), int32(2), int32(2), int32(2)], inputs: [f([1, 2, 2, 1], [1, 1, 1, 5])], outputs: [f([1, 1, 1, 1], [Math.sqrt(7)])] }, // prettier-ignore
  // Products
  { op: 'FULLY_CONNECTED', inputs: [f([1, 2, 2], [1, 2, 3, 4]), fixed(f([3, 2], [1, 2, 3, 4, 5, 6])), fixed(f([3], [10, 20, 30]))], outputs: [f([2, 3], [15, 31, 47, 21, 45, 69])] }, // prettier-ignore
  { name: 'FULLY_CONNECTED that keeps its axes', op: 'FULLY_CONNECTED', options: [none, none, yes], inputs: [f([1, 2, 2], [1, 2, 3, 4]), f([1, 2], [1, -1]), undefined], outputs: [f([1, 2, 1], [-1, -1])] }, // prettier-ignore
  { name: 'BATCH_MATMUL, second adjoint', op: 'BATCH_MATMUL', options: [none, yes], inputs: [f([1, 2, 2], [1, 2, 3, 4]), f([1, 2, 2], [1, 1, 2, 0])], outputs: [f([1, 2, 2], [3, 2, 7, 6])] }, // prettier-ignore
  // Reductions
  { op: 'MEAN', inputs: [pixels, axes(1, 2)], outputs: [f([1, 2], [0, 1].map((c) => image.filter((_, i) => i % 2 === c).reduce((x, y) => x + y) / 16))] }, // prettier-ignore
  { name: 'SUM, keep_dims, negative axis', op: 'SUM', options: [yes], inputs: [f([2, 2], [1, 2, 3, 4]), axes(-1)], outputs: [f([2, 1], [3, 7])] }, // prettier-ignore
  { op: 'REDUCE_MAX', inputs: [f([2, 2], [1, 2, 3, 4]), axes(0)], outputs: [f([2], [3, 4])] },
  { op: 'REDUCE_MIN', inputs: [f([2, 2], [1, 2, 3, 4]), axes(1)], outputs: [f([2], [1, 3])] },
  { op: 'REDUCE_PROD', inputs: [f([2, 2], [1, 2, 3, 4]), axes(0, 1)], outputs: [f([], [24])] },
  { op: 'REDUCE_ANY', inputs: [bool([2, 2], [0, 1, 0, 0]), axes(1)], outputs: [bool([2], [1, 0])] },
  { op: 'REDUCE_ALL', inputs: [bool([2, 2], [1, 1, 0, 1]), axes(1)], outputs: [bool([2], [1, 0])] },
  { op: 'ARG_MAX', inputs: [f([2, 3], [1, 5, 5, 7, 2, 3]), fixed(i32([-1], []))], outputs: [i32([1, 0])] },
  { op: 'ARG_MIN', inputs: [f([2, 3], [1, 5, 1, 7, 2, 3]), fixed(i32([1], []))], outputs: [i32([0, 1])] },
  { op: 'TOPK_V2', inputs: [f([1, 4], [1, 9, 3, 9]), fixed(i32([2], []))], outputs: [f([1, 2], [9, 9]), i32([1, 3], [1, 2])] }, // prettier-ignore
  { op: 'CUMSUM', options: [yes, yes], inputs: [f([1, 3], [1, 2, 3]), fixed(i32([1], []))], outputs: [f([1, 3], [5, 3, 0])] }, // prettier-ignore
  { op: 'L2_NORMALIZATION', inputs: [f([2, 2], [3, 4, 0, 0])], outputs: [f([2, 2], [0.6, 0.8, 0, 0])] },
  { op: 'LOCAL_RESPONSE_NORMALIZATION', options: [int32(1), { float32: 1 }, { float32: 0.5 }, { float32: 0.75 }], inputs: [f([1, 1, 1, 3], [1, 2, 3])], outputs: [f([1, 1, 1, 3], [1 / (1 + 0.5 * 5) ** 0.75, 2 / (1 + 0.5 * 14) ** 0.75, 3 / (1 + 0.5 * 13) ** 0.75])] }, // prettier-ignore
  // Movement
  { op: 'RESHAPE', inputs: [f([2, 3], range(6)), axes(3, -1)], outputs: [f([3, 2], range(6))] },
  { name: 'RESHAPE by its options', op: 'RESHAPE', options: [{ int32s: [6] }], inputs: [f([2, 3], range(6))], outputs: [f([6], range(6))] }, // prettier-ignore
  { op: 'SQUEEZE', inputs: [f([1, 2, 1], [1, 2])], outputs: [f([2], [1, 2])] },
  { op: 'EXPAND_DIMS', inputs: [f([2], [1, 2]), fixed(i32([1], []))], outputs: [f([2, 1], [1, 2])] },
  { op: 'TRANSPOSE', inputs: [f([2, 3], range(6)), axes(1, 0)], outputs: [f([3, 2], [0, 3, 1, 4, 2, 5])] },
  { op: 'CONCATENATION', options: [int32(-1)], inputs: [f([2, 1], [1, 2]), f([2, 2], [3, 4, 5, 6])], outputs: [f([2, 3], [1, 3, 4, 2, 5, 6])] }, // prettier-ignore
  { op: 'PACK', options: [int32(2), int32(1)], inputs: [f([2], [1, 2]), f([2], [3, 4])], outputs: [f([2, 2], [1, 3, 2, 4])] }, // prettier-ignore
  { op: 'UNPACK', options: [int32(2), int32(1)], inputs: [f([2, 2], [1, 2, 3, 4])], outputs: [f([2], [1, 3]), f([2], [2, 4])] }, // prettier-ignore
  { op: 'SPLIT', options: [int32(2)], inputs: [fixed(i32([1], [])), f([1, 4], range(4))], outputs: [f([1, 2], [0, 1]), f([1, 2], [2, 3])] }, // prettier-ignore
  { name: 'SPLIT_V with a rest', op: 'SPLIT_V', options: [int32(2)], inputs: [f([4], range(4)), axes(1, -1), fixed(i32([0], []))], outputs: [f([1], [0]), f([3], [1, 2, 3])] }, // prettier-ignore
  { op: 'TILE', inputs: [f([1, 2], [1, 2]), i32([2, 2])], outputs: [f([2, 4], [1, 2, 1, 2, 1, 2, 1, 2])] },
  { op: 'BROADCAST_TO', inputs: [f([2, 1], [1, 2]), i32([2, 3])], outputs: [f([2, 3], [1, 1, 1, 2, 2, 2])] },
  { op: 'REVERSE_V2', inputs: [f([2, 2], [1, 2, 3, 4]), axes(1)], outputs: [f([2, 2], [2, 1, 4, 3])] },
  { op: 'REVERSE_SEQUENCE', options: [int32(1), int32(0)], inputs: [f([2, 3], range(6)), i32([2, 3])], outputs: [f([2, 3], [1, 0, 2, 5, 4, 3])] }, // prettier-ignore
  { name: 'REVERSE_SEQUENCE along the last axis', op: 'REVERSE_SEQUENCE', options: [int32(2), int32(0)], inputs: [f([2, 1, 3], range(6)), i32([2, 3])], outputs: [f([2, 1, 3], [1, 0, 2, 5, 4, 3])] }, // prettier-ignore
  { name: 'CONCATENATION with an empty constant', op: 'CONCATENATION', options: [int32(0)], inputs: [f([1, 2], [1, 2]), fixed(f([0, 2], []))], outputs: [f([1, 2], [1, 2])] }, // prettier-ignore
  { name: 'NEG of nothing', op: 'NEG', inputs: [f([0, 3], [])], outputs: [f([0, 3], [])] },
  { name: 'MEAN along no axes', op: 'MEAN', inputs: [f([2], [1, 2]), axes()], outputs: [f([2], [1, 2])] },
  { op: 'DEPTH_TO_SPACE', options: [int32(2)], inputs: [f([1, 1, 1, 8], range(8))], outputs: [f([1, 2, 2, 2], range(8))] }, // prettier-ignore
  { op: 'SPACE_TO_DEPTH', options: [int32(2)], inputs: [f([1, 2, 2, 2], range(8))], outputs: [f([1, 1, 1, 8], range(8))] }, // prettier-ignore
  { op: 'PAD', inputs: [f([1, 2], [1, 2]), fixed(i32([0, 1, 1, 0], [2, 2]))], outputs: [f([2, 3], [0, 1, 2, 0, 0, 0])] }, // prettier-ignore
  { name: 'PAD by as much as the run says', op: 'PAD', inputs: [f([1, 2], [1, 2]), i32([0, 1, 1, 0], [2, 2])], outputs: [f([2, 3], [0, 1, 2, 0, 0, 0])] }, // prettier-ignore
  { op: 'PADV2', inputs: [f([2], [1, 2]), fixed(i32([1, 1], [1, 2])), f([], [9])], outputs: [f([4], [9, 1, 2, 9])] },
  { name: 'MIRROR_PAD, REFLECT', op: 'MIRROR_PAD', options: [int8(0)], inputs: [f([3], [1, 2, 3]), fixed(i32([2, 1], [1, 2]))], outputs: [f([6], [3, 2, 1, 2, 3, 2])] }, // prettier-ignore
  { name: 'MIRROR_PAD, SYMMETRIC', op: 'MIRROR_PAD', options: [int8(1)], inputs: [f([3], [1, 2, 3]), fixed(i32([2, 1], [1, 2]))], outputs: [f([6], [2, 1, 1, 2, 3, 3])] }, // prettier-ignore
  { op: 'SPACE_TO_BATCH_ND', inputs: [f([1, 4, 2, 1], range(8)), axes(2, 2), fixed(i32([0, 0, 0, 0], [2, 2]))], outputs: [f([4, 2, 1, 1], [0, 4, 1, 5, 2, 6, 3, 7])] }, // prettier-ignore
  { op: 'BATCH_TO_SPACE_ND', inputs: [f([4, 2, 1, 1], [0, 4, 1, 5, 2, 6, 3, 7]), axes(2, 2), fixed(i32([1, 0, 0, 0], [2, 2]))], outputs: [f([1, 3, 2, 1], range(6, 2))] }, // prettier-ignore
  { op: 'SLICE', inputs: [f([2, 3], range(6)), axes(0, 1), axes(-1, 2)], outputs: [f([2, 2], [1, 2, 4, 5])] },
  { name: 'SLICE where the run says', op: 'SLICE', inputs: [f([4], range(4)), i32([1]), i32([-1])], outputs: [f([3], [1, 2, 3])] }, // prettier-ignore
  { op: 'STRIDED_SLICE', options: [int32(1), int32(0), int32(0), int32(0), int32(2)], inputs: [f([3, 3], range(9)), axes(5, -1), axes(3, 0), axes(2, 1)], outputs: [f([2], [2, 8])] }, // prettier-ignore
  { name: 'STRIDED_SLICE backwards, new axis, ellipsis', op: 'STRIDED_SLICE', options: [int32(4), int32(4), int32(2), int32(1)], inputs: [f([2, 3], range(6)), axes(0, 0, 0), axes(0, 0, 0), axes(1, 1, -1)], outputs: [f([1, 2, 3], [2, 1, 0, 5, 4, 3])] }, // prettier-ignore
  { name: 'STRIDED_SLICE where the run says', op: 'STRIDED_SLICE', options: [none, none, none, none, int32(1)], inputs: [f([3, 2], range(6)), i32([-1, 0]), i32([0, 2]), axes(1, 1)], outputs: [f([2], [4, 5])] }, // prettier-ignore
  { name: 'STRIDED_SLICE to an offset from the end', op: 'STRIDED_SLICE', options: [none, none, none, none, none, yes], inputs: [f([5], range(5)), axes(-2), axes(2), axes(1)], outputs: [f([2], [3, 4])] }, // prettier-ignore
  { name: 'STRIDED_SLICE to an offset from where the run says', op: 'STRIDED_SLICE', options: [none, none, none, none, none, yes], inputs: [f([5], range(5)), i32([-2]), axes(2), axes(1)], outputs: [f([2], [3, 4])] }, // prettier-ignore
  { op: 'GATHER', options: [int32(1)], inputs: [f([2, 3], range(6)), i32([2, 0])], outputs: [f([2, 2], [2, 0, 5, 3])] },
  { name: 'GATHER with batch_dims', op: 'GATHER', options: [int32(1), int32(1)], inputs: [f([2, 3], range(6)), i32([2, 0], [2, 1])], outputs: [f([2, 1], [2, 3])] }, // prettier-ignore
  { op: 'GATHER_ND', inputs: [f([2, 2], range(4)), i32([1, 0], [1, 2])], outputs: [f([1], [2])] },
  { op: 'SCATTER_ND', inputs: [i32([1, 3, 1], [3, 1]), f([3], [5, 6, 7]), i32([4])], outputs: [f([4], [0, 12, 0, 6])] },
  { op: 'EMBEDDING_LOOKUP', inputs: [i32([1, 0]), f([2, 2], range(4))], outputs: [f([2, 2], [2, 3, 0, 1])] },
  { op: 'DYNAMIC_UPDATE_SLICE', inputs: [f([4], range(4)), f([2], [8, 9]), i32([9])], outputs: [f([4], [0, 1, 8, 9])] },
  { op: 'ONE_HOT', options: [int32(-1)], inputs: [i32([1, -1, 5]), fixed(i32([2], [])), f([], [3]), f([], [1])], outputs: [f([3, 2], [1, 3, 1, 1, 1, 1])] }, // prettier-ignore
  { name: 'SELECT by rows', op: 'SELECT', inputs: [bool([2], [1, 0]), f([2, 2], [1, 2, 3, 4]), f([2, 2], [5, 6, 7, 8])], outputs: [f([2, 2], [1, 2, 7, 8])] }, // prettier-ignore
  {
    op: 'SELECT_V2',
    inputs: [bool([2], [1, 0]), f([2, 2], [1, 2, 3, 4]), f([], [9])],
    outputs: [f([2, 2], [1, 9, 3, 9])],
  },
  // Sizes
  { op: 'SHAPE', inputs: [f([2, 3], range(6))], outputs: [i32([2, 3])] },
  { op: 'RANK', inputs: [f([2, 3], range(6))], outputs: [i32([2], [])] },
  { op: 'FILL', inputs: [i32([2, 2]), f([], [7])], outputs: [f([2, 2], [7, 7, 7, 7])] },
  { op: 'RANGE', inputs: [i32([1], []), i32([7], []), i32([3], [])], outputs: [i32([1, 4])] },
  { op: 'BROADCAST_ARGS', inputs: [i32([2, 1]), i32([3])], outputs: [i32([2, 3])] },
  { name: 'RESIZE_BILINEAR, half pixels', op: 'RESIZE_BILINEAR', options: [none, none, none, yes], inputs: [f([1, 1, 2, 1], [0, 4]), axes(1, 4)], outputs: [f([1, 1, 4, 1], [0, 1, 3, 4])] }, // prettier-ignore
  { name: 'RESIZE_BILINEAR, corners', op: 'RESIZE_BILINEAR', options: [none, none, yes], inputs: [f([1, 1, 2, 1], [0, 6]), axes(1, 4)], outputs: [f([1, 1, 4, 1], [0, 2, 4, 6])] }, // prettier-ignore
  { name: 'RESIZE_BILINEAR, neither', op: 'RESIZE_BILINEAR', inputs: [f([1, 1, 2, 1], [0, 4]), axes(1, 4)], outputs: [f([1, 1, 4, 1], [0, 2, 4, 4])] }, // prettier-ignore
  {
    op: 'RESIZE_NEAREST_NEIGHBOR',
    inputs: [f([1, 1, 2, 1], [0, 4]), axes(1, 3)],
    outputs: [f([1, 1, 3, 1], [0, 0, 4])],
  },
  { name: 'RESIZE_NEAREST_NEIGHBOR, half pixels', op: 'RESIZE_NEAREST_NEIGHBOR', options: [none, yes], inputs: [f([1, 1, 4, 1], range(4)), axes(1, 2)], outputs: [f([1, 1, 2, 1], [1, 3])] }, // prettier-ignore
  {
    op: 'WHERE',
    inputs: [bool([2, 2], [0, 1, 1, 0])],
    outputs: [{ shape: [2, 2], values: [0, 1, 1, 0], type: 'int64' }],
  },
  { op: 'BITWISE_XOR', inputs: [i32([5, -1]), i32([3, 1])], outputs: [i32([6, -2])] },
  { op: 'SEGMENT_SUM', inputs: [f([3, 2], range(6)), i32([0, 0, 2])], outputs: [f([3, 2], [2, 4, 0, 0, 4, 5])] },
  {
    op: 'UNSORTED_SEGMENT_SUM',
    inputs: [f([3], [1, 2, 3]), i32([1, 0, 1]), i32([3], [])],
    outputs: [f([3], [2, 4, 0])],
  },
  {
    name: 'UNSORTED_SEGMENT_SUM, rows of no segment',
    op: 'UNSORTED_SEGMENT_SUM',
    inputs: [f([3], [1, 2, 4]), i32([0, -1, 1]), i32([2], [])],
    outputs: [f([2], [1, 4])],
  },
  {
    op: 'UNSORTED_SEGMENT_PROD',
    inputs: [f([3], [5, 2, 3]), i32([1, 0, 1]), i32([3], [])],
    outputs: [f([3], [2, 15, 1])],
  },
  {
    name: 'CONV_3D',
    op: 'CONV_3D',
    options: [int8(1), int32(1), int32(1), int32(1)],
    inputs: [f([1, 2, 1, 2, 2], range(8)), fixed(f([2, 1, 1, 2, 1], [1, 10, 100, 1000]))],
    outputs: [f([1, 1, 1, 2, 1], [10 + 400 + 5000, 2 + 30 + 600 + 7000])],
  },
  // Codes
  { name: 'QUANTIZE', op: 'QUANTIZE', inputs: [f([4], [-1, 0, 0.26, 9])], outputs: [{ shape: [4], values: [-5, -1, 0, 35], type: 'int8', scale: 0.25, zeroPoint: -1 }] }, // prettier-ignore
  { name: 'DEQUANTIZE', op: 'DEQUANTIZE', inputs: [{ shape: [2], values: [130, 120], type: 'uint8', scale: 0.5, zeroPoint: 128 }], outputs: [f([2], [1, -4])] }, // prettier-ignore
  { name: 'QUANTIZE from int8 to uint8', op: 'QUANTIZE', inputs: [{ shape: [2], values: [-128, 5], type: 'int8', scale: 0.5, zeroPoint: 0 }], outputs: [{ shape: [2], values: [64, 131], type: 'uint8', scale: 1, zeroPoint: 128 }] }, // prettier-ignore
  // 85 · 0.3 is 25.5, which was rounded up to 51 halves before: 26. -83 · 0.3 = -24.9; -85 · 0.3 to -25.5, rounded up to -51 halves, and those away from 0; 8 · 0.3 to 5 halves.
  { name: 'QUANTIZE by 0.3', op: 'QUANTIZE', inputs: [{ shape: [4], values: [85, -83, -85, 8], type: 'int8', scale: 0.3, zeroPoint: 0 }], outputs: [{ shape: [4], values: [26, -25, -26, 3], type: 'int8', scale: 1, zeroPoint: 0 }] }, // prettier-ignore
  { name: 'QUANTIZE from int16 to int32', op: 'QUANTIZE', inputs: [{ shape: [3], values: [-3, 0, 32767], type: 'int16', scale: 0.5, zeroPoint: 0 }], outputs: [{ shape: [3], values: [-1536, 0, 16776704], type: 'int32', scale: 2 ** -10, zeroPoint: 0 }] }, // prettier-ignore
  { name: 'DEQUANTIZE of int32', op: 'DEQUANTIZE', inputs: [{ shape: [2], values: [-3, 100_000], type: 'int32', scale: 0.25, zeroPoint: 0 }], outputs: [f([2], [-0.75, 25_000])] }, // prettier-ignore
]

/** All cases as one graph: tensors in the order of the cases, inputs and outputs by their names. */
function graphOf(list: readonly Case[]) {
  const tensors: TensorSource[] = []
  const operators: OperatorSource[] = []
  const inputs: number[] = []
  const outputs: number[] = []
  const feeds: Record<string, ReturnType<typeof toRuntime>> = {}
  list.forEach(({ op, inputs: given, outputs: wanted, options }, i) => {
    const add = (of: Given, name: string): number => {
      const tensor = tensorOf(of)
      const { shape, type = 'float32', scale, zeroPoint, axis } = of
      tensors.push({ shape, type, name, ...(of.fixed && { data: tensor.data }), ...(scale !== undefined && { scale, zeroPoint, axis }) }) // prettier-ignore
      if (!of.fixed && name.includes('x')) {
        inputs.push(tensors.length - 1)
        feeds[name] = toRuntime(tensor)
      }
      return tensors.length - 1
    }
    const from = given.map((of, k) => (of ? add(of, `c${i}x${k}`) : -1))
    const to = wanted.map((of, k) => add({ ...of, fixed: false }, `c${i}y${k}`))
    outputs.push(...to)
    operators.push({ op, inputs: from, outputs: to, ...(options && { options }) })
  })
  return { bytes: tfliteBytes({ subgraphs: [{ tensors, inputs, outputs, operators }] }), feeds }
}

function tensorOf({ shape, values, type = 'float32' }: Given): Tensor {
  return tensorFrom(type, shape, values)
}

describe.each([0, 3] as const)('at level %i', (level) => {
  let results: Record<string, Tensor>
  beforeAll(async () => {
    const { bytes, feeds } = graphOf(cases)
    const model = await compileBytes(converted(bytes), level)
    results = Object.fromEntries(
      Object.entries(model.runSync(feeds)).map(([name, value]) => [name, fromRuntime(value!)]),
    )
  }, 300_000)

  it.each(cases.map((one, i) => [one.name ?? one.op, i] as const))('%s', (_, i) => {
    cases[i]!.outputs.forEach((wanted, k) => {
      const given = results[`c${i}y${k}`]!
      expect(given.dims).toEqual(wanted.shape)
      const values = tensorValues(given).map(Number)
      expect(values).toHaveLength(wanted.values.length)
      wanted.values.forEach((value, at) => expect(values[at]).toBeCloseTo(value, 4))
    })
  })
})
