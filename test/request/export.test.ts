import { expect, it } from 'vitest'
import { exported } from '../../src/request/export.ts'
import { canonicalId, parseRequest } from '../../src/request/index.ts'
import { shapingQuery } from '../../src/request/shaping.ts'

it('reads and writes', () => {
  expect(exported.format(exported.parse('Net_1'))).toBe('Net_1')
  expect(canonicalId('/m.py?export=Net&O=2')).toBe('/m.py?O=2&export=Net')
  expect(parseRequest('/m.py?export=Net').directives.export).toBe('Net')
  expect(parseRequest('/m.onnx').key).not.toContain('export')
})

it.each(['', 'a b', '1a', 'a.b', 'os;x'])('refuses %j', (text) => {
  expect(() => exported.parse(text)).toThrow(`export="${text}" must be a name in the Python file.`)
})

it('shapes a model, as do signature and inputs, whatever else is said', () => {
  expect(shapingQuery('O=2&inputs=x-bool&export=Net&target=z16')).toBe('export=Net&inputs=x-bool')
  expect(shapingQuery('signature=a&dims=b_1')).toBe('signature=a')
  expect(['', 'O=2', 'inputs=wrong', 'nonsense&export=Net'].map(shapingQuery)).toEqual(['', '', '', ''])
})
