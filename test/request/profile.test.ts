import { expect, it } from 'vitest'
import { profile } from '../../src/request/profile.ts'

it.each(['none', 'onnx'] as const)('reads and writes %s', (word) => {
  expect(profile.parse(word)).toBe(word)
  expect(profile.format(word)).toBe(word)
})

it.each(['true', '1', 'Onnx', ''])('refuses "%s"', (text) => {
  expect(() => profile.parse(text)).toThrow(expect.objectContaining({ name: 'UsageError', code: 'USAGE_DIRECTIVE' }))
})
