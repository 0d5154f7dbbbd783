import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build as esbuildBuild } from 'esbuild'
import { build as viteBuild, createBuilder, createLogger } from 'vite'
import { rolldown } from 'rolldown'
import { describe, expect, test } from 'vitest'
import esbuildPlugin from '../../src/esbuild.ts'
import { type BuildResult, createPipeline, type Pipeline } from '../../src/pipeline/index.ts'
import rolldownPlugin from '../../src/rolldown.ts'
import vitePlugin from '../../src/vite.ts'
import webpackPlugin from '../../src/webpack.ts'
import { execute, filesBelow, moveElsewhere, temporaryFolder, writeFiles } from './app.ts'
import { withConstants } from './constants.ts'
import { hosts, oneOfEach, runWebpack } from './hosts.ts'
import { addModel, twoModels, twoSums } from './models.ts'

describe.each(hosts)('$name', (host) => {
  test('constants keep their name, those of two models apart', async () => {
    const root = await temporaryFolder()
    await writeFiles(root, twoModels())
    const options = { pipeline: withConstants(root) }
    const app = await host.build({ root, entries: { 'deep/main': 'main.js' }, outDir: join(root, 'out'), options })

    const moved = await moveElsewhere(join(root, 'out'))
    const constants = (await filesBelow(moved)).filter((file) => file.endsWith('/model.constants.bin'))
    const contents = await Promise.all(constants.map((file) => readFile(join(moved, file), 'utf8')))
    expect(contents.sort()).toEqual(['constants of first/add.onnx', 'constants of second/add.onnx'])
    expect(await execute(join(moved, app.file('deep/main')))).toEqual(twoSums)
  })
})

describe.each(oneOfEach)('$name', (host) => {
  test('one model under several ids is compiled once', async () => {
    const root = await temporaryFolder()
    await writeFiles(root, {
      'main.js': `
        export { default as first } from './add.onnx?O=2&target=host'
        export { default as second } from './add.onnx?target=host&O=2'
        export { default as third } from './copy/add.onnx?O=2'`,
      'add.onnx': addModel(10),
      'copy/add.onnx': addModel(10),
    })
    const builds: BuildResult[] = []
    const kept = createPipeline({ cache: false })
    const pipeline: Pipeline = {
      async build(id, context) {
        const built = await kept.build(id, context)
        builds.push(built)
        return built
      },
    }
    await host.build({ root, entries: { main: 'main.js' }, outDir: join(root, 'out'), options: { pipeline } })
    expect(builds.filter(({ cached }) => !cached)).toHaveLength(1)
    expect((await filesBelow(join(root, 'out'))).filter((file) => file.endsWith('.so'))).toHaveLength(1)
  })

  test('a model that cannot be read stops the build', async () => {
    const root = await temporaryFolder()
    await writeFiles(root, { 'main.js': `export { default } from './add.onnx'`, 'add.onnx': 'not a model' })
    const build = host.build({ root, entries: { main: 'main.js' }, outDir: join(root, 'out') })
    await expect(build).rejects.toThrow(/add\.onnx/)
  })

  test.each(['./gone.onnx?O=1', './gone.onnx', '#gone/gone.onnx'])(
    'a model that is not there: %s',
    async (specifier) => {
      const root = await temporaryFolder()
      await writeFiles(root, { 'main.js': `export { default } from '${specifier}'` })
      const build = host.build({ root, entries: { main: 'main.js' }, outDir: join(root, 'out') })
      await expect(build).rejects.toThrow(/gone\.onnx/)
    },
  )
})

const app = {
  'main.js': `
    import model from './add.onnx'
    model.run({ x: new Float32Array([1, 2, 3]) }).then(({ y }) => console.log(JSON.stringify([...y.data])))`,
  'add.onnx': addModel(10),
}

test('Vite: one build of client and server has native code in the server and WebAssembly in the client', async () => {
  const root = await temporaryFolder()
  await writeFiles(root, app)
  const environment = (outDir: string) => ({
    build: { outDir, rolldownOptions: { input: join(root, 'main.js'), output: { entryFileNames: '[name].mjs' } } },
  })
  const builder = await createBuilder({
    root,
    configFile: false,
    logLevel: 'silent',
    plugins: [vitePlugin({ files: 'url' })],
    builder: { sharedConfigBuild: true },
    environments: { client: environment('out/client'), ssr: environment('out/server') },
  })
  await builder.buildApp()

  const moved = await moveElsewhere(join(root, 'out'))
  expect(await execute(join(moved, 'server/main.mjs'))).toEqual([11, 12, 13])
  expect(await filesBelow(join(moved, 'server'))).toEqual([
    expect.stringMatching(/^assets\/add-[0-9a-f]{8}\.so$/),
    expect.stringMatching(/^assets\/onnx-mlir-[0-9a-f]{8}\.node$/),
    'main.mjs',
  ])
  expect(await filesBelow(join(moved, 'client'))).toEqual([
    expect.stringMatching(/^assets\/add-[\w-]{8}\.wasm$/),
    'main.mjs',
  ])
})

