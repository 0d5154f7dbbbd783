import { join } from 'node:path'
import { createRsbuild } from '@rsbuild/core'
import { context } from 'esbuild'
import { expect, onTestFinished, test, vi } from 'vitest'
import esbuildPlugin from '../../../src/esbuild.ts'
import rsbuildPlugin from '../../../src/rsbuild.ts'
import { chromium } from '../../report/browser.ts'
import { temporaryFolder, writeFiles } from '../app.ts'
import { addModel } from '../models.ts'
import { openPage } from './site.ts'

const app = {
  'package.json': '{}',
  'main.js': `
    import model, { target } from './add.onnx'
    globalThis.target = target
    globalThis.sum = async () => [...(await model.run({ x: new Float32Array([1, 2, 3]) })).y.data]`,
  'index.html': '<!doctype html><title>test</title><script src="out/main.js"></script>',
  'add.onnx': addModel(10),
}

test.skipIf(!chromium)('esbuild: its server serves the model, and the changed one', async () => {
  const root = await temporaryFolder()
  await writeFiles(root, app)
  const builder = await context({
    entryPoints: [join(root, 'main.js')],
    outdir: join(root, 'out'),
    absWorkingDir: root,
    bundle: true,
    logLevel: 'silent',
    plugins: [esbuildPlugin({ root })],
  })
  onTestFinished(() => builder.dispose())
  const { port } = await builder.serve({ servedir: root, host: '127.0.0.1', port: 0 })
  const page = await openPage(`http://127.0.0.1:${port}/`)
  expect(await page.evaluate('sum()')).toEqual([11, 12, 13])

  await writeFiles(root, { 'add.onnx': addModel(20) })
  // What was built a moment ago is not built again for a request.
  await vi.waitFor(
    async () => {
      await page.reload()
      expect(await page.evaluate('sum()')).toEqual([21, 22, 23])
    },
    { timeout: 30_000, interval: 200 },
  )
})

test.skipIf(!chromium)('rsbuild: its dev server runs WebAssembly in dev mode, too, and the changed model', async () => {
  const root = await temporaryFolder()
  await writeFiles(root, app)
  const builder = await createRsbuild({
    cwd: root,
    rsbuildConfig: {
      mode: 'development',
      logLevel: 'silent',
      source: { entry: { index: join(root, 'main.js') } },
      server: { host: '127.0.0.1', port: 0, printUrls: false },
      plugins: [rsbuildPlugin({ root })],
    },
  })
  const { server, urls } = await builder.startDevServer()
  onTestFinished(() => server.close())
  const page = await openPage(urls[0]!)
  await vi.waitFor(async () => expect(await page.evaluate('sum()')).toEqual([11, 12, 13]), {
    timeout: 30_000,
    interval: 200,
  })
  expect(await page.evaluate('target')).toBe('wasm')

  await writeFiles(root, { 'add.onnx': addModel(20) })
  await vi.waitFor(async () => expect(await page.evaluate('sum()')).toEqual([21, 22, 23]), {
    timeout: 30_000,
    interval: 200,
  })
})
