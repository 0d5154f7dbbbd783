import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { temporaryFolder, writeFiles } from './app.ts'
import { addModel } from './models.ts'

const require = createRequire(import.meta.url)

/** The hosts with a command line, and a configuration with the plugin as it is published. */
const commands = [
  { host: 'vite', bin: 'bin/vite.js', args: ['build', '--ssr', 'main.js'], config: 'vite.config.mjs' },
  { host: 'rollup', bin: 'dist/bin/rollup', args: ['-c'], config: 'rollup.config.mjs' },
  { host: 'rolldown', bin: 'bin/cli.mjs', args: ['-c'], config: 'rolldown.config.mjs' },
]

test.each(commands)('$host: a wrong model ends the command with its message and a failure', async (command) => {
  const { host, bin, args, config } = command
  const root = await temporaryFolder()
  const plugin = pathToFileURL(require.resolve(`unplugin-onnx-mlir/${host}`)).href
  await writeFiles(root, {
    [config]: `
      import onnx from ${JSON.stringify(plugin)}
      export default { ${host === 'vite' ? '' : `input: 'main.js', output: { dir: 'out' },`} plugins: [onnx()] }`,
    'package.json': '{ "type": "module" }',
    'main.js': `export { default } from './add.onnx?tarjet=host'`,
    'add.onnx': addModel(10),
  })
  const cli = join(dirname(require.resolve(`${host}/package.json`)), bin)
  const run = (script: string[]) =>
    new Promise<{ code: number | string | undefined; text: string }>((done) =>
      execFile(process.execPath, script, { cwd: root }, (error, stdout, stderr) =>
        done({ code: error?.code ?? 0, text: stdout + stderr }),
      ),
    )

  const wrong = await run([cli, ...args])
  expect(wrong.text).toMatch(/"tarjet".*Did you mean "target"\?/)
  expect(wrong.code).toBe(1)

  await writeFiles(root, { 'main.js': `export { default } from './add.onnx?target=host'` })
  const right = await run([cli, ...args])
  expect(right.code, right.text).toBe(0)
})
