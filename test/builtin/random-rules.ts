import type { GraphSource, NodeSource } from '../../src/onnx/build.ts'
import type { ElementType } from '../../src/onnx/element-type.ts'
import { elementsOf, tensorFrom } from '../../src/onnx/tensor.ts'
import type { Item, RandomGraph } from './random-graph.ts'

/** Adds a node (or a few that belong together) to a graph, or nothing where it finds no fitting value. */
type Rule = (g: RandomGraph) => void

const isFloat = ({ type }: Item): boolean => type === 'float32'
const isNumber = ({ type }: Item): boolean => type === 'float32' || type === 'float64' || type === 'int64'
const same = (x: Item, change: Partial<Omit<Item, 'name'>> = {}): Omit<Item, 'name'> => ({
  type: x.type,
  dims: x.dims,
  exact: x.exact,
  ...change,
})

const unary: Rule = (g) => {
  const x = g.find(isFloat)
  if (!x) return
  const op = g.random.pick([
    'Tanh',
    'Sigmoid',
    'Erf',
    'Softplus',
    'LeakyRelu',
    'Elu',
    'HardSigmoid',
    'Clip',
    'Relu',
    'Neg',
    'Abs',
  ])
  const exact = x.exact && ['Relu', 'Neg', 'Abs'].includes(op)
  if (op === 'Clip')
    g.add(op, [x, g.constant(tensorFrom('float32', [], [-1])), undefined], {}, same(x, { exact: x.exact }))
  else if (op === 'LeakyRelu') g.add(op, [x], { alpha: 0.25 }, same(x, { exact: false }))
  else g.add(op, [x], {}, same(x, { exact }))
}

const positive: Rule = (g) => {
  const x = g.find(isFloat)
  if (!x) return
  // Away from zero, where the small errors of one function would become large ones of the next.
  const half = g.constant(tensorFrom('float32', [], [0.5]))
  const bounded = g.add(
    'Add',
    [g.add('Sigmoid', [x], {}, same(x, { exact: false })), half],
    {},
    same(x, { exact: false }),
  )
  g.add(g.random.pick(['Exp', 'Sqrt', 'Log', 'Reciprocal']), [bounded], {}, same(x, { exact: false }))
}

/** Sizes that broadcast with `dims` to `dims` or, where axes of 1 grow, beyond. */
function partner(g: RandomGraph, dims: readonly number[]): { other: number[]; result: number[] } {
  const kept = g.random.chance(0.2) ? dims.slice(g.random.int(0, dims.length)) : [...dims]
  const other = kept.map((dim) => (g.random.chance(0.3) ? 1 : dim === 1 && g.random.chance(0.3) ? 3 : dim))
  if (other.length === dims.length && dims.length < 4 && g.random.chance(0.1)) other.unshift(2)
  const rank = Math.max(dims.length, other.length)
  const at = (list: readonly number[], axis: number): number => list[axis - rank + list.length] ?? 1
  return { other, result: Array.from({ length: rank }, (_, i) => (at(dims, i) === 1 ? at(other, i) : at(dims, i))) }
}

const binary: Rule = (g) => {
  const x = g.find(isNumber)
  if (!x) return
  const { other, result } = partner(g, x.dims)
  if (!g.fits(result)) return
  const y = g.operand(x.type, other)
  const pair = g.random.shuffled([x, y])
  const op = g.random.pick(['Add', 'Add', 'Sub', 'Mul', 'Min', 'Max', 'Less', 'Equal'])
  const exact = x.exact && y.exact
  if (op === 'Less' || op === 'Equal') {
    if (exact) g.add(op, pair, {}, { type: 'bool', dims: result, exact: true })
  } else g.add(op, pair, {}, { type: x.type, dims: result, exact: exact && op !== 'Mul' })
}

const divide: Rule = (g) => {
  const x = g.find(isFloat)
  if (!x) return
  const { other, result } = partner(g, x.dims)
  if (!g.fits(result)) return
  const y = g.operand('float32', other)
  const size = g.add('Abs', [y], {}, same(y))
  const one = g.constant(tensorFrom('float32', [], [1]))
  g.add('Div', [x, g.add('Add', [size, one], {}, same(y))], {}, { type: 'float32', dims: result, exact: false })
}

