import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { OutputDifferences } from '../../src/conformance/difference.ts'
import type { Tensor } from '../../src/runtime/tensor.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { cli, cliJson, temporaryFolder } from './cli.ts'
import { classifier, tensorBytes } from './models.ts'

async function written(): Promise<{ model: string; folder: string }> {
  const folder = await temporaryFolder()
  const model = join(folder, 'model.onnx')
  await writeFile(model, classifier())
  return { model, folder }
}

test('what small weights change is shown for each output, and held against a limit', async () => {
  const { model } = await written()
  const { code, json, out } = await cliJson('verify', model, '--weights', 'int8', '--dims', 'rows=20', '--runs', '4')
  expect(code).toBe(0)
  expect(json).toMatchObject({ ok: true, weights: 'int8', maxDifference: null })
  expect(json.bytes.small).toBeLessThan(json.bytes.f32 - 32_000)
  const [y, label] = json.differences
  expect(y).toMatchObject({ inputs: '4 random, seed 0', output: 'y', elements: 4 * 20 * 256 })
  expect(y.largest).toBeGreaterThan(1e-4)
  expect(y.largest).toBeLessThan(0.02)
  expect(y.mean).toBeLessThan(y.largest / 2)
  expect(label).toMatchObject({ output: 'label', elements: 80 })
  expect(out).toMatch(/the largest difference is [\d.]+ % \(weights=int8: .* → .*\)/)

  const half = await cliJson('verify', `${model}?weights=f16`, '--max-difference', '0.001')
  expect(half.code).toBe(0)
  expect(half.json.differences[0].largest).toBeLessThan(y.largest / 5)
  const strict = await cli('verify', model, '--weights', 'int8', '--max-difference', '1e-4')
  expect(strict.code).toBe(1)
  expect(strict.out).toMatch(/[12] of 2 outputs differ by more than 0\.01 %/)
})

test('sample inputs: those of files and those of data sets', async () => {
  const { model, folder } = await written()
  const ones = tensorBytes(tensorFrom('float32', [1, 64], Array<number>(64).fill(1)))
  await writeFile(join(folder, 'ones.pb'), ones)
  await mkdir(join(folder, 'test_data_set_0'))
  await writeFile(join(folder, 'test_data_set_0', 'input_0.pb'), ones)
  await writeFile(
    join(folder, 'test_data_set_0', 'output_0.pb'),
    tensorBytes(tensorFrom('float32', [1, 256], Array<number>(256).fill(0))),
  )
  await writeFile(join(folder, 'test_data_set_0', 'output_1.pb'), tensorBytes(tensorFrom('int64', [1], [0n])))
  const { json } = await cliJson(
    ...(['verify', model, '--weights', 'int8', '--runs', '0', '--input', `x=${join(folder, 'ones.pb')}`] as const),
  )
  const differences = json.differences as { inputs: string; output: string; largest: number; elements: number }[]
  expect(differences.map(({ inputs, output, elements }) => [inputs, output, elements])).toEqual([
    [join(folder, 'ones.pb'), 'y', 256],
    [join(folder, 'ones.pb'), 'label', 1],
    [join(folder, 'test_data_set_0'), 'y', 256],
    [join(folder, 'test_data_set_0'), 'label', 1],
  ])
  // The same input, the same difference: that of column sums of the weights and of what int8 makes of them.
  const weights = Array.from({ length: 64 * 256 }, (_, i) => Math.fround(Math.sin(i * i)))
  const column = (values: readonly number[], n: number): number[] => values.filter((_, i) => i % 256 === n)
  const sums = Array.from({ length: 256 }, (_, n) => {
    const own = column(weights, n)
    const scale = Math.fround(Math.max(...own.map(Math.abs)) / 127)
    const near = own.map((weight) => Math.fround(Math.round(weight / scale) * scale))
    const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0)
    return { expected: sum(own), off: Math.abs(sum(own) - sum(near)) }
  })
  const share = Math.max(...sums.map(({ off }) => off)) / Math.max(...sums.map(({ expected }) => Math.abs(expected)))
  expect(differences[0]!.largest).toBeCloseTo(share, 5)
  expect(differences[2]!.largest).toBe(differences[0]!.largest)
})

test('wrong usage', async () => {
  const { model, folder } = await written()
  const says = async (text: string | RegExp, ...args: string[]): Promise<void> =>
    expect(await cli('verify', model, ...args)).toMatchObject({ code: 2, err: expect.stringMatching(text) })
  await says(/weights="int4" must be one of f32, f16, int8/, '--weights', 'int4')
  await says(/--max-difference goes with --weights f16 or int8/, '--max-difference', '0.1')
  await says(/--input goes with --weights/, '--input', 'x=a.npy')
  await says(/nothing to run: --runs is 0/, '--weights', 'f16', '--runs', '0')
  await says(/no input "X"/, '--weights', 'f16', '--input', 'X=a.npy')
  await says(/holds neither output_0\.pb/, '--weights', 'f16', '--data', folder)
  await says(/onnx-mlir stores weights as the model has them/, '--weights', 'f16', '--compiler', 'onnx-mlir')
})

test('a difference is a share of the largest element, over all runs', () => {
  const floats = (...data: number[]): Tensor => ({
    type: 'float32',
    dims: [data.length],
    data: Float32Array.from(data),
  })
  const integers = (...data: bigint[]): Tensor => ({
    type: 'int64',
    dims: [data.length],
    data: BigInt64Array.from(data),
  })
  const of = (...runs: readonly (readonly [actual: Tensor, expected: Tensor])[]) => {
    const differences = new OutputDifferences([{ name: 'y', type: runs[0]![1].type, shape: [undefined] } as never])
    for (const [actual, expected] of runs) differences.add({ y: actual }, { y: expected })
    return differences.all[0]
  }
  expect(of([floats(1, 2.5), floats(1, 2)], [floats(-4), floats(-4)])).toEqual({
    output: 'y',
    largest: 0.5 / 4,
    mean: 0.5 / 3 / 4,
    elements: 3,
  })
  expect(of([floats(0, 0), floats(0, 0)])).toMatchObject({ largest: 0, mean: 0 })
  expect(of([floats(1e-3), floats(0)])).toMatchObject({ largest: Infinity })
  expect(of([floats(NaN, Infinity, 2), floats(NaN, Infinity, 2)])).toMatchObject({ largest: 0 })
  expect(of([floats(1, NaN), floats(1, 2)])).toMatchObject({
    largest: Infinity,
    problem: 'element 1 is NaN instead of 2',
  })
  expect(of([floats(1, 2), floats(1)])).toMatchObject({ largest: Infinity, problem: 'its shape is [2] instead of [1]' })
  expect(of([integers(1n, 2n, 3n, 5n), integers(1n, 2n, 3n, 4n)])).toMatchObject({ largest: 0.25, mean: 0.25 })
})
