import { isFloat } from '../onnx/element-type.ts'
import type { Tensor } from '../onnx/model.ts'
import { tensorValues } from '../onnx/tensor.ts'
import type { TestValue } from '../onnx/test-data.ts'
import { isSequence } from './runtime-tensor.ts'

/** A number `a` is close to `e` where |a - e| <= atol + rtol * |e|, as in numpy's `assert_allclose`. */
export interface Tolerance {
  readonly rtol: number
  readonly atol: number
}

/** Tolerances of ONNX's own runner (onnx/backend/test/case/test_case.py). */
export const onnxTolerance: Tolerance = { rtol: 1e-3, atol: 1e-7 }

/** What to allow of each output; unset: `onnxTolerance`. */
export interface Tolerances {
  readonly rtol?: number
  /** In place of an absolute tolerance: a share of the output's largest absolute value. */
  readonly atolOfMax?: number
}

/** The tolerance for an output whose expected value is `expected`. Infinities have no part in the largest value. */
export function toleranceFor(expected: Tensor, { rtol = onnxTolerance.rtol, atolOfMax }: Tolerances): Tolerance {
  if (atolOfMax === undefined || !isTolerant(expected)) return { rtol, atol: onnxTolerance.atol }
  let largest = 0
  for (const value of tensorValues(expected)) {
    const magnitude = Math.abs(Number(value))
    if (magnitude > largest && magnitude < Infinity) largest = magnitude
  }
  return { rtol, atol: atolOfMax * largest }
}

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
  const tolerant = isTolerant(expected)
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
    if (tolerant && apart < Infinity && apart <= atol + rtol * Math.abs(Number(e))) continue
    mismatches++
    problem ??= `element ${i} is ${String(a)}, expected ${String(e)}`
  }
  return { maxAbs, maxRel, elements, mismatches, problem }
}

/** What is wrong with a value that may be a sequence, or an optional without an element; `undefined` where nothing is. */
export function difference(actual: TestValue, expected: TestValue, tolerances: Tolerances): string | undefined {
  const [given, wanted] = [actual, expected].map((value) =>
    isSequence(value) ? `a sequence of ${value.length}` : value ? 'a tensor' : 'nothing',
  )
  if (given !== wanted) return `is ${given}, expected ${wanted}`
  const [tensors, references] = [actual, expected].map((value) => [value ?? []].flat()) as [Tensor[], Tensor[]]
  for (const [i, reference] of references.entries()) {
    const { problem } = deviation(tensors[i]!, reference, toleranceFor(reference, tolerances))
    if (problem) return isSequence(expected) ? `tensor ${i}: ${problem}` : problem
  }
  return undefined
}

/** Whether numbers that differ may be close. */
export function isTolerant({ type }: Pick<Tensor, 'type'>): boolean {
  return isFloat(type) || type.startsWith('complex')
}
