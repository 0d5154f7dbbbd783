import { describe, expect, it } from 'vitest'
import { tensorType } from '../../src/onnx/build.ts'
import { type Case, compileModel, f32, i64, type Result, runCase, runCases, t } from './harness.ts'

const matrix = f32([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], [3, 4])

/** Runs cases with indices that are constants, with indices that are data, and with data of unknown shape: the same results. */
async function both(cases: readonly Case[]): Promise<Result[][]> {
  const constants = (one: Case): number[] => one.inputs.map((_, i) => i).slice(1)
  const known = await runCases(cases.map((one) => ({ ...one, constants: constants(one) })))
  expect(await runCases(cases)).toEqual(known)
  expect(await runCases(cases.map((one) => ({ ...one, constants: constants(one), dynamic: true })))).toEqual(known)
  return known
}

describe('Slice', () => {
  it('takes ranges with steps, negative bounds and bounds beyond the ends, whether they are known or data', async () => {
    const slice = (starts: number[], ends: number[], axes: number[], steps: number[]): Case => ({
      op: 'Slice',
      inputs: [matrix, i64(starts), i64(ends), i64(axes), i64(steps)],
    })
    const results = await both([
      slice([1], [3], [0], [1]),
      slice([0, -3], [100, -1], [0, 1], [2, 1]),
      slice([-1], [-100], [1], [-2]),
      slice([3], [1], [0], [1]),
    ])
    expect(results.map(([y]) => y!.values)).toEqual([
      [4, 5, 6, 7, 8, 9, 10, 11],
      [1, 2, 9, 10],
      [3, 1, 7, 5, 11, 9],
      [],
    ])
  })

  it('refuses a step of 0 at compile time and at run time', async () => {
    const zero: Case = { op: 'Slice', inputs: [matrix, i64([0]), i64([1]), i64([0]), i64([0])] }
    await expect(runCase({ ...zero, constants: [1, 2, 3, 4] })).rejects.toThrow(/step of axis 0 is 0/)
    await expect(runCase(zero)).rejects.toThrow(/a step is 0/)
  })
})

describe('Concat and Split', () => {
  it('move strings, and types of less than a byte', async () => {
    const [texts, nibbles] = await runCases([
      {
        op: 'Concat',
        inputs: [t('string', ['a', 'b'], [1, 2]), t('string', ['', 'ü'], [1, 2])],
        attributes: { axis: 0n },
      },
      { op: 'Concat', inputs: [t('int4', [-8, 7]), t('int4', [1])], attributes: { axis: 0n } },
    ])
    expect(texts![0]).toMatchObject({ dims: [2, 2], values: ['a', 'b', '', 'ü'] })
    expect(nibbles![0]).toMatchObject({ type: 'int4', values: [-8, 7, 1] })
  })

  it('splits into equal, uneven and listed parts', async () => {
    const [uneven] = await runCases([
      { op: 'Split', inputs: [i64([0, 1, 2, 3, 4, 5, 6])], attributes: { num_outputs: 3n }, outputs: 3 },
    ])
    expect(uneven!.map(({ values }) => values)).toEqual([[0n, 1n, 2n], [3n, 4n, 5n], [6n]])
    const [listed] = await both([{ op: 'Split', inputs: [matrix, i64([1, 3])], attributes: { axis: 1n }, outputs: 2 }])
    expect(listed!.map(({ values }) => values)).toEqual([
      [0, 4, 8],
      [1, 2, 3, 5, 6, 7, 9, 10, 11],
    ])
  })

  it('refuses parts that do not add up, and inputs that differ beside the axis', async () => {
    const parts: Case = { op: 'Split', inputs: [matrix, i64([1, 1])], attributes: { axis: 1n }, outputs: 2 }
    await expect(runCase({ ...parts, constants: [1] })).rejects.toThrow(/do not add up/)
    await expect(runCase(parts)).rejects.toThrow(/do not add up/)
    const rows: Case = { op: 'Concat', inputs: [matrix, f32([1, 2], [2, 1])], attributes: { axis: 1n } }
    await expect(runCase(rows)).rejects.toThrow(/axis 0 of input inputs 1 .* expected 3, given 2/)
    await expect(runCase({ ...rows, dynamic: true })).rejects.toThrow(/c0_x0_0 is 3 in input "c0_x0"/)
  })
})

