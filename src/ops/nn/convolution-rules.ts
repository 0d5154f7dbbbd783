import { multiply } from '../../graph/dim.ts'
import type { Node } from '../../graph/graph.ts'
import { type Agreement, multipleOf } from '../../graph/rules.ts'

/** Where a convolution has its operands: inputs of data and weights, and the axis of the data's channels. */
interface Operands {
  readonly x: number
  readonly w: number
  readonly channels: number
}

/**
 * What convolutions of x [N, C, …] with w [M, C/group, kernel…] demand beside equal ranks: whole groups on either side,
 * and `kernel_shape` only repeats what the weights say (ONNX Conv-22).
 */
export function agreeConvolution(node: Node, { x, w, channels }: Operands = { x: 0, w: 1, channels: 1 }): Agreement[] {
  checkRanks(node, x, w)
  const groups = node.int('group', 1)
  const depth = node.input(w).dims[1]!
  const as = `${depth} channels of W in ${inGroups(groups)} need`
  return [
    { input: x, axis: channels, expected: multiply(depth, groups), as },
    multipleOf(node, [w, 0], groups, `${inGroups(groups)} need`),
    ...agreeKernel(node, w),
  ]
}

/** The same for ConvTranspose, whose weights are [C, M/group, kernel…] and whose C has been compared with x's. */
export function agreeTransposed(node: Node): Agreement[] {
  checkRanks(node, 0, 1)
  const groups = node.int('group', 1)
  const width = node.input(1).dims[1]!
  const as = `${width} filters of W in ${inGroups(groups)} need`
  return [
    multipleOf(node, [0, 1], groups, `${inGroups(groups)} need`),
    ...(node.inputs[2] ? [{ input: 2, axis: 0, expected: multiply(width, groups), as }] : []),
    ...agreeKernel(node, 1),
  ]
}

function inGroups(groups: number): string {
  return groups === 1 ? '1 group' : `${groups} groups`
}

function checkRanks(node: Node, x: number, w: number): void {
  const [data, weights] = [node.input(x).rank, node.input(w).rank]
  if (data !== weights)
    throw node.error('MODEL_SHAPE', `X of rank ${data} and W of rank ${weights} make no convolution`)
}

function agreeKernel(node: Node, w: number): Agreement[] {
  const kernel = node.ints('kernel_shape') ?? []
  return kernel.map((expected, i) => ({ input: w, axis: i + 2, expected, as: 'kernel_shape says' }))
}
