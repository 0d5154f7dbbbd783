import type { NodeSource } from '../../../src/onnx/build.ts'
import { elementsOf, tensorFrom } from '../../../src/onnx/tensor.ts'
import type { Item, RandomGraph } from './graph.ts'
import { isFloat, type Rule, same } from './rule.ts'

// Products, windows, normalisations and reductions.

export const matmul: Rule = (g) => {
  const x = g.find((item) => isFloat(item) && item.dims.length > 1 && item.dims.length < 5 && elementsOf(item.dims) > 0)
  if (!x) return
  const inner = x.dims.at(-1)!
  const columns = g.random.pick([1, 2, 5, 17])
  const stack = x.dims.slice(0, -2).map((dim) => (g.random.chance(0.4) ? 1 : dim))
  const vector = g.random.chance(0.15)
  const shape = vector ? [inner] : [...(g.random.chance(0.5) ? stack : []), inner, columns]
  const dims = vector ? x.dims.slice(0, -1) : [...x.dims.slice(0, -1), columns]
  if (g.fits(dims)) g.add('MatMul', [x, g.operand('float32', shape)], {}, { type: 'float32', dims, exact: false })
}

export const gemm: Rule = (g) => {
  const x = g.find((item) => isFloat(item) && item.dims.length === 2)
  if (!x) return
  const [transA, transB] = [g.random.chance(0.3), g.random.chance(0.5)]
  const [rows, inner] = transA ? [x.dims[1]!, x.dims[0]!] : [x.dims[0]!, x.dims[1]!]
  const columns = g.random.pick([1, 3, 8])
  const w = g.operand('float32', transB ? [columns, inner] : [inner, columns])
  const bias = g.random.pick([undefined, [columns], [1, columns], [rows, columns], [rows, 1], []])
  const attributes: NodeSource['attributes'] = {
    transA: transA ? 1n : 0n,
    transB: transB ? 1n : 0n,
    ...(g.random.chance(0.3) && { alpha: 0.5 }),
    ...(g.random.chance(0.3) && { beta: 2.5 }),
  }
  g.add('Gemm', [x, w, bias && g.operand('float32', bias)], attributes, {
    type: 'float32',
    dims: [rows, columns],
    exact: false,
  })
}

/** Something like an image: [batch, channels, …spatial]. */
function image(g: RandomGraph, rank: number): Item {
  const there = g.find((item) => isFloat(item) && item.dims.length === rank && item.dims.every((dim) => dim > 0))
  if (there || g.isInner) return there ?? g.operand('float32', [1, 2, ...Array<number>(rank - 2).fill(5)])
  return g.input('float32', [
    g.random.int(1, 2),
    g.random.int(1, 4),
    ...Array.from({ length: rank - 2 }, () => g.random.int(3, 7)),
  ])
}

interface Window {
  readonly attributes: Record<string, readonly bigint[]>
  readonly spatial: readonly number[]
  readonly kernel: readonly number[]
}

function window(g: RandomGraph, spatial: readonly number[], dilate: boolean): Window | undefined {
  const axes = spatial.map((size) => {
    const kernel = g.random.int(1, 3)
    const stride = g.random.int(1, 2)
    const dilation = dilate && g.random.chance(0.2) ? 2 : 1
    const [before, after] = [g.random.int(0, kernel - 1), g.random.int(0, kernel - 1)]
    const room = size + before + after - dilation * (kernel - 1) - 1
    return { kernel, stride, dilation, before, after, out: Math.floor(room / stride) + 1, room }
  })
  if (axes.some(({ room }) => room < 0)) return undefined
  const list = (values: readonly number[]): bigint[] => values.map(BigInt)
  return {
    spatial: axes.map(({ out }) => out),
    kernel: axes.map(({ kernel }) => kernel),
    attributes: {
      kernel_shape: list(axes.map(({ kernel }) => kernel)),
      strides: list(axes.map(({ stride }) => stride)),
      pads: list([...axes.map(({ before }) => before), ...axes.map(({ after }) => after)]),
      ...(dilate && { dilations: list(axes.map(({ dilation }) => dilation)) }),
    },
  }
}

export const convolution: Rule = (g) => {
  const x = image(g, g.random.pick([3, 4, 4, 4]))
  const [batch, channels, ...spatial] = x.dims as [number, number, ...number[]]
  const frame = window(g, spatial, true)
  if (!frame) return
  const group = g.random.chance(0.3) ? channels : 1
  const out = group * g.random.int(1, 3)
  const dims = [batch, out, ...frame.spatial]
  if (!g.fits(dims)) return
  const weights = g.constant(g.numbers('float32', [out, channels / group, ...frame.kernel]))
  const bias = g.random.chance(0.5) ? g.constant(g.numbers('float32', [out])) : undefined
  g.add(
    'Conv',
    [x, weights, bias],
    { ...frame.attributes, group: BigInt(group) },
    { type: 'float32', dims, exact: false },
  )
}

