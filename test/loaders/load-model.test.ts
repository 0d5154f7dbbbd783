import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { loadModel } from '../../src/loaders/load-model.ts'
import { temporaryFolder, writeFiles } from '../hosts/app.ts'
import { addModel } from '../hosts/models.ts'
import { program } from './program.ts'

const x = Float32Array.of(1, 2, 3)

describe('in this process', () => {
  test('by path or URL, with options and directives; said once', async () => {
    const root = await temporaryFolder()
    await writeFiles(root, { 'ünï #1 %20/add.onnx': addModel(10), 'ünï #1 %20/add.pt2': addModel(20) })
    const path = join(root, 'ünï #1 %20/add.onnx')
    const said: string[] = []
    const options = { cache: join(root, 'cache'), log: (line: string) => said.push(line) }
    const model = await loadModel(path, options)
    expect((await model.run({ x }))['y']?.data).toEqual(Float32Array.of(11, 12, 13))
    expect(said.filter((line) => line.startsWith('compiled add.onnx'))).toHaveLength(1)
    said.length = 0
    using again = await loadModel(pathToFileURL(path), options)
    expect([...(again.runSync({ x })['y']?.data ?? [])]).toEqual([11, 12, 13])
    expect(said).toEqual([])
    using other = await loadModel(pathToFileURL(path.replace('.onnx', '.pt2')), options)
    expect([...(other.runSync({ x })['y']?.data ?? [])]).toEqual([21, 22, 23])
    expect((await loadModel(path, { ...options, target: 'wasm' })).target).toBe('wasm')
    expect((await loadModel(`${path}?target=wasm&files=inline`, options)).target).toBe('wasm')
  })

  test('the event loop goes on while it compiles', async () => {
    const root = await temporaryFolder()
    await writeFiles(root, { 'add.onnx': addModel(10) })
    let turns = 0
    const timer = setInterval(() => turns++, 5)
    await loadModel(join(root, 'add.onnx'), { cache: join(root, 'cache'), log: () => {} })
    clearInterval(timer)
    expect(turns).toBeGreaterThan(10)
  })

  test('errors name the model', async () => {
    const root = await temporaryFolder()
    await writeFiles(root, { 'broken.onnx': 'no model', 'add.onnx': addModel(10) })
    await expect(loadModel(join(root, 'broken.onnx'))).rejects.toThrow(
      `${join(root, 'broken.onnx')}: the file has broken`,
    )
    await expect(loadModel(join(root, 'none.onnx'))).rejects.toThrow(
      `${join(root, 'none.onnx')}: the file does not exist`,
    )
    await expect(loadModel('./none.onnx')).rejects.toThrow(`${resolve('none.onnx')}: the file does not exist`)
    await expect(loadModel('#models/none.onnx')).rejects.toThrow('The model "#models/none.onnx" is not there.')
    await expect(loadModel('none.onnx')).rejects.toThrow('it begins with "./"')
    await expect(loadModel(`${join(root, 'add.onnx')}?traget=wasm`)).rejects.toThrow('Did you mean "target"?')
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(loadModel(join(root, 'add.onnx'), { cache: join(root, 'cache'), signal })).rejects.toThrow('enough')
  })
})

test('what is no name and no option is said, whatever is in the cache', async () => {
  const root = await temporaryFolder()
  await writeFiles(root, { 'add.onnx': addModel(10) })
  const path = join(root, 'add.onnx')
  const options = { cache: join(root, 'cache'), log: () => {} }
  await loadModel(path, options)
  const loadAny = loadModel as (...given: readonly unknown[]) => Promise<unknown>
  for (const name of [undefined, null, 5, {}, '', [path]])
    await expect(loadAny(name)).rejects.toMatchObject({
      code: 'USAGE_MODEL',
      message: expect.stringMatching(/given .+\.$/),
    })
  await expect(loadAny(new URL('https://example.org/add.onnx'))).rejects.toThrow('download it first')
  for (const given of [null, 'wasm', ['wasm'], { ...options, traget: 'wasm' }, { ...options, platform: 'browser' }])
    await expect(loadAny(path, given)).rejects.toMatchObject({ code: 'USAGE_OPTION' })
  for (const [given, why] of [
    [{ target: 5 }, /^Option: Unknown target "5"/],
    [{ target: {} }, /the option "target", which must be one value of /],
    [{ files: { dir: 'models' } }, /the option "files", which must be one value of /],
    [{ threads: 'many' }, /^Option: threads="many"/],
    [{ dims: 'n' }, /the option "dims", which must be an object like /],
  ] as const)
    await expect(loadAny(path, { ...options, ...given })).rejects.toThrow(why)
  await expect(loadModel(path, { ...options, signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow(
    'enough',
  )
})

test('a program knows models by what they are called in its project, with their types', async () => {
  const { run, root } = await program({
    'package.json': '{ "type": "module", "imports": { "#models/*": "./models/*" } }',
    'tsconfig.json': JSON.stringify({
      extends: 'unplugin-onnx-mlir/tsconfig',
      compilerOptions: {
        strict: true,
        module: 'nodenext',
        target: 'es2023',
        outDir: 'dist',
        skipLibCheck: true,
        types: [],
      },
    }),
    'models/add.onnx': addModel(10),
    'main.ts': `
      import { loadModel } from 'unplugin-onnx-mlir'
      declare const console: { log(...values: readonly unknown[]): void }
      const x = Float32Array.of(1, 2, 3)
      const model = await loadModel('./models/add.onnx')
      const { y } = await model.run({ x })
      const dims: readonly [3] = y.dims
      // @ts-expect-error: the output is called y
      model.runSync({ x }).z
      const aliased = await loadModel('#models/add.onnx?O=1', { threads: 1 })
      // @ts-expect-error: the input is called x
      const wrong = () => aliased.runSync({ z: x })
      const unknown = await loadModel(new URL('../models/add.onnx', import.meta.url))
      console.log(y.data.join(), dims.join(), aliased.runSync({ x }).y.data.join(), unknown.runSync({ x }).y?.dims.join())`,
  })
  const cli = resolve('dist/cli/main.js')
  expect(await run(process.execPath, [cli, 'types'])).toMatchObject({ code: 0 })
  expect(await run(process.execPath, [resolve('node_modules/typescript/bin/tsc'), '-p', root])).toEqual({
    code: 0,
    stdout: '',
    stderr: '',
  })
  expect(await run(process.execPath, ['dist/main.js'])).toMatchObject({ code: 0, stdout: '11,12,13 3 11,12,13 3\n' })
})
