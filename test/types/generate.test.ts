import { execFileSync } from 'node:child_process'
import { readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { expect, test } from 'vitest'
import type { Declared } from '../../src/emit/dts.ts'
import { EnvironmentError } from '../../src/errors/index.ts'
import { generateTypes, layerFolder, modelDeclarations, type TypesOptions } from '../../src/types/generate.ts'
import { projectOf, signatureOf, tsc, tscPaths } from './project.ts'

const model = { inputs: [{ name: 'x', type: 'float32', shape: ['batch', 3] }], outputs: [] }
const other = { inputs: [{ name: 'y', type: 'int64', shape: [1] }], outputs: [] }
const tsconfig = {
  compilerOptions: { allowArbitraryExtensions: true, rootDirs: ['.', './.onnx-mlir/types'] },
  include: ['**/*', '.onnx-mlir/types/models.d.ts'],
}

const generate = (root: string, options: Partial<TypesOptions> = {}) =>
  generateTypes({ root, signatureOf, platform: 'linux', ...options })

const layerFile = (root: string, path: string) => readFile(join(root, layerFolder, path), 'utf8')

test('the layer mirrors the project', async () => {
  const root = await projectOf({
    'package.json': { imports: { '#models/*': './src/models/*' } },
    'tsconfig.json': tsconfig,
    'src/models/fraud.onnx': model,
    'deep/a b/m.onnx': model,
    'src/main.ts': `import '../deep/a b/m.onnx?target=z16&O=3'; import '#models/fraud.onnx?O=1'`,
    'src/page.vue': `<script>import m from '../deep/a b/m.onnx'</script>`,
    'node_modules/dep/m.onnx': model,
    'dist/m.onnx': model,
    'out/m.onnx': model,
    '.git/m.onnx': model,
  })
  const { written, unchanged, removed, problems } = await generate(root, { exclude: ['out'] })
  expect(written).toEqual(
    [
      '../.gitignore',
      '../.prettierrc',
      'deep/a b/m.d.onnx.ts',
      'deep/a b/m.d.onnx?target=z16&O=3.ts',
      'models.d.ts',
      'package.json',
      'queries.d.ts',
      'src/models/fraud.d.onnx.ts',
    ].map((path) => posix.join(layerFolder, path)),
  )
  expect(await layerFile(root, 'models.d.ts')).toContain(`
  interface Models {
    "#models/fraud.onnx": typeof import("./src/models/fraud.onnx").default
    "./deep/a b/m.onnx": typeof import("./deep/a b/m.onnx").default
    "./src/models/fraud.onnx": typeof import("./src/models/fraud.onnx").default
  }
`)
  expect({ unchanged, removed, problems }).toEqual({ unchanged: [], removed: [], problems: [] })
  expect((await layerFile(root, 'queries.d.ts')).match(/declare module .*(?= \{)/g)).toEqual([
    'declare module "#models/fraud.onnx"',
    'declare module "#models/fraud.onnx?*"',
    'declare module "../deep/a b/m.onnx?*"',
  ])
})

test('a model is declared as its imports have it, each that asks for other inputs by itself', async () => {
  const root = await projectOf({
    'package.json': { imports: { '#models/*': './*' } },
    'tsconfig.json': tsconfig,
    'm.tflite': model,
    'net.pt': model,
    'net.py': 'class Net: pass',
    'other.py': 'print()',
    'weights.pt': model,
    'src/weights.pt': model,
    'src/main.ts': `
      import '../net.pt?inputs=x-float32-3&O=2'; import '../net.pt?O=1&inputs=x-float32-3'
      import '../net.py?export=Net&target=z16'
      import '../m.tflite?signature=a'; import '../m.tflite?signature=b'; import '../m.tflite?O=2'
      import '#models/m.tflite?signature=c'
      import '../other.py'; import './weights.pt'; import '../lang.pt'`,
  })
  const asked: string[] = []
  const signatureOf = async (id: string) => {
    asked.push(id.slice(root.length + 1))
    return {
      ...model,
      inputs: [{ name: /=(\w)$/.exec(id)?.[1] ?? 'x', type: 'float32', shape: [1] }],
    } as unknown as Declared
  }
  const { problems, written } = await generate(root, { signatureOf })
  expect(problems).toEqual([])
  // A file of weights that nothing imports is not looked at, nor another's Python.
  expect(asked.sort()).toEqual([
    'm.tflite',
    'm.tflite?signature=a',
    'm.tflite?signature=b',
    'm.tflite?signature=c',
    'net.pt?inputs=x-float32-3',
    'net.py?export=Net',
    'src/weights.pt',
  ])
  expect(written).toContain(posix.join(layerFolder, 'net.d.py?export=Net&target=z16.ts'))
  expect(await layerFile(root, 'net.d.pt?inputs=x-float32-3&O=2.ts')).toContain('from "./net.pt"')
  expect(await layerFile(root, 'm.d.tflite?O=2.ts')).toContain('from "./m.tflite"')
  for (const name of ['a', 'b', 'c'])
    expect(await layerFile(root, `m.d.tflite?signature=${name}.ts`)).toContain(`readonly ${name}: `)
  expect(await layerFile(root, 'queries.d.ts')).toMatch(
    /declare module "#models\/m\.tflite\?signature=c" \{\s+export \* from "#types\/m\.tflite\?signature=c"/,
  )
  // Without the imports, their declarations go.
  await writeFile(join(root, 'src/main.ts'), '')
  const { removed } = await generate(root, { signatureOf })
  expect(removed).toContain(posix.join(layerFolder, 'm.d.tflite?signature=a.ts'))
  expect(removed).toContain(posix.join(layerFolder, 'net.d.py.ts'))
})

test('where there is one declaration for a file, an import that asks for other inputs is told so', async () => {
  const root = await projectOf({
    'package.json': {},
    'tsconfig.json': tsconfig,
    'm.tflite': model,
    'src/main.ts': `import '../m.tflite?signature=a&O=2'; import '../m.tflite?signature=b'`,
  })
  const signatureOf = async () => model as unknown as Declared
  const { problems } = await generate(root, { signatureOf, platform: 'win32' })
  expect(problems).toMatchObject([
    {
      severity: 'warning',
      code: 'TYPES_VARIANT',
      message: expect.stringContaining('is typed as "../m.tflite?signature=a"'),
    },
  ])
})

test('a model that takes Python, where there is none, is a warning, and keeps the declaration it has', async () => {
  const root = await projectOf({
    'package.json': {},
    'tsconfig.json': tsconfig,
    'net.pt': model,
    'src/main.ts': `import '../net.pt'`,
  })
  expect((await generate(root)).written).toContain(posix.join(layerFolder, 'net.d.pt.ts'))
  const failing = async (): Promise<never> => {
    throw new EnvironmentError('ENVIRONMENT_NO_PYTHON', 'no Python with torch. Tried: PATH')
  }
  const { problems, removed } = await generate(root, { signatureOf: failing })
  expect(removed).toEqual([])
  expect(problems).toEqual([
    {
      severity: 'warning',
      code: 'TYPES_PYTHON',
      file: 'net.pt',
      message: 'No types: no Python with torch. Tried: PATH',
    },
  ])
})

test('models of one name and several formats have a declaration each', async () => {
  const root = await projectOf({
    'package.json': { imports: { '#models/*': './*' } },
    'tsconfig.json': tsconfig,
    'm.onnx': model,
    'm.tflite': other,
    'm.pt2': other,
    'm.json': model,
    'src/main.ts': `import '../m.tflite?O=3'; import '../m.pt2?dims=n_2'; import '#models/m.pt2?O=1'; import '../m.onnx'`,
    'src/url.ts': `import '../m.tflite?url'`,
  })
  const { written, problems } = await generate(root)
  expect(problems).toEqual([])
  expect(written.filter((file) => file.includes('/m.d.'))).toEqual(
    ['m.d.onnx.ts', 'm.d.pt2.ts', 'm.d.pt2?dims=n_2.ts', 'm.d.tflite.ts', 'm.d.tflite?O=3.ts'].map((path) =>
      posix.join(layerFolder, path),
    ),
  )
  expect(modelDeclarations(written)).toBe('3 declarations')
  expect(await layerFile(root, 'm.d.onnx.ts')).toContain('readonly x:')
  expect(await layerFile(root, 'm.d.tflite.ts')).toContain('readonly y:')
  expect(await layerFile(root, 'm.d.tflite?O=3.ts')).toContain(`from "./m.tflite"`)
  const models = await layerFile(root, 'models.d.ts')
  for (const name of ['m.onnx', 'm.tflite', 'm.pt2'])
    expect(models).toContain(`"./${name}": typeof import("./${name}").default`)
  const queries = await layerFile(root, 'queries.d.ts')
  expect(queries).toContain('declare module "#models/m.pt2?*" {\n  export * from "#types/m.pt2"')

  // One that goes takes its own declarations along, and no other's.
  await rm(join(root, 'm.tflite'))
  const { removed } = await generate(root)
  expect(removed).toEqual(['m.d.tflite.ts', 'm.d.tflite?O=3.ts'].map((path) => posix.join(layerFolder, path)))
})

test('a second run writes nothing, nor touches a file', async () => {
  const root = await projectOf({ 'm.onnx': model, 'main.ts': `import './m.onnx?O=3'` })
  const { written } = await generate(root)
  const times = async () => Promise.all(written.map(async (path) => (await stat(join(root, path))).mtimeMs))
  const before = await times()
  const again = await generate(root)
  expect([again.written, again.unchanged, again.removed]).toEqual([[], written, []])
  expect(await times()).toEqual(before)
})

test('several runs at a time find nothing half written', { timeout: 60_000 }, async () => {
  const models = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`m${i}.onnx`, model]))
  for (let round = 0; round < 20; round++) {
    const root = await projectOf({ ...models, 'tsconfig.json': tsconfig, 'main.ts': `import './m1.onnx?O=3'` })
    const late = async (ms: number) => {
      await new Promise((resolve) => setTimeout(resolve, ms))
      return generate(root)
    }
    const runs = await Promise.all([late(0), late(1), late(2), late(4), late(8)])
    expect(runs.flatMap(({ problems }) => problems)).toEqual([])
    expect((await readdir(join(root, layerFolder))).filter((name) => name.endsWith('.part'))).toEqual([])
    expect((await generate(root)).written).toEqual([])
  }
})

