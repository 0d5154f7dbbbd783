import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runCommand } from '../../src/cli/run-cli.ts'
import { createVerifyModels } from '../../src/cli/verify-models.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { caught, temporaryFolder } from './cli.ts'
import { addModel, tensorBytes, unknownModel } from './models.ts'

/** A folder with models in both layouts: `right` and `wrong` with data, `unknown` as a file. */
async function folderOfModels(): Promise<string> {
  const folder = await temporaryFolder()
  for (const [name, last] of [
    ['right', 6],
    ['wrong', 6.1],
  ] as const) {
    const set = join(folder, name, 'test_data_set_0')
    await mkdir(set, { recursive: true })
    await writeFile(join(folder, name, 'model.onnx'), addModel())
    await writeFile(join(set, 'input_0.pb'), tensorBytes(tensorFrom('float32', [1, 3], [1, 2, 3])))
    await writeFile(join(set, 'output_0.pb'), tensorBytes(tensorFrom('float32', [1, 3], [2, 4, last])))
  }
  await writeFile(join(folder, 'unknown.onnx'), unknownModel())
  return folder
}

test('models in both layouts are verified one by one, and what breaks a limit ends with exit code 1', async () => {
  const folder = await folderOfModels()
  const command = createVerifyModels({ packages: folder, folders: [folder], sizes: {} })
  const quick = ['--rounds', '1', '--seconds', '0.01', '-O', '0', '--json', join(folder, 'result.json')]
  const run = async (...args: readonly string[]): Promise<{ code: number; out: string; models: any }> => {
    const { code, out } = await caught(() => runCommand(command, [...quick, ...args]))
    return { code, out, models: JSON.parse(await readFile(join(folder, 'result.json'), 'utf8')).models }
  }
  const good = await run('--only', 'right')
  expect(good.code).toBe(0)
  expect(good.models).toEqual({
    right: {
      opset: { '': 17 },
      result: 'equal',
      maxRelDiff: 0,
      reference: 'data set',
      ratio: null,
      compileSeconds: expect.any(Number),
      textBytes: expect.any(Number),
      artifactBytes: expect.any(Number),
      modelBytes: expect.any(Number),
      size: expect.any(Number),
      broken: [],
    },
  })
  // A file of any format is a model by what it is called.
  await writeFile(join(folder, 'unknown.tflite'), addModel())
  await writeFile(join(folder, 'unknown.txt'), addModel())
  expect((await run('--only', 'unknown.tflite')).models).toHaveProperty(['unknown.tflite', 'opset'])
  await rm(join(folder, 'unknown.tflite'))
  const all = await run()
  expect(all.code).toBe(1)
  expect(all.models.wrong).toMatchObject({ result: 'different', broken: ['the results differ'] })
  expect(all.models.wrong.maxRelDiff).toBeGreaterThan(0.01)
  expect(all.models.unknown.broken[0]).toContain('Frobnicate')
  expect(all.out).toContain('3 models, 2 of them break a limit')
  expect((await run('--only', 'wrong', '--rtol', '0.1')).code).toBe(0)
})

test('a model that there is not, and a folder without any, are wrong usage', async () => {
  const folder = await folderOfModels()
  const command = createVerifyModels({ packages: folder, folders: [folder], sizes: {} })
  expect(await caught(() => runCommand(command, ['--only', 'wrang']))).toMatchObject({
    code: 2,
    err: expect.stringContaining('Did you mean "wrong"?'),
  })
  expect((await caught(() => runCommand(command, ['--models', join(folder, 'right', 'test_data_set_0')]))).code).toBe(2)
})

test('a model that crashes takes nothing else along', async () => {
  const folder = await folderOfModels()
  const program = join(folder, 'program.mjs')
  // Stands for bench/verify-models.js: `right` is verified, the others crash.
  await writeFile(
    program,
    `import { writeFileSync } from 'node:fs'
const { argv } = process
if (!argv.includes('right')) process.abort()
const none = { maxRelDiff: null, ratio: null, compileSeconds: null, textBytes: null, artifactBytes: null, size: null }
const right = { result: 'equal', opset: {}, broken: [], ...none }
writeFileSync(argv[argv.indexOf('--json') + 1], JSON.stringify({ models: { right } }))`,
  )
  const command = createVerifyModels({ packages: folder, folders: [folder], sizes: {}, program })
  const file = join(folder, 'result.json')
  expect(await caught(() => runCommand(command, ['--json', file]))).toMatchObject({ code: 1 })
  const { models } = JSON.parse(await readFile(file, 'utf8'))
  expect(models.right).toMatchObject({ result: 'equal', broken: [] })
  for (const name of ['unknown', 'wrong']) expect(models[name].broken).toEqual(['crashed: SIGABRT'])
})