export const pool: Rule = (g) => {
  const x = image(g, g.random.pick([3, 4, 4]))
  const [batch, channels, ...spatial] = x.dims as [number, number, ...number[]]
  if (g.random.chance(0.3)) {
    g.add(
      'GlobalAveragePool',
      [x],
      {},
      { type: 'float32', dims: [batch, channels, ...spatial.map(() => 1)], exact: false },
    )
    return
  }
  const frame = window(g, spatial, false)
  if (!frame) return
  const average = g.random.chance(0.5)
  const counted = average && { count_include_pad: BigInt(g.random.int(0, 1)) }
  g.add(
    average ? 'AveragePool' : 'MaxPool',
    [x],
    { ...frame.attributes, ...counted },
    {
      type: 'float32',
      dims: [batch, channels, ...frame.spatial],
      exact: false,
    },
  )
}

export const normalization: Rule = (g) => {
  const x = image(g, g.random.pick([2, 3, 4]))
  const channels = x.dims[1]!
  const own = (): Item => g.constant(g.numbers('float32', [channels]))
  if (g.random.chance(0.5)) {
    const variance = g.constant(
      tensorFrom(
        'float32',
        [channels],
        Array.from({ length: channels }, (_, i) => 0.5 + i),
      ),
    )
    g.add('BatchNormalization', [x, own(), own(), own(), variance], { epsilon: 0.01 }, same(x, { exact: false }))
  } else {
    const size = [x.dims.at(-1)!]
    g.add(
      'LayerNormalization',
      [x, g.operand('float32', size), g.random.chance(0.5) ? g.operand('float32', size) : undefined],
      { axis: -1n, epsilon: 0.1 },
      same(x, { exact: false }),
    )
  }
}

export const softmax: Rule = (g) => {
  const x = g.find((item) => isFloat(item) && item.dims.length > 0)
  if (!x) return
  const axis = g.random.int(-x.dims.length, x.dims.length - 1)
  g.add(g.random.pick(['Softmax', 'LogSoftmax']), [x], { axis: BigInt(axis) }, same(x, { exact: false }))
}

export const reduce: Rule = (g) => {
  const x = g.find((item) => isFloat(item) && elementsOf(item.dims) > 0)
  if (!x) return
  const axes = [...x.dims.keys()].filter(() => g.random.chance(0.5))
  const keep = g.random.chance(0.5)
  const all = axes.length === 0 ? [...x.dims.keys()] : axes
  const dims = x.dims.flatMap((dim, axis) => (all.includes(axis) ? (keep ? 1 : []) : dim))
  const op = g.random.pick(['ReduceSum', 'ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceL2', 'ReduceSumSquare'])
  const list = all.map(BigInt)
  const keepdims = keep ? 1n : 0n
  const exact = x.exact && (op === 'ReduceMax' || op === 'ReduceMin')
  if (op === 'ReduceSum') g.add(op, [x, g.ints(all)], { keepdims }, { type: 'float32', dims, exact })
  else g.add(op, [x], { keepdims, axes: { kind: 'ints', value: list } }, { type: 'float32', dims, exact })
}

export const argMax: Rule = (g) => {
  const x = g.find((item) => item.exact && isFloat(item) && item.dims.length > 0 && elementsOf(item.dims) > 0)
  if (!x) return
  const axis = g.random.int(0, x.dims.length - 1)
  const keep = g.random.chance(0.5)
  const dims = keep ? x.dims.with(axis, 1) : x.dims.toSpliced(axis, 1)
  g.add(
    g.random.pick(['ArgMax', 'ArgMin']),
    [x],
    { axis: BigInt(axis), keepdims: keep ? 1n : 0n },
    { type: 'int64', dims, exact: true },
  )
}

export const cumSum: Rule = (g) => {
  const x = g.find((item) => isFloat(item) && item.dims.length > 0)
  if (!x) return
  const axis = g.constant(tensorFrom('int64', [], [g.random.int(0, x.dims.length - 1)]))
  g.add(
    'CumSum',
    [x, axis],
    { reverse: BigInt(g.random.int(0, 1)), exclusive: BigInt(g.random.int(0, 1)) },
    same(x, { exact: false }),
  )
}
