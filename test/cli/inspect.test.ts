import { expect, test } from 'vitest'
import { modelBytes, tensorType } from '../../src/onnx/build.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { cli, cliJson, fileWith } from './cli.ts'
import { addModel, denseModel, unknownModel } from './models.ts'

test('tells signature, operators, parameters and opset', async () => {
  const { code, json } = await cliJson('inspect', await fileWith('add.onnx', addModel()))
  expect(code).toBe(0)
  expect(json).toMatchObject({
    inputs: [{ name: 'x', type: 'float32', shape: ['batch', 3] }],
    outputs: [{ name: 'y', type: 'float32', shape: ['batch', 3] }],
    operators: { Add: 1 },
    parameters: 3,
    parameterBytes: 12,
    nodes: 1,
    opset: { '': 17 },
    irVersion: 10,
    producer: 'test',
    metadata: { author: 'nobody' },
    flops: 3,
    assumedOne: ['batch'],
    notes: [],
  })
  expect(json.files).toHaveLength(1)
  expect(json.files[0].sha256).toMatch(/^[0-9a-f]{64}$/)
})

test('counts FLOPs and memory', async () => {
  const { json } = await cliJson('inspect', await fileWith('dense.onnx', denseModel()))
  expect(json.flops).toBe(2 * 2 * 4 * 8 + 2 * 8)
  expect(json.parameters).toBe(32)
  expect(json.assumedOne).toEqual([])
  // x and x W are alive at once, then x W and y.
  expect(json.memory.activationPeak).toBe((2 * 8 + 2 * 8) * 4)
  expect(json.memory.weights).toBeGreaterThanOrEqual(32 * 4)
})

test('takes sizes of symbolic dimensions', async () => {
  const model = await fileWith('add.onnx', addModel())
  const { json } = await cliJson('inspect', model, '--dims', 'batch=10')
  expect(json).toMatchObject({ flops: 30, assumedOne: [] })
  const { code, err } = await cli('inspect', model, '--dims', 'bach=10')
  expect(code).toBe(2)
  expect(err).toContain('no symbolic dimension "bach"; it has batch. Did you mean "batch"?')
})

test('works where the built-in compiler lacks an operator, and says which', async () => {
  const { code, json } = await cliJson('inspect', await fileWith('unknown.onnx', unknownModel()))
  expect(code).toBe(0)
  expect(json.operators).toEqual({ If: 1, Neg: 1, Relu: 1, 'com.example.Frobnicate': 1 })
  expect(json).toMatchObject({ nodes: 4, flops: null, memory: null, opset: { '': 17, 'com.example': 1 } })
  expect(json.notes).toEqual([expect.stringContaining('com.example.Frobnicate')])
})

test('inputs that are no tensors are told as the file states them', async () => {
  const sequence = { kind: 'sequence', element: tensorType('float32') } as const
  const bytes = modelBytes({
    opsets: { '': 17 },
    inputs: { s: sequence },
    outputs: { n: tensorType('int64', []) },
    nodes: [{ op: 'SequenceLength', inputs: ['s'], outputs: ['n'] }],
  })
  const { code, json } = await cliJson('inspect', await fileWith('sequence.onnx', bytes))
  expect(code).toBe(0)
  expect(json.inputs).toEqual([{ name: 's', type: 'sequence(float32)', shape: null }])
  expect(json.outputs).toEqual([{ name: 'n', type: 'int64', shape: [] }])
})

test('the table has no control characters of the model', async () => {
  const bytes = modelBytes({
    opsets: { '': 17 },
    producer: 'a\u001b[31mb\u202ec',
    inputs: { 'x\u0007': tensorType('float32', [1]) },
    outputs: { y: tensorType('float32', [1]) },
    initializers: { b: tensorFrom('float32', [1], [1]) },
    nodes: [{ op: 'Add', inputs: ['x\u0007', 'b'], outputs: ['y'] }],
  })
  const { out } = await cli('inspect', await fileWith('hostile.onnx', bytes))
  // oxlint-disable-next-line no-control-regex -- these must not be there
  expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
  expect(out).toContain('a\ufffd[31mb\ufffdc')
})

test('JSON goes to standard output alone with -', async () => {
  const { out } = await cli('inspect', await fileWith('add.onnx', addModel()), '--json', '-')
  expect(JSON.parse(out)).toMatchObject({ parameters: 3 })
})

test.each([
  ['a text file', 'hello', /m\.onnx: .* not ONNX/],
  ['an empty file', '', /m\.onnx: .*empty/],
  ['half a model', denseModel().subarray(0, 100), /m\.onnx: .*truncated/],
])('%s ends with exit code 1 and no stack', async (_, content, message) => {
  const { code, err, out } = await cli('inspect', await fileWith('m.onnx', content))
  expect(code).toBe(1)
  expect(err).toMatch(message)
  expect(err).not.toMatch(/\n\s+at |This is a bug/)
  expect(out).toBe('')
})

test('a file that is not there, and a result that can’t be written', async () => {
  expect(await cli('inspect', '/nowhere/m.onnx')).toMatchObject({
    code: 1,
    err: expect.stringContaining('does not exist'),
  })
  const { code, err } = await cli('inspect', await fileWith('add.onnx', addModel()), '--json', '/nowhere/result.json')
  expect(code).toBe(1)
  expect(err).toMatch(/^Can't write \/nowhere\/result\.json/)
})
