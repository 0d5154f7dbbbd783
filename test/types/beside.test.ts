import { execFileSync } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, symlink, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addModel } from '../hosts/models.ts'
import { declaredOf } from '../../src/pipeline/index.ts'
import { generateTypes, type TypesOptions } from '../../src/types/generate.ts'
import { buildPackage, temporaryFolder } from './project.ts'
import { addBytes, appOf, runIn, typescripts, useOf } from './tools.ts'

// Declarations beside models, as they are committed and published.

let packageFolder: string

beforeAll(async () => {
  packageFolder = await mkdtemp(join(tmpdir(), 'onnx-mlir-package-'))
  await buildPackage(packageFolder)
})

afterAll(() => rm(packageFolder, { recursive: true, force: true }))

const generate = (root: string, options: Partial<TypesOptions> = {}) =>
  generateTypes({ root, signatureOf: declaredOf, ...options })

const files = {
  'package.json': { private: true, type: 'module', imports: { '#models/*': './src/models/*' } },
  'tsconfig.json': {
    compilerOptions: {
      allowArbitraryExtensions: true,
      target: 'es2022',
      strict: true,
      noEmit: true,
      types: [],
      skipLibCheck: false,
      paths: { '@/*': ['./src/*'] },
    },
    include: ['src'],
  },
  'src/models/add.onnx': addBytes,
  'src/models/add.tflite': addBytes,
  'src/models/net.pt2': addBytes,
  'src/main.ts': useOf('./models/add.onnx'),
  'src/tflite.ts': useOf('./models/add.tflite'),
  'src/deep/pt2.ts': useOf('#models/net.pt2'),
  'src/deep/alias.ts': useOf('#models/add.onnx'),
  'src/deep/paths.ts': useOf('@/models/add.onnx'),
  'src/deep/loaded.ts': `
import type { ModelNamed } from 'unplugin-onnx-mlir/runtime'
import type { Outputs } from '../models/add.onnx?O=2&target=z16'
export const first = ({ y }: Outputs): number | undefined => y.data[0]
export const run = (model: ModelNamed<'./src/models/add.onnx'>, x: Float32Array<ArrayBuffer>) => model.runSync({ x }).y.data
// @ts-expect-error there is no such output
export const wrong = (model: ModelNamed<'#models/add.onnx'>, x: Float32Array<ArrayBuffer>) => model.runSync({ x }).z`,
}
const written = [
  'src/models/add.d.onnx.ts',
  'src/models/add.d.tflite.ts',
  'src/models/net.d.pt2.ts',
  'src/onnx-models.d.ts',
  'src/onnx-queries.d.ts',
]
const resolutions = [
  ['--module', 'esnext', '--moduleResolution', 'bundler'],
  ['--module', 'nodenext', '--moduleResolution', 'nodenext'],
]

describe.each(Object.entries(typescripts))('%s', (_, typescript) => {
  test('a fresh clone is typed before anything is built', async () => {
    const root = await appOf(files, { packageFolder, typescript })
    const result = await generate(root, { beside: true })
    expect(result).toMatchObject({ written, removed: [], problems: [] })

    const clone = join(await temporaryFolder(), 'clone')
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t', ...args], { cwd: root })
    await writeFile(join(root, '.gitignore'), 'node_modules\n')
    git('init', '--quiet')
    git('add', '.')
    git('commit', '--quiet', '-m', 'all')
    git('clone', '--quiet', '.', clone)
    await symlink(join(root, 'node_modules'), join(clone, 'node_modules'))
    for (const flags of resolutions)
      expect(await runIn(clone, [join(typescript, 'bin/tsc'), ...flags])).toEqual({ code: 0, output: '' })
  })

  test('models of a package that ships its declarations are typed where nothing is generated', async () => {
    const source = await appOf(
      { 'package.json': { name: '@acme/model' }, 'files/add.onnx': addBytes },
      { packageFolder, typescript },
    )
    expect((await generate(source, { beside: true })).written).toEqual(['files/add.d.onnx.ts', 'onnx-models.d.ts'])
    const model = await readFile(join(source, 'files/add.d.onnx.ts'), 'utf8')
    const { imports: _imports, ...packageJson } = files['package.json']
    const root = await appOf(
      {
        'package.json': packageJson,
        'tsconfig.json': files['tsconfig.json'],
        'node_modules/@acme/model/package.json': {
          name: '@acme/model',
          type: 'module',
          exports: { './*.onnx': './files/*.onnx' },
        },
        'node_modules/@acme/model/files/add.onnx': addBytes,
        'node_modules/@acme/model/files/add.d.onnx.ts': model,
        'src/main.ts': useOf('@acme/model/add.onnx'),
        'src/own.onnx': addBytes,
      },
      { packageFolder, typescript },
    )
    // The package's own declaration is that of its queries, too.
    expect(await generate(root, { beside: true })).toMatchObject({ problems: [] })
    for (const flags of resolutions)
      expect(await runIn(root, [join(typescript, 'bin/tsc'), ...flags])).toEqual({ code: 0, output: '' })
  })
})

