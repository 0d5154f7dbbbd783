import { deviation } from '../../dist/conformance/compare.js'
import { tensorValues } from '../../dist/onnx/tensor.js'
import { isFloatType } from './data.js'
import { bytesOf, perturbed } from './generate.js'

/** How far results may be apart: relative to a value, and to the largest of its tensor, of which sums are made. */
const tolerances = {
  float32: { rtol: 1e-4, ofLargest: 1e-5 },
  float64: { rtol: 1e-7, ofLargest: 1e-9 },
  float16: { rtol: 4e-3, ofLargest: 2e-3 },
}
/** A difference that the reference itself makes, within this factor, when its inputs move by their rounding errors, is none. */
const CONDITION = 50

/**
 * The first output that differs from what onnxruntime gives.
 *
 * @returns {Promise<{ kind: 'value', output: string, what: string } | undefined>}
 */
export async function difference(made, results, run) {
  let reference
  for (const name of made.outputs) {
    const expected = made.expected.get(name)
    const actual = results.get(name)
    const { problem, maxAbs } = deviation(actual, expected, toleranceOf(expected))
    if (problem === undefined) continue
    const isComparable = maxAbs < Infinity && isFloatType(expected.type)
    if (isComparable) {
      reference ??= await run(bytesOf(perturbed(made)), perturbed(made).feeds).catch(() => new Map())
      const other = reference.get(name)
      const moved = other ? deviation(other, expected, { rtol: 0, atol: 0 }).maxAbs : 0
      if (maxAbs <= CONDITION * moved) continue
    }
    return { kind: 'value', output: name, what: problem, apart: maxAbs, actual, expected }
  }
  return undefined
}

function toleranceOf(tensor) {
  const { rtol, ofLargest } = tolerances[tensor.type] ?? { rtol: 0, ofLargest: 0 }
  if (rtol === 0) return { rtol, atol: 0 }
  const largest = tensorValues(tensor).reduce(
    (most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most),
    0,
  )
  return { rtol, atol: ofLargest * largest + 1e-30 }
}
