import { isFloat } from '../onnx/element-type.ts'
import type { Tensor } from '../onnx/model.ts'
import { tensorValues } from '../onnx/tensor.ts'

/** A number `a` is close to `e` where |a - e| <= atol + rtol * |e|, as in numpy's `assert_allclose`. */
export interface Tolerance {
  readonly rtol: number
  readonly atol: number
}

/** Tolerances of ONNX's own runner (onnx/backend/test/case/test_case.py). */
export const onnxTolerance: Tolerance = { rtol: 1e-3, atol: 1e-7 }

/** How far a tensor is from the expected one. */
export interface Deviation {
  /** Largest |a - e|; infinite where one of them is NaN or infinite and the other is not the same. */
  readonly maxAbs: number
  /**
   * Largest |a - e| / (|e| + atol / rtol): at most `rtol` exactly where all elements are close, and the usual relative
   * difference for numbers far from zero.
   */
  readonly maxRel: number
  readonly elements: number
  /** Elements that are not close. Integers, bool and text are close when equal. */
  readonly mismatches: number
  /** The first thing that is wrong; `undefined` where nothing is. */
  readonly problem: string | undefined
}

/** Compares two tensors. NaN equals NaN; element types and shapes must be equal. */
export function deviation(actual: Tensor, expected: Tensor, tolerance: Tolerance = onnxTolerance): Deviation {
  const { rtol, atol } = tolerance
  const elements = tensorValues(expected).length
  const incomparable = (problem: string): Deviation => ({
    maxAbs: Infinity,
    maxRel: Infinity,
    elements,
    mismatches: elements,
    problem,
  })
  if (actual.type !== expected.type) return incomparable(`type is ${actual.type}, expected ${expected.type}`)
  if (actual.dims.join() !== expected.dims.join())
    return incomparable(`shape is [${actual.dims.join(', ')}], expected [${expected.dims.join(', ')}]`)

  const [given, wanted] = [tensorValues(actual), tensorValues(expected)]
  const isTolerant = isFloat(expected.type) || expected.type.startsWith('complex')
  const nearZero = rtol > 0 ? atol / rtol : 0
  let [maxAbs, maxRel, mismatches] = [0, 0, 0]
  let problem: string | undefined
  for (let i = 0; i < elements; i++) {
    const [a, e] = [given[i]!, wanted[i]!]
    if (Object.is(a, e) || a === e) continue
    const distance = Math.abs(Number(a) - Number(e))
    const apart = Number.isFinite(distance) ? distance : Infinity
    maxAbs = Math.max(maxAbs, apart)
    maxRel = Math.max(maxRel, apart === Infinity ? Infinity : apart / (Math.abs(Number(e)) + nearZero))
    if (isTolerant && apart < Infinity && apart <= atol + rtol * Math.abs(Number(e))) continue
    mismatches++
    problem ??= `element ${i} is ${String(a)}, expected ${String(e)}`
  }
  return { maxAbs, maxRel, elements, mismatches, problem }
}