describe('Gather and Scatter', () => {
  it('takes indices from either end', async () => {
    const results = await both([
      { op: 'Gather', inputs: [matrix, i64([2, -3], [2])] },
      { op: 'GatherElements', inputs: [matrix, i64([-1, 0], [1, 2])], attributes: { axis: 1n } },
      { op: 'GatherND', inputs: [matrix, i64([0, 1, 2, -1], [2, 2])] },
      { op: 'GatherND', inputs: [matrix, i64([3, 0, 1], [3, 1])], attributes: { batch_dims: 1n } },
    ])
    expect(results.map(([y]) => y!.values)).toEqual([
      [8, 9, 10, 11, 0, 1, 2, 3],
      [3, 0],
      [1, 11],
      [3, 4, 9],
    ])
  })

  it('updates elements and rows, in the order of the updates', async () => {
    const zeros = i64([0, 0, 0, 0])
    const scatter = (reduction: string): Case => ({
      op: 'ScatterElements',
      inputs: [i64([1, 2, 3, 4]), i64([1, 1, -1]), i64([10, 20, 3])],
      attributes: { reduction },
    })
    const results = await both([
      scatter('none'),
      scatter('add'),
      scatter('mul'),
      scatter('max'),
      scatter('min'),
      { op: 'ScatterND', inputs: [zeros, i64([3, 0], [2, 1]), i64([7, 8])] },
      {
        op: 'ScatterND',
        inputs: [f32([0, 0, 0, 0], [2, 2]), i64([1], [1, 1]), f32([5, 6], [1, 2])],
        attributes: { reduction: 'add' },
      },
    ])
    expect(results.map(([y]) => y!.values.map(Number))).toEqual([
      [1, 20, 3, 3],
      [1, 32, 3, 7],
      [1, 400, 3, 12],
      [1, 20, 3, 4],
      [1, 2, 3, 3],
      [8, 0, 0, 7],
      [0, 0, 5, 6],
    ])
  })

  it('ends the call at an index out of range, whatever operator meets it', async () => {
    const cases: Case[] = [
      { op: 'Gather', inputs: [matrix, i64([3])] },
      { op: 'GatherElements', inputs: [matrix, i64([-5], [1, 1])], attributes: { axis: 1n } },
      { op: 'GatherND', inputs: [matrix, i64([0, 4], [1, 2])] },
      { op: 'ScatterElements', inputs: [matrix, i64([4], [1, 1]), f32([1], [1, 1])] },
      { op: 'ScatterND', inputs: [matrix, i64([-4], [1, 1]), f32([1, 2, 3, 4], [1, 4])] },
    ]
    for (const one of cases) await expect(runCase(one), one.op).rejects.toThrow(/an index is out of range/)
    await expect(runCase({ ...cases[0]!, constants: [0, 1] })).rejects.toThrow(/index 3 is out of range/)
  })
})

describe('Expand, Tile and Pad', () => {
  it('repeats elements', async () => {
    const results = await both([
      { op: 'Expand', inputs: [f32([1, 2], [2, 1]), i64([3, 1, 2])] },
      { op: 'Tile', inputs: [f32([1, 2], [1, 2]), i64([2, 2])] },
    ])
    expect(results[0]![0]).toMatchObject({ dims: [3, 2, 2], values: [1, 1, 2, 2, 1, 1, 2, 2, 1, 1, 2, 2] })
    expect(results[1]![0]).toMatchObject({ dims: [2, 4], values: [1, 2, 1, 2, 1, 2, 1, 2] })
    await expect(runCase({ op: 'Expand', inputs: [f32([1, 2]), i64([3])] })).rejects.toThrow(/do not broadcast/)
    await expect(runCase({ op: 'Tile', inputs: [f32([1, 2]), i64([-1])] })).rejects.toThrow(/negative or too large/)
  })

  it('pads like numpy.pad in every mode, further than the axis is long, and crops', async () => {
    const pad = (mode: string, pads: number[]): Case => ({
      op: 'Pad',
      inputs: [f32([1, 2, 3]), i64(pads)],
      attributes: { mode },
    })
    const results = await both([
      pad('constant', [1, 2]),
      pad('reflect', [3, 5]),
      pad('edge', [2, 1]),
      pad('wrap', [4, 4]),
      pad('constant', [-1, 1]),
      // What is cropped at one end is not there to be repeated at the other, as in onnxruntime.
      pad('wrap', [2, -1]),
      pad('reflect', [-1, 2]),
      { op: 'Pad', inputs: [f32([1, 2, 3, 4], [2, 2]), i64([1, 0]), f32([9], []), i64([-1])] },
    ])
    expect(results.map(([y]) => y!.values)).toEqual([
      [0, 1, 2, 3, 0, 0],
      [2, 3, 2, 1, 2, 3, 2, 1, 2, 3, 2],
      [1, 1, 1, 2, 3, 3],
      [3, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1],
      [2, 3, 0],
      [1, 2, 1, 2],
      [2, 3, 2, 3],
      [9, 1, 2, 9, 3, 4],
    ])
    await expect(runCase(pad('edge', [-4, 0]))).rejects.toThrow(/negative/)
    await expect(runCase({ ...pad('mirror', [1, 1]), constants: [1] })).rejects.toThrow(/mode "mirror" is not one of/)
  })

  it('crops and pads around the middle', async () => {
    const results = await both([
      { op: 'CenterCropPad', inputs: [f32([1, 2, 3, 4, 5]), i64([2])] },
      { op: 'CenterCropPad', inputs: [f32([1, 2]), i64([5])] },
    ])
    expect(results.map(([y]) => y!.values)).toEqual([
      [2, 3],
      [0, 1, 2, 0, 0],
    ])
  })
})

