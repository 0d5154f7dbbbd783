import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { writeFiles } from './app.ts'

const require = createRequire(import.meta.url)
const plugin = pathToFileURL(require.resolve('unplugin-onnx-mlir/vite')).href

/**
 * Runs the `*.test.js` of a project with Vitest and the plugin, in a process of its own.
 *
 * @param flags of Vitest's command line
 * @param from where the Vitest is installed. Default: this repository's
 * @returns what it prints; rejects when a test fails
 */
export async function runVitest(root: string, flags: readonly string[] = [], from = resolve('.')): Promise<string> {
  const vitest = join(dirname(createRequire(resolve(from, 'x')).resolve('vitest/package.json')), 'vitest.mjs')
  await writeFiles(root, {
    'package.json': '{ "type": "module" }',
    'vitest.config.js': `
      import onnx from ${JSON.stringify(plugin)}
      export default { plugins: [onnx()], test: { globals: true, testTimeout: 120_000 } }`,
  })
  const { stdout } = await promisify(execFile)(process.execPath, [vitest, 'run', '--root', root, ...flags], {
    cwd: root,
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, VITEST: undefined },
  })
  return stdout
}