test('what directives ask of servers is told once for code that runs in browsers', async () => {
  const root = await temporaryFolder()
  await writeFiles(root, {
    'main.js': `
      export { default as first } from './add.onnx?target=z16&compiler=onnx-mlir'
      export { default as second } from './copy/add.onnx?compiler=onnx-mlir&target=z16,wasm'
      export { default as third } from './add.onnx?target=host'`,
    'add.onnx': addModel(10),
    'copy/add.onnx': addModel(10),
  })
  const lines: string[] = []
  const customLogger = { ...createLogger('silent'), info: (line: string) => void lines.push(line) }
  await viteBuild({
    root,
    configFile: false,
    customLogger,
    plugins: [vitePlugin({ files: 'url' })],
    build: { rolldownOptions: { input: join(root, 'main.js'), preserveEntrySignatures: 'strict' } },
  })
  expect(lines.filter((line) => line.includes('for servers'))).toEqual([
    expect.stringMatching(
      /code for browsers gets WebAssembly of the built-in compiler; target=z16 and compiler=onnx-mlir are for servers/,
    ),
  ])
  expect(await filesBelow(join(root, 'dist/assets'))).toEqual([
    expect.stringMatching(/^add-[\w-]{8}\.wasm$/),
    expect.stringMatching(/^main-[\w-]{8}\.js$/),
  ])
})

test('a library for browsers whose models are pinned to a native target is warned, with the setting for Node', async () => {
  const root = await temporaryFolder()
  await writeFiles(root, {
    'package.json': '{}',
    'main.js': `
      export { default as first } from './add.onnx?target=z16'
      export { default as second } from './copy/add.onnx?target=z16'`,
    'add.onnx': addModel(10),
    'copy/add.onnx': addModel(10),
  })
  const warnings: string[] = []
  const customLogger = { ...createLogger('silent'), warn: (line: string) => void warnings.push(line) }
  const lib = { entry: 'main.js', formats: ['es' as const] }
  await viteBuild({ root, configFile: false, customLogger, plugins: [vitePlugin()], build: { lib } })
  const built = await esbuildBuild({
    entryPoints: [join(root, 'main.js')],
    bundle: true,
    write: false,
    outdir: join(root, 'out'),
    logLevel: 'silent',
    plugins: [esbuildPlugin({ root })],
  })
  warnings.push(...built.warnings.map(({ text }) => text))
  const { warnings: ofWebpack } = await runWebpack({
    mode: 'production',
    context: root,
    entry: './main.js',
    output: { path: join(root, 'webpack'), library: { type: 'commonjs2' } },
    plugins: [webpackPlugin({ root })],
  })
  warnings.push(...(ofWebpack ?? []).map(({ message }) => message))
  const [vite, esbuild, webpack] = ['build.ssr: true', "platform: 'node'", "target: 'node'"].map((setting) =>
    expect.stringContaining(
      `target=z16 is for servers (what runs in Node is built with ${setting}; else take target=wasm)`,
    ),
  )
  expect(warnings.filter((line) => line.includes('for servers'))).toEqual([vite, esbuild, webpack])

  // Whoever says that it is for browsers knows.
  warnings.length = 0
  const plugins = [vitePlugin({ platform: 'browser' })]
  await viteBuild({ root, configFile: false, customLogger, plugins, build: { lib } })
  expect(warnings.filter((line) => line.includes('for servers'))).toEqual([])
})

test('Vite: write: false gives the files of a server build', async () => {
  const root = await temporaryFolder()
  await writeFiles(root, app)
  const result = await viteBuild({
    root,
    configFile: false,
    logLevel: 'silent',
    plugins: [vitePlugin()],
    build: { ssr: 'main.js', write: false },
  })
  const outputs = 'output' in result ? result.output : []
  expect(outputs.map(({ fileName }) => fileName).sort()).toEqual([
    expect.stringMatching(/^assets\/add-[0-9a-f]{8}\.so$/),
    expect.stringMatching(/^assets\/onnx-mlir-[0-9a-f]{8}\.node$/),
    'main.mjs',
  ])
})

test('Rolldown: platform browser gets WebAssembly', async () => {
  const root = await temporaryFolder()
  await writeFiles(root, app)
  const bundle = await rolldown({
    input: join(root, 'main.js'),
    platform: 'browser',
    plugins: [rolldownPlugin({ root, files: 'url' })],
  })
  const { output } = await bundle.generate()
  expect(output.map(({ fileName }) => fileName)).toEqual([
    'main.js',
    expect.stringMatching(/^assets\/add-[0-9a-f]{8}\.wasm$/),
  ])
})