const where: Rule = (g) => {
  const x = g.find(isNumber)
  if (!x) return
  const { other, result } = partner(g, x.dims)
  if (!g.fits(result)) return
  const y = g.operand(x.type, other)
  g.add('Where', [g.operand('bool', result), x, y], {}, { type: x.type, dims: result, exact: x.exact && y.exact })
}

const cast: Rule = (g) => {
  const x = g.find((item) => item.exact)
  if (!x) return
  const [type, code] = g.random.pick([
    ['float32', 1n],
    ['float64', 11n],
    ['int64', 7n],
    ['bool', 9n],
  ] as [ElementType, bigint][])
  g.add('Cast', [x], { to: code }, same(x, { type }))
}

const transpose: Rule = (g) => {
  const x = g.find(({ dims }) => dims.length > 1)
  if (!x) return
  const perm = g.random.shuffled([...x.dims.keys()])
  g.add('Transpose', [x], { perm: perm.map(BigInt) }, same(x, { dims: perm.map((axis) => x.dims[axis]!) }))
}

const reshape: Rule = (g) => {
  const x = g.find(() => true)
  if (!x) return
  let rest = elementsOf(x.dims)
  const dims: number[] = []
  while (rest > 1 && dims.length < 3) {
    const divisors = Array.from({ length: rest }, (_, i) => i + 1).filter((d) => rest % d === 0)
    dims.push(g.random.pick(divisors))
    rest /= dims.at(-1)!
  }
  if (elementsOf(x.dims) === 0) dims.push(0)
  else if (rest > 1 || g.random.chance(0.2)) dims.push(rest)
  const open = elementsOf(x.dims) > 0 && dims.length > 0 && g.random.chance(0.6) ? g.random.int(0, dims.length - 1) : -1
  const zeros = elementsOf(x.dims) === 0
  const wanted = dims.map((dim, axis) => (axis === open ? -1 : dim))
  g.add('Reshape', [x, g.ints(wanted)], zeros ? { allowzero: 1n } : {}, same(x, { dims }))
}

/** The shape of one value, written in the graph, gives another its shape. */
const reshapeByShape: Rule = (g) => {
  const x = g.find(({ dims }) => dims.length > 1 && elementsOf(dims) > 0)
  if (!x) return
  const split = g.random.int(1, x.dims.length - 1)
  const shape = g.add('Shape', [x], {}, { type: 'int64', dims: [x.dims.length], exact: true })
  const head = g.add('Slice', [shape, g.ints([0]), g.ints([split])], {}, { type: 'int64', dims: [split], exact: true })
  const wanted = g.add('Concat', [head, g.ints([-1])], { axis: 0n }, { type: 'int64', dims: [split + 1], exact: true })
  g.add('Reshape', [x, wanted], {}, same(x, { dims: [...x.dims.slice(0, split), elementsOf(x.dims.slice(split))] }))
}

const expandByShape: Rule = (g) => {
  const x = g.find(({ dims }) => dims.length > 0)
  if (!x) return
  const shape = g.add('Shape', [x], {}, { type: 'int64', dims: [x.dims.length], exact: true })
  const way = g.random.int(0, 2)
  if (way === 0) g.add('Expand', [g.operand('float32', [1]), shape], {}, { type: 'float32', dims: x.dims, exact: true })
  else if (way === 1) {
    const value = tensorFrom('float32', [1], [0.5])
    g.add('ConstantOfShape', [shape], { value }, { type: 'float32', dims: x.dims, exact: true })
  } else {
    const zero = g.constant(tensorFrom('int64', [], [0]))
    const first = g.add('Gather', [shape, zero], { axis: 0n }, { type: 'int64', dims: [], exact: true })
    const one = g.constant(tensorFrom('int64', [], [1]))
    g.add('Range', [zero, first, one], {}, { type: 'int64', dims: [x.dims[0]!], exact: true })
  }
}

const concat: Rule = (g) => {
  const x = g.find(({ dims }) => dims.length > 0)
  if (!x) return
  const axis = g.random.int(0, x.dims.length - 1)
  const others = Array.from({ length: g.random.int(1, 2) }, () =>
    g.operand(x.type, x.dims.with(axis, g.random.pick([x.dims[axis]!, 1, 2]))),
  )
  const parts = g.random.shuffled([x, ...others])
  const dims = x.dims.with(
    axis,
    parts.reduce((sum, part) => sum + part.dims[axis]!, 0),
  )
  if (!g.fits(dims)) return
  g.add(
    'Concat',
    parts,
    { axis: BigInt(axis - (g.random.chance(0.3) ? dims.length : 0)) },
    same(x, { dims, exact: parts.every((part) => part.exact) }),
  )
}

