import { byElement } from '../conformance/by-element.ts'
import { deviation, type Tolerance } from '../conformance/compare.ts'
import { valuesFromRuntime } from '../conformance/runtime-tensor.ts'
import type { Tensor } from '../onnx/model.ts'
import type { Result } from '../runtime/results.ts'
import type { SignatureEntry } from '../runtime/signature.ts'

/** How far from numbers around 1 two builds of a model may be, which round differently: what `verify` allows, too. */
export const agreement: Tolerance = { rtol: 1e-3, atol: 1e-5 }

export type Results = Readonly<Record<string, Result>>

/** Where one build's results are not those of another for the same inputs, in words; `undefined` where they agree. */
export function disagreement(
  outputs: readonly SignatureEntry[],
  actual: Results,
  expected: Results,
  toleranceOf: (expected: Tensor) => Tolerance = () => agreement,
): string | undefined {
  const given = byElement(valuesFromRuntime(outputs, actual))
  for (const [name, tensor] of byElement(valuesFromRuntime(outputs, expected))) {
    const own = given.get(name)
    const problem = own ? deviation(own, tensor, toleranceOf(tensor)).problem : 'is missing'
    if (problem !== undefined) return `output ${JSON.stringify(name)}: ${problem}`
  }
  return undefined
}
