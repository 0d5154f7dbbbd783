import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checkTsConfig } from '../../src/types/tsconfig-check.ts'
import { parseJsonc } from '../../src/types/tsconfig.ts'
import { projectOf, tsc, tscPaths } from './project.ts'
import { readFile } from 'node:fs/promises'

const base = {
  'node_modules/unplugin-onnx-mlir/package.json': { exports: { './tsconfig': './tsconfig.base.json' } },
  'node_modules/unplugin-onnx-mlir/tsconfig.base.json': await readFile(
    join(import.meta.dirname, '../../tsconfig.base.json'),
    'utf8',
  ),
}
const compilerOptions = { allowArbitraryExtensions: true, rootDirs: ['.', '.onnx-mlir/types'] }
const ambient = '.onnx-mlir/types/queries.d.ts'

function check(root: string) {
  const layer = join(root, '.onnx-mlir/types')
  return checkTsConfig({ root, layer, ambient: join(root, ambient), models: ['src/m.onnx'] })
}

test.each<[string, Record<string, string | object>]>([
  ['no configuration', {}],
  ['extends ours', { 'tsconfig.json': { extends: 'unplugin-onnx-mlir/tsconfig' } }],
  ['extends a list', { 'tsconfig.json': { extends: ['./gone.json', 'unplugin-onnx-mlir/tsconfig'] } }],
  [
    'through another file',
    { 'tsconfig.json': { extends: './base' }, 'base.json': { extends: 'unplugin-onnx-mlir/tsconfig' } },
  ],
  ['states all itself', { 'tsconfig.json': { compilerOptions, include: ['src', ambient] } }],
  ['files', { 'tsconfig.json': { compilerOptions, files: ['src/main.ts', ambient] } }],
  ['a pattern that names the folder', { 'tsconfig.json': { compilerOptions, include: ['.onnx-mlir/**/*.d.ts'] } }],
  ['comments and commas', { 'tsconfig.json': `\ufeff{ // "a"\n "extends": "unplugin-onnx-mlir/tsconfig", /* }, */ }` }],
  ['a circle', { 'tsconfig.json': { extends: './tsconfig.json', compilerOptions, include: [ambient] } }],
  [
    'a referenced project',
    {
      'tsconfig.json': { files: [], references: [{ path: './tsconfig.node.json' }, { path: './app' }] },
      'tsconfig.node.json': { include: ['vite.config.ts'] },
      'app/tsconfig.json': {
        compilerOptions: { allowArbitraryExtensions: true, rootDirs: ['..', '../.onnx-mlir/types'] },
        include: ['../src', `../${ambient}`],
      },
    },
  ],
  ['jsconfig.json', { 'jsconfig.json': { extends: 'unplugin-onnx-mlir/tsconfig' } }],
  ['unreadable JSON, which TypeScript reports', { 'tsconfig.json': '{ "extends" }' }],
])('fine: %s', async (_, files) => {
  expect(check(await projectOf({ ...base, ...files }))).toEqual([])
})

test.each<[string, object, string[], string]>([
  [
    'nothing stated',
    { compilerOptions: { strict: true } },
    [
      'allowArbitraryExtensions is not true',
      'rootDirs lacks the project folder',
      'rootDirs lacks the types folder',
      'include leaves out ./.onnx-mlir/types/queries.d.ts',
    ],
    '"extends": "unplugin-onnx-mlir/tsconfig"',
  ],
  [
    'include replaced',
    { extends: 'unplugin-onnx-mlir/tsconfig', include: ['src'] },
    ['include leaves out'],
    '"include": ["./src", "./.onnx-mlir/types/queries.d.ts"]',
  ],
  [
    'rootDirs replaced',
    { extends: 'unplugin-onnx-mlir/tsconfig', compilerOptions: { rootDirs: ['.', './.svelte-kit/types'] } },
    ['rootDirs lacks the types folder'],
    '"rootDirs": [".", "./.onnx-mlir/types", "./.svelte-kit/types"]',
  ],
  [
    'wildcards, which skip folders with a dot',
    { compilerOptions, include: ['**/*', '*/types/queries.d.ts'] },
    ['include leaves out'],
    '"include": ["./**/*", "./*/types/queries.d.ts", "./.onnx-mlir/types/queries.d.ts"]',
  ],
  ['excluded', { compilerOptions, include: [ambient], exclude: ['.onnx-mlir'] }, ['include leaves out'], '"include"'],
  [
    'a nearer root folder',
    { compilerOptions: { ...compilerOptions, rootDirs: ['.', './src', '.onnx-mlir/types'] }, include: [ambient] },
    ['rootDirs has src, which hides the types of src/m.onnx'],
    '"rootDirs"',
  ],
  [
    'turned off',
    { extends: 'unplugin-onnx-mlir/tsconfig', compilerOptions: { allowArbitraryExtensions: false } },
    ['allowArbitraryExtensions'],
    '"allowArbitraryExtensions": true',
  ],
])('a problem with its fix: %s', async (_, config, faults, fix) => {
  const [problem, ...more] = check(await projectOf({ ...base, 'tsconfig.json': config }))
  expect(more).toEqual([])
  expect(problem).toMatchObject({ severity: 'error', code: 'TYPES_TSCONFIG', file: 'tsconfig.json' })
  expect(problem?.message.match(/^ {2}- .*/gm)).toHaveLength(faults.length)
  for (const text of [...faults, fix]) expect(problem?.message).toContain(text)
})

// The judgement on `include` must be TypeScript's own.
const includes: [string[], string[]][] = [
  [['**/*'], []],
  [['.onnx-mlir'], []],
  [['.onnx-mlir/types'], []],
  [['.onnx-mlir/*/queries.d.ts'], []],
  [['.onnx-mlir/**'], []],
  [['./.onnx-mlir/types/*'], []],
  [['.onnx-mlir/types/q????es.d.ts'], []],
  [['*/types/queries.d.ts'], []],
  [['.*/types/queries.d.ts'], []],
  [['**/types/queries.d.ts'], []],
  [['.onnx-mlir/**/*'], ['**/types']],
  [['.onnx-mlir/**/*'], ['.onnx-mlir/types/*.ts']],
  [['.onnx-mlir/**/*'], ['**/*.json']],
  [['.onnx-mlir/**/*'], ['*']],
  [['.onnx-mlir/**/*'], ['.onnx-mlir/**']],
  [['.onnx-mlir/**/*'], ['onnx-mlir']],
]

test.each(includes)('include %j, exclude %j: as TypeScript has it', async (include, exclude) => {
  const root = await projectOf({
    'tsconfig.json': {
      compilerOptions: { ...compilerOptions, noEmit: true, types: [] },
      include: ['main.ts', ...include],
      exclude,
    },
    'main.ts': 'export {}',
    [ambient]: 'declare const present: true',
  })
  const listed = await tsc(tscPaths[0] ?? '', ['-p', root, '--listFilesOnly'])
  expect(check(root).length === 0).toBe(listed.output.includes(ambient))
})

test('JSON with comments and trailing commas; strings keep theirs', () => {
  const text = `{ "a//b": "/* no */ , ]", /* yes */ "c": [1, 2, // end\n ], "d\\"//": {"e": 1,},\n}`
  expect(parseJsonc(text)).toEqual({ 'a//b': '/* no */ , ]', c: [1, 2], 'd"//': { e: 1 } })
  expect(() => parseJsonc('{ "a": }')).toThrow(SyntaxError)
})