const slice: Rule = (g) => {
  const x = g.find(({ dims }) => dims.length > 0)
  if (!x) return
  const axis = g.random.int(0, x.dims.length - 1)
  const size = x.dims[axis]!
  const step = g.random.pick([1, 1, 2, -1, -2])
  const [start, end] = [g.random.int(-size - 1, size + 1), g.random.int(-size - 1, size + 1)]
  const at = (index: number): number => (index < 0 ? index + size : index)
  const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high)
  const from = step > 0 ? clamp(at(start), 0, size) : clamp(at(start), 0, size - 1)
  const to = step > 0 ? clamp(at(end), 0, size) : clamp(at(end), -1, size - 1)
  const count = size === 0 ? 0 : Math.max(0, Math.ceil((to - from) / step))
  g.add(
    'Slice',
    [x, ...[start, end, axis, step].map((value) => g.ints([value]))],
    {},
    same(x, { dims: x.dims.with(axis, count) }),
  )
}

const gather: Rule = (g) => {
  const x = g.find(({ dims }) => dims.length > 0 && dims.every((dim) => dim > 0))
  if (!x) return
  const axis = g.random.int(0, x.dims.length - 1)
  const size = x.dims[axis]!
  const shape = g.random.pick([[], [2], [2, 2]] as number[][])
  const indices = tensorFrom(
    'int64',
    shape,
    Array.from({ length: elementsOf(shape) }, () => g.random.int(-size, size - 1)),
  )
  const dims = [...x.dims.slice(0, axis), ...shape, ...x.dims.slice(axis + 1)]
  if (g.fits(dims)) g.add('Gather', [x, g.constant(indices)], { axis: BigInt(axis) }, same(x, { dims }))
}

const squeeze: Rule = (g) => {
  const x = g.find(({ dims }) => dims.length < 5)
  if (!x) return
  const ones = [...x.dims.keys()].filter((axis) => x.dims[axis] === 1)
  if (ones.length > 0 && g.random.chance(0.5)) {
    const axis = g.random.pick(ones)
    g.add('Squeeze', [x, g.ints([axis])], {}, same(x, { dims: x.dims.toSpliced(axis, 1) }))
  } else {
    const axis = g.random.int(0, x.dims.length)
    g.add('Unsqueeze', [x, g.ints([axis])], {}, same(x, { dims: x.dims.toSpliced(axis, 0, 1) }))
  }
}

const tile: Rule = (g) => {
  const x = g.find(({ dims }) => dims.length > 0)
  if (!x) return
  const repeats = x.dims.map(() => g.random.pick([1, 1, 2]))
  const dims = x.dims.map((dim, axis) => dim * repeats[axis]!)
  if (g.fits(dims) && x.type !== 'bool') g.add('Tile', [x, g.ints(repeats)], {}, same(x, { dims }))
}

const pad: Rule = (g) => {
  const x = g.find((item) => item.dims.length > 0 && isFloat(item) && elementsOf(item.dims) > 0)
  if (!x) return
  const pads = [...x.dims, ...x.dims].map(() => g.random.pick([0, 0, 1]))
  const dims = x.dims.map((dim, axis) => dim + pads[axis]! + pads[axis + x.dims.length]!)
  if (g.fits(dims)) g.add('Pad', [x, g.ints(pads)], { mode: g.random.pick(['constant', 'edge']) }, same(x, { dims }))
}

const split: Rule = (g) => {
  const x = g.find(({ dims }) => dims.some((dim) => dim > 1))
  if (!x) return
  const axis = g.random.pick([...x.dims.keys()].filter((i) => x.dims[i]! > 1))
  const first = g.random.int(1, x.dims[axis]! - 1)
  const parts = [first, x.dims[axis]! - first]
  g.addMany(
    'Split',
    [x, g.ints(parts)],
    { axis: BigInt(axis) },
    parts.map((part) => same(x, { dims: x.dims.with(axis, part) })),
  )
}

