import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { filesBelow, moveElsewhere, writeFiles } from '../hosts/app.ts'
import { openPage, serveSite } from '../hosts/browser/site.ts'
import { addModel } from '../hosts/models.ts'
import { chromium } from '../report/browser.ts'
import { installed, projectFolder, runTool } from './framework.ts'

const framework = installed('storybook')

/** Storybook has scripts in its pages. */
const policy = "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:"

const app = {
  'package.json': '{ "private": true, "type": "module" }',
  '.storybook/main.js': `
    export default {
      framework: '@storybook/html-vite',
      stories: ['../src/*.stories.js'],
      core: { disableTelemetry: true },
    }`,
  'vite.config.js': `
    import onnx from 'unplugin-onnx-mlir/vite'
    export default { plugins: [onnx()] }`,
  'src/add.onnx': addModel(10),
  'src/sum.js': `
    import model, { target } from './add.onnx?files=url'
    export function sum(x) {
      const element = document.createElement('output')
      model.run({ x }).then(({ y }) => { element.textContent = JSON.stringify([[...y.data], target]) })
      return element
    }`,
  'src/sum.stories.js': `
    import { sum } from './sum.js'
    export default { title: 'Sum', render: ({ x }) => sum(x) }
    export const OfThree = { args: { x: [1, 2, 3] } }`,
}

test.skipIf(!framework || !chromium)("Storybook: a story's component runs its model in the browser", async () => {
  const root = await projectFolder(framework!)
  await writeFiles(root, app)
  await runTool(root, join(framework!, 'node_modules/storybook/dist/bin/dispatcher.js'), ['build'])

  const moved = await moveElsewhere(join(root, 'storybook-static'))
  await rm(root, { recursive: true })
  const files = (await filesBelow(moved)).filter((file) => /\.(so|node|onnx|wasm)$/.test(file))
  expect(files).toEqual([expect.stringMatching(/^assets\/add-[\w-]{8}\.wasm$/)])
  const site = await serveSite(moved, '/book/', policy)
  const page = await openPage(`${site.url}iframe.html?id=sum--of-three&viewMode=story`)
  const shown = `document.querySelector('#storybook-root output')?.textContent`
  await vi.waitFor(async () => expect(await page.evaluate(shown)).toBe('[[11,12,13],"wasm"]'), { timeout: 30_000 })
  expect(page.problems).toEqual([])
})
