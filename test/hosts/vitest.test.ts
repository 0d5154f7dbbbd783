import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { temporaryFolder, writeFiles } from './app.ts'
import { addModel } from './models.ts'

const require = createRequire(import.meta.url)
const vitest = join(dirname(require.resolve('vitest/package.json')), 'vitest.mjs')
const plugin = pathToFileURL(require.resolve('unplugin-onnx-mlir/vite')).href

/** A test environment as those of jsdom and happy-dom are: Vite takes its code for a browser's, and it runs in Node. */
const likeJsdom = `export default {
  name: 'like-jsdom',
  viteEnvironment: 'client',
  setup: () => ({ teardown() {} }),
}`

test.each([
  { name: 'node in forks', flags: ['--pool', 'forks'] },
  { name: 'node in threads', flags: ['--pool', 'threads'] },
  { name: 'an environment like jsdom', flags: ['--environment', './like-jsdom.js'] },
  { name: 'node in a VM context', flags: ['--pool', 'vmForks'] },
])('a test under Vitest runs the model: $name', async ({ flags }) => {
  const root = await temporaryFolder()
  await writeFiles(root, {
    'package.json': '{ "type": "module" }',
    'vitest.config.js': `
      import onnx from ${JSON.stringify(plugin)}
      export default { plugins: [onnx()], test: { globals: true } }`,
    'like-jsdom.js': likeJsdom,
    'add.onnx': addModel(10),
    'add.test.js': `
      import model from './add.onnx'
      test('adds', async () => {
        const { y } = await model.run({ x: new Float32Array([1, 2, 3]) })
        expect([...y.data]).toEqual([11, 12, 13])
      })`,
  })
  const { stdout } = await promisify(execFile)(process.execPath, [vitest, 'run', '--root', root, ...flags], {
    cwd: root,
    env: { ...process.env, NO_COLOR: '1', VITEST: undefined },
  })
  expect(stdout).toMatch(/Tests +1 passed/)
})
