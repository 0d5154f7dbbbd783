import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createRsbuild, type RsbuildConfig } from '@rsbuild/core'
import { rspack } from '@rspack/core'
import { build as esbuildBuild } from 'esbuild'
import { rolldown } from 'rolldown'
import { rollup } from 'rollup'
import type { Configuration } from 'webpack'
import { describe, expect, test } from 'vitest'
import esbuildPlugin from '../../../src/esbuild.ts'
import rolldownPlugin from '../../../src/rolldown.ts'
import rollupPlugin from '../../../src/rollup.ts'
import rsbuildPlugin from '../../../src/rsbuild.ts'
import rspackPlugin from '../../../src/rspack.ts'
import webpackPlugin from '../../../src/webpack.ts'
import { expectClose, onnxruntime, randomInputs, reference } from '../../onnxruntime.ts'
import { chromium } from '../../report/browser.ts'
import { filesBelow, moveElsewhere, temporaryFolder, writeFiles } from '../app.ts'
import { runWebpack } from '../hosts.ts'
import { addModel } from '../models.ts'
import { oneOfEachWeb } from './hosts.ts'
import { denseModel, denseSignature } from './models.ts'
import { openPage, serveSite } from './site.ts'

const ort = onnxruntime()

const worker = `
  import model from './add.onnx?files=url'
  onmessage = async ({ data }) => postMessage([...(await model.run({ x: data })).y.data])`

const ask = `
  globalThis.sum = () => new Promise((done, failed) => {
    worker.onmessage = ({ data }) => done(data)
    worker.onerror = ({ message }) => failed(new Error(message))
    worker.postMessage(new Float32Array([1, 2, 3]))
  })`

const app = {
  'package.json': '{}',
  'main.js': `const worker = new Worker(new URL('./worker.js', import.meta.url))\n${ask}`,
  /** For hosts that know nothing of workers: an entry by itself. */
  'page.js': `const worker = new Worker('worker.js')\n${ask}`,
  'worker.js': worker,
  'add.onnx': addModel(10),
}

const page = (script: string): string => `<!doctype html><title>test</title><script src="${script}"></script>`

/** Builds a page whose worker runs a model. */
const hosts: Record<string, (root: string, outDir: string) => Promise<void>> = {
  async 'webpack, a worker of its own'(root, outDir) {
    await runWebpack(webpackConfig(root, outDir))
    await writeFile(join(outDir, 'index.html'), page('main.js'))
  },
  async 'webpack, target webworker'(root, outDir) {
    await runWebpack({
      ...webpackConfig(root, outDir),
      target: 'webworker',
      entry: { worker: join(root, 'worker.js') },
    })
    await writeFiles(outDir, { 'page.js': app['page.js'], 'index.html': page('page.js') })
  },
  async rspack(root, outDir) {
    const compiler = rspack({
      mode: 'production',
      context: root,
      entry: { main: join(root, 'main.js') },
      output: { path: outDir },
      plugins: [rspackPlugin({ root })],
    })
    await new Promise<void>((done, failed) => compiler.run((error) => (error ? failed(error) : done())))
    await new Promise((done) => compiler.close(done))
    await writeFile(join(outDir, 'index.html'), page('main.js'))
  },
  async rsbuild(root, outDir) {
    const builder = await createRsbuild({ cwd: root, rsbuildConfig: rsbuildConfig(root, outDir) })
    await (await builder.build()).close()
  },
  async 'esbuild, iife'(root, outDir) {
    await esbuildBuild({
      entryPoints: [join(root, 'page.js'), join(root, 'worker.js')],
      outdir: outDir,
      bundle: true,
      logLevel: 'silent',
      plugins: [esbuildPlugin({ root })],
    })
    await writeFile(join(outDir, 'index.html'), page('page.js'))
  },
  async 'rollup, iife'(root, outDir) {
    const bundle = await rollup({
      input: join(root, 'worker.js'),
      plugins: [rollupPlugin({ root, platform: 'browser' })],
    })
    await bundle.write({ format: 'iife', dir: outDir })
    await writeFiles(outDir, { 'page.js': app['page.js'], 'index.html': page('page.js') })
  },
  async 'rolldown, iife'(root, outDir) {
    const bundle = await rolldown({
      input: join(root, 'worker.js'),
      platform: 'browser',
      plugins: [rolldownPlugin({ root })],
    })
    await bundle.write({ format: 'iife', dir: outDir })
    await bundle.close()
    await writeFiles(outDir, { 'page.js': app['page.js'], 'index.html': page('page.js') })
  },
}

