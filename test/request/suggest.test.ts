import { describe, expect, it } from 'vitest'
import { didYouMean } from '../../src/request/suggest.ts'

const words = ['target', 'compiler', 'O', 'dims', 'onnx-mlir']

describe('didYouMean', () => {
  it.each([
    ['taget', 'target'],
    ['tagret', 'target'],
    ['TARGET', 'target'],
    ['complier', 'compiler'],
    ['dim', 'dims'],
    ['o', 'O'],
    ['onnxmlir', 'onnx-mlir'],
  ])('%s → %s', (given, meant) => {
    expect(didYouMean(given, words)).toBe(` Did you mean "${meant}"?`)
  })

  it.each(['', 'x', 'xyz', 'banana', 'quantize'])('has no idea about "%s"', (given) => {
    expect(didYouMean(given, words)).toBe('')
  })

  it('prefers the nearest, and the first of equals', () => {
    expect(didYouMean('z16', ['z14', 'z15', 'z16'])).toContain('z16')
    expect(didYouMean('z18', ['z14', 'z15'])).toContain('z14')
  })
})
