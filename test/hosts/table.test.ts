import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { execute, executeAsStranger, filesBelow, link, moveElsewhere, temporaryFolder, writeFiles } from './app.ts'
import { denseModel, width } from './browser/models.ts'
import { everyKind, hosts } from './hosts.ts'
import { addModel, addModelOfTensorFlow, addModelWeights } from './models.ts'

/** An application and what its entries print: built by every host, moved elsewhere and executed there. */
interface Case {
  readonly name: string
  /** Of the project. Default: none that is odd. */
  readonly folder?: string
  readonly files: Readonly<Record<string, string | Uint8Array>>
  readonly entries: Readonly<Record<string, string>>
  /** By entry: the JSON on its standard output. */
  readonly prints: Readonly<Record<string, unknown>>
  /** Numbers of emitted files by ending. */
  readonly emits: Readonly<Record<string, number>>
  /** Links by path, to folders relative to the project, as package managers make them. */
  readonly links?: Readonly<Record<string, string>>
  /** Runs as somebody who may write nowhere, without any environment, from a folder of this name. */
  readonly strangersFolder?: string
}

const printSum = `model.run({ x: new Float32Array([1, 2, 3]) }).then(({ y }) => console.log(JSON.stringify([...y.data])))`

/** What has to do with formats, public paths and names of files: in every way of a host. */
const cases: readonly Case[] = [
  {
    name: 'WebAssembly in Node, with weights of its own',
    files: {
      'main.js': `
        import add, { target } from './add.onnx?target=wasm'
        import dense from './dense.onnx?target=wasm'
        Promise.all([add.run({ x: [1, 2, 3] }), dense.run({ x: new Float32Array(${width}) })]).then(([sum, product]) =>
          console.log(JSON.stringify([target, [...sum.y.data], product.y.data.every((value) => value === 0)])))`,
      'add.onnx': addModel(10),
      'dense.onnx': denseModel(7),
    },
    entries: { 'deep/main': 'main.js' },
    prints: { 'deep/main': ['wasm', [11, 12, 13], true] },
    emits: { '.wasm': 3, '.bin': 1, '.so': 0, '.node': 0 },
  },
  {
    name: 'WebAssembly in Node, in the JavaScript',
    files: {
      'main.js': `import model from './add.onnx?target=wasm&files=inline'\n${printSum}`,
      'add.onnx': addModel(10),
    },
    entries: { main: 'main.js' },
    prints: { main: [11, 12, 13] },
    emits: { '.wasm': 0, '.so': 0, '.node': 0 },
  },
  {
    name: 'a model runs',
    files: { 'main.js': `import model from './add.onnx'\n${printSum}`, 'add.onnx': addModel(10) },
    entries: { main: 'main.js' },
    prints: { main: [11, 12, 13] },
    emits: { '.so': 1, '.node': 1 },
  },
  {
    name: 'a path of spaces, #, % and other letters',
    files: { 'main.js': `import model from './ä (1).onnx?target=host'\n${printSum}`, 'ä (1).onnx': addModel(10) },
    folder: "we ird #1 %20 ünï日本 [x] (y) 'z'",
    strangersFolder: 'ö #2 %41?q',
    entries: { main: 'main.js' },
    prints: { main: [11, 12, 13] },
    emits: { '.so': 1, '.node': 1 },
  },
  {
    name: 'run by a stranger: no compiler, no environment, nothing to write to',
    files: { 'main.js': `import model from './add.onnx'\n${printSum}`, 'add.onnx': addModel(10) },
    strangersFolder: 'opt',
    entries: { 'bin/main': 'main.js' },
    prints: { 'bin/main': [11, 12, 13] },
    emits: { '.so': 1, '.node': 1 },
  },
  {
    name: 'nested entries and chunks find their files',
    files: {
      'main.js': `import model from './add.onnx?O=2&target=host'\n${printSum}`,
      'second.js': `import model from './add.onnx?target=host&O=2'\n${printSum}`,
      'lazy.js': `import('./more/lazy.js').then(({ default: model }) => ${printSum})`,
      'more/lazy.js': `export { default } from '../other.onnx?O=1'`,
      'add.onnx': addModel(10),
      'other.onnx': addModel(20),
    },
    entries: { main: 'main.js', 'deep/er/second': 'second.js', 'deep/lazy': 'lazy.js' },
    prints: { main: [11, 12, 13], 'deep/er/second': [11, 12, 13], 'deep/lazy': [21, 22, 23] },
    emits: { '.so': 2, '.node': 1 },
  },
  {
    name: 'one name in folders and formats: apart',
    files: {
      'main.js': `
        import first from './first/add.onnx'
        import second from './second/add.onnx'
        import tflite from './first/add.tflite?O=2&target=host'
        import pt2 from './first/add.pt2'
        const x = new Float32Array([1, 2, 3])
        Promise.all([first, second, tflite, pt2].map((model) => model.run({ x }))).then((results) =>
          console.log(JSON.stringify(results.map(({ y }) => [...y.data]))))`,
      'first/add.onnx': addModel(10),
      'second/add.onnx': addModel(20),
      // What reads a model goes by what is in it.
      'first/add.tflite': addModel(30),
      'first/add.pt2': addModel(40),
    },
    entries: { main: 'main.js' },
    prints: { main: [10, 20, 30, 40].map((bias) => [1, 2, 3].map((x) => x + bias)) },
    emits: { '.so': 4, '.node': 1 },
  },
]

