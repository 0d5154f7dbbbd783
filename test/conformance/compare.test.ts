import { describe, expect, test } from 'vitest'
import { deviation, toleranceFor } from '../../src/conformance/compare.ts'
import { f32, i64, t } from '../ops/harness.ts'

const problem = (actual: number[], expected: number[], tolerances = {}) => {
  const wanted = f32(expected)
  return deviation(f32(actual), wanted, toleranceFor(wanted, tolerances)).problem
}

describe('tolerances of a comparison', () => {
  test('are those of ONNX where nothing is said', () => {
    expect(problem([1.0009, 0], [1, 5e-8])).toBeUndefined()
    expect(problem([1.002, 0], [1, 0])).toBe('element 0 is 1.0019999742507935, expected 1')
    expect(problem([1, 1e-6], [1, 0])).toMatch('element 1')
  })

  test('rtol is relative to each element', () => {
    expect(problem([1.02, 100], [1, 102], { rtol: 0.03 })).toBeUndefined()
    expect(problem([1.0001], [1], { rtol: 1e-5 })).toMatch('element 0')
  })

  test('atolOfMax is relative to the largest element, infinities and NaN apart', () => {
    expect(problem([1000, 0.009, Infinity, NaN], [1000, 0, Infinity, NaN], { atolOfMax: 1e-5 })).toBeUndefined()
    expect(problem([1000, 0.011, Infinity], [1000, 0, Infinity], { atolOfMax: 1e-5 })).toMatch('element 1')
    expect(problem([1e-3, 5e-8], [1e-3, 0], { atolOfMax: 1e-5 })).toMatch('element 1')
    expect(problem([0, 1e-9], [0, 0], { atolOfMax: 1e-5 })).toMatch('element 1')
  })

  test('integers and bools stay exact', () => {
    for (const [actual, expected] of [
      [i64([1000, 1]), i64([1000, 0])],
      [t('bool', [true]), t('bool', [false])],
    ] as const)
      expect(deviation(actual, expected, toleranceFor(expected, { rtol: 1, atolOfMax: 1 })).mismatches).toBe(1)
  })
})
