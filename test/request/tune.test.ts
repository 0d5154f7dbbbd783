import { expect, it } from 'vitest'
import { clientTypes } from '../../src/emit/client-types.ts'
import { canonicalId, isModelId, parseRequest } from '../../src/request/index.ts'
import { tune } from '../../src/request/tune.ts'

it('reads and writes', () => {
  expect(['off', '1', '30', '3600'].map((text) => tune.parse(text))).toEqual([false, 1, 30, 3600])
  expect([false, true, 30].map((value) => tune.format(value))).toEqual(['off', '60', '30'])
})

it.each(['0', '-1', 'abc', '', '3601', '1e2', '2.5', 'on', 'true', ' 5'])('refuses "%s"', (text) => {
  expect(() => tune.parse(text)).toThrow(`tune="${text}" must be a whole number of seconds from 1 to 3600, or off.`)
})

it('is a minute by its name alone', () => {
  expect(isModelId('/m.onnx?tune')).toBe(true)
  expect(parseRequest('/m.onnx?tune').directives.tune).toBe(60)
  expect(parseRequest('/m.onnx?tune&O=2').directives).toMatchObject({ tune: 60, O: 2 })
  expect(canonicalId('/m.onnx?tune&O=2')).toBe('/m.onnx?O=2&tune=60')
  expect(parseRequest('/m.onnx', { tune: true })).toEqual(parseRequest('/m.onnx?tune'))
})

it('is refused where it says nothing, or twice', () => {
  expect(() => parseRequest('/m.onnx?tune=')).toThrow('/m.onnx?tune=: tune needs a value: tune=SECONDS.')
  expect(() => parseRequest('/m.onnx?tune&tune=3')).toThrow('tune is given twice.')
  // Others have no meaning without a value.
  expect(() => parseRequest('/m.onnx?O')).toThrow('O needs a value: O=0|1|2|3.')
  for (const given of [0, -1, 1.5, NaN, 'yes'])
    expect(() => parseRequest('/m.onnx', { tune: given as number })).toThrow('must be a whole number of seconds')
})

it('of an import counts more than that of the configuration', () => {
  // Also where a host has made the id canonical.
  expect(canonicalId('/m.onnx?tune=off')).toBe('/m.onnx?tune=off')
  expect(parseRequest('/m.onnx?tune=off', { tune: 30 }).directives.tune).toBe(false)
  expect(parseRequest('/m.onnx?tune=off', { tune: 30 }).key).toBe(parseRequest('/m.onnx').key)
  expect(parseRequest('/m.onnx?tune=9', { tune: 30 }).key).toContain('tune=9')
})

it('has types without a value', () => {
  expect(clientTypes({ tune })).toContain("declare module '*.onnx?tune' {")
  expect(clientTypes({ tune })).toContain("declare module '*&tune' {")
})
