import { expect, it } from 'vitest'
import { canonicalId, isModelId, parseRequest } from '../../src/request/index.ts'
import { worker } from '../../src/request/worker.ts'

it('reads and writes', () => {
  expect([worker.parse('true'), worker.parse('false')]).toEqual([true, false])
  expect([worker.format(true), worker.format(false)]).toEqual(['true', ''])
})

it.each(['', '1', 'yes', 'True'])('refuses "%s"', (text) => {
  expect(() => worker.parse(text)).toThrow(`worker="${text}" must be true or false.`)
})

it('is ours with a value, and a bundler’s without', () => {
  expect([isModelId('/m.onnx?worker=true'), isModelId('/m.onnx?worker'), isModelId('/m.onnx?O=1&worker')]).toEqual([
    true,
    false,
    false,
  ])
  expect(parseRequest('/m.onnx?worker=true').directives.worker).toBe(true)
  expect(parseRequest('/m.onnx?worker=false', { worker: true }).directives.worker).toBe(false)
  expect(canonicalId('/m.onnx?worker=false')).toBe('/m.onnx')
})