test('check says what a run would do, and writes nothing', async () => {
  const root = await projectOf({ 'm.onnx': model })
  const first = await generate(root, { check: true })
  expect(first.written).toContain(`${layerFolder}/m.d.onnx.ts`)
  expect(await readdir(root)).toEqual(['m.onnx'])
  expect((await generate(root)).written).toEqual(first.written)

  await writeFile(join(root, 'm.onnx'), JSON.stringify(other))
  await writeFile(join(root, 'n.onnx'), JSON.stringify(other))
  const text = await layerFile(root, 'm.d.onnx.ts')
  const changed = await generate(root, { check: true })
  expect(changed.written).toEqual([
    `${layerFolder}/m.d.onnx.ts`,
    `${layerFolder}/models.d.ts`,
    `${layerFolder}/n.d.onnx.ts`,
  ])
  await rm(join(root, 'm.onnx'))
  expect((await generate(root, { check: true })).removed).toEqual([`${layerFolder}/m.d.onnx.ts`])
  expect(await layerFile(root, 'm.d.onnx.ts')).toBe(text)
})

test('stale files go, empty folders with them; files of others stay', async () => {
  const root = await projectOf({
    'a/m.onnx': model,
    'b/m.onnx': model,
    'b/main.ts': `import './m.onnx?O=3'`,
    [`${layerFolder}/a/notes.d.ts`]: '// mine',
    [`${layerFolder}/b/notes.txt`]: '// Generated by unplugin-onnx-mlir. Edits are lost.',
  })
  await generate(root)
  await rm(join(root, 'a/m.onnx'))
  await writeFile(join(root, 'b/main.ts'), '')
  const { removed } = await generate(root)
  expect(removed).toEqual([`${layerFolder}/a/m.d.onnx.ts`, `${layerFolder}/b/m.d.onnx?O=3.ts`])
  expect(await readdir(join(root, layerFolder, 'a'))).toEqual(['notes.d.ts'])
  await rm(join(root, layerFolder, 'b/notes.txt'))
  await rm(join(root, 'b/m.onnx'))
  await generate(root)
  await expect(stat(join(root, layerFolder, 'b'))).rejects.toThrow('ENOENT')
})

