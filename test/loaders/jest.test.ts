import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { modelBytes, tensorType } from '../../src/onnx/build.ts'
import { addModel } from '../hosts/models.ts'
import { installed, program, type Program } from './program.ts'

// The transform of Jest.

const versions = ['29', '30'].map((version) => ({ version, ...installed(`jest${version}`) }))

const transform = { '\\.(onnx|tflite|pt2|tfjs)$': 'unplugin-onnx-mlir/jest' }
const configuration = (more: object = {}) =>
  JSON.stringify({ transform, watchman: false, cacheDirectory: './kept', ...more })

const gatherModel = modelBytes({
  opsets: { '': 17 },
  inputs: { x: tensorType('float32', ['n']), i: tensorType('int64', ['k']) },
  outputs: { y: undefined },
  nodes: [{ op: 'Gather', inputs: ['x', 'i'], outputs: ['y'] }],
})

const files = {
  'package.json': '{ "private": true }',
  'add.onnx': addModel(10),
  'jest.config.json': configuration(),
  'add.test.js': `
    const { default: model, inputs, run } = require('./add.onnx')
    const x = Float32Array.of(1, 2, 3)
    test('runs', async () => {
      // To Jest an array of another realm is not equal.
      expect((await model.run({ x })).y.data).toStrictEqual(Float32Array.of(11, 12, 13))
      expect((await run({ x })).y.data).toStrictEqual(Float32Array.of(11, 12, 13))
      expect(inputs[0].name).toBe('x')
      expect(() => model.runSync({ z: x })).toThrow('"z"')
    })`,
}

const formats = { 'add.tflite': addModel(20), 'add.pt2': addModel(30) }

async function expectPassed({ run }: Program, folder: string, args: readonly string[] = [], env = {}): Promise<string> {
  const { code, stderr } = await run(
    process.execPath,
    [join(folder, 'node_modules/jest/bin/jest.js'), '--ci', '-i', ...args],
    env,
  )
  expect(stderr).toMatch(/^Tests: +\d+ passed, \d+ total$/m)
  expect(code).toBe(0)
  return stderr
}

