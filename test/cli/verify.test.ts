import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { deviation } from '../../src/conformance/compare.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { cli, cliJson, temporaryFolder } from './cli.ts'
import { addModel, tensorBytes } from './models.ts'

/** A folder with the add model and what it should give for [[1, 2, 3]], in a data set of its own. */
async function modelWithData(
  expected: readonly number[],
  set = 'test_data_set_0',
): Promise<{ model: string; folder: string }> {
  const folder = await temporaryFolder()
  const model = join(folder, 'model.onnx')
  await mkdir(join(folder, set), { recursive: true })
  await writeFile(model, addModel())
  await writeFile(join(folder, set, 'input_0.pb'), tensorBytes(tensorFrom('float32', [1, 3], [1, 2, 3])))
  await writeFile(join(folder, set, 'output_0.pb'), tensorBytes(tensorFrom('float32', [1, 3], expected)))
  return { model, folder }
}

test('agreement with the data beside the model', async () => {
  const { model } = await modelWithData([2, 4, 6.000001])
  const { code, json, out } = await cliJson('verify', model, '--runs', '0')
  expect(code).toBe(0)
  expect(json).toMatchObject({ ok: true, rtol: 1e-3, atol: 1e-5 })
  expect(json.checks).toEqual([expect.objectContaining({ output: 'y', elements: 3, mismatches: 0 })])
  expect(json.checks[0].maxAbs).toBeGreaterThan(0)
  expect(out).toContain('1 of 1 outputs agree')
})

test('a difference ends with exit code 1; tolerances can be given', async () => {
  const { model, folder } = await modelWithData([2, 4, 6.1], 'data')
  const { code, json, out } = await cliJson('verify', model, '--data', join(folder, 'data'))
  expect(code).toBe(1)
  expect(json.checks).toEqual([
    expect.objectContaining({
      output: 'y',
      mismatches: 1,
      problem: expect.stringMatching(/^element 2 is 6, expected 6\.09/),
    }),
  ])
  expect(out).toContain('1 of 1 outputs differ')
  expect((await cli('verify', model, '--data', join(folder, 'data'), '--rtol', '0.1')).code).toBe(0)
  expect((await cli('verify', model, '--data', join(folder, 'data'), '--rtol', '0', '--atol', '0.2')).code).toBe(0)
})

test('nothing to compare with, and data that is not there or not whole', async () => {
  const { model, folder } = await modelWithData([2, 4, 6], 'data')
  expect(await cli('verify', model, '--runs', '0')).toMatchObject({
    code: 1,
    err: expect.stringContaining('nothing to compare'),
  })
  expect(await cli('verify', model, '--data', folder)).toMatchObject({
    code: 2,
    err: expect.stringContaining('holds neither output_0.pb nor'),
  })
  await mkdir(join(folder, 'half'))
  await writeFile(join(folder, 'half', 'output_0.pb'), tensorBytes(tensorFrom('float32', [1], [1])))
  expect(await cli('verify', model, '--data', join(folder, 'half'))).toMatchObject({
    code: 2,
    err: expect.stringContaining('input_0.pb: there is no such file'),
  })
  expect(await cli('verify', model, '--rtol', '-1')).toMatchObject({ code: 2 })
})

test('deviation is that of numpy’s allclose', () => {
  const floats = (...values: number[]) => tensorFrom('float64', [values.length], values)
  const tolerance = { rtol: 1e-3, atol: 1e-5 }
  const of = (actual: number[], expected: number[]) => deviation(floats(...actual), floats(...expected), tolerance)
  expect(of([1, NaN, Infinity], [1, NaN, Infinity])).toEqual({
    maxAbs: 0,
    maxRel: 0,
    elements: 3,
    mismatches: 0,
    problem: undefined,
  })
  expect(of([1000.9], [1000])).toMatchObject({ mismatches: 0 })
  expect(of([1001.1], [1000])).toMatchObject({ mismatches: 1, problem: 'element 0 is 1001.1, expected 1000' })
  expect(of([0.9e-5], [0])).toMatchObject({ mismatches: 0, maxRel: expect.closeTo(0.9e-3, 9) })
  expect(of([1.1e-5], [0])).toMatchObject({ mismatches: 1, maxRel: expect.closeTo(1.1e-3, 9) })
  for (const [actual, expected] of [
    [NaN, 1],
    [1, NaN],
    [Infinity, 1],
    [1, -Infinity],
    [-Infinity, Infinity],
  ] as const)
    expect(of([actual], [expected])).toMatchObject({ maxAbs: Infinity, maxRel: Infinity, mismatches: 1 })
  expect(deviation(floats(1), floats(1, 1))).toMatchObject({ mismatches: 2, problem: 'shape is [1], expected [2]' })
  expect(deviation(tensorFrom('float32', [1], [1]), floats(1)).problem).toBe('type is float32, expected float64')
  const integer = (value: bigint) => tensorFrom('int64', [1], [value])
  expect(deviation(integer(1000000n), integer(1000001n))).toMatchObject({ mismatches: 1, maxAbs: 1 })
  const text = (value: string) => tensorFrom('string', [1], [value])
  expect(deviation(text('a'), text('b'))).toMatchObject({ mismatches: 1, problem: 'element 0 is a, expected b' })
  expect(deviation(text('a'), text('a'))).toMatchObject({ mismatches: 0 })
})
