import { describe, expect, test } from 'vitest'
import { modelSignature } from '../../src/compilers/model-signature.ts'
import { shapeFlags } from '../../src/onnx-mlir/shapes.ts'
import { modelBytes, type ModelSource, tensorType } from '../../src/onnx/build.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { dims } from '../../src/request/dims.ts'
import { node } from './models.ts'

// Sizes that a user gives before the model is compiled, by the names of dimensions or, where they have none, by their places.

function shapesOf(source: Partial<ModelSource>, sizes: Readonly<Record<string, number>>): string[] {
  const model = decodeModel(
    modelBytes({
      opsets: { '': 21 },
      outputs: { y: undefined },
      nodes: [node('Relu', ['x'], ['y'])],
      ...source,
    }),
  )
  const { inputs, outputs } = modelSignature(model, new Map(Object.entries(sizes)))
  return [...inputs, ...outputs].map((entry) => `${entry.name} ${JSON.stringify('shape' in entry ? entry.shape : '')}`)
}

describe('sizes that are given', () => {
  test('an axis without a name is called by its place', () => {
    const inputs = { x: tensorType('float32', ['batch', undefined, undefined, 3]) }
    expect(shapesOf({ inputs }, { 'x[1]': 512, batch: 2 })).toEqual(['x [2,512,null,3]', 'y [2,512,null,3]'])
  })

  test('the rank of an input that states none, and its sizes', () => {
    const inputs = { x: tensorType('float32') }
    expect(shapesOf({ inputs }, { 'rank(x)': 2 })).toEqual(['x [null,null]', 'y [null,null]'])
    expect(shapesOf({ inputs }, { 'rank(x)': 3, 'x[2]': 4 })).toEqual(['x [null,null,4]', 'y [null,null,4]'])
    expect(() => shapesOf({ inputs }, { 'rank(x)': 65 })).toThrow(/rank\(x\) is 65, but a tensor has at most 64 axes/)
  })

  test('a name that no input has is refused with those there are', () => {
    const inputs = { x: tensorType('float32', ['n', undefined, 3]), z: tensorType('float32') }
    const problem = (sizes: Readonly<Record<string, number>>) => () => shapesOf({ inputs }, sizes)
    expect(problem({ m: 3 })).toThrow(
      /no input has a dimension called "m". Its inputs have "n", "x\[1\]", "rank\(z\)"\./,
    )
    // A named axis is called by its name, a fixed one by none.
    for (const name of ['x[0]', 'x[2]', 'x[3]', 'rank(x)', 'z[0]'])
      expect(problem({ [name]: 3 }), name).toThrow(/called/)
  })

  test('a model that states no rank says how one is given', () => {
    const model = decodeModel(
      modelBytes({
        opsets: { '': 21 },
        inputs: { x: tensorType('float32') },
        outputs: { y: undefined },
        nodes: [node('Relu', ['x'], ['y'])],
      }),
    )
    expect(() => modelSignature(model)).toThrow(/no stated rank/)
    expect(modelSignature(model, new Map([['rank(x)', 1]])).outputs).toMatchObject([{ shape: [null] }])
  })

  test('names with brackets get through a directive', () => {
    const sizes = { 'x[1]': 512, 'rank(y)': 2 }
    expect(dims.parse('x[1]_512,rank(y)_2')).toEqual(sizes)
    expect(dims.parse(dims.format(sizes))).toEqual(sizes)
  })

  test('onnx-mlir is told the same', () => {
    const model = decodeModel(
      modelBytes({
        opsets: { '': 21 },
        inputs: { x: tensorType('float32', ['n', undefined]), z: tensorType('float32') },
        outputs: { y: undefined },
        nodes: [node('Add', ['x', 'z'], ['y'])],
      }),
    )
    expect(shapeFlags(model, { dims: { 'x[1]': 512 } }).shapeInformation).toBe('0:-1x512')
    expect(shapeFlags(model, { dims: { 'rank(z)': 1, 'z[0]': 4, n: 2 } }).shapeInformation).toBe('0:2x-1,1:4')
  })
})
