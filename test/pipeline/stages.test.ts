import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { compileToStage } from '../../src/index.ts'
import { installStandIn, textsOf, workshop, writeModel } from '../onnx-mlir/installed.ts'

const { fresh, remove } = workshop('stages-api-test')
afterAll(remove)

test('a program gets each stage of onnx-mlir as a file, and its text where it is one', async () => {
  const folder = fresh()
  const answers = [
    {
      when: { EmitMLIR: 'true' },
      files: { '.onnx.mlir': { text: 'module {\n}\n' }, '.mlir': { text: 'module {\n}\n' } },
    },
  ]
  const { installation, asked } = installStandIn(folder, answers, textsOf('config-file'))
  await writeModel(folder)
  const emitted = await compileToStage(join(folder, 'mlp.onnx?O=1&dims=batch_4'), 'mlir', {
    outDir: join(folder, 'out'),
    onnxMlir: { path: installation.path, options: { parallel: true } },
  })
  expect(emitted).toMatchObject({ stage: 'mlir', text: 'module {\n}\n' })
  expect(readFileSync(emitted.path, 'utf8')).toBe(emitted.text)
  expect(asked().at(-1)!.args).toEqual(expect.arrayContaining(['-O1', '--EmitMLIR', '--parallel']))
})

test('a stage that fails leaves nothing, and a missing onnx-mlir is an error', async () => {
  const folder = fresh()
  const { installation } = installStandIn(folder, [{ when: {}, exit: 1, stderr: 'boom\n' }], textsOf('config-file'))
  await writeModel(folder)
  const id = join(folder, 'mlp.onnx')
  const outDir = join(folder, 'out')
  await expect(compileToStage(id, 'lib', { outDir, onnxMlir: { path: installation.path } })).rejects.toThrow(/boom/)
  expect(existsSync(outDir)).toBe(false)
  const absent = join(folder, 'absent')
  await expect(compileToStage(id, 'lib', { outDir, onnxMlir: { path: absent } })).rejects.toThrow(absent)
})
