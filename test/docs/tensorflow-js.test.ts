import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { operators } from '../../src/formats/tfjs/graph/operators/index.ts'
import { layerKinds } from '../../src/formats/tfjs/layers/converter.ts'

test('the page lists the operators and layers that are converted, and no others', async () => {
  const page = await readFile(fileURLToPath(new URL('../../docs/tensorflow-js.md', import.meta.url)), 'utf8')
  const [graph = '', layers = ''] = page.split('## Operators of graph models')[1]!.split('## Layers')
  const listed = (text: string) => Array.from(text.matchAll(/`(\w+)`/g), ([, name = '']) => name)
  const converted = Object.keys(operators({ call: () => [], kept: () => new Set() }))
  expect(listed(graph)).toEqual(['Const', 'Placeholder', ...converted].sort())
  expect(listed(layers)).toEqual([...layerKinds].sort())
})
