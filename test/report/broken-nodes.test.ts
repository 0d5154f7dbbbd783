import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { CompileError } from '../../src/errors/index.ts'
import { type AttributeSource, modelBytes, type Named, tensorType } from '../../src/onnx/build.ts'
import type { TypeInfo } from '../../src/onnx/model.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { createReport } from '../../src/report/report.ts'
import { f32, node } from '../graph/models.ts'

/** The report on one node; its outputs are stated, as inference refuses the node. */
function reportOn(
  op: string,
  inputs: TypeInfo[],
  attributes: Named<AttributeSource>,
  output = f32(1, 2, 9, 9),
): unknown {
  const names = inputs.map((_, i) => `x${i}`)
  const bytes = modelBytes({
    opsets: { '': 21 },
    inputs: Object.fromEntries(names.map((name, i) => [name, inputs[i]])),
    outputs: { y: output },
    nodes: [node(op, names, ['y'], attributes)],
  })
  return createReport(decodeModel(bytes, { path: 'm.onnx' }), 'z16', {})
}

const images = [f32(1, 2, 4, 4), f32(2, 2, 3, 3)]

describe('nodes that break a rule of their operator', () => {
  test.each<[string, TypeInfo[], Named<AttributeSource>, RegExp]>([
    ['ConvTranspose', images, { dilations: [1n] }, /"#0".*dilations has 1 entries/],
    ['ConvTranspose', images, { strides: [2n] }, /"#0".*strides has 1 entries/],
    ['ConvTranspose', images, { pads: [-(2n ** 62n)] }, /"#0".*pads/],
    ['Softmax', [f32(2, 3)], { axis: 2n ** 40n }, /"#0".*attribute axis is/],
  ])('%s: the report ends with that rule, or goes on without the node', (op, inputs, attributes, rule) => {
    try {
      reportOn(op, inputs, attributes)
    } catch (error) {
      expect(error).toBeInstanceOf(CompileError)
      expect((error as Error).message).toMatch(rule)
    }
  })

  test.each(['ReduceSumSquare', 'ReduceL2', 'ReduceLogSum', 'ReduceLogSumExp', 'LayerNormalization', 'Clip', 'Pow'])(
    '%s without inputs meets no raw error',
    (op) => {
      try {
        reportOn(op, [], {})
      } catch (error) {
        expect(error).toBeInstanceOf(CompileError)
        expect((error as Error).message).toContain('"#0"')
      }
    },
  )

  const given = new URL('../../../shared/hostile/raw-error-report-9800a37e51.onnx', import.meta.url)
  test.skipIf(!existsSync(given))('the one that was found', () => {
    const model = decodeModel(readFileSync(given), { path: 'm.onnx' })
    expect(() => createReport(model, 'z16', {})).toThrow(/dilations has 1 entries/)
  })
})

test('a node that breaks a rule is no partner of the next one', () => {
  const bytes = modelBytes({
    opsets: { '': 21 },
    inputs: { x: f32(2, 3), other: f32(1) },
    outputs: { z: f32(2, 3) },
    nodes: [
      node('Transpose', ['x', 'other'], ['y'], { perm: [0n] }),
      node('Transpose', ['y'], ['z'], { perm: [1n, 0n] }),
    ],
  })
  expect(createReport(decodeModel(bytes), 'z16', {}).nodes).toHaveLength(2)
})

test('integers beyond 2^53 are no obstacle', () => {
  const bytes = modelBytes({
    opsets: { '': 21 },
    inputs: { x: tensorType('int64', [1]) },
    outputs: { y: undefined },
    nodes: [node('Add', ['x', 'c'], ['y'])],
    initializers: { c: tensorFrom('int64', [1], [2n ** 62n]) },
  })
  expect(createReport(decodeModel(bytes), 'z16', {}).nodes[0]).toMatchObject({ device: 'cpu' })
})
