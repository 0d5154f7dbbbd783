import { expect, test } from 'vitest'
import { JsonEdit } from '../../src/types/json-edit.ts'
import { parseJsonc } from '../../src/types/jsonc.ts'

test('JSON with comments and trailing commas; strings keep theirs', () => {
  const text = `\ufeff{ "a//b": "/* no */ , ]", /* yes */ "c": [1, 2, // end\n ], "d\\"//": {"e": 1,},\n}`
  expect(parseJsonc(text)).toEqual({ 'a//b': '/* no */ , ]', c: [1, 2], 'd"//': { e: 1 } })
})

test.each([
  ['{ "a": }', 'line 1, column 8: unexpected }'],
  ['{\n  "a": 1\n  "b": 2 }', 'line 3, column 3: unexpected "b"'],
  ['{ "a" 1 }', 'line 1, column 7: unexpected 1'],
  ['{ a: 1 }', 'line 1, column 3: unexpected a'],
  ['{ "a": [1 }', 'line 1, column 11: unexpected }'],
  ['{ "a": "b', 'line 1, column 8: unexpected "'],
  ['{', 'line 1, column 2: unexpected end'],
  ['', 'line 1, column 1: unexpected end'],
  ['// nothing', 'unexpected end'],
  ['{} {}', 'line 1, column 4: unexpected {'],
  ['{ 1: 2 }', 'line 1, column 3: unexpected 1'],
])('%j is an error', (text, message) => {
  expect(() => parseJsonc(text)).toThrow(SyntaxError)
  expect(() => parseJsonc(text)).toThrow(message)
})

const edited = (text: string, change: (edit: JsonEdit) => void): string => {
  const edit = new JsonEdit(text)
  change(edit)
  return edit.toString()
}

test.each([
  ['{}', '{\n  "x": { "y": [1, "z"] },\n  "w": true\n}'],
  ['{\n}\n', '{\n  "x": { "y": [1, "z"] },\n  "w": true\n}\n'],
  ['{ "a": 1 }', '{ "a": 1, "x": { "y": [1, "z"] }, "w": true }'],
  ['{\n\t"a": 1,\n}', '{\n\t"a": 1,\n\t"x": { "y": [1, "z"] },\n\t"w": true\n}'],
  ['{\n  "a": 1 // first\n  // last\n}', '{\n  "a": 1, // first\n  // last\n  "x": { "y": [1, "z"] },\n  "w": true\n}'],
  ['{\r\n    "a": 1\r\n}', '{\r\n    "a": 1,\r\n    "x": { "y": [1, "z"] },\r\n    "w": true\r\n}'],
])('properties are added behind those of %j', (before, after) => {
  const text = edited(before, (edit) => {
    edit.addAll(edit.root, [['x', { y: [1, 'z'] }]])
    edit.addAll(edit.root, [['w', true]])
  })
  expect(text).toBe(after)
  expect(parseJsonc(text)).toMatchObject({ x: { y: [1, 'z'] }, w: true })
})

test.each([
  ['{ "a": [] }', '{ "a": ["x"] }'],
  ['{ "a": ["b"] }', '{ "a": ["b", "x"] }'],
  ['{ "a": ["b",] }', '{ "a": ["b", "x"] }'],
  ['{ "a": [\n    "b", // ,\n    "c" // "d"\n  ] }', '{ "a": [\n    "b", // ,\n    "c", // "d"\n    "x"\n  ] }'],
  ['{ "a": [ "b" /* ] */ ] }', '{ "a": [ "b", /* ] */ "x" ] }'],
])('items are added behind those of %j', (before, after) => {
  const text = edited(before, (edit) => {
    const list = edit.get(edit.root, 'a')
    if (list?.kind === 'array') edit.append(list, ['x'])
  })
  expect(text).toBe(after)
})

test('of a key that stands there twice, the last counts', () => {
  const text = edited('{ "a": 1, "a": 2 }', (edit) => edit.replace(edit.get(edit.root, 'a')!, ['n']))
  expect(text).toBe('{ "a": 1, "a": ["n"] }')
})

test.each(['[]', '""', '1'])('%s is no object to edit', (text) => {
  expect(() => new JsonEdit(text)).toThrow('not an object')
})