test('a model that cannot be read is a problem, keeps its types and holds up no other', async () => {
  const root = await projectOf({ 'm.onnx': model, 'n.onnx': model })
  await generate(root)
  await writeFile(join(root, 'm.onnx'), 'half a fi')
  await writeFile(join(root, 'n.onnx'), JSON.stringify(other))
  const { written, removed, problems } = await generate(root)
  expect(problems).toMatchObject([{ code: 'TYPES_MODEL', severity: 'error', file: 'm.onnx' }])
  expect(problems[0]?.message).toContain('JSON')
  expect([written, removed]).toEqual([[`${layerFolder}/n.d.onnx.ts`], []])
  expect(await layerFile(root, 'm.d.onnx.ts')).toContain('readonly x:')
})

test('a file of another format that cannot be read is another program’s perhaps: a warning, and nothing speaks of it', async () => {
  const use = `import './m.onnx'; const asset = './asset.tflite?O=2'`
  const root = await projectOf({ 'm.onnx': model, 'asset.tflite': 'half a fi', 'main.ts': use })
  const { written, problems } = await generate(root)
  expect(problems).toMatchObject([{ code: 'TYPES_MODEL', severity: 'warning', file: 'asset.tflite' }])
  expect(problems[0]?.message).toContain('JSON')
  expect(written).toContain(`${layerFolder}/m.d.onnx.ts`)
  expect(written.filter((file) => file.includes('asset'))).toEqual([])
  expect(await layerFile(root, 'models.d.ts')).not.toContain('asset')
})

