import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checkTsConfig } from '../../src/types/tsconfig-check.ts'
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
const entry = '.onnx-mlir/types/models.d.ts'

function check(root: string) {
  const layer = join(root, '.onnx-mlir/types')
  return checkTsConfig({ root, layer, entry: join(root, entry), models: ['src/m.onnx'], importers: ['src/main.ts'] })
}

test.each<[string, Record<string, string | object>]>([
  ['no configuration', {}],
  ['extends ours', { 'tsconfig.json': { extends: 'unplugin-onnx-mlir/tsconfig' } }],
  ['extends a list', { 'tsconfig.json': { extends: ['./gone.json', 'unplugin-onnx-mlir/tsconfig'] } }],
  [
    'through another file',
    { 'tsconfig.json': { extends: './base' }, 'base.json': { extends: 'unplugin-onnx-mlir/tsconfig' } },
  ],
  ['states all itself', { 'tsconfig.json': { compilerOptions, include: ['src', entry] } }],
  ['files', { 'tsconfig.json': { compilerOptions, files: ['src/main.ts', entry] } }],
  ['a pattern that names the folder', { 'tsconfig.json': { compilerOptions, include: ['.onnx-mlir/**/*.d.ts'] } }],
  ['comments and commas', { 'tsconfig.json': `\ufeff{ // "a"\n "extends": "unplugin-onnx-mlir/tsconfig", /* }, */ }` }],
  ['a circle', { 'tsconfig.json': { extends: './tsconfig.json', compilerOptions, include: [entry] } }],
  [
    'a referenced project',
    {
      'tsconfig.json': { files: [], references: [{ path: './tsconfig.node.json' }, { path: './app' }] },
      'tsconfig.node.json': { include: ['vite.config.ts'] },
      'app/tsconfig.json': {
        compilerOptions: { allowArbitraryExtensions: true, rootDirs: ['..', '../.onnx-mlir/types'] },
        include: ['../src', `../${entry}`],
      },
    },
  ],
  ['jsconfig.json', { 'jsconfig.json': { extends: 'unplugin-onnx-mlir/tsconfig' } }],
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
      'include leaves out ./.onnx-mlir/types/models.d.ts',
    ],
    '"extends": "unplugin-onnx-mlir/tsconfig"',
  ],
  [
    'include replaced',
    { extends: 'unplugin-onnx-mlir/tsconfig', include: ['src'] },
    ['include leaves out'],
    '"include": ["./src", "./.onnx-mlir/types/models.d.ts"]',
  ],
  [
    'rootDirs replaced',
    { extends: 'unplugin-onnx-mlir/tsconfig', compilerOptions: { rootDirs: ['.', './.svelte-kit/types'] } },
    ['rootDirs lacks the types folder'],
    '"rootDirs": [".", "./.onnx-mlir/types", "./.svelte-kit/types"]',
  ],
  [
    'wildcards, which skip folders with a dot',
    { compilerOptions, include: ['**/*', '*/types/models.d.ts'] },
    ['include leaves out'],
    '"include": ["./**/*", "./*/types/models.d.ts", "./.onnx-mlir/types/models.d.ts"]',
  ],
  ['excluded', { compilerOptions, include: [entry], exclude: ['.onnx-mlir'] }, ['include leaves out'], '"include"'],
  [
    'a nearer root folder',
    { compilerOptions: { ...compilerOptions, rootDirs: ['.', './src', '.onnx-mlir/types'] }, include: [entry] },
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
  [['.onnx-mlir/*/models.d.ts'], []],
  [['.onnx-mlir/**'], []],
  [['./.onnx-mlir/types/*'], []],
  [['.onnx-mlir/types/m????s.d.ts'], []],
  [['*/types/models.d.ts'], []],
  [['.*/types/models.d.ts'], []],
  [['**/types/models.d.ts'], []],
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
    [entry]: 'declare const present: true',
  })
  const listed = await tsc(tscPaths[0] ?? '', ['-p', root, '--listFilesOnly'])
  expect(check(root).length === 0).toBe(listed.output.includes(entry))
})

test.each<[string, Record<string, string | object>, string]>([
  ['broken', { 'tsconfig.json': '{ "extends":' }, "tsconfig.json can't be read: line 1"],
  // As TypeScript takes it, an object without anything.
  ['empty', { 'tsconfig.json': '' }, 'tsconfig.json hides the generated model types'],
  ['a list', { 'tsconfig.json': '[]' }, "tsconfig.json can't be read: it is no object"],
  ['a folder', { 'tsconfig.json/a': '' }, "tsconfig.json can't be read: EISDIR"],
  [
    'a solution of what is not there',
    { 'tsconfig.json': { files: [], references: [{ path: './app' }] } },
    'tsconfig.json references app/tsconfig.json, and nothing else, where no',
  ],
])('a configuration that TypeScript can do nothing with is an error: %s', async (_what, files, message) => {
  const root = await projectOf(files)
  expect(check(root)).toEqual([
    expect.objectContaining({ severity: 'error', code: 'TYPES_TSCONFIG', message: expect.stringContaining(message) }),
  ])
})
