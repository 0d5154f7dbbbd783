import type { Tolerance } from '../../conformance/compare.ts'
import { agreement } from '../../measure/agreement.ts'
import type { Model, Tensor } from '../../onnx/model.ts'
import { tensorNumbers } from '../../onnx/tensor.ts'

/** {@link agreement}, whose absolute part grows with the largest value: a sum is as exact as what it is of. */
export function agreementFor(expected: Tensor): Tolerance {
  const { rtol, atol } = agreement
  return expected.type === 'float32' ? { rtol, atol: atol * Math.max(1, largestOf(expected)) } : { rtol, atol }
}

/** Infinities have no part in it. */
function largestOf(tensor: Tensor): number {
  return tensorNumbers(tensor).reduce((largest, value) => {
    const magnitude = Math.abs(value)
    return magnitude > largest && magnitude < Infinity ? magnitude : largest
  }, 0)
}

/**
 * Of outputs that a DequantizeLinear gives: how far two neighbouring values of them are apart. The last bit of a sum, which
 * depends on the order of its terms, may make one of the other.
 */
export function stepsOf({ graph }: Model): ReadonlyMap<string, number> {
  const outputs = new Set(graph.outputs.map(({ name }) => name))
  const steps = new Map<string, number>()
  for (const { op, domain, inputs, outputs: made } of graph.nodes) {
    const [output, scale] = [made[0], graph.initializers.get(inputs[1] ?? '')]
    if (op !== 'DequantizeLinear' || domain !== '' || output === undefined || !outputs.has(output) || !scale) continue
    steps.set(output, Math.max(...tensorNumbers(scale)))
  }
  return steps
}

/** A tolerance of some outputs with room for one step of those that are quantised. */
export function withSteps(
  steps: ReadonlyMap<string, number>,
  toleranceOf: (expected: Tensor) => Tolerance,
): (expected: Tensor, output: string) => Tolerance {
  return (expected, output) => {
    const { rtol, atol } = toleranceOf(expected)
    return { rtol, atol: atol + (steps.get(output) ?? 0) }
  }
}