test('one changed model is one changed file', async () => {
  const root = await projectOf({ 'a/m.onnx': model, 'n.onnx': model, 'a/main.ts': `import './m.onnx?O=3'` })
  await generate(root)
  await writeFile(join(root, 'a/m.onnx'), JSON.stringify(other))
  expect((await generate(root)).written).toEqual([`${layerFolder}/a/m.d.onnx.ts`])
  expect(await layerFile(root, 'a/m.d.onnx.ts')).toContain('readonly y:')
})

test('on Windows no file name has a question mark', async () => {
  const root = await projectOf({ 'm.onnx': model, 'main.ts': `import './m.onnx?O=3'` })
  const { written, problems } = await generate(root, { platform: 'win32' })
  expect(written.join()).not.toContain('?')
  expect(problems).toEqual([])
  expect(await layerFile(root, 'queries.d.ts')).toContain('declare module "./m.onnx?*"')
})

test('on Windows, one text for two models is an error with the way out; elsewhere each has its file', async () => {
  const root = await projectOf({
    'a/m.onnx': model,
    'b/m.onnx': other,
    'a/main.ts': `import './m.onnx?O=3'`,
    'b/main.ts': `import './m.onnx'`,
  })
  expect((await generate(root)).problems).toEqual([])
  const { problems } = await generate(root, { platform: 'win32' })
  expect(problems).toEqual([
    {
      severity: 'error',
      code: 'TYPES_COLLISION',
      file: 'a/main.ts',
      message:
        `"./m.onnx?O=3" means "a/m.onnx" or "b/m.onnx", depending on the importing file. TypeScript on Windows can't ` +
        `tell them apart. Add "imports": { "#models/*": "./*" } to package.json and import "#models/a/m.onnx?O=3" ` +
        `instead, or drop the query.`,
    },
  ])
  expect(await layerFile(root, 'queries.d.ts')).not.toContain('declare module')
  // By these names `loadModel` finds them.
  expect((await layerFile(root, 'models.d.ts')).match(/".*":/g)).toEqual(['"./a/m.onnx":', '"./b/m.onnx":'])

  await writeFile(join(root, 'package.json'), JSON.stringify({ imports: { '#here/*': './*' } }))
  const again = await generate(root, { platform: 'win32' })
  expect(again.problems[0]?.message).toContain('Import "#here/a/m.onnx?O=3" instead')
  await writeFile(join(root, 'a/main.ts'), `import '#here/a/m.onnx?O=3'`)
  expect((await generate(root, { platform: 'win32' })).problems).toEqual([])
})

