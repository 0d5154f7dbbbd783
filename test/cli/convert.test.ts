import { existsSync } from 'node:fs'
import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { decodeModel } from '../../src/onnx/read.ts'
import { tfliteBytes } from '../formats/tflite/writer.ts'
import { cli, cliJson, fileWith } from './cli.ts'
import { denseModel } from './models.ts'

const tensor = { shape: [2] }
const twice = {
  tensors: [tensor, tensor],
  inputs: [0],
  outputs: [1],
  operators: [{ op: 'ADD', inputs: [0, 0], outputs: [1] }],
}
const once = { ...twice, operators: [{ op: 'ABS', inputs: [0], outputs: [1] }] }
const signature = (key: string, subgraph: number) => ({ key, subgraph, inputs: { x: 0 }, outputs: { y: 1 } })

test('a .tflite becomes an ONNX file', async () => {
  const model = await fileWith('twice.tflite', tfliteBytes({ subgraphs: [twice], signatures: [signature('serve', 0)] }))
  const out = join(await mkdtemp(join(tmpdir(), 'convert-')), 'm.onnx')
  const { code, json } = await cliJson('convert', model, '-o', out)
  expect(code).toBe(0)
  expect(json).toMatchObject({ file: out, format: 'TensorFlow Lite', nodes: 2 })
  const { graph } = decodeModel(await readFile(out))
  expect(graph.nodes.map(({ op }) => op)).toEqual(['Add', 'Identity'])
  expect([graph.inputs[0]!.name, graph.outputs[0]!.name]).toEqual(['x', 'y'])
})

test('beside the model where nothing else is said, and of the signature that is named', async () => {
  const signatures = [signature('a', 0), signature('b', 1)]
  const model = await fileWith('two.tflite', tfliteBytes({ subgraphs: [twice, once], signatures }))
  expect(await cli('convert', model)).toMatchObject({ code: 1, err: expect.stringContaining('several signatures: "a", "b". Choose one with ?signature=a') }) // prettier-ignore
  expect(existsSync(model.replace('.tflite', '.onnx'))).toBe(false)
  const { code, json } = await cliJson('convert', `${model}?signature=b`)
  expect([code, json.file]).toEqual([0, model.replace('.tflite', '.onnx')])
  expect(decodeModel(await readFile(json.file)).graph.nodes[0]!.op).toBe('Abs')
  const { json: inspected } = await cliJson('inspect', `${model}?signature=b`)
  expect(inspected).toMatchObject({ format: 'TensorFlow Lite', operators: { Abs: 1 } })
  const { json: ran } = await cliJson('run', `${model}?signature=b`, '--random')
  expect(ran.outputs[0]).toMatchObject({ name: 'y', shape: [2] })
})

test.each([
  [['convert'], 2, /MODEL is missing/],
  [['convert', '/nowhere/m.tflite'], 1, /does not exist/],
])('%j', async (args, code, message) => {
  const result = await cli(...args)
  expect(result.err).toMatch(message)
  expect(result.code).toBe(code)
})

test('a model is not written over itself', async () => {
  const model = await fileWith('dense.onnx', denseModel())
  expect(await cli('convert', model)).toMatchObject({ code: 2, err: expect.stringContaining('is the model itself') })
  expect(await cli('convert', model, '-o', tmpdir())).toMatchObject({ code: 2, err: expect.stringContaining('is a folder') }) // prettier-ignore
})
