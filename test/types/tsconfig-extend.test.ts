import { expect, test } from 'vitest'
import { extendTsConfig } from '../../src/types/tsconfig-extend.ts'

const ours = '"unplugin-onnx-mlir/tsconfig"'

test.each([
  [
    'no extends',
    '{\n  // strict\n  "include": ["src"]\n}\n',
    `{\n  "extends": ${ours},\n  // strict\n  "include": ["src"]\n}\n`,
  ],
  ['one line', '{ "include": ["src"] }', `{ "extends": ${ours}, "include": ["src"] }`],
  ['nothing', '{}', `{\n  "extends": ${ours}\n}`],
  ['tabs', '{\r\n\t"include": []\r\n}', `{\n\t"extends": ${ours},\r\n\t"include": []\r\n}`],
  ['one parent', '{ "extends": "./base" /* ours */ }', `{ "extends": ["./base", ${ours}] /* ours */ }`],
  ['several', '{ "extends": ["a", "b",] }', `{ "extends": ["a", "b", ${ours},] }`],
  ['none of several', '{ "extends": [] }', `{ "extends": [${ours}] }`],
  ['a key of the same name within', '{"a": {"extends": "x"}}', `{ "extends": ${ours},"a": {"extends": "x"}}`],
  ['the word in a comment', '{ // "extends": "x"\n"a": 1}', `{\n"extends": ${ours}, // "extends": "x"\n"a": 1}`],
  ['a byte order mark', '\uFEFF{ "a": "{" }', `\uFEFF{ "extends": ${ours}, "a": "{" }`],
])('%s', (_, before, after) => {
  expect(extendTsConfig(before)).toBe(after)
  expect(extendTsConfig(after)).toBeUndefined()
})

test.each([['[]'], ['""'], [''], ['{'], ['{ "extends": 1 }'], ['{ "extends":'], ['// nothing']])(
  'nothing to do in %s',
  (text) => {
    expect(extendTsConfig(text)).toBeUndefined()
  },
)
