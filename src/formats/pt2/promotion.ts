import { type ElementType, elementTypes, isFloat } from '../../onnx/element-type.ts'
import { refuse, type Scalar } from './call.ts'

/**
 * The type that PyTorch computes in where operands are of several: tensors decide before tensors of rank 0, these before
 * numbers, unless those are of a higher category (bool, integer, float). Integers come as bigints, see `Call.operand`.
 * Source: docs/source/tensor_attributes.rst, "Type promotion"; c10/core/ScalarType.h, promoteTypes.
 */
export function promotedType(operands: readonly Scalar[]): ElementType {
  const groups: (ElementType | undefined)[] = [undefined, undefined, undefined]
  for (const operand of operands) {
    const [group, type] =
      typeof operand !== 'object'
        ? ([2, typeof operand === 'boolean' ? 'bool' : typeof operand === 'bigint' ? 'int64' : 'float32'] as const)
        : ([operand.sizes.length > 0 ? 0 : 1, operand.type] as const)
    const so = groups[group]
    groups[group] = so === undefined ? type : promote(so, type)
  }
  const [tensors, scalars, numbers] = groups
  return combine(tensors, combine(scalars, numbers)) ?? refuse('it has no operands')
}

function combine(higher: ElementType | undefined, lower: ElementType | undefined): ElementType | undefined {
  if (higher === undefined || lower === undefined) return higher ?? lower
  if (isFloat(higher)) return higher
  return higher === 'bool' || isFloat(lower) ? promote(higher, lower) : higher
}

function promote(a: ElementType, b: ElementType): ElementType {
  if (a === b || b === 'bool') return a
  if (a === 'bool') return b
  if (isFloat(a) !== isFloat(b)) return isFloat(a) ? a : b
  const [wide, narrow] = elementTypes[a].bits >= elementTypes[b].bits ? [a, b] : [b, a]
  if (isFloat(a)) return elementTypes[a].bits === elementTypes[b].bits ? 'float32' : wide
  if (a.startsWith('u') === b.startsWith('u') || wide.startsWith('int')) {
    if (elementTypes[wide].bits > elementTypes[narrow].bits || a.startsWith('u') === b.startsWith('u')) return wide
  }
  const bits = elementTypes[wide].bits * 2
  return bits <= 64 ? (`int${bits}` as ElementType) : refuse(`it mixes ${a} and ${b}`)
}
