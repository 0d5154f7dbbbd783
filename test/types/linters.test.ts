import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { declaredOf } from '../../src/pipeline/index.ts'
import { writeLookAway } from '../../src/emit/look-away.ts'
import { generateTypes } from '../../src/types/generate.ts'
import { buildPackage, repository } from './project.ts'
import { addBytes, appOf, isInstalled, runIn, typescripts, useOf } from './tools.ts'

// What is generated is nobody's to format or to lint, in the layer or beside models.

let packageFolder: string

beforeAll(async () => {
  packageFolder = await mkdtemp(join(tmpdir(), 'onnx-mlir-package-'))
  await buildPackage(packageFolder)
})

afterAll(() => rm(packageFolder, { recursive: true, force: true }))

const report = { target: 'z16', nodes: [{ name: 'a', device: 'cpu', reasons: [], shape: [1, 2, 3] }], summary: {} }
const sources = {
  'src/models/add.onnx': addBytes,
  'src/main.ts': useOf('./models/add.onnx').trimStart().replaceAll("'", '"'),
  'src/alias.ts': useOf('#models/add.onnx').trimStart().replaceAll("'", '"'),
  'package.json': `{ "private": true, "type": "module", "imports": { "#models/*": "./src/models/*" } }\n`,
  '.onnx-mlir/reports/m.nnpa.json': `${JSON.stringify(report, null, 1)}\n`,
  '.onnx-mlir/reports/m.nnpa.html': '<!doctype html><html><body><p>  as it is</p  ></body></html>',
  'tsconfig.json': `{ "extends": "unplugin-onnx-mlir/tsconfig", "compilerOptions": { "module": "nodenext", "target": "es2022", "strict": true, "noEmit": true, "types": [] } }\n`,
}

test.each([
  ['its defaults', {}],
  [
    'tabs and semicolons as somebody likes them',
    { useTabs: true, tabWidth: 8, semi: false, singleQuote: true, printWidth: 40 },
  ],
])('Prettier with %s finds nothing', async (_, options) => {
  for (const beside of [false, true]) {
    const root = await appOf(
      { ...sources, '.prettierrc': JSON.stringify(options) },
      { packageFolder, typescript: typescripts['TypeScript 7']! },
    )
    const prettier = join(repository, 'node_modules/prettier/bin/prettier.cjs')
    // What the user writes is formatted; what is generated isn't looked at.
    await runIn(root, [prettier, '--write', 'src', '*.json', '.prettierrc'])
    await generateTypes({ root, signatureOf: declaredOf, beside })
    // As whoever writes a report does.
    await writeLookAway(root)
    expect(await runIn(root, [prettier, '--check', '.'])).toEqual({
      code: 0,
      output: 'Checking formatting...\nAll matched files use Prettier code style!\n',
    })
    // Nor does it change what it formats, which would be an edit.
    await runIn(root, [prettier, '--write', '.'])
    expect(await generateTypes({ root, signatureOf: declaredOf })).toMatchObject({ written: [], problems: [] })
  }
})

test('git has nothing to add', async () => {
  const root = await appOf(sources, { packageFolder, typescript: typescripts['TypeScript 7']! })
  await generateTypes({ root, signatureOf: declaredOf })
  execFileSync('git', ['init', '--quiet'], { cwd: root })
  const listed = execFileSync('git', ['status', '--porcelain', '--untracked-files=all'], {
    cwd: root,
    encoding: 'utf8',
  })
  expect(listed).not.toContain('.onnx-mlir')
  expect(await readFile(join(root, '.onnx-mlir/.gitignore'), 'utf8')).toBe('*\n')
})

describe.skipIf(!isInstalled)('typescript-eslint, recommendedTypeChecked', () => {
  test.each([
    ['in the layer', false],
    ['beside models', true],
  ])('finds nothing in what is %s, nor that it is told to look away for nothing', async (_, beside) => {
    const root = await appOf(
      {
        ...sources,
        'eslint.config.js': `
import tseslint from 'typescript-eslint'
export default tseslint.config(
  { ignores: ['eslint.config.js'] },
  tseslint.configs.recommendedTypeChecked,
  { languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } } },
)`,
        // The test's own.
        'src/main.ts': sources['src/main.ts'].replaceAll('// @ts-expect-error', '// @ts-expect-error:'),
      },
      { packageFolder, typescript: typescripts['TypeScript 5.9']!, links: ['eslint', 'typescript-eslint'] },
    )
    await generateTypes({ root, signatureOf: declaredOf, beside })
    const eslint = join(root, 'node_modules/eslint/bin/eslint.js')
    expect(await runIn(root, [eslint, '.', '--max-warnings', '0'])).toEqual({ code: 0, output: '' })
  })
})
