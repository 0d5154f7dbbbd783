import type { ElementType } from '../onnx/element-type.ts'
import type { Tensor } from '../onnx/model.ts'
import { tensorFrom, tensorValues } from '../onnx/tensor.ts'
import type { Demand } from './demand.ts'
import { type Dim, dimEquals, integer, integerOf, isManageable, maximum, minimum } from './dim.ts'
import type { Node, ValueInfo } from './graph.ts'
import { wrapTo } from './integer.ts'

/** Contents longer than this are not followed: no shape has as many, and a model may state any length. */
const MOST_KNOWN = 512

/** What a constant tells: small integer tensors carry their contents. */
export function infoOf(tensor: Tensor): ValueInfo {
  const { type, dims } = tensor
  const small = (type === 'int64' || type === 'int32') && dims.length <= 1 && (dims[0] ?? 1) <= MOST_KNOWN
  const values = small ? (tensorValues(tensor) as readonly (number | bigint)[]) : undefined
  return { type, shape: dims, contents: values?.map((value) => integer(BigInt(value))) }
}

/** The tensor that contents spell out; `undefined` where one of them depends on symbols. */
export function constantContents({ type, shape, contents }: ValueInfo): Tensor | undefined {
  const values = contents?.map(integerOf)
  if (!values?.every((value) => value !== undefined)) return undefined
  const dims = shape?.filter((dim) => typeof dim === 'number')
  return dims && dims.length === shape!.length ? tensorFrom(type, dims, values) : undefined
}

/**
 * A result of exact arithmetic as the element of an integer type that the compiled model computes: integers wrap.
 * `undefined` where a symbolic one is likely to wrap, about which nothing could be concluded, or grew too long to follow.
 */
export function elementOf(type: ElementType, value: Dim): Dim | undefined {
  const constant = integerOf(value)
  if (constant !== undefined) return type === 'bool' ? value : integer(wrapTo(type, constant))
  const most = type === 'int32' ? 2n ** 20n : 2n ** 31n
  return typeof value !== 'number' && isManageable(value, most) ? value : undefined
}

/**
 * What must hold for the contents of a value to be what the compiled model computes: those of 32 bits have not wrapped.
 * (Of 64 bits no expression of sizes does that whose parts are sizes of tensors that memory can hold.)
 */
export function contentsDemands({ operator }: Node, { type, contents }: ValueInfo): Demand[] {
  if (type !== 'int32' || !contents) return []
  const [low, high] = [-(2 ** 31), 2 ** 31 - 1]
  return contents.flatMap((given): Demand[] => {
    const expected = maximum(minimum(given, high), low)
    const sentence = 'shapes are computed in 32 bits, in which a size has no room'
    return dimEquals(given, expected) ? [] : [{ operator, input: 0, axis: 0, given, expected, orOne: false, sentence }]
  })
}
