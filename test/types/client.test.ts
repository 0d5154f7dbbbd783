import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { targetNames } from '../../src/targets/index.ts'
import { repository } from './project.ts'

const client = await readFile(join(repository, 'client.d.ts'), 'utf8')
const patterns = [...client.matchAll(/^declare module '(.*)'/gm)].map(([, pattern = '']) => pattern)

test.each(targetNames)('the client knows target %s', (name) => {
  expect(patterns).toContain(`*.onnx?target=${name}`)
})

test('no pattern of the client could shadow a generated one', () => {
  // TypeScript takes the pattern with the longest prefix; generated ones begin with a path or a whole alias.
  expect(patterns.filter((pattern) => !pattern.startsWith('*.onnx'))).toEqual(['#models/*'])
})
