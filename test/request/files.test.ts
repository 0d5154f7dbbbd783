import { expect, it } from 'vitest'
import { files } from '../../src/request/files.ts'

it.each(['url', 'inline', 'module'] as const)('reads and writes %s', (word) => {
  expect(files.parse(word)).toBe(word)
  expect(files.format(word)).toBe(word)
})

it('leaves out what goes without saying', () => {
  expect(files.parse('auto')).toBe('auto')
  expect(files.format('auto')).toBe('')
})

it.each(['base64', 'Inline', 'url,inline', ''])('refuses "%s"', (text) => {
  expect(() => files.parse(text)).toThrow(expect.objectContaining({ name: 'UsageError', code: 'USAGE_DIRECTIVE' }))
})
