import { describe, expect, it } from 'vitest'
import type { GraphSource, ModelSource, NodeSource } from '../../src/onnx/build.ts'
import { tensorType } from '../../src/onnx/build.ts'
import type { OnnxDim, Tensor } from '../../src/onnx/model.ts'
import { fromRuntime, toRuntime } from '../../src/conformance/runtime-tensor.ts'
import { tensorValues } from '../../src/onnx/tensor.ts'
import { compileModel, f32, i64, t } from '../ops/harness.ts'
import { isTensor } from '../../src/runtime/signature.ts'

// Ranks that only a run knows, inside a graph.

type Feeds = Readonly<Record<string, Tensor>>

const iota = (dims: readonly number[]): Tensor =>
  f32(
    Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => ((i * 7) % 5) + i),
    dims,
  )

async function compiled(source: Omit<ModelSource, 'opsets'>, opset = 17) {
  const model = await compileModel({ opsets: { '': opset }, ...source })
  const run = (feeds: Feeds) => {
    const given = Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, toRuntime(tensor)]))
    return Object.entries(model.runSync(given)).map(([, result]) => {
      const { dims, ...tensor } = fromRuntime(result)
      return { dims, values: tensorValues({ dims, ...tensor }).map(Number) }
    })
  }
  return { model, run }
}

const branch = (output: string, ...nodes: NodeSource[]): GraphSource => ({ outputs: { [output]: undefined }, nodes })

/** As PyTorch exports `x.squeeze(axis)`: `output` has the axis no more where it is 1. */
function squeezeIfOne(x: string, axis: number, output: string): NodeSource[] {
  const [shape, dim, condition] = [`${output}_shape`, `${output}_dim`, `${output}_is_one`]
  return [
    { op: 'Shape', inputs: [x], outputs: [shape] },
    { op: 'Gather', inputs: [shape, `at${axis}`], outputs: [dim] },
    { op: 'Equal', inputs: [dim, 'one'], outputs: [condition] },
    {
      op: 'If',
      name: `squeeze ${x}`,
      inputs: [condition],
      outputs: [output],
      attributes: {
        then_branch: branch(`${output}_t`, { op: 'Squeeze', inputs: [x, `axis${axis}`], outputs: [`${output}_t`] }),
        else_branch: branch(`${output}_e`, { op: 'Identity', inputs: [x], outputs: [`${output}_e`] }),
      },
    },
  ]
}

const constants = {
  one: i64([1], []),
  ...Object.fromEntries([0, 1, 2, 3].map((axis) => [`at${axis}`, i64([axis], [])])),
  ...Object.fromEntries([0, 1, 2, 3].map((axis) => [`axis${axis}`, i64([axis])])),
}
const image = { x: tensorType('float32', ['b', 'c', 't'] as OnnxDim[]) }
const sumAll: NodeSource = { op: 'ReduceSum', inputs: ['s'], outputs: ['y'], attributes: { keepdims: 0n } }

