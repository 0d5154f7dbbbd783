import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { generateTypes } from '../../src/types/generate.ts'
import { buildPackage, repository, signatureOf } from './project.ts'
import { appOf, runIn, typescripts } from './tools.ts'

// The samples of docs/types.md say what is right and what is an error; TypeScript agrees.

const page = await readFile(join(repository, 'docs/types.md'), 'utf8')
const samples = [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, text = '']) => text)

let packageFolder: string

beforeAll(async () => {
  packageFolder = await mkdtemp(join(tmpdir(), 'onnx-mlir-package-'))
  await buildPackage(packageFolder)
})

afterAll(() => rm(packageFolder, { recursive: true, force: true }))

const tensor = (name: string, type: string, ...shape: (number | string)[]) => ({ name, type, shape })
const models = {
  'src/models/fraud.onnx': {
    inputs: [tensor('input', 'float32', 7, 16, 220)],
    outputs: [tensor('dense_1', 'float32', 7, 16, 1)],
  },
  'src/models/rank.onnx': {
    inputs: [tensor('queries', 'float32', 'batch', 8), tensor('weights', 'float32', 'batch')],
    outputs: [tensor('scores', 'float32', 'batch', 10)],
  },
  'src/models/pets.onnx': {
    inputs: [tensor('image', 'float32', 1, 8, 8, 3)],
    outputs: [tensor('scores', 'float32', 1, 2)],
    metadata: { labels: ['cat', 'dog'], mean: [127.5], std: [127.5] },
  },
  'src/models/tagger.onnx': {
    inputs: [
      tensor('words', 'string', 'n'),
      { name: 'bias', type: 'optional', element: { type: 'float32', shape: [3] } },
    ],
    outputs: [
      {
        name: 'tags',
        type: 'sequence',
        element: { type: 'map', keys: 'string', values: 'float32', labels: ['cat', 'dog'] },
      },
      { name: 'rest', type: 'optional', element: { type: 'float32', shape: [null] } },
    ],
  },
}

test.each(Object.entries(typescripts))('the samples of the page, %s', async (_, typescript) => {
  expect(samples.length).toBeGreaterThan(4)
  const root = await appOf(
    {
      'package.json': { private: true, type: 'module', imports: { '#models/*': './src/models/*' } },
      'tsconfig.json': {
        extends: 'unplugin-onnx-mlir/tsconfig',
        compilerOptions: {
          module: 'nodenext',
          target: 'es2022',
          strict: true,
          noEmit: true,
          types: [],
          skipLibCheck: true,
        },
      },
      ...models,
      ...Object.fromEntries(samples.map((text, i) => [`src/sample-${i}.ts`, `${text}\nexport {}\n`])),
    },
    { packageFolder, typescript },
  )
  expect((await generateTypes({ root, signatureOf })).problems).toEqual([])
  expect(await runIn(root, [join(typescript, 'bin/tsc'), '-p', '.'])).toEqual({ code: 0, output: '' })
})
