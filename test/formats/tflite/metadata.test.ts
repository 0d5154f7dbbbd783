import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { convertedModel } from './convert.ts'

const path = fileURLToPath(new URL('../../../../shared/front-ends/mobilenet_v2_224_int8.tflite', import.meta.url))
const isThere = existsSync(path)
if (!isThere) console.log('skipped: ../shared/front-ends is not here')

it.skipIf(!isThere)('a model’s metadata has its labels, and how an image is normalised', () => {
  const { metadata } = convertedModel(readFileSync(path))
  const labels = JSON.parse(metadata.get('labels') ?? 'null') as string[]
  expect(labels).toHaveLength(1001)
  expect(labels[0]).toBe('background')
  expect(JSON.parse(metadata.get('mean') ?? 'null')).toEqual([127.5])
  expect(JSON.parse(metadata.get('std') ?? 'null')).toEqual([127.5])
  expect(metadata.get('outputs.Identity.description')).toMatch(/^Probabilities of the/)
})

it.skipIf(!isThere)('a model whose archive of labels is damaged is the same without metadata', () => {
  const bytes = Uint8Array.from(readFileSync(path))
  bytes.fill(0, bytes.length - 22)
  const { metadata, graph } = convertedModel(bytes)
  expect([...metadata.keys()]).toEqual([])
  expect(graph.outputs.map(({ name }) => name)).toEqual(['Identity'])
})