/** How a model is found and read, which its file being written elsewhere changes nothing of: in one way of each host. */
const found: readonly Case[] = [
  {
    name: 'the same directives in another order are the same model',
    files: {
      'main.js': `
        import first from './add.onnx?O=2&target=host'
        import second from './add.onnx?target=host&O=2'
        const x = new Float32Array([1, 2, 3])
        Promise.all([first.run({ x }), second.run({ x })]).then((results) =>
          console.log(JSON.stringify(results.map(({ y }) => [...y.data]))))`,
      'add.onnx': addModel(10),
    },
    entries: { main: 'main.js' },
    prints: {
      main: [
        [11, 12, 13],
        [11, 12, 13],
      ],
    },
    emits: { '.so': 1, '.node': 1 },
  },
  {
    name: 'a model of TensorFlow.js, whose weights are beside it',
    files: {
      'main.js': `import model from './net/add.tfjs?target=host'\n${printSum}`,
      'net/add.tfjs': addModelOfTensorFlow(),
      'net/weights.bin': addModelWeights(10),
    },
    entries: { main: 'main.js' },
    prints: { main: [11, 12, 13] },
    emits: { '.so': 1, '.node': 1 },
  },
  {
    name: 'a model behind an alias of package.json',
    files: {
      'package.json': '{ "imports": { "#models/*": "./models/*" } }',
      'deep/main.js': `import model from '#models/add.onnx?target=host'\n${printSum}`,
      'models/add.onnx': addModel(10),
    },
    entries: { main: 'deep/main.js' },
    prints: { main: [11, 12, 13] },
    emits: { '.so': 1, '.node': 1 },
  },
  {
    name: 'a model of a package',
    files: {
      'main.js': `import model from 'models/add.onnx?target=host'\n${printSum}`,
      'node_modules/models/package.json': '{ "name": "models", "exports": { "./*": "./files/*" } }',
      'node_modules/models/files/add.onnx': addModel(10),
    },
    entries: { main: 'main.js' },
    prints: { main: [11, 12, 13] },
    emits: { '.so': 1, '.node': 1 },
  },
  {
    name: 'a model of a workspace package',
    files: {
      'app/main.js': `import model from '@acme/models/add.onnx?target=host'\n${printSum}`,
      'packages/models/package.json': '{ "name": "@acme/models", "exports": { "./*": "./files/*" } }',
      'packages/models/files/add.onnx': addModel(10),
    },
    links: { 'node_modules/@acme/models': 'packages/models' },
    entries: { main: 'app/main.js' },
    prints: { main: [11, 12, 13] },
    emits: { '.so': 1, '.node': 1 },
  },
]

describe.each(hosts)('$name', (host) => {
  test.each([...cases, ...(everyKind.includes(host) ? found : [])])(
    '$name',
    async ({ files, entries, prints, emits, folder = '', links = {}, strangersFolder }) => {
      const root = join(await temporaryFolder(), folder)
      await writeFiles(root, files)
      for (const [path, target] of Object.entries(links)) await link(join(root, path), join(root, target))

      const app = await host.build({ root, entries, outDir: join(root, 'out') })
      expect(app.warnings).toEqual([])

      const moved = await moveElsewhere(join(root, 'out'), strangersFolder)
      const emitted = await filesBelow(moved)
      for (const [ending, count] of Object.entries(emits)) {
        expect(
          emitted.filter((file) => file.endsWith(ending)),
          emitted.join(' '),
        ).toHaveLength(count)
      }
      for (const [entry, expected] of Object.entries(prints)) {
        const run = strangersFolder === undefined ? execute : executeAsStranger
        expect(await run(join(moved, app.file(entry)), moved)).toEqual(expected)
      }
    },
  )

  test('an unknown directive stops the build, with the nearest one there is', async () => {
    const root = await temporaryFolder()
    await writeFiles(root, {
      'main.js': `import model from './add.onnx?tarjet=host'\n${printSum}`,
      'add.onnx': addModel(1),
    })
    const build = host.build({ root, entries: { main: 'main.js' }, outDir: join(root, 'out') })
    await expect(build).rejects.toThrow(/"tarjet".*Did you mean "target"\?/)
  })
})
