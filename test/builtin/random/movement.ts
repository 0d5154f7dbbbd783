import { elementsOf, tensorFrom } from '../../../src/onnx/tensor.ts'
import { isFloat, type Rule, same } from './rule.ts'

// Operators that move elements, and shapes that the graph computes.

export const transpose: Rule = (g) => {
  const x = g.find(({ dims }) => dims.length > 1)
  if (!x) return
  const perm = g.random.shuffled([...x.dims.keys()])
  g.add('Transpose', [x], { perm: perm.map(BigInt) }, same(x, { dims: perm.map((axis) => x.dims[axis]!) }))
}

export const reshape: Rule = (g) => {
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
export const reshapeByShape: Rule = (g) => {
  const x = g.find(({ dims }) => dims.length > 1 && elementsOf(dims) > 0)
  if (!x) return
  const split = g.random.int(1, x.dims.length - 1)
  const shape = g.add('Shape', [x], {}, { type: 'int64', dims: [x.dims.length], exact: true })
  const head = g.add('Slice', [shape, g.ints([0]), g.ints([split])], {}, { type: 'int64', dims: [split], exact: true })
  const wanted = g.add('Concat', [head, g.ints([-1])], { axis: 0n }, { type: 'int64', dims: [split + 1], exact: true })
  g.add('Reshape', [x, wanted], {}, same(x, { dims: [...x.dims.slice(0, split), elementsOf(x.dims.slice(split))] }))
}

export const expandByShape: Rule = (g) => {
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

export const concat: Rule = (g) => {
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

export const slice: Rule = (g) => {
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

export const gather: Rule = (g) => {
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

export const squeeze: Rule = (g) => {
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

export const tile: Rule = (g) => {
  const x = g.find(({ dims }) => dims.length > 0)
  if (!x) return
  const repeats = x.dims.map(() => g.random.pick([1, 1, 2]))
  const dims = x.dims.map((dim, axis) => dim * repeats[axis]!)
  if (g.fits(dims) && x.type !== 'bool') g.add('Tile', [x, g.ints(repeats)], {}, same(x, { dims }))
}

export const pad: Rule = (g) => {
  const x = g.find((item) => item.dims.length > 0 && isFloat(item) && elementsOf(item.dims) > 0)
  if (!x) return
  const pads = [...x.dims, ...x.dims].map(() => g.random.pick([0, 0, 1]))
  const dims = x.dims.map((dim, axis) => dim + pads[axis]! + pads[axis + x.dims.length]!)
  if (g.fits(dims)) g.add('Pad', [x, g.ints(pads)], { mode: g.random.pick(['constant', 'edge']) }, same(x, { dims }))
}

export const split: Rule = (g) => {
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
