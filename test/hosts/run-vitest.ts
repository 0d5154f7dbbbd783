import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { writeFiles } from './app.ts'

const require = createRequire(import.meta.url)
const vitest = join(dirname(require.resolve('vitest/package.json')), 'vitest.mjs')
const plugin = pathToFileURL(require.resolve('unplugin-onnx-mlir/vite')).href

/**
 * Runs the `*.test.js` of a project with Vitest and the plugin, in a process of its own.
 *
 * @param flags of Vitest's command line
 * @returns what it prints; rejects when a test fails
 */
export async function runVitest(root: string, flags: readonly string[] = []): Promise<string> {
  await writeFiles(root, {
    'package.json': '{ "type": "module" }',
    'vitest.config.js': `
      import onnx from ${JSON.stringify(plugin)}
      export default { plugins: [onnx()], test: { globals: true, testTimeout: 120_000 } }`,
  })
  const { stdout } = await promisify(execFile)(process.execPath, [vitest, 'run', '--root', root, ...flags], {
    cwd: root,
    env: { ...process.env, NO_COLOR: '1', VITEST: undefined },
  })
  return stdout
}
