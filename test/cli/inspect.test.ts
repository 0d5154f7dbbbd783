import { describe, expect, test } from 'vitest'
import { modelBytes, tensorType } from '../../src/onnx/build.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { parseRequest } from '../../src/request/request.ts'
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

describe('sizes that decide whether FLOPs are known', () => {
  const exp = { nodes: [{ op: 'Exp', name: 'e', inputs: ['x'], outputs: ['y'] }], outputs: { y: undefined } }
  const conv = {
    outputs: { y: undefined },
    initializers: { w: tensorFrom('float32', [4, 3, 5, 5], new Float32Array(300)) },
    nodes: [{ op: 'Conv', name: 'c', inputs: ['x', 'w'], outputs: ['y'] }],
  }

  test.each([
    [
      'an input without a rank',
      { inputs: { x: tensorType('float32') }, ...exp },
      'Input "x" decides it',
      "'rank(x)=2'",
      'rank=28=x=29=_2',
    ],
    [
      'two of them',
      {
        inputs: { x: tensorType('float32'), z: tensorType('float32') },
        outputs: { y: undefined },
        nodes: [{ op: 'MatMul', inputs: ['x', 'z'], outputs: ['y'] }],
      },
      'Inputs "x", "z" decide it',
      "'rank(x)=2,rank(z)=2'",
      'rank=28=x=29=_2,rank=28=z=29=_2',
    ],
    [
      'how many axes a shape has',
      {
        inputs: { x: tensorType('float32', ['n', 4]), s: tensorType('int64', ['axes']) },
        outputs: { y: undefined },
        nodes: [{ op: 'Reshape', inputs: ['x', 's'], outputs: ['y'] }],
      },
      'Input "s" decides it',
      'axes=2',
      'axes_2',
    ],
    [
      'an image as small as 1',
      { inputs: { x: tensorType('float32', ['n', 3, 'h', 64]) }, ...conv },
      'with h = 1, n = 1 node "c" (Conv) would have an output of [1, 4, -4 + h, 60]; input "x" decides it',
      'h=8',
      'h_8',
    ],
    [
      'rows of twelve, of which there are none',
      {
        inputs: { x: tensorType('float32', ['n']) },
        outputs: { y: undefined },
        initializers: { s: tensorFrom('int64', [2], [-1n, 12n]) },
        nodes: [
          { op: 'Reshape', inputs: ['x', 's'], outputs: ['r'] },
          { op: 'Sin', name: 'sin', inputs: ['r'], outputs: ['y'] },
        ],
      },
      'with n = 1 node "sin" (Sin) would have an output of [0, 12]; input "x" decides it',
      'n=12',
      'n_12',
    ],
    [
      'axes that are called like options',
      { inputs: { x: tensorType('float32', [1, 3, '-h', '-']) }, ...conv },
      'input "x" decides it',
      '-h=8,-=8',
      '-_8,-h_8',
    ],
    [
      'the same of an axis without a name',
      { inputs: { x: tensorType('float32', [1, 3, undefined, 64]) }, ...conv },
      'input "x" decides it',
      "'x[2]=8'",
      'x=5b=2=5d=_8',
    ],
  ])('%s: is named, and what to give', async (_, source, message, option, directive) => {
    const model = await fileWith('open.onnx', modelBytes({ opsets: { '': 20 }, ...source }))
    const { code, out, json } = await cliJson('inspect', model)
    expect(code).toBe(0)
    expect(json.flops).toBe(null)
    const told = json.notes.join('\n')
    expect(told).toMatch(/^FLOPs (and memory )?are unknown: /)
    expect(told).toContain(message)
    const [given] = /--dims[ =].*(?=, or dims=)/.exec(told)!
    expect(given).toBe(option.startsWith('-') ? `--dims=${option}` : `--dims ${option}`)
    expect(told).toContain(`give sizes, like ${given}, or dims=${directive} in an import.`)
    expect(out).toContain('unknown')
    // What is advised does it.
    const sized = await cliJson('inspect', model, ...given!.replaceAll("'", '').split(' '))
    expect(sized.json.flops).toBeGreaterThanOrEqual(option === 'axes=2' ? 0 : 1)
    expect(sized.json.notes).toEqual([])
    expect(() => parseRequest(`/m.onnx?dims=${directive}`)).not.toThrow()
  })
})
