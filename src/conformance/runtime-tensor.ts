import { elementTypes } from '../onnx/element-type.ts'
import type { Tensor } from '../onnx/model.ts'
import type { TestValue } from '../onnx/test-data.ts'
import { packSubBytes, type TensorArray, tensorArray, tensorFrom, tensorOfArray } from '../onnx/tensor.ts'
import type { Result, Row } from '../runtime/results.ts'
import type { SignatureEntry } from '../runtime/signature.ts'
import type { Tensor as RuntimeTensor } from '../runtime/tensor.ts'

/** A tensor in the form in which a compiled model takes it. */
export function toRuntime(tensor: Tensor): { readonly data: unknown; readonly dims: readonly number[] } {
  const data = tensor.type === 'string' ? [...(tensor.strings ?? [])] : tensorArray(tensor)
  return { data, dims: tensor.dims }
}

/** The same for what may be a sequence, or an optional without an element. */
export function valueToRuntime(value: TestValue): unknown {
  return isSequence(value) ? value.map(toRuntime) : value && toRuntime(value)
}

/** A result of a compiled model in the form of the `onnx` room. */
export function fromRuntime({ type, dims, data }: RuntimeTensor): Tensor {
  if (type === 'string') return { type, dims, data: new Uint8Array(), strings: data as string[] }
  const tensor = tensorOfArray(type, dims, data as TensorArray)
  const { bits } = elementTypes[type]
  return bits < 8 ? { ...tensor, data: packSubBytes(tensor.data, bits) } : tensor
}

/** The results of a model, by name. Records by constant labels are a tensor here, with a row for each. */
export function valuesFromRuntime(
  outputs: readonly SignatureEntry[],
  results: Readonly<Record<string, Result>>,
): Map<string, TestValue> {
  return new Map(outputs.map((entry) => [entry.name, valueOf(entry, results[entry.name])]))
}

function valueOf(entry: SignatureEntry, result: Result): TestValue {
  if (!isSequence(result)) return result && fromRuntime(result)
  if (entry.type !== 'sequence' || entry.element.type !== 'map')
    return result.map((item) => fromRuntime(item as RuntimeTensor))
  const { labels = [], values } = entry.element
  const rows = result as readonly Row[]
  return tensorFrom(
    values,
    [rows.length, labels.length],
    rows.flatMap((row) => labels.map((label) => Number(row[label]))),
  )
}

export function isSequence<T>(value: T): value is Extract<T, readonly unknown[]> {
  return Array.isArray(value)
}
