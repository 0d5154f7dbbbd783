import type { Tensor } from '../onnx/model.ts'
import { tensorFrom } from '../onnx/tensor.ts'
import type { TestValue } from '../onnx/test-data.ts'
import { isSequence } from './runtime-tensor.ts'

/** Sequences as their tensors, `y[0]` and so on, and how many there are. */
export function byElement(values: ReadonlyMap<string, TestValue>): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>()
  for (const [name, value] of values) {
    const isList = isSequence(value)
    if (isList) tensors.set(`${name}.length`, tensorFrom('int64', [], [value.length]))
    ;[value ?? []].flat().forEach((tensor, i) => tensors.set(isList ? `${name}[${i}]` : name, tensor as Tensor))
  }
  return tensors
}
