import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createTypeLayer } from '../../src/plugin/types.ts'
import { addModel } from '../hosts/models.ts'
import { projectOf } from './project.ts'

const files = { 'package.json': {}, 'add.onnx': Buffer.from(addModel(1)) }

test('what is wrong is told once per process, by however many compilers of a project', async () => {
  const root = await projectOf({ ...files, 'tsconfig.json': { compilerOptions: {} } })
  const told: string[] = []
  const layers = [1, 2, 3].map(() => createTypeLayer({ cache: false }, root))
  for (const layer of [...layers, ...layers]) await layer.update((line) => told.push(line))
  expect(told).toEqual([expect.stringContaining('tsconfig.json hides the generated model types')])
})

test('a project that can not be written to is built all the same', async () => {
  const root = await projectOf({ ...files, '.onnx-mlir': 'a file' })
  const told: string[] = []
  await createTypeLayer({ cache: false }, join(root)).update((line) => told.push(line))
  expect(told).toEqual([expect.stringMatching(/^The models' types are not up to date: E(NOTDIR|EXIST).*\.onnx-mlir/)])
})
