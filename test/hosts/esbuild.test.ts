import { join } from 'node:path'
import { build, type BuildFailure, type BuildOptions, context } from 'esbuild'
import { expect, test } from 'vitest'
import esbuildPlugin from '../../src/esbuild.ts'
import { execute, filesBelow, moveElsewhere, temporaryFolder, writeFiles } from './app.ts'
import { addModel } from './models.ts'

const app = {
  'main.js': `
    import model from './add.onnx'
    model.run({ x: new Float32Array([1, 2, 3]) }).then(({ y }) => console.log(JSON.stringify([...y.data])))`,
  'add.onnx': addModel(10),
}

function options(root: string): BuildOptions {
  return {
    absWorkingDir: root,
    entryPoints: [join(root, 'main.js')],
    bundle: true,
    platform: 'node',
    logLevel: 'silent',
    plugins: [esbuildPlugin({ root })],
  }
}

test('outfile: the files stand beside it', async () => {
  const root = await temporaryFolder()
  await writeFiles(root, app)
  await build({ ...options(root), outfile: join(root, 'out/app.cjs') })
  const moved = await moveElsewhere(join(root, 'out'))
  expect(await filesBelow(moved)).toEqual([
    expect.stringMatching(/^add-\w{8}\.so$/),
    'app.cjs',
    expect.stringMatching(/^onnx-mlir-\w{8}\.node$/),
  ])
  expect(await execute(join(moved, 'app.cjs'))).toEqual([11, 12, 13])
})

test('write: false gives the files, and writes nothing', async () => {
  const root = await temporaryFolder()
  await writeFiles(root, app)
  const { outputFiles } = await build({ ...options(root), outfile: join(root, 'out/app.cjs'), write: false })
  expect(await filesBelow(root)).not.toContainEqual(expect.stringMatching(/^out/))

  const moved = await temporaryFolder()
  await writeFiles(
    moved,
    Object.fromEntries(outputFiles.map(({ path, contents }) => [path.slice(root.length), contents])),
  )
  expect(await execute(join(moved, 'out/app.cjs'))).toEqual([11, 12, 13])
})

test('the metafile knows the files', async () => {
  const root = await temporaryFolder()
  await writeFiles(root, app)
  const { metafile } = await build({
    ...options(root),
    outdir: join(root, 'out'),
    metafile: true,
    assetNames: 'a/[name]-[hash]',
  })
  const outputs = Object.entries(metafile.outputs).filter(([path]) => /\.(so|node)$/.test(path))
  expect(outputs.map(([path]) => path).sort()).toEqual([
    expect.stringMatching(/^out\/a\/add-\w{8}\.so$/),
    expect.stringMatching(/^out\/a\/onnx-mlir-\w{8}\.node$/),
  ])
  for (const [, { bytes }] of outputs) expect(bytes).toBeGreaterThan(0)
})

test('a rebuild has the changed model', async () => {
  const root = await temporaryFolder()
  await writeFiles(root, app)
  const builder = await context({ ...options(root), outfile: join(root, 'out/app.cjs') })
  try {
    await builder.rebuild()
    expect(await execute(join(root, 'out/app.cjs'))).toEqual([11, 12, 13])
    await writeFiles(root, { 'add.onnx': addModel(20) })
    await builder.rebuild()
    expect(await execute(join(root, 'out/app.cjs'))).toEqual([21, 22, 23])
  } finally {
    await builder.dispose()
  }
})

test('watch notices the model', async () => {
  const root = await temporaryFolder()
  await writeFiles(root, app)
  const builder = await context({ ...options(root), outfile: join(root, 'out/app.cjs') })
  try {
    await builder.watch()
    await expect.poll(() => execute(join(root, 'out/app.cjs')), { timeout: 20_000 }).toEqual([11, 12, 13])
    await writeFiles(root, { 'add.onnx': addModel(20) })
    await expect.poll(() => execute(join(root, 'out/app.cjs')), { timeout: 20_000 }).toEqual([21, 22, 23])
  } finally {
    await builder.dispose()
  }
})

test('an error of a model names the plugin and the file', async () => {
  const root = await temporaryFolder()
  await writeFiles(root, { ...app, 'add.onnx': 'not a model' })
  const failure = await build({ ...options(root), outdir: join(root, 'out') }).catch((error: BuildFailure) => error)
  expect(failure.errors).toMatchObject([
    { pluginName: 'onnx-mlir', text: expect.stringContaining('add.onnx'), location: { file: 'main.js', line: 2 } },
  ])
})

test('an error of a directive names the plugin and the import', async () => {
  const root = await temporaryFolder()
  await writeFiles(root, { ...app, 'main.js': `import './add.onnx?tarjet=host'` })
  const failure = await build({ ...options(root), outdir: join(root, 'out') }).catch((error: BuildFailure) => error)
  expect(failure.errors).toMatchObject([
    {
      pluginName: 'onnx-mlir',
      text: expect.stringMatching(/"tarjet".*Did you mean "target"\?/),
      location: { file: 'main.js', line: 1 },
      detail: { code: 'USAGE_DIRECTIVE' },
    },
  ])
})

test('without a platform, code is for browsers and gets WebAssembly', async () => {
  const root = await temporaryFolder()
  await writeFiles(root, app)
  const plugins = [esbuildPlugin({ root, files: 'url' })]
  const browser = { ...options(root), platform: undefined, plugins, outfile: join(root, 'out/app.js') }
  await build(browser)
  expect(await filesBelow(join(root, 'out'))).toEqual([expect.stringMatching(/^add-\w{8}\.wasm$/), 'app.js'])
})
