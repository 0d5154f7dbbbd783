import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createPipeline } from '../../src/pipeline/index.ts'
import { addModelOfTensorFlow, addModelWeights, addModelWithExternalData } from '../hosts/models.ts'

test.each([
  ['add.onnx', addModelWithExternalData('weights.bin')],
  ['add.tfjs', addModelOfTensorFlow()],
])('%s: a link to external data that is led elsewhere makes another library', async (name, model) => {
  const folder = await mkdtemp(join(tmpdir(), 'onnx-mlir-external-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  for (const bias of [10, 20]) await writeFile(join(folder, `${bias}.bin`), addModelWeights(bias))
  await writeFile(join(folder, name), model)
  const quiet = { mode: 'dev', log: () => undefined, warn: () => undefined } as const
  const pipeline = createPipeline({ cache: join(folder, 'cache') })

  async function buildWith(target: string) {
    await rm(join(folder, 'weights.bin'), { force: true })
    await symlink(target, join(folder, 'weights.bin'))
    return pipeline.build(`${join(folder, name)}?compiler=builtin`, quiet)
  }
  // Until then the cache believes no stat of a file that was just written, and remembers nothing about it.
  const settled = () => new Promise((done) => setTimeout(done, 3000))
  await settled()
  const first = await buildWith('10.bin')
  await settled()
  expect((await buildWith('10.bin')).cached).toBe(true)
  const second = await buildWith('20.bin')
  expect(second.cached).toBe(false)
  expect(second.artifact.sha256).not.toBe(first.artifact.sha256)
  expect(second.watch).toEqual([join(folder, name), join(folder, 'weights.bin')])
})
