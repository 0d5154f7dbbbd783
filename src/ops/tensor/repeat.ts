import { type Dim, dimEquals, isAtLeast, isStatic, multiply } from '../../graph/dim.ts'
import type { Node, ValueInfo } from '../../graph/graph.ts'
import { takes } from '../../graph/rules.ts'
import { elementsOf } from '../../onnx/tensor.ts'
import { broadcastShapes } from '../../graph/broadcast.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'
import { MOST_PICKED, offsetOf, pickElements, positionsOf, stridesOf } from '../../lowering/pick.ts'
import { MOST_FOLLOWED, normalizeAxis, rankOfList } from '../../graph/shape-contents.ts'
import { shareElements } from '../../lowering/sharing.ts'
import { copyBox, dense } from '../../lowering/strided.ts'

/** Dimensions of a value aligned to the end of a shape of `rank` axes. */
function aligned(dims: readonly Dim[], rank: number): readonly Dim[] {
  return [...Array<Dim>(rank - dims.length).fill(1), ...dims]
}

/** ONNX Expand-8 … 13: two-way broadcasting, so a 1 in the shape keeps the input's dimension. */
const Expand: LoweredOperator = {
  name: 'Expand',
  rules: takes('input:T shape:int64[_]', { T: 'any' }),
  sizedBy: [1],
  infer(node, context): ValueInfo[] {
    const [x, shape] = [node.input(0), node.input(1)]
    if (shape.contents?.some((dim) => typeof dim === 'number' && dim < 0)) {
      throw node.error('MODEL_SHAPE', `the shape [${shape.contents.join(', ')}] has a negative dimension`)
    }
    if (shape.contents) {
      const dims = broadcastShapes(node, [x.dims, shape.contents])
      const [count] = dims
      const isShort = dims.length === 0 || (dims.length === 1 && typeof count === 'number' && count <= MOST_FOLLOWED)
      return [
        {
          type: x.type,
          shape: dims,
          contents:
            x.contents && isShort
              ? Array.from({ length: Number(count ?? 1) }, (_, i) => x.contents![x.contents!.length === 1 ? 0 : i]!)
              : undefined,
        },
      ]
    }
    const length = rankOfList(node, shape.dims[0])
    const rank = Math.max(x.rank, length)
    const missing = rank - length
    return [
      {
        type: x.type,
        shape: aligned(x.dims, rank).map((dim, axis) =>
          axis < missing || (typeof dim === 'number' && dim > 1) ? dim : context.freshDim(),
        ),
      },
    ]
  },
  fold(node) {
    const tensor = node.input(0).constant!
    const dims = broadcastShapes(node, [tensor.dims, node.input(1).contents ?? [-1]])
    if (!isStatic(dims) || dims.includes(-1) || elementsOf(dims) > MOST_PICKED) return undefined
    const strides = stridesOf(tensor.dims).map((stride, axis) => (tensor.dims[axis] === 1 ? 0 : stride))
    const missing = dims.length - tensor.dims.length
    return [
      pickElements(
        [tensor],
        dims,
        positionsOf(dims, (index) => offsetOf(index.slice(missing), strides)),
      ),
    ]
  },
  decompose(node) {
    const [x, shape] = [node.input(0), node.input(1)]
    const same =
      shape.contents &&
      shape.contents.length <= x.rank &&
      aligned(shape.contents, x.rank).every((dim, axis) => dim === 1 || dimEquals(dim, x.dims[axis]!))
    return same ? [x] : undefined
  },
  check(node, k) {
    const { contents } = node.input(1)
    const { dims } = node.output()
    const missing = dims.length - rankOfList(node, node.input(1).dims[0])
    aligned(node.input(0).dims, dims.length).forEach((from, axis) => {
      if (axis < missing) return
      const known = contents?.[axis - missing]
      if (known !== undefined && isAtLeast(known, 0) && (known === 1 || from === 1 || dimEquals(known, from))) return
      const wanted = known === undefined ? `${k.input(1)}[${axis - missing}]` : k.dim(known)
      const differs = `${wanted} != 1 && ${k.dim(from)} != 1 && ${wanted} != ${k.dim(from)}`
      k.failIf(`${wanted} < 0 || (${differs})`, 'the shapes do not broadcast')
    })
  },
  sizes(node, k) {
    if (node.input(1).contents) return
    const { dims } = node.output()
    const missing = dims.length - rankOfList(node, node.input(1).dims[0])
    aligned(node.input(0).dims, dims.length).forEach((from, axis) => {
      if (axis < missing || (typeof from === 'number' && from > 1)) return
      const wanted = `${k.input(1)}[${axis - missing}]`
      k.line(`*${k.symbol(dims[axis]!)} = ${wanted} == 1 ? ${k.dim(from)} : ${wanted};`)
    })
  },
  lower(node, k) {
    const dims = node.output().dims
    const from = aligned(node.input(0).dims, dims.length)
    const place = dense(k, k.input(0), from)
    const strides = place.strides.map((stride, axis) => {
      const dim = from[axis]!
      if (dimEquals(dim, dims[axis]!)) return stride
      if (dim === 1) return '0'
      return `(${k.dim(dim)} == 1 ? 0 : ${stride})`
    })
    shareElements(k, dims)
    copyBox(k, dense(k, k.output(), dims), { ...place, strides }, dims)
  },
  flops: () => 0,
}

