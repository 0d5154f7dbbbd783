import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { layerFolder, type TypesResult } from '../../src/types/generate.ts'
import { watchTypes } from '../../src/types/watch.ts'
import { projectOf, signatureOf } from './project.ts'

const model = { inputs: [{ name: 'x', type: 'float32', shape: [1] }], outputs: [] }
const other = { inputs: [{ name: 'y', type: 'float32', shape: [1] }], outputs: [] }

async function watching(files: Record<string, string | object>) {
  const root = await projectOf(files)
  const results: TypesResult[] = []
  const errors: unknown[] = []
  const read: string[] = []
  const watcher = await watchTypes({
    root,
    platform: 'linux',
    signatureOf: (path) => {
      read.push(path)
      return signatureOf(path)
    },
    onResult: (result) => results.push(result),
    onError: (error) => errors.push(error),
  })
  onTestFinished(() => watcher.close())
  const written = () => results.flatMap((result) => result.written)
  return { root, results, errors, read, watcher, written }
}

test('models and imports that come, change and go are followed', async () => {
  const { root, results, errors, read, written } = await watching({ 'm.onnx': model, 'node_modules/dep/index.js': '' })
  expect(results).toHaveLength(1)
  expect(written()).toContain(`${layerFolder}/m.d.onnx.ts`)

  await writeFile(join(root, 'm.onnx'), JSON.stringify(other).padEnd(200))
  await vi.waitFor(async () => {
    expect(await readFile(join(root, layerFolder, 'm.d.onnx.ts'), 'utf8')).toContain('readonly y:')
  }, 10_000)

  await mkdir(join(root, 'src/deep'), { recursive: true })
  await vi.waitFor(() => expect(results.length).toBeGreaterThan(0), 10_000)
  await new Promise((resolve) => setTimeout(resolve, 200))
  await writeFile(join(root, 'src/deep/main.ts'), `import '../../m.onnx?O=3'`)
  await vi.waitFor(() => expect(written()).toContain(`${layerFolder}/m.d.onnx?O=3.ts`), 10_000)

  // Its file did not change since: no second reading.
  expect(read).toHaveLength(2)

  await rm(join(root, 'm.onnx'))
  await vi.waitFor(() => {
    expect(results.flatMap((result) => result.removed)).toContain(`${layerFolder}/m.d.onnx.ts`)
  }, 10_000)
  expect(errors).toEqual([])
})

test('so are those of other formats', async () => {
  const { root, results, errors, written } = await watching({ 'm.onnx': model })
  await writeFile(join(root, 'm.tflite'), JSON.stringify(other))
  await vi.waitFor(() => expect(written()).toContain(`${layerFolder}/m.d.tflite.ts`), 10_000)
  await writeFile(join(root, 'm.pt2'), JSON.stringify(other))
  await vi.waitFor(() => expect(written()).toContain(`${layerFolder}/m.d.pt2.ts`), 10_000)
  await rm(join(root, 'm.tflite'))
  const removed = () => results.flatMap((result) => result.removed)
  await vi.waitFor(() => expect(removed()).toEqual([`${layerFolder}/m.d.tflite.ts`]), 10_000)
  expect(errors).toEqual([])
})

test('a file that is half written is a problem once, and fine when it is whole', async () => {
  const { root, results, written } = await watching({ 'm.onnx': '{' })
  expect(results[0]?.problems).toMatchObject([{ code: 'TYPES_MODEL' }])
  await writeFile(join(root, 'm.onnx'), JSON.stringify(model))
  await vi.waitFor(() => expect(written()).toContain(`${layerFolder}/m.d.onnx.ts`), 10_000)
})

test('a folder with a model that is moved in is followed, and one that is removed forgotten', async () => {
  const { root, results, errors, written } = await watching({ 'package.json': {} })
  await mkdir(join(root, 'models'))
  await writeFile(join(root, 'models/m.onnx'), JSON.stringify(model))
  await vi.waitFor(() => expect(written()).toContain(`${layerFolder}/models/m.d.onnx.ts`), 10_000)
  await rm(join(root, 'models'), { recursive: true })
  await vi.waitFor(() => {
    expect(results.flatMap((result) => result.removed)).toEqual([
      `${layerFolder}/models.d.ts`,
      `${layerFolder}/models/m.d.onnx.ts`,
      `${layerFolder}/queries.d.ts`,
    ])
  }, 10_000)
  expect(errors).toEqual([])
})

test('nothing happens after close', async () => {
  const { root, results, watcher } = await watching({ 'm.onnx': model })
  await watcher.close()
  await writeFile(join(root, 'm.onnx'), JSON.stringify(other))
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(results).toHaveLength(1)
})
