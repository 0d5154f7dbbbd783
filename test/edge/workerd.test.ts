import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build as esbuildBuild, type BuildOptions } from 'esbuild'
import { rolldown } from 'rolldown'
import { rollup } from 'rollup'
import { build as buildVite8, type InlineConfig } from 'vite'
import { build as buildVite7 } from 'vite7'
import { describe, expect, test } from 'vitest'
import esbuildPlugin from '../../src/esbuild.ts'
import rolldownPlugin from '../../src/rolldown.ts'
import rollupPlugin from '../../src/rollup.ts'
import vitePlugin from '../../src/vite.ts'
import { filesBelow, moveElsewhere, temporaryFolder, writeFiles } from '../hosts/app.ts'
import { denseModel, denseSignature } from '../hosts/browser/models.ts'
import { webpackLoader, runWebpack } from '../hosts/hosts.ts'
import { addModel } from '../hosts/models.ts'
import { expectClose, onnxruntime, randomInputs, reference } from '../onnxruntime.ts'
import { miniflare, startWorker } from './runtimes.ts'

const ort = onnxruntime()

/** A worker's own way to say that it is for the edge: by the host's conditions, by the plugin's option, by a directive. */
interface EdgeHost {
  readonly name: string
  readonly query?: string
  /** Builds `deep/worker.js`, and gives where the worker is below the output folder. */
  build(root: string, outDir: string): Promise<string>
}

const hosts: readonly EdgeHost[] = [
  withEsbuild('condition', { conditions: ['workerd'] }),
  withEsbuild('splitting', {
    conditions: ['workerd'],
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    minify: true,
  }),
  { ...withEsbuild('directive', { platform: 'neutral', assetNames: 'models/[name]-[hash]' }), query: '?files=module' },
  {
    name: 'rollup, option',
    async build(root, outDir) {
      const plugins = [rollupPlugin({ root, platform: 'edge' })]
      const bundle = await rollup({ input: { 'deep/worker': join(root, 'deep/worker.js') }, plugins })
      await bundle.write({ format: 'es', dir: outDir, sourcemap: true, chunkFileNames: 'chunks/[name].js' })
      await bundle.close()
      return 'deep/worker.js'
    },
  },
  {
    name: 'rolldown, condition',
    async build(root, outDir) {
      const bundle = await rolldown({
        input: { 'deep/worker': join(root, 'deep/worker.js') },
        plugins: [rolldownPlugin({ root })],
        resolve: { conditionNames: ['workerd', 'import'] },
      })
      await bundle.write({ format: 'es', dir: outDir, chunkFileNames: 'chunks/[name].js' })
      await bundle.close()
      return 'deep/worker.js'
    },
  },
  withVite(8),
  withVite(7),
]

function withEsbuild(name: string, config: BuildOptions): EdgeHost {
  return {
    name: `esbuild, ${name}`,
    async build(root, outDir) {
      await esbuildBuild({
        entryPoints: { 'deep/worker': join(root, 'deep/worker.js') },
        outdir: outDir,
        absWorkingDir: root,
        bundle: true,
        format: 'esm',
        logLevel: 'silent',
        plugins: [esbuildPlugin({ root })],
        ...config,
      })
      return 'deep/worker.js'
    },
  }
}

function withVite(version: 7 | 8): EdgeHost {
  return {
    name: `vite ${version}, conditions of the server`,
    async build(root, outDir) {
      const config: InlineConfig = {
        root,
        configFile: false,
        logLevel: 'silent',
        plugins: [vitePlugin({ root })],
        ssr: { target: 'webworker', noExternal: true, resolve: { conditions: ['workerd', 'module'] } },
        build: { outDir, emptyOutDir: true, ssr: 'deep/worker.js' },
      }
      // One plugin for both: only its type is that of one version.
      await (version === 8 ? buildVite8(config) : buildVite7(config as object))
      return 'worker.js'
    },
  }
}

describe.skipIf(!miniflare).each(hosts)('$name', ({ query = '', build }) => {
  test('a worker of workerd runs its models', async () => {
    const root = await temporaryFolder()
    await writeFiles(root, {
      'package.json': '{ "type": "module" }',
      'deep/worker.js': `
        import dense from '../dense.onnx${query}'
        import add from '../add.onnx${query}'
        const sum = add.runSync({ x: Float32Array.of(1, 2, 3) }).y.data // at once, while the worker starts
        export default {
          async fetch(request) {
            const sets = await request.json()
            const other = await import('./other.js')
            const products = sets.map((x) => [...dense.runSync({ x: Float32Array.from(x) }).y.data])
            return Response.json({ sum: [...sum], again: await other.again(), products })
          },
        }`,
      'deep/other.js': `
        import add from '../add.onnx${query}'
        export const again = async () => [...(await add.run({ x: Float32Array.of(0, 0, 0) })).y.data]`,
      'add.onnx': addModel(10),
      'dense.onnx': denseModel(7),
    })
    const script = await build(root, join(root, 'out'))
    const moved = await moveElsewhere(join(root, 'out'))

    // Weights of 1.4 MiB are inside: at the edge is nowhere to fetch them from.
    const binaries = (await filesBelow(moved)).filter((file) => !/\.(m?js|map)$/.test(file))
    expect(binaries.map((file) => file.replace(/^.*\//, ''))).toEqual([
      expect.stringMatching(/^add-[\w-]+\.wasm$/),
      expect.stringMatching(/^dense-[\w-]+\.wasm$/),
    ])
    expect((await readFile(join(moved, binaries[1]!))).length).toBeGreaterThan(denseModel(7).length)

    const sets = [randomInputs(denseSignature, 1), randomInputs(denseSignature, 2)]
    const post = startWorker(moved, script)
    const answer = (await post(sets.map(({ x }) => x))) as { sum: number[]; again: number[]; products: number[][] }
    expect(answer.sum).toEqual([11, 12, 13])
    expect(answer.again).toEqual([10, 10, 10])
    if (!ort) return
    const expected = await reference(ort, join(root, 'dense.onnx'), denseSignature, sets)
    expectClose({ dense: answer.products.map((y) => ({ y })) }, { dense: expected })
  })
})

test.skipIf(!miniflare)('what is inline can not be compiled at the edge, which the error says', async () => {
  const root = await temporaryFolder()
  await writeFiles(root, {
    'package.json': '{}',
    'deep/worker.js': `
      import add from '../add.onnx?files=inline'
      export default { fetch: async () => Response.json(await add.load().catch(({ code, message }) => [code, message])) }`,
    'add.onnx': addModel(10),
  })
  const script = await hosts[0]!.build(root, join(root, 'out'))
  expect(await startWorker(join(root, 'out'), script)([])).toEqual([
    'LOAD_CSP',
    'add.onnx: this host compiles no WebAssembly while a program runs: build with files=module',
  ])
})

test('webpack says that it has no such imports', async () => {
  const root = await temporaryFolder()
  await writeFiles(root, {
    'package.json': '{}',
    'main.js': `import add from './add.onnx?files=module'\nadd.runSync({ x: Float32Array.of(1, 2, 3) })`,
    'add.onnx': addModel(10),
  })
  const rule = { test: /\.(onnx|tflite|pt2|tfjs)$/, use: { loader: webpackLoader, options: { root } } }
  const built = runWebpack({ mode: 'production', context: root, entry: './main.js', module: { rules: [rule] } })
  await expect(built).rejects.toThrow(/add\.onnx: files=module is for hosts whose output imports WebAssembly/)
})
