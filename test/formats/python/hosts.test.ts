import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build as esbuild } from 'esbuild'
import { rolldown } from 'rolldown'
import { rollup } from 'rollup'
import { build as vite } from 'vite'
import { expect, it } from 'vitest'
import { rspack as rspackCompiler } from '@rspack/core'
import webpackCompiler from 'webpack'
import esbuildPlugin from '../../../src/esbuild.ts'
import type { HostOptions } from '../../../src/plugin/models.ts'
import rolldownPlugin from '../../../src/rolldown.ts'
import rollupPlugin from '../../../src/rollup.ts'
import rspackPlugin from '../../../src/rspack.ts'
import vitePlugin from '../../../src/vite.ts'
import webpackPlugin from '../../../src/webpack.ts'
import { execute, temporaryFolder, writeFiles } from '../../hosts/app.ts'
import { callsOf, fakePython, scriptZip } from './fake.ts'

/** What the others of an app's loaders and plugins do with a file of Python: its text is the module. */
const pythonText = {
  name: 'python-text',
  transform: (code: string, id: string) =>
    id.endsWith('/other.py') ? { code: `export default ${JSON.stringify(code)}`, moduleType: 'js' as const } : null,
}

type Packer = (root: string, options: HostOptions) => Promise<unknown>

function pack(compiler: typeof webpackCompiler, plugin: (options: HostOptions) => object): Packer {
  return (root, options) =>
    new Promise((resolve, reject) => {
      compiler(
        {
          context: root,
          mode: 'production',
          target: 'node20',
          entry: './main.js',
          experiments: { outputModule: true },
          output: { path: join(root, 'out'), filename: 'main.js', module: true, library: { type: 'module' } },
          module: { rules: [{ test: /other\.py$/, type: 'asset/source' }] },
          plugins: [plugin(options) as never],
        },
        (error, stats) =>
          error || stats?.hasErrors() ? reject(error ?? new Error(stats!.toString())) : resolve(stats),
      )
    })
}

const hosts: Readonly<Record<string, Packer>> = {
  vite: (root, options) =>
    vite({
      root,
      configFile: false,
      logLevel: 'silent',
      plugins: [vitePlugin(options), pythonText],
      build: { ssr: 'main.js', outDir: 'out' },
    }),
  rollup: async (root, options) => {
    const bundle = await rollup({ input: join(root, 'main.js'), plugins: [rollupPlugin(options), pythonText] })
    await bundle.write({ dir: join(root, 'out') })
  },
  rolldown: async (root, options) => {
    const bundle = await rolldown({
      input: join(root, 'main.js'),
      platform: 'node',
      plugins: [rolldownPlugin(options), pythonText],
    })
    await bundle.write({ dir: join(root, 'out') })
  },
  esbuild: (root, options) =>
    esbuild({
      entryPoints: [join(root, 'main.js')],
      bundle: true,
      format: 'esm',
      platform: 'node',
      outdir: join(root, 'out'),
      loader: { '.py': 'text' },
      plugins: [esbuildPlugin(options)],
    }),
  webpack: pack(webpackCompiler, webpackPlugin),
  rspack: pack(rspackCompiler as unknown as typeof webpackCompiler, rspackPlugin),
}

it.each(Object.entries(hosts))('%s', { timeout: 120_000 }, async (_, build) => {
  const root = await temporaryFolder()
  const python = fakePython(join(root, 'python'), { torch: '2.6.0', tf2onnx: '1.17.0' })
  await writeFiles(root, {
    'package.json': '{ "type": "module" }',
    'net.pt': scriptZip(),
    'net.pt.json': '{ "inputs": { "x": "float32[3]" } }',
    'net.py': 'class Net: pass',
    'net/saved_model.pb': 'anything',
    'other.py': 'print(1)',
    'lang.pt.js': 'export default "olá"',
    'main.js': `
      import script from './net.pt'
      import module from './net.py?export=Net'
      import saved from './net/saved_model.pb'
      import other from './other.py'
      import lang from './lang.pt.js'
      const results = [script, module, saved].map((model) => [...model.runSync({ x: [1, 2, 3] }).y.data])
      console.log(JSON.stringify([...results, other, lang]))`,
  })
  await build(root, { python, cache: join(root, 'cache'), types: false })
  expect(await execute(join(root, 'out/main.js'))).toEqual([[2, 3, 4], [2, 3, 4], [2, 3, 4], 'print(1)', 'olá'])
  expect(
    callsOf(python)
      .jobs.map(({ kind, export: name }) => [kind, name])
      .sort(),
  ).toEqual([
    ['module', 'Net'],
    ['savedmodel', ''],
    ['torchscript', ''],
  ])
})

it('a name that stands for a file of another kind stays the bundler’s', async () => {
  const root = await temporaryFolder()
  await writeFiles(root, {
    'lang.pt.js': 'export default "olá"',
    'main.js': `import lang from './lang.pt'\nconsole.log(JSON.stringify(lang))`,
  })
  writeFileSync(join(root, 'package.json'), '{ "type": "module" }')
  await hosts['vite']!(root, { types: false })
  expect(await execute(join(root, 'out/main.js'))).toBe('olá')
})