const matmul: Rule = (g) => {
  const x = g.find((item) => isFloat(item) && item.dims.length > 1 && item.dims.length < 5)
  if (!x) return
  const inner = x.dims.at(-1)!
  const columns = g.random.pick([1, 2, 5, 17])
  const stack = x.dims.slice(0, -2).map((dim) => (g.random.chance(0.4) ? 1 : dim))
  const vector = g.random.chance(0.15)
  const shape = vector ? [inner] : [...(g.random.chance(0.5) ? stack : []), inner, columns]
  const dims = vector ? x.dims.slice(0, -1) : [...x.dims.slice(0, -1), columns]
  if (g.fits(dims)) g.add('MatMul', [x, g.operand('float32', shape)], {}, { type: 'float32', dims, exact: false })
}

const gemm: Rule = (g) => {
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

const convolution: Rule = (g) => {
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

const pool: Rule = (g) => {
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

const normalization: Rule = (g) => {
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

const softmax: Rule = (g) => {
  const x = g.find((item) => isFloat(item) && item.dims.length > 0)
  if (!x) return
  const axis = g.random.int(-x.dims.length, x.dims.length - 1)
  g.add(g.random.pick(['Softmax', 'LogSoftmax']), [x], { axis: BigInt(axis) }, same(x, { exact: false }))
}

const reduce: Rule = (g) => {
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

const argMax: Rule = (g) => {
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

const cumSum: Rule = (g) => {
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

const branches: Rule = (g) => {
  const x = g.find((item) => item.type !== 'bool')
  if (!x || g.isInner) return
  const condition = g.operand('bool', [])
  let exact = true
  const branch = (): GraphSource => {
    const inner = g.inner()
    inner.grow(g.random.int(0, 3))
    const fitting = inner.items.filter((item) => item.type === x.type && item.dims.join() === x.dims.join())
    const result = fitting.at(-1) ?? x
    exact &&= result.exact
    // onnxruntime takes no value from outside as an output.
    return inner.body([], [inner.add('Identity', [result], {}, same(result)).name])
  }
  const [then_branch, else_branch] = [branch(), branch()]
  g.add('If', [condition], { then_branch, else_branch }, same(x, { exact }))
}

const loop: Rule = (g) => {
  const x = g.find((item) => isFloat(item))
  if (!x || g.isInner) return
  const trips = g.random.int(1, 3)
  const count = tensorFrom('int64', [], [trips])
  const bound = g.random.chance(0.5) ? g.constant(count) : g.inputOf(count)
  const inner = g.inner()
  const [i, go, carried] = [inner.name(), inner.name(), inner.name()]
  const value = inner.keep({ name: carried, type: 'float32', dims: x.dims, exact: false })
  inner.grow(g.random.int(0, 3))
  const fitting = inner.items.filter((item) => item.type === 'float32' && item.dims.join() === x.dims.join())
  const next = inner.add('Tanh', [fitting.at(-1) ?? value], {}, same(value))
  const scanned = inner.random.pick(inner.items.filter(({ type }) => type !== 'bool'))
  const scan = inner.add('Identity', [scanned], {}, same(scanned))
  const going = inner.add(
    'Identity',
    [{ name: go, type: 'bool', dims: [], exact: true }],
    {},
    { type: 'bool', dims: [], exact: true },
  )
  const dims = [trips, ...scan.dims]
  if (!g.fits(dims)) return
  const body = inner.body([i, go, carried], [going.name, next.name, scan.name])
  const typed = {
    ...body,
    inputs: {
      [i]: { kind: 'tensor', type: 'int64', shape: [] },
      [go]: { kind: 'tensor', type: 'bool', shape: [] },
      [carried]: { kind: 'tensor', type: 'float32', shape: undefined },
    },
  } as const
  g.addMany('Loop', [bound, undefined, x], { body: typed }, [
    same(x, { exact: false }),
    { type: scan.type, dims, exact: false },
  ])
}

export const rules: readonly Rule[] = [
  ...[unary, unary, positive, binary, binary, binary, divide, where, cast],
  ...[transpose, transpose, reshape, reshapeByShape, expandByShape, concat, slice, gather, squeeze, tile, pad, split],
  ...[matmul, gemm, convolution, convolution, pool, normalization, softmax, reduce, argMax, cumSum],
  ...[branches, loop],
]