function webpackConfig(root: string, outDir: string): Configuration {
  return {
    mode: 'production',
    context: root,
    entry: { main: join(root, 'main.js') },
    output: { path: outDir },
    plugins: [webpackPlugin({ root })],
  }
}

function rsbuildConfig(root: string, outDir: string): RsbuildConfig {
  return {
    logLevel: 'silent',
    source: { entry: { index: join(root, 'main.js') } },
    output: { distPath: { root: outDir }, assetPrefix: 'auto' },
    plugins: [rsbuildPlugin({ root })],
  }
}

describe.skipIf(!chromium).each(oneOfEachWeb)('$name', (host) => {
  test('worker=true: one program for the workers of all models', async () => {
    const root = await temporaryFolder()
    await writeFiles(root, {
      'package.json': '{}',
      'main.js': `
        import first from './add.onnx?worker=true'
        import second from './other.onnx?worker=true'
        import dense from './dense.onnx?worker=true'
        const x = new Float32Array([1, 2, 3])
        globalThis.sums = async () => [[...(await first.run({ x })).y.data], [...(await second.run({ x })).y.data]]
        globalThis.products = async (x) => [...(await dense.run({ x: Float32Array.from(x) })).y.data]`,
      'add.onnx': addModel(10),
      'other.onnx': addModel(20),
      'dense.onnx': denseModel(7),
    })
    await host.build({ root, outDir: join(root, 'out') })
    const moved = await moveElsewhere(join(root, 'out'))
    expect((await filesBelow(moved)).filter((file) => /onnx-mlir[\w.-]*\.js$/.test(file))).toHaveLength(1)
    const site = await serveSite(moved, host.under)
    const opened = await openPage(site.url)
    expect(await opened.evaluate('sums()')).toEqual([
      [11, 12, 13],
      [21, 22, 23],
    ])
    const set = randomInputs(denseSignature, 1)
    const y = (await opened.evaluate(`products(${JSON.stringify(set['x'])})`)) as number[]
    if (ort) {
      const expected = await reference(ort, join(root, 'dense.onnx'), denseSignature, [set])
      expectClose({ dense: [{ y }] }, { dense: expected })
    }
    // Chromium has relaxed SIMD.
    expect(site.served.filter((file) => /dense.*wasm$/.test(file))).toEqual([expect.stringContaining('relaxed-simd')])
    expect(opened.problems).toEqual([])
    expect(site.served).toContainEqual(expect.stringMatching(/onnx-mlir/))
  })
})

describe.skipIf(!chromium)('a model in a worker', () => {
  test.each(Object.entries(hosts))('%s', async (_name, build) => {
    const root = await temporaryFolder()
    await writeFiles(root, app)
    await build(root, join(root, 'out'))
    const moved = await moveElsewhere(join(root, 'out'))
    expect((await filesBelow(moved)).filter((file) => /\.(wasm|bin|so|node)$/.test(file))).toEqual([
      expect.stringMatching(/add[-.]\w{8,}\.wasm$/),
    ])
    const opened = await openPage((await serveSite(moved, '/deep/down/')).url)
    expect(await opened.evaluate('sum()')).toEqual([11, 12, 13])
    expect(opened.problems).toEqual([])
  })
})
