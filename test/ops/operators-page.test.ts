import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { INTERNAL_OPSET } from '../../src/graph/builder.ts'
import * as graph from '../../src/graph/graph.ts'
import { elementTypes } from '../../src/onnx/element-type.ts'
import { operators } from '../../src/ops/index.ts'

interface Script {
  operatorsPage(list: typeof operators, about: object): string
}

test('docs/operators.md is what the registry says; npm run docs:operators writes it anew', async () => {
  const script = '../../scripts/operators.js'
  const { operatorsPage } = (await import(script)) as Script
  const page = operatorsPage(operators, { elementTypes, newest: INTERNAL_OPSET, graph })
  expect(page).toMatch(/^\| Conv \| 1 \| X, W, B \(optional\): float \|$/m)
  expect(await readFile(new URL('../../docs/operators.md', import.meta.url), 'utf8')).toBe(page)
})