const typescript = typescripts['TypeScript 7']!

test('once they are there, every run keeps them up to date', async () => {
  const root = await appOf(files, { packageFolder, typescript })
  await generate(root, { beside: true })
  expect(await generate(root)).toMatchObject({ written: [], removed: [], problems: [], unchanged: written })

  await writeFile(join(root, 'src/models/add.onnx'), addModel(1, 7))
  expect((await generate(root)).written).toEqual(['src/models/add.d.onnx.ts'])
  expect(await readFile(join(root, 'src/models/add.d.onnx.ts'), 'utf8')).toContain('readonly [7]')

  // A new model joins the others; line ends are git's affair.
  await cp(join(root, 'src/models/add.onnx'), join(root, 'src/models/b.onnx'))
  const text = await readFile(join(root, 'src/models/add.d.onnx.ts'), 'utf8')
  await writeFile(join(root, 'src/models/add.d.onnx.ts'), text.replaceAll('\n', '\r\n'))
  expect(await generate(root)).toMatchObject({
    written: ['src/models/b.d.onnx.ts', 'src/onnx-models.d.ts', 'src/onnx-queries.d.ts'],
    problems: [],
  })
  await unlink(join(root, 'src/models/b.onnx'))
  expect((await generate(root)).removed).toEqual(['src/models/b.d.onnx.ts'])
})

test('what somebody edited or wrote is left as it is, and named', async () => {
  const root = await appOf(files, { packageFolder, typescript })
  await writeFile(join(root, 'src/models/add.d.onnx.ts'), 'export {}')
  const first = await generate(root, { beside: true })
  expect(first.problems).toMatchObject([{ code: 'TYPES_FOREIGN', file: 'src/models/add.d.onnx.ts' }])
  await unlink(join(root, 'src/models/add.d.onnx.ts'))
  await generate(root, { beside: true })

  const path = join(root, 'src/models/add.d.onnx.ts')
  const edited = `${await readFile(path, 'utf8')}export declare const mine: string\n`
  await writeFile(path, edited)
  const { problems, written } = await generate(root)
  expect(problems).toMatchObject([{ code: 'TYPES_EDITED', file: 'src/models/add.d.onnx.ts', severity: 'error' }])
  expect([written, await readFile(path, 'utf8')]).toEqual([[], edited])
})

test('a model of a package, or above the project, that nobody has declared is told once', async () => {
  const above = await appOf(
    {
      'above.onnx': addBytes,
      'app/package.json': {},
      'app/own.onnx': addBytes,
      'app/node_modules/models/package.json': { exports: { './*': './files/*' } },
      'app/node_modules/models/files/add.onnx': addBytes,
      'app/main.ts': `import a from 'models/add.onnx'\nimport b from 'models/add.onnx?O=1'\nimport c from '../above.onnx'\nimport d from './own.onnx'\nexport const all = [a, b, c, d]`,
      'app/more.ts': `import a from 'models/add.onnx?O=2'\nexport const more = a`,
    },
    { packageFolder, typescript },
  )
  const root = join(above, 'app')
  const undeclared = { severity: 'warning', code: 'TYPES_UNDECLARED', file: 'main.ts' }
  const expected = [
    {
      ...undeclared,
      message: expect.stringMatching(/^"models\/add\.onnx" is no model of this project, .*add\.d\.onnx\.ts/),
    },
    { ...undeclared, message: expect.stringContaining('"../above.onnx" is no model of this project') },
  ]
  const { problems } = await generate(root, { beside: true })
  expect(problems).toEqual(expected)
  for (const { message } of problems) expect(message).toMatch(/TS2307.*"types": \["unplugin-onnx-mlir\/client"\]/)
  // Which is so, and the way out is one.
  for (const types of [[], ['unplugin-onnx-mlir/client']]) {
    const { compilerOptions } = files['tsconfig.json']
    const config = { compilerOptions: { ...compilerOptions, types, module: 'esnext', moduleResolution: 'bundler' } }
    await writeFile(join(root, 'tsconfig.json'), JSON.stringify(config))
    const { code, output } = await runIn(root, [join(typescript, 'bin/tsc')])
    expect(output.includes('TS2307'), output).toBe(types.length === 0)
    expect(code === 0, output).toBe(types.length > 0)
  }
  // In the layer they have declarations.
  await rm(join(root, 'tsconfig.json'))
  await rm(join(root, 'own.d.onnx.ts'))
  await rm(join(root, 'onnx-models.d.ts'))
  expect((await generate(root)).problems).toEqual([])
})

test('one text with a query for two models can not be told apart', async () => {
  const root = await appOf(
    { ...files, 'src/deep/models/add.onnx': addBytes, 'src/deep/more.ts': `import './models/add.onnx?O=1'` },
    { packageFolder, typescript },
  )
  const { problems } = await generate(root, { beside: true })
  expect(problems).toMatchObject([{ code: 'TYPES_COLLISION', severity: 'error' }])
  expect(problems[0]?.message).toContain('Import "@/deep/models/add.onnx?O=1" instead')
})
