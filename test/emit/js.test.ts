import { expect, test } from 'vitest'
import { jsString, jsValue } from '../../src/emit/js.ts'

const evaluate = (source: string): unknown => new Function(`"use strict"; return (${source})`)()

const hostile = [
  '',
  '"; process.exit(); "',
  '\u2028\u2029',
  '</script><!--',
  '\\',
  'line\r\nbreak\0',
  '${x}`',
  '\ud800',
  '😀',
  '\u202e\u200d\ufeff\u{e0001}',
  '__proto__',
  'x'.repeat(10_000),
]

test.each(hostile)('%j stays the same text', (text) => {
  expect(evaluate(jsString(text))).toBe(text)
})

test('what a parser or reader can mistake is escaped', () => {
  const source = jsString(hostile.join(''))
  expect(source).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]|<[/!]/u)
})

test('data keeps its values, keys included', () => {
  const json = `{"__proto__":{"polluted":1},"a b":[1,null,true,"</script>"],"constructor":{},"list":[]}`
  const copy = evaluate(jsValue(JSON.parse(json)))
  expect(JSON.stringify(copy)).toBe(json)
  expect(Object.getPrototypeOf(copy)).toBe(Object.prototype)
})

test('numbers that JSON loses are kept', () => {
  const numbers = [-0, Infinity, -Infinity, NaN, 2n ** 64n, 0.1]
  expect(evaluate(jsValue(numbers))).toStrictEqual(numbers)
})

test('absent fields are left out', () => {
  expect(jsValue({ a: undefined, b: 1 })).toBe('{ b: 1 }')
  expect(jsValue(undefined)).toBe('undefined')
})

test.each([() => 1, Symbol('s'), { nested: [() => 1] }])('%s is no data', (value) => {
  expect(() => jsValue(value)).toThrow(TypeError)
})
