import { expect, it } from 'vitest'
import { canonicalId, parseRequest } from '../../src/request/index.ts'
import { maxWeightError } from '../../src/request/max-weight-error.ts'
import { weights } from '../../src/request/weights.ts'

it.each(['f32', 'f16', 'int8'] as const)('reads and writes %s', (word) => {
  expect(weights.parse(word)).toBe(word)
  expect(weights.format(word)).toBe(word)
})

it.each(['int4', 'float16', 'F16', '8', ''])('refuses "%s", and lists what there is', (text) => {
  expect(() => weights.parse(text)).toThrow(/one of f32, f16, int8/)
  expect(() => weights.parse(text)).toThrow(expect.objectContaining({ name: 'UsageError', code: 'USAGE_DIRECTIVE' }))
})

it('of an import wins over the configuration, in both directions', () => {
  expect(parseRequest('/m.onnx?weights=int8', { weights: 'f16' }).directives.weights).toBe('int8')
  const id = canonicalId('/m.onnx?weights=f32')
  expect(parseRequest(id, { weights: 'int8' }).directives.weights).toBe('f32')
})

it('makes another artifact', () => {
  const keys = ['', '?weights=f16', '?weights=int8', '?weights=int8&maxWeightError=1e-3'].map(
    (query) => parseRequest(`/m.onnx${query}`).key,
  )
  expect(new Set(keys).size).toBe(4)
})

it.each([
  ['5e-2', 0.05],
  ['0', 0],
  ['1', 1],
  ['1e-7', 1e-7],
  ['25', 25],
  ['55e-3', 0.055],
  ['123456789e-12', 123456789e-12],
])('maxWeightError=%s is %d', (text, share) => {
  expect(maxWeightError.parse(text)).toBe(share)
  const written = maxWeightError.format(share)
  expect(written).toMatch(/^[A-Za-z0-9_,=-]+$/) // what a specifier carries
  expect(maxWeightError.parse(written)).toBe(share)
})

it.each(['-1', 'NaN', 'Infinity', 'yes', '', '0x1', ' 1'])('refuses maxWeightError=%s', (text) => {
  expect(() => maxWeightError.parse(text)).toThrow(/must be a share of at least 0, like 5e-2/)
})

it('an option that nobody type-checked is not guessed', () => {
  expect(() => parseRequest('/m.onnx', { maxWeightError: '5%' as unknown as number })).toThrow(
    'Option: maxWeightError="5%"',
  )
  expect(() => parseRequest('/m.onnx', { maxWeightError: NaN })).toThrow('Option: maxWeightError="NaN"')
  expect(() => parseRequest('/m.onnx', { weights: 'int4' as 'int8' })).toThrow('Option: weights="int4"')
  expect(parseRequest('/m.onnx', { maxWeightError: 0.05 }).directives.maxWeightError).toBe(0.05)
})
