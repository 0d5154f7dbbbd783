import type { Node, Value } from '../../graph/graph.ts'
import { numberOf, numbersOf } from '../../graph/fold.ts'
import { type ElementType, elementTypeOf } from '../../onnx/element-type.ts'
import { tensorFrom } from '../../onnx/tensor.ts'
import type { KernelWriter } from '../../lowering/lowering.ts'

// C that tells a kernel of 8-bit integers what to make of its sums: fields of `om_int_product`, see
// native/kernels/finish-integer.h.

const RESULTS: Readonly<Partial<Record<ElementType, string>>> = {
  int32: 'OM_INT_SUMS, .finish = om_int_finish_sums',
  float32: 'OM_INT_FLOATS, .finish = om_int_finish_floats',
  uint8: 'OM_INT_UINT8',
  int8: 'OM_INT_INT8',
}

/** C: the fields of an `om_int_product` that tell what becomes of its sums. */
export function resultField(to: ElementType): string {
  return `.result = ${RESULTS[to]}`
}

export const resultType = (node: Node): ElementType => elementTypeOf(node.int('to', 0))!

export const int32Bytes = (numbers: Int32Array): Uint8Array =>
  tensorFrom('int32', [numbers.length], Array.from(numbers)).data

/** C expression: 1 where there is a parameter per column (or row), 0 where one is for all. */
export function stepOf(k: KernelWriter, parameter: Value): string {
  const [size] = parameter.rank === 0 ? [1] : parameter.dims
  return typeof size === 'number' ? String(Number(size !== 1)) : `(${k.dim(size!)} != 1)`
}

/** B's columns as they are summed when compiling, or C that points at these sums. */
export type ColumnSums = readonly number[] | string

/**
 * What is added to the sums of products: the bias, and what A's zero point takes from them. Where all is known it is one
 * constant; else the kernel puts it together.
 */
function startFields(node: Node, k: KernelWriter, sums: ColumnSums): string[] {
  const [a, aZero, bias] = [node.input(0), node.inputs[2], node.inputs[5]]
  const isFloat = resultType(node) === 'float32'
  const zero = aZero ? numberOf(aZero) : 0
  const added = isFloat || !bias ? [] : bias.constant && numbersOf(bias.constant)
  if (typeof sums !== 'string' && zero !== undefined && added) {
    // As kernels have A: unsigned.
    const moved = zero + (a.type === 'int8' ? 128 : 0)
    const start = Int32Array.from(sums, (sum, i) => Number(added[i] ?? 0) - moved * sum)
    const floats = isFloat && bias ? [`.float_bias = ${k.input(5)}`] : []
    return [`.bias = ${k.constant('int32', int32Bytes(start))}`, ...floats]
  }
  const given = typeof sums === 'string' ? sums : k.constant('int32', int32Bytes(Int32Array.from(sums)))
  return [`.sums = ${given}`, ...(bias ? [`.${isFloat ? 'float_bias' : 'bias'} = ${k.input(5)}`] : [])]
}

/** The fields of `om_int_product` that do not depend on sizes. */
export function productFields(node: Node, k: KernelWriter, sums: ColumnSums): string[] {
  const [a, b, aZero, bZero, scale, , yZero, nudge] = node.inputs
  const to = resultType(node)
  const zero = (name: string, value: Value | undefined, input: number): string[] =>
    value && !value.constant?.data.every((byte) => byte === 0)
      ? [`.${name} = ${k.input(input)}`, `.${name}_step = ${stepOf(k, value)}`]
      : []
  return [
    `.a_signed = ${a!.type === 'int8'}`,
    `.b_signed = ${b!.type === 'int8'}`,
    ...zero('a_zero', aZero, 2),
    ...zero('b_zero', bZero, 3),
    resultField(to),
    ...(scale ? [`.scale = ${k.input(4)}`, `.scale_step = ${stepOf(k, scale)}`] : []),
    ...startFields(node, k, sums),
    ...(yZero ? [`.y_zero = ${k.input(6)}`] : []),
    ...(nudge ? [`.nudge = ${k.input(7)}`, `.nudge_step = ${stepOf(k, nudge)}`] : []),
  ]
}
