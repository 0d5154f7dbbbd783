import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { moduleSource } from '../../src/emit/module.ts'
import { modelBytes, tensorType } from '../../src/onnx/build.ts'
import { createPipeline, declaredOf } from '../../src/pipeline/index.ts'
import { createNodeModel } from '../../src/runtime/node.ts'
import { tfliteBytes } from '../formats/tflite/writer.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-mlir-metadata-test-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const type = tensorType('float32', [2])
const onnx = (metadata: ReadonlyMap<string, string>): Uint8Array =>
  modelBytes({
    opsets: { '': 17 },
    inputs: { x: type },
    outputs: { y: type },
    nodes: [{ op: 'Relu', inputs: ['x'], outputs: ['y'] }],
    metadata,
  })

async function built(name: string, bytes: Uint8Array) {
  await writeFile(join(folder, name), bytes)
  const lines: string[] = []
  const context = { mode: 'dev', log: (line: string) => void lines.push(line), warn: () => undefined } as const
  const pipeline = createPipeline({ cache: join(folder, 'cache'), compiler: 'builtin' })
  const once = await pipeline.build(join(folder, name), context)
  const again = await pipeline.build(join(folder, name), context)
  expect([once.cached, again.cached]).toEqual([false, true])
  expect(again.facts).toEqual(once.facts)
  const model = createNodeModel(again.facts, { addon: again.addon!.path, library: again.artifact.library })
  return { ...again, model, lines }
}

test('a .tflite has its labels, mean and deviation in the program, from the cache as well', async () => {
  const bytes = tfliteBytes({
    subgraphs: [
      {
        tensors: [
          { shape: [1, 2], name: 'image' },
          { shape: [1, 2], name: 'scores' },
        ],
        inputs: [0],
        outputs: [1],
        operators: [{ op: 'RELU', inputs: [0], outputs: [1] }],
      },
    ],
    metadata: {
      description: 'Cats and dogs',
      inputs: [{ mean: [127.5], std: [128] }],
      outputs: [{ description: 'how sure', labels: 'cat\r\ndog\n' }],
    },
  })
  const { model } = await built('pets.tflite', bytes)
  const said = {
    description: 'Cats and dogs',
    mean: [127.5],
    std: [128],
    'outputs.scores.description': 'how sure',
    labels: ['cat', 'dog'],
  }
  expect(model.metadata).toEqual(said)
  expect((await declaredOf(join(folder, 'pets.tflite'))).metadata).toEqual(said)
})

test('texts of a model are data in its module, whatever they are', async () => {
  const evil = '\u2028</script>"; throw 1 //\n${`\\u0000'
  const said = new Map([
    [evil, evil],
    ['__proto__', evil],
    ['labels', JSON.stringify([evil])],
  ])
  const { facts } = await built('evil.onnx', onnx(said))
  const source = moduleSource({ platform: 'node', facts, runtime: './r.mjs', files: { library: '"l"' } })
  await writeFile(join(folder, 'evil.mjs'), source)
  await writeFile(join(folder, 'r.mjs'), 'export const nativeLibraries = 1, composeNodeModel = (facts) => facts')
  const module = (await import(/* @vite-ignore */ join(folder, 'evil.mjs'))) as {
    metadata: object
    default: { metadata: object }
  }
  expect(Object.entries(module.metadata)).toEqual([
    [evil, evil],
    ['__proto__', evil],
    ['labels', [evil]],
  ])
  expect(module.default.metadata).toBe(module.metadata)
  expect(await readFile(join(folder, 'evil.mjs'), 'utf8')).not.toContain('</script')
})

test('a model that says nothing has none, and its facts no word of it', async () => {
  const { model, facts } = await built('plain.onnx', onnx(new Map()))
  expect(model.metadata).toEqual({})
  expect('metadata' in facts).toBe(false)
})

test('what is too long for a program is named in the build log', async () => {
  const { model, lines } = await built('long.onnx', onnx(new Map([['vocabulary', 'x'.repeat(300_000)]])))
  expect(model.metadata).toEqual({})
  expect(lines.join('\n')).toContain('long.onnx: its metadata "vocabulary" is too long for a program')
})
