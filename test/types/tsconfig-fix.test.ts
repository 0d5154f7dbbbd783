import { mkdir, readFile, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { faultsOf, holders } from '../../src/types/tsconfig-check.ts'
import { fixedTsConfig } from '../../src/types/tsconfig-fix.ts'
import { readTsConfig } from '../../src/types/tsconfig.ts'
import { projectOf, repository } from './project.ts'
import { writeFile } from 'node:fs/promises'

const ours = '"unplugin-onnx-mlir/tsconfig"'
const options = '"compilerOptions": { "allowArbitraryExtensions": true, "rootDirs": [".", "./.onnx-mlir/types"] }'
const entry = '"./.onnx-mlir/types/models.d.ts"'

async function fix(text: string, more: Record<string, string | object> = {}, isInstalled = true): Promise<string> {
  const root = await projectOf({ ...more, 'tsconfig.json': text })
  if (isInstalled) {
    await mkdir(join(root, 'node_modules'), { recursive: true })
    await symlink(repository, join(root, 'node_modules/unplugin-onnx-mlir'))
  }
  const path = join(root, 'tsconfig.json')
  const layer = join(root, '.onnx-mlir/types')
  const place = { root, layer, entry: join(layer, 'models.d.ts'), models: ['src/m.onnx'], importers: ['src/main.ts'] }
  const fixed = fixedTsConfig(text, readTsConfig(path)!, place)
  // Whatever it was, then it is right, and there is nothing more to do.
  await writeFile(path, fixed)
  const config = readTsConfig(path)!
  expect(faultsOf(config, place)).toBeUndefined()
  expect(fixedTsConfig(fixed, config, place)).toBe(fixed)
  expect(holders(path, place)).toEqual([config])
  return fixed
}

test.each([
  ['nothing', '{}', `{\n  "extends": ${ours}\n}`],
  ['an empty file', '', `{\n  "extends": ${ours}\n}\n`],
  ['a byte order mark alone', '\uFEFF', `\uFEFF{\n  "extends": ${ours}\n}\n`],
  ['comments alone', '/* a */ // nothing', `/* a */ // nothing\n{\n  "extends": ${ours}\n}\n`],
  ['a line alone', '// nothing\n', `// nothing\n{\n  "extends": ${ours}\n}\n`],
  ['a comment', '{\n  // strict\n  "exclude": []\n}\n', `{\n  "extends": ${ours},\n  // strict\n  "exclude": []\n}\n`],
  ['one line', '{ "exclude": [] }', `{ "extends": ${ours}, "exclude": [] }`],
  ['tabs', '{\r\n\t"exclude": []\r\n}', `{\r\n\t"extends": ${ours},\r\n\t"exclude": []\r\n}`],
  ['a parent', '{ "extends": "./base.json" /* ours */ }', `{ "extends": ["./base.json", ${ours}] /* ours */ }`],
  ['parents', '{ "extends": ["./base.json", "b",] }', `{ "extends": ["./base.json", "b", ${ours}] }`],
  ['no parents', '{ "extends": [] }', `{ "extends": [${ours}] }`],
  ['the word within', '{"a": {"extends": "x"}}', `{ "extends": ${ours},"a": {"extends": "x"}}`],
  ['the word in a comment', '{ // "extends": "x"\n"a": 1}', `{ "extends": ${ours}, // "extends": "x"\n"a": 1}`],
  ['a byte order mark', '\uFEFF{ "a": "{" }', `\uFEFF{ "extends": ${ours}, "a": "{" }`],
  ['a parent that is gone', '{ "extends": "./gone.json" }', `{ "extends": ["./gone.json", ${ours}] }`],
  ['itself as a parent', '{ "extends": "./tsconfig.json" }', `{ "extends": ["./tsconfig.json", ${ours}] }`],
  ['an include of its own', '{ "include": ["src"] }', `{ "extends": ${ours}, "include": ["src", ${entry}] }`],
  [
    'ours, and an include of its own',
    `{ "extends": ${ours}, "include": ["src/**/*"] }`,
    `{ "extends": ${ours}, "include": ["src/**/*", ${entry}] }`,
  ],
])('extends ours beside %s', async (_, before, after) => {
  expect(await fix(before, { 'base.json': { compilerOptions: { strict: true } } })).toBe(after)
})

test('what a base states stays: folders are joined, and files added', async () => {
  const base = {
    'gen/tsconfig.json': { compilerOptions: { rootDirs: ['..', './types'] }, include: ['../src/**/*.ts'] },
  }
  expect(await fix('{\n  "extends": "./gen/tsconfig.json"\n}', base)).toBe(
    `{\n  "extends": "./gen/tsconfig.json",\n` +
      `  "compilerOptions": { "allowArbitraryExtensions": true, "rootDirs": [".", "./.onnx-mlir/types", "./gen/types"] },\n` +
      `  "files": [${entry}]\n}`,
  )
  // An include of its own replaces that of a base anyway.
  expect(await fix('{ "extends": "./gen/tsconfig.json", "include": ["src"] }', base)).toContain(
    `"include": ["src", ${entry}]`,
  )
  const files = { 'base.json': { files: ['src/main.ts'] } }
  expect(await fix('{ "extends": "./base.json" }', files)).toContain(`"files": ["./src/main.ts", ${entry}]`)
})

test('options that are stated otherwise are changed where they stand', async () => {
  const text =
    '{\n  "compilerOptions": {\n    "rootDirs": ["src", "gen"], // two\n    "allowArbitraryExtensions": false\n  }\n}\n'
  const root = await projectOf({ 'tsconfig.json': text })
  const place = {
    root,
    layer: join(root, '.onnx-mlir/types'),
    entry: join(root, '.onnx-mlir/types/models.d.ts'),
    models: [],
    importers: [],
  }
  expect(fixedTsConfig(text, readTsConfig(join(root, 'tsconfig.json'))!, place)).toBe(
    `{\n  "compilerOptions": {\n    "rootDirs": [".", "./.onnx-mlir/types", "./src", "./gen"], // two\n` +
      `    "allowArbitraryExtensions": true\n  },\n  "include": ["**/*", ${entry}]\n}\n`,
  )
})

test('files alone stay alone', async () => {
  const text = await fix('{ "files": ["src/main.ts"] }')
  expect(text).toBe(`{ "files": ["src/main.ts", ${entry}], ${options} }`)
})

test('what excludes the folder keeps doing so', async () => {
  const text = await fix('{ "exclude": ["**/.*"] }')
  expect(text).toBe(`{ "exclude": ["**/.*"], ${options}, "files": [${entry}], "include": ["**/*"] }`)
})

test('where this package is not installed, nothing extends it', async () => {
  expect(await fix('{}', {}, false)).toBe(`{\n  ${options},\n  "include": ["**/*", ${entry}]\n}`)
})

test('declarations beside models need no mirror', async () => {
  const text = '{ "include": ["src"] }'
  const root = await projectOf({ 'tsconfig.json': text })
  const path = join(root, 'tsconfig.json')
  const place = { root, entry: join(root, 'src/onnx-models.d.ts'), models: ['src/m.onnx'], importers: [] }
  expect(fixedTsConfig(text, readTsConfig(path)!, place)).toBe(
    '{ "include": ["src"], "compilerOptions": { "allowArbitraryExtensions": true } }',
  )
  expect(await readFile(path, 'utf8')).toBe(text)
})

test.each(['[]', '""', '{', '{ "extends":', '5 // five'])('%j can not be changed', async (text) => {
  const root = await projectOf({ 'tsconfig.json': text })
  const place = { root, entry: join(root, 'e.d.ts'), models: [], importers: [] }
  expect(() => fixedTsConfig(text, { path: join(root, 'tsconfig.json'), references: [] }, place)).toThrow(SyntaxError)
})
