import type { Node } from '../../graph/graph.ts'
import type { PlainAttributes } from '../../graph/operator.ts'
import { takes } from '../../graph/rules.ts'
import { filters, type Packing, type Panels } from '../../lowering/packing.ts'
import { type KernelShape, lanes, packedGemmLength } from '../../lowering/kernel-shape.ts'
import { elementTypes } from '../../onnx/element-type.ts'
import { targetType } from '../math/cast.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'

/** The attributes of the `om.Pack` node that packs weights into `length` floats. */
export function packAttributes(packing: Packing, length: number): PlainAttributes {
  const more =
    packing.layout === 'matrices'
      ? { depth: packing.depth, columns: packing.columns, transB: Number(packing.transposed) }
      : packing.layout === 'convolution'
        ? { group: packing.groups }
        : {}
  return { packing: packing.layout, at: length, ...more }
}

/** The compiler's own: weights packed when the model is loaded, into a vector of `at` floats. */
const Pack: LoweredOperator = {
  name: 'Pack',
  domain: 'om',
  rules: takes('weights:float32'),
  infer: (node) => [{ type: 'float32', shape: [node.int('at', 0)] }],
  lower(node, k) {
    const layout = node.string('packing')
    const [from, to] = [k.input(0), k.output()]
    if (layout === 'matrices') {
      k.include('gemm.h')
      packCalls(node, k.shape).forEach(({ source, target, steps, depth, columns }) =>
        k.line(`om_gemm_pack_f32(${from} + ${source}, ${steps}, ${depth}, ${columns}, ${to} + ${target});`),
      )
      return
    }
    const { outChannels, channels, taps } = filters({ dims: node.input(0).staticShape! })
    if (layout === 'winograd') {
      k.include('winograd.h')
      k.line(`om_winograd_pack_f32(${from}, ${outChannels}, ${channels}, ${to});`)
    } else if (layout === 'depthwise') {
      k.include('depthwise.h')
      k.line(`om_depthwise2d_pack_f32(${from}, ${outChannels}, ${taps}, ${to});`)
    } else if (layout === 'grouped') {
      k.include('grouped.h')
      k.line(`om_grouped2d_pack_f32(${from}, ${outChannels}, ${channels}, ${taps}, ${to});`)
    } else {
      k.include('conv.h')
      k.line(`om_conv2d_pack_f32(${from}, ${outChannels}, ${channels}, ${taps}, ${node.int('group', 1)}, ${to});`)
    }
  },
}

/**
 * The attributes of the `om.Repack` node.
 *
 * @param from the panels and the shape that its input is packed for
 * @param at elements of the result
 */
export function repackAttributes(
  { depth, columns, vectors }: Panels,
  from: { readonly panels: Panels; readonly shape: KernelShape },
  at: number,
): PlainAttributes {
  return { depth, columns, vectors, from_vectors: from.panels.vectors, from_lanes: lanes(from.shape), at }
}

/** The compiler's own: what is packed for a wider vector unit, packed for this one when the model is loaded. */
const Repack: LoweredOperator = {
  name: 'Repack',
  domain: 'om',
  rules: takes('packed:float32|int8|int32[_]'),
  infer: (node) => [{ type: node.input(0).type, shape: [node.int('at', 0)] }],
  lower(node, k) {
    const [depth, vectors] = [node.int('depth', 0), node.int('vectors', 1)]
    const [wide, fromVectors] = [node.int('from_lanes', 1), node.int('from_vectors', 1)]
    const padded = (n: number, unit: number): number => 4 * depth * Math.ceil(n / unit) * unit
    k.include('repack.h')
    let [source, target] = [0, 0]
    for (const { n, count } of runsOf(node.ints('columns') ?? [])) {
      const [from, to] = [padded(n, wide), padded(n, lanes(k.shape))]
      const matrix = `(const char *)${k.input(0)} + ${source} + g * ${from}`
      const panels = `(char *)${k.output()} + ${target} + g * ${to}`
      k.line(`for (int64_t g = 0; g < ${count}; g++)`)
      k.line(`  om_repack_32(${matrix}, (om_panels){${wide}, ${fromVectors}}, ${vectors}, ${depth}, ${n}, ${panels});`)
      source += count * from
      target += count * to
    }
  },
}

/** Numbers that follow each other, and how often. */
function runsOf(numbers: readonly number[]): { n: number; count: number }[] {
  const runs: { n: number; count: number }[] = []
  for (const n of numbers) {
    const last = runs.at(-1)
    if (last?.n === n) last.count++
    else runs.push({ n, count: 1 })
  }
  return runs
}

/** What packs the matrices of a node one by one: where each begins, and the elements between its rows and columns. */
function packCalls(
  node: Node,
  shape: KernelShape,
): { source: number; target: number; steps: string; depth: number; columns: number }[] {
  const [depth, transposed] = [node.int('depth', 0), node.int('transB', 0)]
  let [source, target] = [0, 0]
  return (node.ints('columns') ?? []).map((columns) => {
    const call = { source, target, steps: transposed ? `1, ${depth}` : `${columns}, 1`, depth, columns }
    source += depth * columns
    target += packedGemmLength(depth, columns, shape)
    return call
  })
}

/** The compiler's own: elements of less than a byte, from bytes that hold several each, to one byte each. */
const Unpack: LoweredOperator = {
  name: 'Unpack',
  domain: 'om',
  rules: takes('packed:uint8[_]'),
  infer: (node) => [{ type: targetType(node), shape: node.ints('shape') ?? [] }],
  lower(node, k) {
    const { type, dims } = node.output()
    const { bits } = elementTypes[type]
    const code = `(${k.input(0)}[i / ${8 / bits}] >> i % ${8 / bits} * ${bits}) & ${2 ** bits - 1}`
    const half = 2 ** (bits - 1)
    const element = type.startsWith('int') ? `((${code}) ^ ${half}) - ${half}` : code
    k.line(`for (int64_t i = 0; i < ${k.count(dims)}; i++) ${k.output()}[i] = (${elementTypes[type].c})(${element});`)
  },
}

export const packings: readonly LoweredOperator[] = [Pack, Repack, Unpack]
