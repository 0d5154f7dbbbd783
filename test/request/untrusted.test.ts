import { expect, it } from 'vitest'
import { parseRequest } from '../../src/request/index.ts'
import { untrusted } from '../../src/request/untrusted.ts'

it('reads and writes what it means', () => {
  expect(untrusted.parse('yes')).toBe(true)
  expect(untrusted.parse('no')).toBe(false)
  expect(untrusted.format(true)).toBe('yes')
  expect(untrusted.format(false)).toBe('')
})

it.each(['true', '1', 'Yes', ''])('refuses "%s"', (text) => {
  expect(() => untrusted.parse(text)).toThrow(expect.objectContaining({ name: 'UsageError', code: 'USAGE_DIRECTIVE' }))
})

it('makes another artifact, and leaves the keys of others as they were', () => {
  expect(parseRequest('/m.onnx?untrusted=yes').key).toContain('untrusted=yes')
  expect(parseRequest('/m.onnx').key).not.toContain('untrusted')
  expect(parseRequest('/m.onnx?untrusted=no').key).toBe(parseRequest('/m.onnx').key)
})

it('of the configuration can not be taken back by an import', () => {
  expect(parseRequest('/m.onnx?untrusted=no', { untrusted: true }).directives.untrusted).toBe(true)
  expect(parseRequest('/m.onnx?untrusted=yes', { untrusted: false }).directives.untrusted).toBe(true)
})

it('of a configuration that nobody type-checked is not guessed', () => {
  const options = { untrusted: 'true' as unknown as boolean }
  expect(() => parseRequest('/m.onnx', options)).toThrow(/untrusted="true" must be yes or no/)
})
