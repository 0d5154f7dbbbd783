import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { modelBytes, tensorType } from '../../src/onnx/build.ts'
import type { Tensor, TypeInfo } from '../../src/onnx/model.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { cli, cliJson, fileWith, temporaryFolder } from './cli.ts'
import { sequenceBytes, tensorBytes } from './models.ts'

// Commands on models whose inputs and outputs are no tensors.

const floats = tensorType('float32', ['n'])
const sequence: TypeInfo = { kind: 'sequence', element: floats }
const optional: TypeInfo = { kind: 'optional', element: floats }

/** The sequence with the tensor at its end, the optional as it is, and the scores as records. */
function model(): Uint8Array {
  return modelBytes({
    opsets: { '': 17, 'ai.onnx.ml': 3 },
    inputs: { list: sequence, x: tensorType('float32', [2]), maybe: optional },
    outputs: { longer: sequence, same: optional, rows: undefined },
    nodes: [
      { op: 'SequenceInsert', inputs: ['list', 'x'], outputs: ['longer'] },
      { op: 'Identity', inputs: ['maybe'], outputs: ['same'] },
      {
        op: 'ZipMap',
        domain: 'ai.onnx.ml',
        inputs: ['x'],
        outputs: ['rows'],
        attributes: { classlabels_strings: ['cat', 'dog'] },
      },
    ],
  })
}

const tensor = (...values: number[]): Tensor => tensorFrom('float32', [values.length], values)

test.each([
  ['json', '[[1], [], {"data": [2, 3], "dims": [2]}]'],
  ['pb', sequenceBytes([tensor(1), tensor(), tensor(2, 3)])],
])('run takes a sequence from a .%s file, and shows what comes out', async (ending, content) => {
  const inputs = [
    `list=${await fileWith(`list.${ending}`, content)}`,
    `x=${await fileWith('x.json', '[0.25, 0.75]')}`,
    `maybe=${await fileWith('maybe.json', '[9]')}`,
  ]
  const path = await fileWith('m.onnx', model())
  const { code, json, out } = await cliJson('run', path, ...inputs.flatMap((input) => ['--input', input]))
  expect(code).toBe(0)
  expect(json.outputs).toEqual([
    {
      name: 'longer',
      type: 'sequence(float32)',
      elements: [
        { type: 'float32', shape: [1], data: [1] },
        { type: 'float32', shape: [0], data: [] },
        { type: 'float32', shape: [2], data: [2, 3] },
        { type: 'float32', shape: [2], data: [0.25, 0.75] },
      ],
    },
    { name: 'same', type: 'optional(float32)', elements: [{ type: 'float32', shape: [1], data: [9] }] },
    { name: 'rows', type: 'sequence(map(string, float32))', rows: [{ cat: 0.25, dog: 0.75 }] },
  ])
  expect(out).toContain('longer sequence(float32) (4)\nlonger[0] float32 [1]\n  1')
  expect(out).toContain('  cat 0.25  dog 0.75')
})

test('an optional may be left out, or be null', async () => {
  const path = await fileWith('m.onnx', model())
  const others = [
    '--input',
    `list=${await fileWith('list.json', '[]')}`,
    '--input',
    `x=${await fileWith('x.json', '[1, 2]')}`,
  ]
  const empty = { name: 'same', type: 'optional(float32)', elements: null }
  expect((await cliJson('run', path, ...others)).json.outputs[1]).toEqual(empty)
  const isNull = `maybe=${await fileWith('maybe.json', 'null')}`
  const { json, out } = await cliJson('run', path, ...others, '--input', isNull)
  expect(json.outputs[1]).toEqual(empty)
  expect(out).toContain('same optional(float32) (empty)')
})

test('random inputs are made up for sequences and optionals, and none for maps', async () => {
  const { code, json } = await cliJson('run', await fileWith('m.onnx', model()), '--random')
  expect(code).toBe(0)
  expect(json.outputs[0].elements).toHaveLength(3)
  const bytes = modelBytes({
    opsets: { '': 17, 'ai.onnx.ml': 3 },
    inputs: { counts: { kind: 'map', key: 'int64', value: tensorType('float32', []) } },
    outputs: { y: undefined },
    nodes: [{ op: 'CastMap', domain: 'ai.onnx.ml', inputs: ['counts'], outputs: ['y'] }],
  })
  const map = await cli('run', await fileWith('map.onnx', bytes), '--random')
  expect(map).toMatchObject({ code: 2, err: expect.stringContaining('"counts" is a map') })
})

test('what does not fit is refused with the element', async () => {
  const path = await fileWith('m.onnx', model())
  const run = async (file: string, content: string) =>
    cli('run', path, '--random', '--input', `list=${await fileWith(file, content)}`)
  expect(await run('list.json', '{}')).toMatchObject({
    code: 2,
    err: expect.stringContaining('a sequence is an array'),
  })
  expect(await run('list.json', '[[1], ["a"]]')).toMatchObject({ code: 2, err: expect.stringContaining('no float32') })
  expect(await run('list.json', '[[[1]]]')).toMatchObject({
    code: 2,
    err: expect.stringContaining('input "list", element 0: expected float32 [?]'),
  })
  expect(await run('list.npy', '')).toMatchObject({ code: 2, err: expect.stringContaining('.pb or .json') })
})

test('verify compares a data set element by element', async () => {
  const folder = await temporaryFolder()
  const set = join(folder, 'test_data_set_0')
  await mkdir(set)
  await writeFile(
    join(folder, 'model.onnx'),
    modelBytes({
      opsets: { '': 17 },
      inputs: { list: sequence, x: tensorType('float32', [2]) },
      outputs: { longer: sequence },
      nodes: [{ op: 'SequenceInsert', inputs: ['list', 'x'], outputs: ['longer'] }],
    }),
  )
  await writeFile(join(set, 'input_0.pb'), sequenceBytes([tensor(1)]))
  await writeFile(join(set, 'input_1.pb'), tensorBytes(tensor(2, 3)))
  const verify = async (...expected: Tensor[]) => {
    await writeFile(join(set, 'output_0.pb'), sequenceBytes(expected))
    return cliJson('verify', join(folder, 'model.onnx'), '--data', folder)
  }
  expect((await verify(tensor(1), tensor(2, 3))).code).toBe(0)
  const other = await verify(tensor(1), tensor(2, 4))
  expect(other.code).toBe(1)
  expect(other.json.checks.filter(({ problem }: { problem?: string }) => problem)).toMatchObject([
    { output: 'longer[1]' },
  ])
  const longer = await verify(tensor(1), tensor(2, 3), tensor(4))
  expect(longer.code).toBe(1)
  const shorter = await verify(tensor(1))
  expect(shorter.json.checks.filter(({ problem }: { problem?: string }) => problem)).toMatchObject([
    { output: 'longer.length', problem: 'element 0 is 2, expected 1' },
  ])
})