describe('an If whose branches give values of different rank', () => {
  it('decides per run, until what is used has one rank again', async () => {
    const { run } = await compiled({
      inputs: image,
      outputs: { y: undefined, z: undefined },
      initializers: constants,
      nodes: [
        ...squeezeIfOne('x', 1, 'q'),
        { op: 'Neg', inputs: ['q'], outputs: ['n'] },
        { op: 'Shape', inputs: ['n'], outputs: ['dims'] },
        { op: 'Size', inputs: ['dims'], outputs: ['z'] },
        { op: 'Mul', inputs: ['n', 'n'], outputs: ['s'] },
        sumAll,
      ],
    })
    for (const dims of [
      [2, 1, 3],
      [2, 4, 3],
    ]) {
      const x = iota(dims)
      const squares = tensorValues(x).reduce<number>((sum, value) => sum + Number(value) ** 2, 0)
      const [y, z] = run({ x })
      expect(y).toEqual({ dims: [], values: [squares] })
      expect(z).toEqual({ dims: [], values: [dims[1] === 1 ? 2 : 3] })
    }
  })

  it('learns the size where the other branch is impossible', async () => {
    const { model, run } = await compiled({
      inputs: image,
      outputs: { y: undefined },
      initializers: { ...constants, w: f32([1, 2, 3, 4, 5, 6], [1, 2, 3]) },
      nodes: [
        ...squeezeIfOne('x', 1, 'q'),
        { op: 'Unsqueeze', inputs: ['q', 'axis0'], outputs: ['u'] },
        { op: 'Conv', inputs: ['u', 'w'], outputs: ['y'] },
      ],
    })
    expect(model.inputs.filter(isTensor).find(({ name }) => name === 'x')?.shape[1]).toBe(1)
    expect(run({ x: f32([1, 2, 3, 4, 1, 1, 1, 1], [2, 1, 4]) })).toEqual([{ dims: [1, 1, 2], values: [29, 35] }])
    expect(() => run({ x: iota([2, 2, 4]) })).toThrow(/expected/)
  })

  it('goes on in several ways at once, each with what it knows', async () => {
    const { run } = await compiled({
      inputs: { x: tensorType('float32', ['a', 'b', 'c', 'd'] as OnnxDim[]) },
      outputs: { y: undefined, z: undefined },
      initializers: constants,
      nodes: [
        ...squeezeIfOne('x', 3, 'p'),
        ...squeezeIfOne('p', 2, 'q'),
        // The same question again is answered by the way that was taken.
        ...squeezeIfOne('x', 3, 'again'),
        { op: 'Add', inputs: ['again', 'p'], outputs: ['sum'] },
        { op: 'ReduceSum', inputs: ['sum'], outputs: ['z'], attributes: { keepdims: 0n } },
        { op: 'Identity', inputs: ['q'], outputs: ['s'] },
        sumAll,
      ],
    })
    for (const dims of [
      [2, 1, 3, 4],
      [2, 3, 1, 1],
      [2, 3, 1, 4],
      [2, 3, 4, 1],
    ]) {
      const x = iota(dims)
      const sum = tensorValues(x).reduce<number>((total, value) => total + Number(value), 0)
      expect(run({ x })).toEqual([
        { dims: [], values: [sum] },
        { dims: [], values: [2 * sum] },
      ])
    }
  })

  it('joins early, so that one after another is no more code than one', async () => {
    const steps = Array.from({ length: 12 }, (_, i): NodeSource[] => [
      ...squeezeIfOne(`x${i}`, 1, `q${i}`),
      { op: 'Reshape', inputs: [`q${i}`, `shape${i}`], outputs: [`x${i + 1}`] },
      { op: 'Shape', inputs: [`x${i}`], outputs: [`shape${i}`] },
    ])
    const { run } = await compiled({
      inputs: { x0: tensorType('float32', ['b', 'c', 't'] as OnnxDim[]) },
      outputs: { x12: undefined },
      initializers: constants,
      nodes: steps.flatMap(([a, b, c, d, reshape, shape]) => [a!, b!, c!, d!, shape!, reshape!]),
    })
    const x0 = iota([2, 1, 3])
    expect(run({ x0 })).toEqual([{ dims: [2, 1, 3], values: tensorValues(x0).map(Number) }])
  })

  it('works in functions, loops and branches', async () => {
    const inner: NodeSource[] = [
      ...squeezeIfOne('x', 1, 'q'),
      { op: 'Identity', inputs: ['q'], outputs: ['s'] },
      sumAll,
    ]
    const body: GraphSource = {
      inputs: { i: tensorType('int64', []), go: tensorType('bool', []), v: tensorType('float32', []) },
      outputs: { go2: undefined, v2: undefined },
      nodes: [
        ...inner,
        { op: 'Identity', inputs: ['go'], outputs: ['go2'] },
        { op: 'Add', inputs: ['v', 'y'], outputs: ['v2'] },
      ],
    }
    const { run } = await compiled({
      inputs: { ...image, asked: tensorType('bool', []) },
      outputs: { total: undefined, r: undefined },
      initializers: { ...constants, three: i64([3], []), zero: f32([0], []) },
      nodes: [
        { op: 'Loop', inputs: ['three', '', 'zero'], outputs: ['total'], attributes: { body } },
        {
          op: 'If',
          inputs: ['asked'],
          outputs: ['e'],
          attributes: {
            then_branch: branch('tt', ...squeezeIfOne('x', 1, 'tt')),
            else_branch: branch('ee', { op: 'Identity', inputs: ['x'], outputs: ['ee'] }),
          },
        },
        { op: 'Shape', inputs: ['e'], outputs: ['es'] },
        { op: 'Size', inputs: ['es'], outputs: ['r'] },
      ],
    })
    for (const [dims, asked, rank] of [
      [[2, 1, 3], true, 2],
      [[2, 1, 3], false, 3],
      [[2, 5, 3], true, 3],
    ] as const) {
      const x = iota(dims)
      const sum = tensorValues(x).reduce<number>((all, value) => all + Number(value), 0)
      const [total, r] = run({ x, asked: t('bool', [asked], []) })
      expect(total?.values).toEqual([3 * sum])
      expect(r?.values).toEqual([rank])
    }
  })

  it('is refused where it would decide the rank of an output', async () => {
    const model = {
      inputs: image,
      outputs: { q: undefined },
      initializers: constants,
      nodes: squeezeIfOne('x', 1, 'q'),
    }
    await expect(compiled(model)).rejects.toThrow(
      /"squeeze x" \(If.*"q" may be float32 of rank 2 or float32 of rank 3.*give the sizes/s,
    )
  })

  it('follows the rank that the file states for an output', async () => {
    const { run } = await compiled({
      inputs: image,
      outputs: { q: tensorType('float32', ['b', 't'] as OnnxDim[]) },
      initializers: constants,
      nodes: squeezeIfOne('x', 1, 'q'),
    })
    expect(run({ x: iota([2, 1, 3]) })[0]?.dims).toEqual([2, 3])
    expect(() => run({ x: iota([2, 2, 3]) })).toThrow(/expected float32 \[b, 1, t\]/)
  })

  it('is refused where there would be too many ways', async () => {
    const names = Array.from({ length: 7 }, (_, i) => `x${i}`)
    const nodes = [
      ...names.flatMap((name) => squeezeIfOne(name, 0, `q${name}`)),
      { op: 'Identity', inputs: ['qx0'], outputs: ['s'] },
      ...names.map((name): NodeSource => ({ op: 'Neg', inputs: [`q${name}`], outputs: [`n${name}`] })),
      ...names.map((name): NodeSource => ({
        op: 'ReduceSum',
        inputs: [`n${name}`],
        outputs: [`r${name}`],
        attributes: { keepdims: 0n },
      })),
    ]
    const inputs = Object.fromEntries(names.map((name) => [name, tensorType('float32', [`d${name}`, 3] as OnnxDim[])]))
    const outputs = Object.fromEntries(names.map((name) => [`r${name}`, undefined]))
    await expect(compiled({ inputs, outputs, initializers: constants, nodes })).rejects.toThrow(/more than 32 ways/)
  })
})

describe('a branch that is never taken', () => {
  const asks = { x: tensorType('float32', ['n', 4] as OnnxDim[]), asked: tensorType('bool', []) }

  it('may be impossible: taking it is an error of the run', async () => {
    const { run } = await compiled({
      inputs: asks,
      outputs: { y: undefined },
      initializers: { shape: i64([2, 3]), six: f32([1, 2, 3, 4, 5, 6], [6]) },
      nodes: [
        {
          op: 'If',
          name: 'either',
          inputs: ['asked'],
          outputs: ['y'],
          attributes: {
            then_branch: branch('t', { op: 'Add', name: 'misfit', inputs: ['x', 'six'], outputs: ['t'] }),
            else_branch: branch('e', { op: 'Neg', inputs: ['x'], outputs: ['e'] }),
          },
        },
      ],
    })
    const x = iota([1, 4])
    expect(run({ x, asked: t('bool', [false], []) })[0]?.dims).toEqual([1, 4])
    expect(() => run({ x, asked: t('bool', [true], []) })).toThrow(/either.*impossible.*misfit/s)
  })

  it('may have sizes that would be negative', async () => {
    const { run } = await compiled({
      inputs: { x: tensorType('float32', [1, 1, 'h'] as OnnxDim[]), asked: tensorType('bool', []) },
      outputs: { y: undefined },
      initializers: { w: f32([1, 1, 1, 1, 1], [1, 1, 5]), back: i64([0, 0, -3, 0, 0, 0]) },
      nodes: [
        {
          op: 'If',
          inputs: ['asked'],
          outputs: ['y'],
          attributes: {
            then_branch: branch(
              't',
              { op: 'Pad', inputs: ['x', 'back'], outputs: ['p'] },
              { op: 'Conv', inputs: ['p', 'w'], outputs: ['t'] },
            ),
            else_branch: branch('e', { op: 'Identity', inputs: ['x'], outputs: ['e'] }),
          },
        },
      ],
    })
    const small = iota([1, 1, 2])
    expect(run({ x: small, asked: t('bool', [false], []) })[0]?.dims).toEqual([1, 1, 2])
    expect(run({ x: iota([1, 1, 9]), asked: t('bool', [true], []) })[0]?.dims).toEqual([1, 1, 2])
    expect(() => run({ x: small, asked: t('bool', [true], []) })).toThrow(/negative/)
  })

  it('is an error of the build where the other is impossible, too', async () => {
    const wrong = (output: string): GraphSource =>
      branch(output, { op: 'Add', inputs: ['x', 'six'], outputs: [output] })
    const model = {
      inputs: asks,
      outputs: { y: undefined },
      initializers: { six: f32([1, 2, 3, 4, 5, 6], [6]) },
      nodes: [
        {
          op: 'If',
          inputs: ['asked'],
          outputs: ['y'],
          attributes: { then_branch: wrong('t'), else_branch: wrong('e') },
        },
      ],
    }
    await expect(compiled(model)).rejects.toThrow(/Add/)
  })
})

describe('ranks that data decide', () => {
  // Axes are an attribute up to opset 12.
  it.each([11, 17])('a squeeze that names no axes takes every axis of 1 (opset %i)', async (opset) => {
    const source = {
      inputs: { x: tensorType('float32', ['n', 3, 1, 'm'] as OnnxDim[]) },
      outputs: { y: undefined, r: undefined },
      nodes: [
        { op: 'Squeeze', inputs: ['x'], outputs: ['s'] },
        { op: 'Shape', inputs: ['s'], outputs: ['dims'] },
        { op: 'Size', inputs: ['dims'], outputs: ['r'] },
        sumAll,
      ],
    }
    const { run } = await compiled(source, opset)
    for (const [dims, rank] of [
      [[1, 3, 1, 1], 1],
      [[2, 3, 1, 1], 2],
      [[1, 3, 1, 2], 2],
      [[2, 3, 1, 2], 3],
    ] as const) {
      const [y, r] = run({ x: iota(dims) })
      expect(r?.values).toEqual([rank])
      expect(y?.values).toEqual([tensorValues(iota(dims)).reduce<number>((sum, value) => sum + Number(value), 0)])
    }
  })

  it('as many axes as are given are reduced; none means all, or none', async () => {
    const axes = tensorType('int64', ['k'] as OnnxDim[])
    const { run } = await compiled({
      inputs: { x: tensorType('float32', ['n', 3] as OnnxDim[]), axes },
      outputs: { kept: undefined, noop: undefined, r: undefined, y: undefined },
      nodes: [
        { op: 'ReduceSum', inputs: ['x', 'axes'], outputs: ['kept'] },
        { op: 'ReduceSum', inputs: ['x', 'axes'], outputs: ['noop'], attributes: { noop_with_empty_axes: 1n } },
        { op: 'ReduceSum', inputs: ['x', 'axes'], outputs: ['s'], attributes: { keepdims: 0n } },
        { op: 'Shape', inputs: ['s'], outputs: ['dims'] },
        { op: 'Size', inputs: ['dims'], outputs: ['r'] },
        sumAll,
      ],
    })
    const x = f32([1, 2, 3, 4, 5, 6], [2, 3])
    expect(run({ x, axes: i64([]) }).map(({ dims, values }) => [dims, values])).toEqual([
      [[1, 1], [21]],
      [
        [2, 3],
        [1, 2, 3, 4, 5, 6],
      ],
      [[], [0]],
      [[], [21]],
    ])
    expect(run({ x, axes: i64([-1]) }).map(({ dims, values }) => [dims, values])).toEqual([
      [
        [2, 1],
        [6, 15],
      ],
      [
        [2, 1],
        [6, 15],
      ],
      [[], [1]],
      [[], [21]],
    ])
    expect(run({ x, axes: i64([0, 1]) })[2]?.values).toEqual([0])
  })

  it('a shape of unknown length', async () => {
    const { run } = await compiled({
      inputs: { x: tensorType('float32', ['n'] as OnnxDim[]), shape: tensorType('int64', ['k'] as OnnxDim[]) },
      outputs: { y: undefined, r: undefined },
      nodes: [
        { op: 'Reshape', inputs: ['x', 'shape'], outputs: ['s'] },
        { op: 'Shape', inputs: ['s'], outputs: ['dims'] },
        { op: 'Size', inputs: ['dims'], outputs: ['r'] },
        sumAll,
      ],
    })
    const x = iota([12])
    for (const shape of [[12], [3, 4], [2, -1, 3]]) {
      const [y, r] = run({ x, shape: i64(shape) })
      expect(r?.values).toEqual([shape.length])
      expect(y?.values).toEqual([tensorValues(x).reduce<number>((sum, value) => sum + Number(value), 0)])
    }
    expect(() => run({ x, shape: i64(Array(10).fill(1)) })).toThrow(/more than 8 axes/)
  })
})
