import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { execute, filesBelow, moveElsewhere, writeFiles } from '../hosts/app.ts'
import { openPage } from '../hosts/browser/site.ts'
import { addModel } from '../hosts/models.ts'
import { chromium } from '../report/browser.ts'
import { installed, projectFolder, runTool } from './framework.ts'

const framework = installed('electron-vite')

const native = `
  import model, { target } from '../add.onnx'
  const { y } = await model.run({ x: Float32Array.of(1, 2, 3) })
  console.log(JSON.stringify([[...y.data], target === 'wasm']))`

const app = {
  'package.json': '{ "private": true, "type": "module", "main": "out/main/index.js" }',
  'electron.vite.config.js': `
    import onnx from 'unplugin-onnx-mlir/vite'
    const plugins = () => [onnx()]
    // Electron itself would tell these; this test has none.
    const build = { target: 'node22' }
    export default {
      main: { plugins: plugins(), build },
      preload: { plugins: plugins(), build },
      renderer: { plugins: plugins(), build: { target: 'chrome140' } },
    }`,
  'src/add.onnx': addModel(10),
  'src/main/index.js': native,
  'src/preload/index.js': native,
  'src/renderer/index.html': '<!doctype html><script type="module" src="./page.js"></script>',
  'src/renderer/page.js': `
    import model, { target } from '../add.onnx?files=url'
    globalThis.sum = async () => [[...(await model.run({ x: [1, 2, 3] })).y.data], target]`,
}

test.skipIf(!framework)('electron-vite: native code for the main process, WebAssembly for the page', async () => {
  const root = await projectFolder(framework!)
  await writeFiles(root, app)
  await runTool(root, join(framework!, 'node_modules/electron-vite/bin/electron-vite.js'), ['build'])

  const moved = await moveElsewhere(join(root, 'out'))
  await rm(root, { recursive: true })
  const files = (await filesBelow(moved)).filter((file) => /\.(so|node|wasm|onnx)$/.test(file))
  expect(files).toEqual([
    expect.stringMatching(/^main\/.*add-\w{8}\.so$/),
    expect.stringMatching(/^main\/.*onnx-mlir-\w{8}\.node$/),
    expect.stringMatching(/^preload\/.*add-\w{8}\.so$/),
    expect.stringMatching(/^preload\/.*onnx-mlir-\w{8}\.node$/),
    expect.stringMatching(/^renderer\/assets\/add-[\w-]{8}\.wasm$/),
  ])
  // Electron's main process is a Node, and so are preload scripts outside of the sandbox: this one stands for both.
  await writeFiles(moved, { 'package.json': '{ "type": "module" }' })
  const preload = (await readdir(join(moved, 'preload'))).find((file) => /\.m?js$/.test(file))!
  for (const file of ['main/index.js', `preload/${preload}`])
    expect(await execute(join(moved, file))).toEqual([[11, 12, 13], false])
  if (!chromium) return
  // Its windows are Chromium's, whose pages are files that may read files.
  const url = pathToFileURL(join(moved, 'renderer/index.html')).href
  const page = await openPage(url, ['--allow-file-access-from-files'])
  expect(await page.evaluate('sum()')).toEqual([[11, 12, 13], 'wasm'])
  expect(page.problems).toEqual([])
})
