import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import webpack, { type Compiler, type Configuration } from 'webpack'
import webpackPlugin from '../../src/webpack.ts'
import { execute, filesBelow, moveElsewhere, temporaryFolder, writeFiles } from './app.ts'
import { runWebpack, webpackLoader } from './hosts.ts'
import { addModel } from './models.ts'

const app = {
  'main.js': `
    import model from './add.onnx'
    model.run({ x: new Float32Array([1, 2, 3]) }).then(({ y }) => console.log(JSON.stringify([...y.data])))`,
  'add.onnx': addModel(10),
}

function config(root: string, more: Configuration = {}): Configuration {
  return {
    mode: 'production',
    target: 'node',
    context: root,
    entry: join(root, 'main.js'),
    output: { path: join(root, 'out'), filename: 'main.cjs' },
    plugins: [webpackPlugin({ root })],
    ...more,
  }
}

const ways = [
  { way: 'plugin', rules: (root: string): Configuration => ({ plugins: [webpackPlugin({ root })] }) },
  {
    way: 'loader',
    rules: (root: string): Configuration => ({
      plugins: [],
      module: { rules: [{ test: /\.(onnx|tflite|pt2|tfjs)$/, use: { loader: webpackLoader, options: { root } } }] },
    }),
  },
]

test.each(ways)('$way: files are there after a build out of the filesystem cache', async ({ rules }) => {
  const root = await temporaryFolder()
  await writeFiles(root, app)
  const cache = { type: 'filesystem' as const, cacheDirectory: join(root, 'cache') }
  const build = () => runWebpack(config(root, { ...rules(root), cache }))

  await build()
  const first = await filesBelow(join(root, 'out'))
  await rm(join(root, 'out'), { recursive: true })
  await build()
  expect(await filesBelow(join(root, 'out'))).toEqual(first)
  expect(await execute(join(await moveElsewhere(join(root, 'out')), 'main.cjs'))).toEqual([11, 12, 13])

  // And the cache is no obstacle to a new model.
  await writeFiles(root, { 'add.onnx': addModel(20) })
  await build()
  expect(await execute(join(root, 'out/main.cjs'))).toEqual([21, 22, 23])
})

test.each(ways)('$way: webpack never reads the model as a source', async ({ rules }) => {
  const root = await temporaryFolder()
  await writeFiles(root, app)
  const read: string[] = []
  const spy = (compiler: Compiler) => {
    const fileSystem = compiler.inputFileSystem!
    const readFile = fileSystem.readFile.bind(fileSystem)
    fileSystem.readFile = ((path: string, ...rest: [never]) => {
      read.push(path)
      readFile(path, ...rest)
    }) as typeof fileSystem.readFile
  }
  const { plugins, ...more } = rules(root)
  // Snapshots of production builds hash each dependency of a module, whatever it is: not what is asked here.
  const snapshot = { module: { timestamp: true } }
  await runWebpack(config(root, { ...more, plugins: [...plugins!, { apply: spy }], snapshot }))
  expect(read).toContain(join(root, 'main.js'))
  expect(read.filter((path) => path.endsWith('.onnx'))).toEqual([])
})

test.each(ways)('$way: a watched build has the changed model', async ({ rules }) => {
  const root = await temporaryFolder()
  await writeFiles(root, app)
  const results: (unknown | Error)[] = []
  const compiler = webpack(config(root, rules(root)))
  const watching = compiler.watch({ aggregateTimeout: 20 }, (error, stats) => {
    results.push(error ?? (stats?.hasErrors() ? new Error(stats.toString()) : stats))
  })
  try {
    await expect.poll(() => results.length, { timeout: 20_000 }).toBeGreaterThan(0)
    expect(await execute(join(root, 'out/main.cjs'))).toEqual([11, 12, 13])
    await writeFiles(root, { 'add.onnx': addModel(20) })
    await expect.poll(() => execute(join(root, 'out/main.cjs')), { timeout: 20_000 }).toEqual([21, 22, 23])
    expect(results.filter((result) => result instanceof Error)).toEqual([])
  } finally {
    await new Promise((done) => watching!.close(done))
  }
})

test.each(ways)('$way: code for browsers gets WebAssembly', async ({ rules }) => {
  const root = await temporaryFolder()
  await writeFiles(root, { ...app, 'main.js': app['main.js'].replace('add.onnx', 'add.onnx?files=url') })
  await runWebpack(config(root, { ...rules(root), target: 'web' }))
  expect(await filesBelow(join(root, 'out'))).toEqual([
    expect.stringMatching(/^assets\/add-[0-9a-f]{8}\.wasm$/),
    'main.cjs',
  ])
})

test('a broken model is an error of its module, told without a stack', async () => {
  const root = await temporaryFolder()
  await writeFiles(root, { ...app, 'add.onnx': 'not a model' })
  const failure: unknown = await runWebpack(config(root)).catch((error: unknown) => error)
  expect(String(failure)).toMatch(/add\.onnx/)
  expect(String(failure)).not.toMatch(/^\s+at /m)
})

test('a query that is for webpack is left to it', async () => {
  const root = await temporaryFolder()
  await writeFiles(root, {
    ...app,
    'main.js': `import { readFileSync } from 'node:fs'
      import url from './add.onnx?url'
      console.log(JSON.stringify(readFileSync(__dirname + '/' + url.split('?')[0]).length))`,
  })
  const rule = { test: /\.onnx$/, resourceQuery: /url/, type: 'asset/resource' }
  await runWebpack(config(root, { module: { rules: [rule] }, node: { __dirname: false } }))
  expect(await execute(join(root, 'out/main.cjs'))).toBe(addModel(10).length)
})
