import { expect, test } from 'vitest'
import { aliasSpecifiers, importsAliases, matchStar } from '../../src/types/aliases.ts'

test('imports of package.json: strings, conditions in order, arrays; other packages are no files', () => {
  const imports = {
    '#models/*': './models/*',
    '#two/*.onnx': { node: './node/*.onnx', default: ['./web/*.onnx', null] },
    '#dep': 'other-package',
    '#off': null,
  }
  expect(importsAliases({ imports })).toEqual([
    { pattern: '#models/*', targets: ['models/*'] },
    { pattern: '#two/*.onnx', targets: ['node/*.onnx', 'web/*.onnx'] },
    { pattern: '#dep', targets: [] },
    { pattern: '#off', targets: [] },
  ])
})

test.each([null, 3, [], { imports: 'x' }, {}])('%j has no aliases', (packageJson) => {
  expect(importsAliases(packageJson)).toEqual([])
})

test('every model that an alias reaches has a specifier; the first target wins', () => {
  const files = ['models/a.onnx', 'models/deep/$&.onnx', 'web/m.onnx', 'node/m.onnx', 'x.onnx']
  const aliases = [
    { pattern: '#models/*', targets: ['models/*'] },
    { pattern: '#m/*', targets: ['node/*', 'web/*'] },
    { pattern: '#one', targets: ['x.onnx'] },
    { pattern: '#none/*', targets: ['../*'] },
  ]
  expect(Object.fromEntries(aliasSpecifiers(aliases, files))).toEqual({
    '#models/a.onnx': 'models/a.onnx',
    '#models/deep/$&.onnx': 'models/deep/$&.onnx',
    '#m/m.onnx': 'node/m.onnx',
    '#one': 'x.onnx',
  })
})

test.each([
  ['a/*', 'a/b/c', 'b/c'],
  ['a*c', 'abc', 'b'],
  ['a', 'a', ''],
  ['ab*ba', 'aba', undefined],
  ['a', 'b', undefined],
])('%s on %s gives %s', (pattern, text, star) => {
  expect(matchStar(pattern, text)).toBe(star)
})
