import { branches, loop } from './control.ts'
import { binary, cast, divide, positive, unary, where } from './elementwise.ts'
import { argMax, convolution, cumSum, gemm, matmul, normalization, pool, reduce, softmax } from './heavy.ts'
import {
  concat,
  expandByShape,
  gather,
  pad,
  reshape,
  reshapeByShape,
  slice,
  split,
  squeeze,
  tile,
  transpose,
} from './movement.ts'
import type { Rule } from './rule.ts'

/** All rules; what stands twice is likelier. */
export const rules: readonly Rule[] = [
  [unary, unary, positive, binary, binary, binary, divide, where, cast],
  [transpose, transpose, reshape, reshapeByShape, expandByShape, concat, slice, gather, squeeze, tile, pad, split],
  [matmul, gemm, convolution, convolution, pool, normalization, softmax, reduce, argMax, cumSum],
  [branches, loop],
].flat()