/** Tile-1: how often along which axis, as two scalars; since 6: how often along every axis. */
function repeatsOf(node: Node): readonly Dim[] | undefined {
  const given = node.input(1).contents
  if (given?.some((count) => typeof count === 'number' && count < 0)) {
    throw node.error('MODEL_SHAPE', `the repeats [${given.join(', ')}] have a negative number`)
  }
  if (node.version >= 6) return given
  const along = node.input(2).contents?.[0]
  if (!given || typeof along !== 'number')
    throw node.error('UNSUPPORTED_DYNAMIC', 'tiles and axis must be known at compile time')
  const axis = normalizeAxis(node, along, node.input(0).rank)
  return node.input(0).dims.map((_, i) => (i === axis ? given[0]! : 1))
}

/** ONNX Tile-1 … 13. */
const Tile: LoweredOperator = {
  name: 'Tile',
  rules: ({ version }) =>
    version < 6
      ? takes('input:T[_, ...] tiles:index[.] axis:index[.]', { T: 'any' })
      : takes('input:T repeats:int64[_]', { T: 'any' }, (node) => [
          { input: 1, axis: 0, expected: node.input(0).rank, as: 'the axes of the input need' },
        ]),
  sizedBy: [1],
  infer(node, context): ValueInfo[] {
    const { type, dims } = node.input(0)
    const repeats = repeatsOf(node)
    return [{ type, shape: dims.map((dim, axis) => (repeats ? multiply(dim, repeats[axis]!) : context.freshDim())) }]
  },
  fold(node) {
    const tensor = node.input(0).constant!
    const repeats = repeatsOf(node)
    const dims = tensor.dims.map((dim, axis) => multiply(dim, repeats?.[axis] ?? -1))
    if (!isStatic(dims) || Math.min(0, ...dims) < 0 || elementsOf(dims) > MOST_PICKED) return undefined
    const strides = stridesOf(tensor.dims)
    return [
      pickElements(
        [tensor],
        dims,
        positionsOf(dims, (index) =>
          offsetOf(
            index.map((i, axis) => i % tensor.dims[axis]!),
            strides,
          ),
        ),
      ),
    ]
  },
  decompose: (node) => (repeatsOf(node)?.every((count) => count === 1) ? [node.input(0)] : undefined),
  sizes(node, k) {
    if (repeatsOf(node)) return
    node.input(0).dims.forEach((dim, axis) => {
      const [size, count] = [k.dim(dim), `${k.input(1)}[${axis}]`]
      const tooLarge = `${count} > OM_MAX_DIM / om_dim_max(${size}, 1)`
      k.failIf(`${count} < 0 || ${tooLarge}`, 'a number of repeats is negative or too large')
      k.line(`*${k.symbol(node.output().dims[axis]!)} = ${size} * ${count};`)
    })
  },
  lower(node, k) {
    const { dims } = node.input(0)
    const repeats = repeatsOf(node)?.map((dim) => k.dim(dim)) ?? dims.map((_, axis) => `${k.input(1)}[${axis}]`)
    const [to, from] = [dense(k, k.output(), node.output().dims), dense(k, k.input(0), dims)]
    // Each axis is walked as [repeat, element], and the repeats stand still in the input.
    const pairs = <T>(items: (axis: number) => readonly [T, T]): T[] => dims.flatMap((_, axis) => items(axis))
    const toStrides = pairs((axis) => [`${k.dim(dims[axis]!)} * ${to.strides[axis]!}`, to.strides[axis]!])
    const fromStrides = pairs((axis) => ['0', from.strides[axis]!])
    copyBox(
      k,
      { ...to, strides: toStrides },
      { ...from, strides: fromStrides },
      pairs((axis) => [repeats[axis]!, k.dim(dims[axis]!)]),
    )
  },
  flops: () => 0,
}

export const repeating: readonly LoweredOperator[] = [Expand, Tile]
