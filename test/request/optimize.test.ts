import { expect, it } from 'vitest'
import { O } from '../../src/request/optimize.ts'

it.each([0, 1, 2, 3] as const)('reads and writes %d', (level) => {
  expect(O.parse(String(level))).toBe(level)
  expect(O.format(level)).toBe(String(level))
})

it.each(['4', '-1', '03', '1e0', 's', 'fast', ''])('refuses "%s"', (text) => {
  expect(() => O.parse(text)).toThrow(`O="${text}" must be 0, 1, 2 or 3.`)
})
