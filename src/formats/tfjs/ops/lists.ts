import { elementsOf, tensorNumbers } from '../../../onnx/tensor.ts'
import type { Builder } from '../builder.ts'
import type { Dim, Shape, Value } from '../value.ts'

/** Longer lists are no sizes of a tensor. */
const MOST = 64

/** What is known of each number of a short list of integers, or of one integer. */
export function elementsIn({ known, elements, type }: Value): Shape | undefined {
  if (elements) return elements
  if (!known || type !== 'int32' || known.dims.length > 1 || elementsOf(known.dims) > MOST) return undefined
  return tensorNumbers(known)
}

/**
 * A list of integers of which some are known: a constant where all are. `make` gives the value otherwise. Of numbers that are no
 * int32 only a run knows what becomes of them.
 */
export function listOf(b: Builder, given: readonly Dim[] | undefined, isScalar: boolean, make: () => Value): Value {
  if (!given || given.length > MOST) return make()
  const elements = given.map((element) => (element === Math.trunc(element ?? NaN) && Math.abs(element) < 2 ** 31 ? element : undefined)) // prettier-ignore
  if (elements.includes(undefined)) return { ...make(), elements }
  return b.numbers('int32', isScalar ? [] : [elements.length], elements as number[])
}

/** The sizes that a list stands for: those below zero, and those that only a run knows, are open. */
export function sizesOf(list: Value): Shape | undefined {
  const elements = elementsIn(list)
  if (elements) return elements.map((size) => (size !== undefined && size < 0 ? undefined : size))
  const [count] = list.shape ?? []
  return count === undefined ? undefined : Array.from({ length: count }, () => undefined)
}
