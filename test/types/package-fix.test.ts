import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { withTypesScript } from '../../src/types/package-fix.ts'

const command = 'unplugin-onnx-mlir types'

test.each([
  ['{}', `{\n  "scripts": { "prepare": "${command} || exit 0" }\n}`],
  [
    '{\n  "scripts": {\n    "dev": "vite"\n  }\n}\n',
    `{\n  "scripts": {\n    "dev": "vite",\n    "prepare": "${command} || exit 0"\n  }\n}\n`,
  ],
  ['{ "scripts": { "prepare": "husky" } }', `{ "scripts": { "prepare": "husky && (${command} || exit 0)" } }`],
  [
    `{ "scripts": { "prepare": "svelte-kit sync || echo ''" } }`,
    `{ "scripts": { "prepare": "(svelte-kit sync || echo '') && (${command} || exit 0)" } }`,
  ],
  [
    '{ "scripts": { "prepare": "husky" }, "dependencies": { "unplugin-onnx-mlir": "*" } }',
    `{ "scripts": { "prepare": "husky && ${command}" }, "dependencies": { "unplugin-onnx-mlir": "*" } }`,
  ],
])('%s', (before, after) => {
  expect(withTypesScript(before, false)).toBe(after)
  expect(withTypesScript(after, false)).toBe(after)
})

test('a script that runs the command already is enough, whatever its name', () => {
  const text = `{ "scripts": { "postinstall": "${command} --check" } }`
  expect(withTypesScript(text, false)).toBe(text)
})

test('Yarn 2 runs another script', () => {
  expect(withTypesScript('{}', true)).toContain('"postinstall"')
})

test('the shell joins them as meant: the first failing fails, ours missing does not', () => {
  const script = (prepare: string): string =>
    (JSON.parse(withTypesScript(JSON.stringify({ scripts: { prepare } }), false)) as { scripts: { prepare: string } })
      .scripts.prepare
  const run = (prepare: string): string =>
    execFileSync('sh', ['-c', `${script(prepare)}`], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], env: {} })
  expect(run('echo one')).toBe('one\n')
  expect(run('false || echo two')).toBe('two\n')
  expect(() => run('false')).toThrow()
})
