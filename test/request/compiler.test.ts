import { expect, it } from 'vitest'
import { compiler } from '../../src/request/compiler.ts'

it.each(['auto', 'builtin', 'onnx-mlir', 'fastest'] as const)('reads and writes %s', (word) => {
  expect(compiler.parse(word)).toBe(word)
  expect(compiler.format(word)).toBe(word)
})

it.each([
  ['onnxmlir', 'Did you mean "onnx-mlir"?'],
  ['built-in', 'Did you mean "builtin"?'],
  ['gcc', 'must be one of auto, builtin, onnx-mlir, fastest'],
  ['Auto', 'Did you mean "auto"?'],
])('refuses "%s": %s', (text, advice) => {
  expect(() => compiler.parse(text)).toThrow(advice)
})
