import { beforeAll, expect, it } from 'vitest'
import { type NodeSource, tensorType } from '../../src/onnx/build.ts'
import type { Model } from '../../src/runtime/index.ts'
import { compileModel } from '../ops/harness.ts'

/**
 * Beside a dimension of 0 the others may be as large as one likes: no loop may run over them. Each case stands in one
 * model with all others, which meanwhile get tensors of one element.
 */
interface Case {
  readonly op: string
  readonly shapes: readonly (readonly number[])[]
  readonly attributes?: NodeSource['attributes']
  /** Of input 1, where it isn't float32. */
  readonly second?: 'int64' | 'bool'
  readonly outputs?: number
  readonly dims: readonly (readonly number[])[]
}
const huge = 1e12
const cases: readonly Case[] = [
  { op: 'Neg', shapes: [[huge, 0]], dims: [[huge, 0]] },
  { op: 'AveragePool', shapes: [[huge, 0, 1, 1]], attributes: { kernel_shape: [1n, 1n] }, dims: [[huge, 0, 1, 1]] },
  { op: 'GlobalMaxPool', shapes: [[0, huge, 1, 1]], dims: [[0, huge, 1, 1]] },
  { op: 'ReduceSum', shapes: [[huge, 0]], dims: [[1, 1]] },
  { op: 'ReduceMax', shapes: [[huge, 0, 1000]], dims: [[1, 1, 1]] },
  { op: 'ReduceMean', shapes: [[1000, huge, 0]], dims: [[1, 1, 1]] },
  { op: 'ReduceLogSumExp', shapes: [[0, huge]], dims: [[1, 1]] },
  { op: 'Einsum', shapes: [[huge, 0]], attributes: { equation: 'ij->' }, dims: [[]] },
  { op: 'Einsum', shapes: [[0, huge], [huge, 0]], attributes: { equation: 'ij,jk->' }, dims: [[]] }, // prettier-ignore
  { op: 'MatMul', shapes: [[0, huge], [huge, 0]], dims: [[0, 0]] }, // prettier-ignore
  { op: 'Transpose', shapes: [[huge, 0, 1000]], attributes: { perm: [2n, 0n, 1n] }, dims: [[1000, huge, 0]] },
  { op: 'Concat', shapes: [[huge, 0], [huge, 0]], attributes: { axis: 0n }, dims: [[2 * huge, 0]] }, // prettier-ignore
  { op: 'NonZero', shapes: [[huge, 0]], dims: [[2, 0]] },
  { op: 'Size', shapes: [[huge, 0]], dims: [[]] },
  { op: 'Unique', shapes: [[huge, 0]], dims: [[0]] },
  { op: 'Trilu', shapes: [[huge, 0]], dims: [[huge, 0]] },
  { op: 'Compress', shapes: [[huge, 0], [0]], attributes: { axis: 1n }, second: 'bool', dims: [[huge, 0]] },
  { op: 'Conv', shapes: [[huge, 0, 3], [0, 0, 1]], attributes: { kernel_shape: [1n] }, dims: [[huge, 0, 3]] }, // prettier-ignore
  { op: 'NegativeLogLikelihoodLoss', shapes: [[huge, 3, 0], [huge, 0]], second: 'int64', dims: [[]] }, // prettier-ignore
  { op: 'SoftmaxCrossEntropyLoss', shapes: [[huge, 3, 0], [huge, 0]], second: 'int64', dims: [[]] }, // prettier-ignore
  {
    op: 'BatchNormalization',
    shapes: [[huge, 1, 0], [1], [1], [1], [1]],
    attributes: { training_mode: 1n },
    outputs: 3,
    dims: [[huge, 1, 0], [1], [1]],
  },
]
const name = (i: number, port: number) => `c${i}_${port}`
const typeOf = ({ second }: Case, port: number) => (port === 1 && second) || 'float32'

let model: Model
beforeAll(async () => {
  const inputs: Record<string, ReturnType<typeof tensorType>> = {}
  const outputs: Record<string, undefined> = {}
  const nodes = cases.map((one, i): NodeSource => {
    one.shapes.forEach((shape, port) => {
      const dims = shape.map((_, axis) => `c${i}_${port}_${axis}`)
      inputs[name(i, port)] = tensorType(typeOf(one, port), dims)
    })
    const names = Array.from({ length: one.outputs ?? 1 }, (_, port) => `y${i}_${port}`)
    for (const output of names) outputs[output] = undefined
    const given = one.shapes.map((_, port) => name(i, port))
    return { op: one.op, inputs: given, outputs: names, ...(one.attributes && { attributes: one.attributes }) }
  })
  model = await compileModel({ opsets: { '': 21 }, inputs, outputs, nodes })
})

it.each(cases.map((one, i) => [one.op, JSON.stringify(one.shapes), i] as const))('%s of %s', async (_, __, chosen) => {
  const given = cases.flatMap((one, i) =>
    one.shapes.map((shape, port) => {
      const dims = i === chosen ? shape : shape.map((dim) => (dim === 3 ? 3 : 1))
      const count = dims.includes(0) ? 0 : dims.reduce((product, dim) => product * dim, 1)
      const data = Array<unknown>(count).fill(typeOf(one, port) === 'bool' ? false : 0)
      return [name(i, port), { data, dims }] as const
    }),
  )
  // On another thread: one that hangs must not hang the test.
  const results = await model.run(Object.fromEntries(given))
  expect(cases[chosen]!.dims.map((_dims, port) => results[`y${chosen}_${port}`]!.dims)).toEqual(cases[chosen]!.dims)
})
