import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { execute, filesBelow, moveElsewhere, writeFiles } from '../hosts/app.ts'
import { addModel } from '../hosts/models.ts'
import { installed, projectFolder, runTool } from './framework.ts'

// What publishes packages for Node: both formats, run from elsewhere by the Node that runs this test.

interface Builder {
  readonly name: string
  readonly tool: string
  readonly args: readonly string[]
  readonly config: Readonly<Record<string, string>>
  /** Names of the two outputs. */
  readonly esm: string
  readonly cjs: string
  /** What it does with native files. */
  readonly files: readonly unknown[]
  readonly says?: RegExp
}

/** Two models and what loads them. */
const besideIt = [
  expect.stringMatching(/^assets\/add-\w{8}\.so$/),
  expect.stringMatching(/^assets\/more-\w{8}\.so$/),
  expect.stringMatching(/^assets\/onnx-mlir-\w{8}\.node$/),
]

const builders: readonly Builder[] = [
  {
    name: 'tsup',
    tool: 'tsup/dist/cli-default.js',
    args: [],
    config: {
      'tsup.config.js': `
        import onnx from 'unplugin-onnx-mlir/esbuild'
        export default { entry: ['index.js'], format: ['esm', 'cjs'], esbuildPlugins: [onnx()] }`,
    },
    esm: 'index.js',
    cjs: 'index.cjs',
    files: [],
    says: /tsup .* JavaScript \(files=inline\)/,
  },
  {
    name: 'tsdown',
    tool: 'tsdown/dist/run.mjs',
    args: [],
    config: {
      'tsdown.config.mjs': `
        import onnx from 'unplugin-onnx-mlir/rolldown'
        export default { entry: ['index.js'], format: ['esm', 'cjs'], fixedExtension: false, dts: false, plugins: [onnx()] }`,
    },
    esm: 'index.js',
    cjs: 'index.cjs',
    files: besideIt,
  },
  {
    name: 'rslib',
    tool: '@rslib/core/bin/rslib.js',
    args: ['build'],
    config: {
      'rslib.config.mjs': `
        import onnx from 'unplugin-onnx-mlir/rsbuild'
        export default {
          lib: [{ format: 'esm', syntax: 'es2023' }, { format: 'cjs', syntax: 'es2023' }],
          source: { entry: { index: './index.js' } },
          output: { target: 'node' },
          plugins: [onnx()],
        }`,
    },
    esm: 'index.js',
    cjs: 'index.cjs',
    files: besideIt,
  },
]

describe.each(builders)('$name', ({ name, tool, args, config, esm, cjs, files, says }) => {
  const framework = installed(name)

  test.skipIf(!framework)('both formats of a package run its models natively', async () => {
    const root = await projectFolder(framework!)
    await writeFiles(root, {
      'package.json': '{ "name": "adding", "private": true, "type": "module" }',
      'index.js': `
        import add, { target } from './add.onnx'
        import more from './more.onnx'
        const x = Float32Array.of(1, 2, 3)
        export const sums = async () => [...(await add.run({ x })).y.data, ...(await more.run({ x })).y.data, target === 'wasm']`,
      'add.onnx': addModel(10),
      'more.onnx': addModel(20),
      ...config,
    })
    const said = await runTool(root, join(framework!, 'node_modules', tool), args)
    expect(said).not.toMatch(/warn/i)
    if (says) expect(said).toMatch(says)

    const moved = await moveElsewhere(join(root, 'dist'))
    await rm(root, { recursive: true })
    expect((await filesBelow(moved)).filter((file) => /\.(so|node|onnx)$/.test(file))).toEqual(files)
    const print = `.then((sums) => console.log(JSON.stringify(sums)))`
    await writeFiles(moved, {
      'package.json': '{ "type": "module" }',
      'esm.mjs': `import { sums } from './${esm}'\nsums()${print}`,
      'cjs.cjs': `require('./${cjs}').sums()${print}`,
    })
    for (const file of ['esm.mjs', 'cjs.cjs'])
      expect(await execute(join(moved, file))).toEqual([11, 12, 13, 21, 22, 23, false])
  })
})
