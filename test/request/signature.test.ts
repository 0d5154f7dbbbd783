import { expect, it } from 'vitest'
import { signature } from '../../src/request/signature.ts'
import { canonicalId, parseRequest } from '../../src/request/index.ts'

it('reads and writes', () => {
  expect(signature.parse('decode_1')).toBe('decode_1')
  expect(signature.format('decode_1')).toBe('decode_1')
  expect(canonicalId('/m.onnx?signature=decode_1')).toBe('/m.onnx?signature=decode_1')
})

it('is none where nothing is said', () => {
  expect(parseRequest('/m.onnx').directives.signature).toBe('')
  expect(parseRequest('/m.onnx').key).not.toContain('signature')
})

it('needs a name', () => {
  expect(() => signature.parse('')).toThrow('signature="" must be the name of a signature.')
})
