import { expect, it } from 'vitest'
import { canonicalId, isModelId, parseRequest } from '../../src/request/index.ts'
import { threads } from '../../src/request/threads.ts'

it('reads and writes', () => {
  expect(['auto', '1', '2', '64'].map((text) => threads.parse(text))).toEqual(['auto', 1, 2, 64])
  expect((['auto', 1, 8, undefined] as const).map((count) => threads.format(count))).toEqual(['auto', '1', '8', ''])
})

it.each(['', '0', '65', '100', '-1', '2.5', '1e1', 'all', 'Auto', ' 2'])('refuses "%s"', (text) => {
  expect(() => threads.parse(text)).toThrow(`threads="${text}" must be auto, or a number from 1 to 64.`)
})

it('refuses options that are no numbers', () => {
  for (const given of [0, 1.5, NaN, '8 ', true])
    expect(() => parseRequest('/m.onnx', { threads: given as number })).toThrow('must be auto, or a number')
})

it('is one with the rest of an id', () => {
  expect(isModelId('/m.onnx?threads=auto')).toBe(true)
  expect(parseRequest('/m.onnx?threads=2', { threads: 'auto' }).directives.threads).toBe(2)
  expect(parseRequest('/m.onnx', { threads: 'auto' }).directives.threads).toBe('auto')
  expect(parseRequest('/m.onnx').directives.threads).toBeUndefined()
  expect(canonicalId('/m.onnx?threads=1&O=2')).toBe('/m.onnx?O=2&threads=1')
})