test('names and queries that no type can carry are problems', async () => {
  const root = await projectOf({
    'm.onnx': model,
    'what?.onnx': model,
    'a*b.onnx': model,
    'main.ts': `import './m.onnx?opset=1.5'; import './m.onnx?x=${'y'.repeat(300)}'; import './gone.onnx?O=3'`,
  })
  const { written, problems } = await generate(root)
  expect(problems.map(({ code, file }) => [code, file])).toEqual([
    ['TYPES_MODEL_PATH', 'a*b.onnx'],
    ['TYPES_MODEL_PATH', 'what?.onnx'],
    ['TYPES_QUERY', 'main.ts'],
    ['TYPES_QUERY_LENGTH', 'main.ts'],
  ])
  expect(written).toEqual(
    ['../.gitignore', '../.prettierrc', 'm.d.onnx.ts', 'models.d.ts', 'package.json', 'queries.d.ts'].map((f) =>
      posix.join(layerFolder, f),
    ),
  )
})

test('aliases of tsconfig.json and of the bundler count', async () => {
  const root = await projectOf({
    'tsconfig.json': `{ "compilerOptions": { "paths": { "~/*": ["./src/*"] }, /* … */ } }`,
    'src/m.onnx': model,
  })
  await generate(root, { aliases: [{ pattern: '@/*', targets: ['src/*'] }] })
  const text = await layerFile(root, 'queries.d.ts')
  for (const specifier of ['~/m.onnx', '~/m.onnx?*', '@/m.onnx', '@/m.onnx?*']) {
    expect(text).toContain(`declare module "${specifier}" {`)
  }
})

test('links: a model counts, folders and broken links do not', async () => {
  const root = await projectOf({ 'models/m.onnx': model })
  await symlink(join(root, 'models/m.onnx'), join(root, 'linked.onnx'))
  await symlink(join(root, 'gone'), join(root, 'broken.onnx'))
  await symlink(root, join(root, 'circle'))
  const { written } = await generate(root)
  expect(written.filter((path) => path.includes('.d.onnx'))).toEqual([
    `${layerFolder}/linked.d.onnx.ts`,
    `${layerFolder}/models/m.d.onnx.ts`,
  ])
})

test('a project without models gets no files', async () => {
  const root = await projectOf({ 'main.ts': `import './m.onnx?O=3'`, 'tsconfig.json': {} })
  expect(await generate(root)).toEqual({ written: [], unchanged: [], removed: [], problems: [] })
  expect((await readdir(root)).sort()).toEqual(['main.ts', 'tsconfig.json'])
})

test('a layer path taken by a file is an error, not silence', async () => {
  const root = await projectOf({ 'm.onnx': model, '.onnx-mlir': 'a file' })
  await expect(generate(root)).rejects.toThrow(/ENOTDIR|EEXIST/)
})

test('what git ignores is no source, and a model there only where a source imports it', async () => {
  const root = await projectOf({
    '.gitignore': 'out-of-build\nlarge\n',
    'src/main.ts': `import '../large/used.onnx?O=1'`,
    'large/used.onnx': model,
    'out-of-build/chunk.js': `import './copy.onnx?O=2'; import '../src/m.onnx?no.directive=1'`,
    'out-of-build/copy.onnx': model,
    'src/m.onnx': model,
  })
  const unignored = await generate(root)
  expect(unignored.problems).toMatchObject([{ code: 'TYPES_QUERY', file: 'out-of-build/chunk.js' }])
  execFileSync('git', ['init', '--quiet'], { cwd: root })
  const { problems, removed } = await generate(root)
  expect(problems).toEqual([])
  expect(removed).toEqual([
    `${layerFolder}/out-of-build/copy.d.onnx.ts`,
    `${layerFolder}/out-of-build/copy.d.onnx?O=2.ts`,
  ])
  // What git knows is none of it, whatever a pattern says.
  execFileSync('git', ['add', '--force', 'out-of-build'], { cwd: root })
  expect((await generate(root)).problems).toMatchObject([{ code: 'TYPES_QUERY' }])
})

test('what TypeScript writes is no source, nor what carries our mark', async () => {
  const root = await projectOf({
    'tsconfig.json': { ...tsconfig, compilerOptions: { ...tsconfig.compilerOptions, outDir: './built/js' } },
    'built/js/main.js': `import '../../m.onnx?no.directive=1'`,
    'copied.ts': `// Generated by unplugin-onnx-mlir 0123456789abcdef.\nimport './m.onnx?no.directive=1'`,
    'm.onnx': model,
  })
  expect((await generate(root)).problems).toEqual([])
})

