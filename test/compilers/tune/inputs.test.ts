import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { inputsFor } from '../../../src/compilers/tune/inputs.ts'
import { modelBytes, tensorType } from '../../../src/onnx/build.ts'
import type { Model } from '../../../src/onnx/model.ts'
import { readModel } from '../../../src/formats/read.ts'
import { tensorFrom } from '../../../src/onnx/tensor.ts'
import { encodeTensor } from '../../../src/onnx/write.ts'
import type { Model as RunnableModel } from '../../../src/runtime/model.ts'
import { node } from '../../graph/models.ts'
import { workshop } from '../../onnx-mlir/installed.ts'

const { fresh, remove } = workshop('tune-inputs-test')
afterAll(remove)

/** A model of any length, with data sets of these. */
async function modelWith(...lengths: readonly number[]): Promise<Model> {
  const folder = fresh()
  const path = join(folder, 'model.onnx')
  const nodes = [node('Neg', ['x'], ['y'])]
  const sizes = { inputs: { x: tensorType('float32', ['n']) }, outputs: { y: undefined } }
  writeFileSync(path, modelBytes({ opsets: { '': 18 }, ...sizes, nodes }))
  for (const [i, length] of lengths.entries()) {
    mkdirSync(join(folder, `test_data_set_${i}`))
    const values = tensorFrom('float32', [length], Array<number>(length).fill(i))
    writeFileSync(join(folder, `test_data_set_${i}`, 'input_0.pb'), encodeTensor(values))
  }
  return readModel(path)
}

/** What runs inputs of at most so many elements. */
const runnable = (most: number) =>
  ({
    inputs: [{ name: 'x', type: 'float32', shape: ['n'] }],
    outputs: [],
    runSync({ x }: { x: { dims: readonly number[] } }) {
      if (x.dims[0]! > most) throw new RangeError(`x: at most ${most}`)
      return {}
    },
  }) as unknown as RunnableModel

const lengths = (inputs: readonly object[]) =>
  inputs.map((each) => (each as { x: { dims: readonly number[] } }).x.dims[0])

test('data sets come first, which have the sizes of real inputs, then random ones', async () => {
  const inputs = await inputsFor(await modelWith(5, 4), runnable(9))
  expect(lengths(inputs)).toEqual([5, 4, 1, 1, 1])
  expect(new Set(inputs.map((each) => JSON.stringify(each))).size).toBe(5)
})

test('what the model does not take is left out', async () => {
  expect(lengths(await inputsFor(await modelWith(5, 40), runnable(9)))).toEqual([5, 1, 1, 1])
})

test('data sets without the files that this model needs are those of another', async () => {
  const model = await modelWith()
  mkdirSync(join(model.path, '../test_data_set_0'))
  expect(lengths(await inputsFor(model, runnable(9)))).toEqual([1, 1, 1])
})

test('a model that takes none of them says why', async () => {
  await expect(inputsFor(await modelWith(5), runnable(0))).rejects.toThrow('x: at most 0')
})
