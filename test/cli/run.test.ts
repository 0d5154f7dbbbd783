import { expect, onTestFinished, test, vi } from 'vitest'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { resolveTarget } from '../../src/targets/index.ts'
import { cli, cliJson, fileWith } from './cli.ts'
import { addModel, denseModel, integerModel, reciprocalModel, tensorBytes } from './models.ts'

/** [[1, 2, 3]] as numpy writes it. */
const row = Buffer.concat([
  Buffer.from('\u0093NUMPY\u0001\0', 'latin1'),
  Buffer.from([70, 0]),
  Buffer.from("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3), }".padEnd(69) + '\n'),
  new Uint8Array(Float32Array.of(1, 2, 3).buffer),
])

test.each([
  ['npy', row],
  ['pb', tensorBytes(tensorFrom('float32', [1, 3], [1, 2, 3]))],
  ['json', '[[1, 2, 3]]'],
])('an input from a .%s file', async (ending, content) => {
  const model = await fileWith('add.onnx', addModel())
  const { code, json, out } = await cliJson('run', model, '--input', `x=${await fileWith(`x.${ending}`, content)}`)
  expect(code).toBe(0)
  expect(json.outputs).toEqual([{ name: 'y', type: 'float32', shape: [1, 3], data: [2, 4, 6] }])
  expect(json.us.min).toBeGreaterThan(0)
  expect(json.us.median).toBeGreaterThanOrEqual(json.us.min)
  expect(out).toContain('y float32 [1, 3]\n  2  4  6')
})

test('random inputs are those of the seed, in the sizes asked for', async () => {
  const model = await fileWith('add.onnx', addModel())
  const outputs = async (...args: string[]) => (await cliJson('run', model, '--random', ...args)).json.outputs
  const [first] = await outputs('--seed', '7', '--dims', 'batch=4', '--repeat', '3', '--warmup', '1')
  expect(first.shape).toEqual([4, 3])
  expect(await outputs('--seed', '7', '--dims', 'batch=4')).toEqual([first])
  expect(await outputs('--seed', '8', '--dims', 'batch=4')).not.toEqual([first])
  for (const value of first.data.slice(0, 1)) expect(Math.abs(value - 1)).toBeLessThanOrEqual(1)
})

test('a dimension without a name goes by its place', async () => {
  const model = await fileWith('add.onnx', addModel(''))
  const { json } = await cliJson('run', model, '--random', '--dims', 'x[0]=4')
  expect(json.outputs[0].shape).toEqual([4, 3])
  const wrong = await cli('run', model, '--random', '--dims', 'x[1]=4')
  expect(wrong).toMatchObject({ code: 2, err: expect.stringContaining('it has x[0].') })
})

test('what JSON has no numbers for is text', async () => {
  const big = await fileWith('x.json', '["4611686018427387903", 1]')
  const integers = await cliJson('run', await fileWith('add.onnx', integerModel()), '--input', `x=${big}`)
  expect(integers.json.outputs[0].data).toEqual(['9223372036854775806', 2])
  const zeros = await fileWith('x.json', '[0, "-Infinity", "NaN"]')
  const floats = await cliJson('run', await fileWith('reciprocal.onnx', reciprocalModel()), '--input', `x=${zeros}`)
  expect(floats.json.outputs[0].data).toEqual(['Infinity', 0, 'NaN'])
})

test('--json - prints nothing else', async () => {
  const { out } = await cli('run', await fileWith('dense.onnx', denseModel()), '--random', '--json', '-')
  expect(JSON.parse(out).outputs[0].data).toHaveLength(16)
})

test.each([
  ['no value', [], /input "x" has no value; give --input x=FILE, or --random/],
  ['an unknown input', ['--input', 'y=x.json'], /no input "y"; it has x\./],
  ['no file', ['--input', 'x'], /--input must be like NAME=FILE/],
  ['an input given twice', ['--input', 'x=a.npy', '--input', 'x=b.npy'], /input "x" is given twice/],
  ['a file that is not there', ['--input', 'x=/nowhere/x.npy'], /Can't read \/nowhere\/x\.npy: there is no such file/],
  ['another kind of file', ['--input', 'x=x.csv'], /its name must end in \.npy, \.pb or \.json/],
  ['repetitions that are no decimal', ['--random', '--repeat', '0x1'], /--repeat must be a whole number of at least 1/],
  ['no repetitions', ['--random', '--repeat', '0'], /--repeat must be a whole number of at least 1/],
  ['an unknown dimension', ['--random', '--dims', 'batch=2'], /no symbolic dimension "batch"; it has none/],
])('%s is told before anything is compiled', async (_, args, message) => {
  vi.stubEnv('CC', '/no/compiler')
  onTestFinished(() => void vi.unstubAllEnvs())
  const { code, err } = await cli('run', await fileWith('dense.onnx', denseModel()), ...args)
  expect(err).toMatch(message)
  expect(code).toBe(2)
  expect(err).not.toMatch(/\n\s+at |This is a bug/)
})

test('data that does not fit the input', async () => {
  const model = await fileWith('dense.onnx', denseModel())
  const withData = async (name: string, content: string | Uint8Array) =>
    cli('run', model, '--input', `x=${await fileWith(name, content)}`)
  expect(await withData('x.json', '[1, 2]')).toMatchObject({
    code: 2,
    err: expect.stringContaining('expected float32 [2, 4], given'),
  })
  const doubles = tensorBytes(tensorFrom('float64', [2, 4], new Float64Array(8)))
  expect(await withData('x.pb', doubles)).toMatchObject({
    code: 2,
    err: expect.stringContaining('holds float64, but input "x" takes float32'),
  })
  expect(await withData('x.pb', Uint8Array.of(255, 255))).toMatchObject({
    code: 1,
    err: expect.stringContaining('x.pb'),
  })
})

test('a target that can’t run here', async () => {
  const foreign = process.arch === 's390x' ? 'riscv64' : 'z16'
  const { code, err } = await cli('run', await fileWith('dense.onnx', denseModel()), '--random', '--target', foreign)
  expect(code).toBe(1)
  expect(err).toContain(`Code for ${foreign} can't run on this machine`)
})

test('of several targets, the best that runs here', async () => {
  const foreign = process.arch === 's390x' ? 'riscv64' : 'z16'
  const model = await fileWith('dense.onnx', denseModel())
  const run = async (id: string, ...options: string[]) => (await cliJson('run', id, '--random', ...options)).json
  const best = await run(model, '--target', `wasm,${foreign},host`)
  const wasm = await run(`${model}?target=wasm,${foreign}`)
  expect([best.target, wasm.target]).toEqual([resolveTarget('host').name, 'wasm'])
  expect(wasm.outputs[0].data).toEqual(best.outputs[0].data)

  const { code, err } = await cli('run', model, '--random', '--target', `${foreign},win32-x64`)
  expect(code).toBe(1)
  expect(err).toMatch(/^Code for .*win32-x64.* can't run on this machine/)
})
