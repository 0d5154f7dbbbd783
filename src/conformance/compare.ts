import { isFloat } from '../onnx/element-type.ts'
import type { Tensor } from '../onnx/model.ts'
import { tensorValues } from '../onnx/tensor.ts'

/** Tolerances of ONNX's own runner (onnx/backend/test/case/test_case.py). */
export const RTOL = 1e-3
export const ATOL = 1e-7

/**
 * Why `actual` is not `expected`; `undefined` where it is. As numpy's `assert_allclose`: |a - e| <= atol + rtol * |e|,
 * NaN equals NaN; element types and shapes must be equal, integers and strings exact.
 */
export function difference(actual: Tensor, expected: Tensor): string | undefined {
  if (actual.type !== expected.type) return `type is ${actual.type}, expected ${expected.type}`
  if (actual.dims.join() !== expected.dims.join())
    return `shape is [${actual.dims.join(', ')}], expected [${expected.dims.join(', ')}]`
  const [given, wanted] = [tensorValues(actual), tensorValues(expected)]
  const tolerant = isFloat(expected.type) || expected.type.startsWith('complex')
  for (let i = 0; i < wanted.length; i++) {
    const [a, e] = [given[i], wanted[i]]
    if (Object.is(a, e) || a === e) continue
    const close =
      tolerant && typeof a === 'number' && typeof e === 'number' && Math.abs(a - e) <= ATOL + RTOL * Math.abs(e)
    if (!close) return `element ${i} is ${String(a)}, expected ${String(e)}`
  }
  return undefined
}
