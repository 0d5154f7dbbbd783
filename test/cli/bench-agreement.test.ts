import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { agreementFor, stepsOf, withSteps } from '../../src/cli/bench/agreement.ts'
import { dataSetsOf } from '../../src/cli/bench/model-files.ts'
import { deviation } from '../../src/conformance/compare.ts'
import { modelBytes, tensorType } from '../../src/onnx/build.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { encodeTensor } from '../../src/onnx/write.ts'
import { denseModel } from './models.ts'

const folder = mkdtempSync(join(tmpdir(), 'bench-agreement-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const floats = (...values: number[]) => tensorFrom('float32', [values.length], values)

describe('what two engines may differ by', () => {
  it.each([
    ['numbers around 1: 1e-5 near zero', [0, 1], [9e-6, 1], 0],
    ['beyond that they differ', [0, 1], [2e-5, 1], 1],
    ['large numbers beside it: as much of the largest', [0, 100], [9e-4, 100], 0],
    ['beyond that, too', [0, 100], [2e-3, 100], 1],
    ['infinity is none of them', [0, Infinity], [2e-5, Infinity], 1],
    ['a thousandth of what is not near zero', [50, 100], [50.04, 100], 0],
  ])('%s', (_, expected, given, mismatches) => {
    const wanted = floats(...expected)
    expect(deviation(floats(...given), wanted, agreementFor(wanted)).mismatches).toBe(mismatches)
  })

  it('integers are equal or not', () => {
    const wanted = tensorFrom('int64', [2], [1000000n, 5n])
    const given = tensorFrom('int64', [2], [1000001n, 5n])
    expect(deviation(given, wanted, agreementFor(wanted)).mismatches).toBe(1)
  })

  it('an output that is quantised may be a step away, another one not', () => {
    const bytes = modelBytes({
      opsets: { '': 13 },
      inputs: { x: tensorType('float32', [3]) },
      outputs: { y: tensorType('float32', [3]), z: tensorType('float32', [3]) },
      initializers: { scale: tensorFrom('float32', [], [0.25]), zero: tensorFrom('uint8', [], [128]) },
      nodes: [
        { op: 'QuantizeLinear', inputs: ['x', 'scale', 'zero'], outputs: ['q'] },
        { op: 'DequantizeLinear', inputs: ['q', 'scale', 'zero'], outputs: ['y'] },
        { op: 'Relu', inputs: ['y'], outputs: ['z'] },
      ],
    })
    const steps = stepsOf(decodeModel(bytes, { path: 'q.onnx' }))
    expect([...steps]).toEqual([['y', 0.25]])
    const toleranceOf = withSteps(steps, agreementFor)
    const wanted = floats(0, 0.25, 1)
    const mismatches = (output: string, ...given: number[]): number =>
      deviation(floats(...given), wanted, toleranceOf(wanted, output)).mismatches
    expect(mismatches('y', 0, 0.5, 0.75)).toBe(0)
    expect(mismatches('y', 0, 0.75, 1)).toBe(1)
    expect(mismatches('z', 0, 0.5, 1)).toBe(1)
  })
})

it('a data set of inputs alone says what to run on, and nothing of what comes out', async () => {
  const path = join(folder, 'model.onnx')
  writeFileSync(path, denseModel())
  const { inputs } = decodeModel(denseModel(), { path }).graph
  for (const i of [0, 1]) {
    const data = join(folder, `test_data_set_${i}`)
    mkdirSync(data)
    for (const [k, { name }] of inputs.entries())
      writeFileSync(join(data, `input_${k}.pb`), encodeTensor(floats(i, k), name))
  }
  const sets = await dataSetsOf({ name: 'dense', path })
  expect(sets.map(({ expected }) => expected)).toEqual([undefined, undefined])
  expect(sets.map((set) => [...set.inputs.keys()])).toEqual([inputs, inputs].map((all) => all.map(({ name }) => name)))
})