describe('ConstantOfShape', () => {
  const fill = (value: Case['inputs'][number]): Case => ({
    op: 'ConstantOfShape',
    inputs: [i64([3])],
    attributes: { value: value! },
  })

  it('fills with any one element, folded or run', async () => {
    const cases = [fill(t('int4', [-3])), fill(t('string', ['ab'])), fill(t('float16', [1.5]))]
    const folded = await runCases(cases.map((one) => ({ ...one, constants: [0] })))
    expect(folded.map(([y]) => y!.values)).toEqual([
      [-3, -3, -3],
      ['ab', 'ab', 'ab'],
      [1.5, 1.5, 1.5],
    ])
    expect(await runCases(cases)).toEqual(folded)
  })

  it.each([
    ['two elements', t('float32', [1, 2])],
    ['no element', t('float32', [])],
    ['a complex one', t('complex64', [1, 2], [1])],
  ])('refuses %s', async (_what, value) => {
    await expect(runCase(fill(value))).rejects.toThrow(/should be a single element/)
  })
})

describe('Tile', () => {
  it('takes an axis and a number in version 1', async () => {
    const tile = (axis: number): Case => ({
      op: 'Tile',
      inputs: [f32([1, 2], [1, 2]), i64([2], []), i64([axis], [])],
      constants: [1, 2],
    })
    expect((await runCase(tile(-1), { opset: 5 }))[0]).toMatchObject({ dims: [1, 4], values: [1, 2, 1, 2] })
    await expect(runCase(tile(2), { opset: 5 })).rejects.toThrow(/axis 2 is out of range/)
  })
})

describe('shape arithmetic', () => {
  it('is followed through symbols, so that the shape of the result has their names', async () => {
    const model = await compileModel({
      opsets: { '': 21 },
      inputs: { x: tensorType('float32', ['batch', 6, 'steps']) },
      outputs: { y: undefined },
      initializers: { first: i64([0]), second: i64([2]), end: i64([9]), rest: i64([2, 3]) },
      nodes: [
        { op: 'Shape', inputs: ['x'], outputs: ['shape'] },
        { op: 'Gather', inputs: ['shape', 'first'], outputs: ['batch'] },
        { op: 'Slice', inputs: ['shape', 'second', 'end'], outputs: ['steps'] },
        { op: 'Concat', inputs: ['batch', 'rest', 'steps'], outputs: ['wanted'], attributes: { axis: 0n } },
        { op: 'Reshape', inputs: ['x', 'wanted'], outputs: ['y'] },
      ],
    })
    expect(model.outputs[0]).toMatchObject({ shape: ['batch', 2, 3, 'steps'] })
    const { y } = model.runSync({ x: { data: new Float32Array(24), dims: [2, 6, 2] } })
    expect(y!.dims).toEqual([2, 2, 3, 2])
  })

  it('checks a reshape to numbers when the model runs', async () => {
    const reshape: Case = { op: 'Reshape', inputs: [f32([1, 2, 3, 4]), i64([2, 3])], dynamic: true, constants: [1] }
    await expect(runCase(reshape)).rejects.toThrow(/does not fit the number of elements/)
  })
})
