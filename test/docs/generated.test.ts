import { readFile } from 'node:fs/promises'
import { expect, test, vi } from 'vitest'
import { runCli } from '../../src/cli/run-cli.ts'
import { INTERNAL_OPSET } from '../../src/graph/builder.ts'
import * as graph from '../../src/graph/graph.ts'
import { elementTypes } from '../../src/onnx/element-type.ts'
import { operators } from '../../src/ops/index.ts'
import { directives } from '../../src/request/directives.ts'
import { targets } from '../../src/targets/table.ts'

interface Writers {
  operatorsPage(list: typeof operators, about: object): string
  directivesPage(about: object): string
  cliPage(say: (args: string[]) => Promise<string>): Promise<string>
}

/** A script of ours, which has no declarations. */
const writer = async <Name extends keyof Writers>(name: string): Promise<Pick<Writers, Name>> =>
  (await import(`../../scripts/docs/${name}.js`)) as Writers

const page = (name: string): Promise<string> => readFile(new URL(`../../docs/${name}.md`, import.meta.url), 'utf8')

test('docs/operators.md is what the registry says; npm run docs:generate writes it anew', async () => {
  const { operatorsPage } = await writer<'operatorsPage'>('operators')
  const text = operatorsPage(operators, { elementTypes, newest: INTERNAL_OPSET, graph })
  expect(text).toMatch(/^\| Conv \| 1 \| X, W, B \(optional\): float \|$/m)
  expect(await page('operators')).toBe(text)
})

test('docs/directives.md has every directive and every target', async () => {
  const { directivesPage } = await writer<'directivesPage'>('directives')
  const text = directivesPage({ directives, targets })
  for (const { name } of Object.values(directives)) expect(text).toContain(`\n| \`${name}=`)
  for (const { name } of targets) expect(text).toContain(`| \`${name}\` |`)
  expect(await page('directives')).toBe(text)
})

test('docs/cli.md is what --help says of every command', async () => {
  const { cliPage } = await writer<'cliPage'>('cli')
  const text = await cliPage(async (args) => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => {})
    expect(await runCli(args)).toBe(0)
    const said = log.mock.calls.join('\n')
    log.mockRestore()
    return said
  })
  for (const command of ['compile', 'doctor', 'conformance']) expect(text).toContain(`\n## ${command}\n`)
  expect(await page('cli')).toBe(text)
})