test('models of packages: by exports, by name, of a folder above; what is none of these is nothing', async () => {
  const above = await projectOf({
    'shared/m.onnx': model,
    'app/node_modules/exported/package.json': {
      exports: {
        './models/*': { types: './gone/*', default: './files/*' },
        './models/inner/*': null,
        '.': './index.js',
      },
    },
    'app/node_modules/exported/files/m.onnx': model,
    'app/node_modules/exported/hidden.onnx': model,
    'app/node_modules/@scope/plain/package.json': {},
    'app/node_modules/@scope/plain/deep/m.onnx': other,
    'app/node_modules/broken/package.json': '{',
    'app/node_modules/broken/m.onnx': model,
    'app/src/main.ts': `
      import 'exported/models/m.onnx'; import 'exported/models/m.onnx?O=3'; import 'exported/hidden.onnx'
      import '@scope/plain/deep/m.onnx'; import '../../shared/m.onnx?O=1'; import 'broken/m.onnx'
      import 'gone/m.onnx'; import '../../../gone.onnx'; import '/absolute.onnx'; import 'https://e.org/m.onnx'`,
  })
  const { written, problems } = await generate(join(above, 'app'))
  expect(problems).toEqual([])
  expect(written.filter((path) => path.includes('.d.onnx'))).toEqual(
    ['_/shared/m', '_modules/@scope/plain/deep/m', '_modules/exported/files/m'].map(
      (path) => `${layerFolder}/.outside/${path}.d.onnx.ts`,
    ),
  )
  const queries = await layerFile(join(above, 'app'), 'queries.d.ts')
  expect(queries.match(/declare module .*(?= \{)/g)).toEqual([
    'declare module "../../shared/m.onnx*"',
    'declare module "@scope/plain/deep/m.onnx"',
    'declare module "@scope/plain/deep/m.onnx?*"',
    'declare module "exported/models/m.onnx"',
    'declare module "exported/models/m.onnx?*"',
  ])
  expect(queries).toContain('export * from "#types/.outside/_modules/exported/files/m.onnx"')
})

test('paths of models are text wherever they stand', async () => {
  const names = [
    'quote".onnx',
    "it's.onnx",
    'back`tick.onnx',
    '${x}.onnx',
    'ünï 日本.onnx',
    'line\nbreak.onnx',
    '*end/.onnx',
  ]
  const root = await projectOf({
    ...Object.fromEntries(names.map((name) => [name, model])),
    'comment */ evil() /*/m.onnx': model,
    'package.json': { imports: { '#all/*': './*' } },
  })
  const { problems } = await generate(root)
  // Of a star TypeScript and bundlers have a meaning of their own.
  expect(new Set(problems.map(({ code }) => code))).toEqual(new Set(['TYPES_MODEL_PATH']))
  expect(problems.map(({ file }) => file)).toEqual(['*end/.onnx', 'comment */ evil() /*/m.onnx'])
  for (const name of ['models.d.ts', 'queries.d.ts']) {
    const text = await layerFile(root, name)
    expect(text).toContain(String.raw`quote\".onnx`)
    expect(text).toContain(String.raw`line\nbreak.onnx`)
    const { output } = await tsc(
      tscPaths[0] ?? '',
      ['--noResolve', '--noEmit', '--ignoreConfig', join(root, layerFolder, name)],
      root,
    )
    // Nothing but what is not resolved here.
    expect(output.split('\n').filter((line) => /error TS1\d\d\d:/.test(line))).toEqual([])
  }
})

test('a generated file that somebody edited is named and kept; one that is in the way of it, too', async () => {
  const root = await projectOf({ 'm.onnx': model, 'n.onnx': model })
  await generate(root)
  const path = join(root, layerFolder, 'm.d.onnx.ts')
  const edited = (await readFile(path, 'utf8')).replace('readonly x', 'readonly mine')
  await writeFile(path, edited)
  await writeFile(join(root, layerFolder, 'n.d.onnx.ts'), 'export {}')
  const { problems, written } = await generate(root)
  expect(problems.map(({ code, file, severity }) => [code, file, severity])).toEqual([
    ['TYPES_EDITED', `${layerFolder}/m.d.onnx.ts`, 'error'],
    ['TYPES_FOREIGN', `${layerFolder}/n.d.onnx.ts`, 'error'],
  ])
  expect(written).toEqual([])
  expect(await readFile(path, 'utf8')).toBe(edited)
})