describe.each(versions.filter(({ isThere }) => isThere))('Jest $version', ({ version, folder }) => {
  test('CommonJS', async () => {
    const app = await program({
      ...files,
      ...formats,
      'formats.test.js': `
        const models = [require('./add.tflite'), require('./add.pt2')]
        test('run', () => {
          const sums = models.map((of) => [...of.runSync({ x: Float32Array.of(1, 2, 3) }).y.data])
          expect(sums).toEqual([[21, 22, 23], [31, 32, 33]])
        })`,
    })
    await expectPassed(app, folder)
  })

  test.runIf(version === '30')('what Jest has kept follows the model, and the cache', async () => {
    const app = await program(files)
    const env = { ONNX_MLIR_CACHE_DIR: join(app.root, 'cache') }
    expect(await expectPassed(app, folder, [], env)).toContain('[onnx-mlir] compiled add.onnx')
    expect(await expectPassed(app, folder, [], env)).not.toContain('[onnx-mlir]')
    await rm(join(app.root, 'cache'), { recursive: true })
    expect(await expectPassed(app, folder, [], env)).toContain('[onnx-mlir] compiled add.onnx')
    await writeFile(join(app.root, 'add.onnx'), addModel(20))
    const changed = await app.run(process.execPath, [join(folder, 'node_modules/jest/bin/jest.js'), '--ci'], env)
    expect(changed.stderr).toContain('21')
  })

  test('what a model reports is an error of ours, though not of the realm that tests run in', async () => {
    const app = await program({
      ...files,
      'gather.onnx': gatherModel,
      'add.test.js': `
        const { default: model } = require('./gather.onnx')
        const { ModelLoadError, ModelRunError } = require('unplugin-onnx-mlir/runtime')
        const inputs = { x: Float32Array.of(1, 2), i: BigInt64Array.of(9n) }
        const told = { name: 'ModelRunError', code: 'RUN_VALUE', message: /^gather.onnx: node .*index is out of range/ }
        test('is thrown', () => {
          let error
          try { model.runSync(inputs) } catch (thrown) { error = thrown }
          expect(error).toBeInstanceOf(Error)
          expect(error).toBeInstanceOf(ModelRunError)
          expect(error).not.toBeInstanceOf(ModelLoadError)
          expect(error).toMatchObject({ ...told, message: expect.stringMatching(told.message) })
        })
        test('is rejected with', async () => {
          await expect(model.run(inputs)).rejects.toMatchObject({ ...told, message: expect.stringMatching(told.message) })
        })`,
    })
    await expectPassed(app, folder)
  })

  test('ES modules', async () => {
    const app = await program({
      ...files,
      ...formats,
      'jest.config.json': configuration({
        extensionsToTreatAsEsm: ['.onnx', '.tflite', '.pt2'],
        testMatch: ['**/*.test.mjs'],
      }),
      'add.test.mjs': `
        import model, { inputs } from './add.onnx'
        import tflite from './add.tflite'
        import pt2 from './add.pt2'
        const x = Float32Array.of(1, 2, 3)
        test('runs', async () => {
          const others = await Promise.all([tflite, pt2].map((of) => of.run({ x })))
          expect(others.map(({ y }) => y.data[0])).toEqual([21, 31])
          expect((await model.run({ x })).y.data).toStrictEqual(Float32Array.of(11, 12, 13))
          expect([inputs[0].name, typeof model.bind]).toEqual(['x', 'function'])
        })`,
    })
    await expectPassed(app, folder, [], { NODE_OPTIONS: '--experimental-vm-modules' })
  })

  test('options and directives, of the transform and by a mapped name', async () => {
    const app = await program({
      ...files,
      ...formats,
      'jest.config.json': configuration({
        transform: { '\\.(onnx|tflite|pt2|tfjs)$': ['unplugin-onnx-mlir/jest', { target: 'wasm' }] },
        moduleNameMapper: { '^(.+\\.(?:onnx|tflite|pt2|tfjs))\\?.*$': '$1' },
      }),
      'add.test.js': `
        const targets = [require('./add.onnx?O=1'), require('./add.pt2?O=1')].map(({ target }) => target)
        test('is WebAssembly', () => expect(targets).toEqual(['wasm', 'wasm']))`,
    })
    await expectPassed(app, folder)
  })

  test('a broken model is told where it is transformed', async () => {
    const app = await program({ ...files, 'add.onnx': 'no model' })
    const { code, stderr } = await app.run(process.execPath, [
      join(folder, 'node_modules/jest/bin/jest.js'),
      '--ci',
      '-i',
    ])
    expect(code).toBe(1)
    expect(stderr).toContain(`${join(app.root, 'add.onnx')}: the file has broken protobuf`)
  })

  test.runIf(version === '29')('ts-jest beside it', async () => {
    const options = {
      module: 'commonjs',
      moduleResolution: 'node10',
      esModuleInterop: true,
      allowArbitraryExtensions: true,
      types: [],
    }
    const app = await program(
      {
        ...files,
        'jest.config.json': configuration({
          transform: { ...transform, '\\.ts$': 'ts-jest' },
          testMatch: ['**/*.test.ts'],
        }),
        'tsconfig.json': JSON.stringify({ compilerOptions: { ...options, isolatedModules: true } }),
        'add.test.ts': `
          import model from './add.onnx'
          declare const test: Function, expect: Function
          const x: Float32Array = Float32Array.of(1, 2, 3)
          test('runs', async () => expect((await model.run({ x })).y.data).toStrictEqual(Float32Array.of(11, 12, 13)))`,
      },
      { packages: { 'ts-jest': join(folder, 'node_modules/ts-jest') } },
    )
    await expectPassed(app, folder)
  })
})
