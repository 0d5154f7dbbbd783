import type { Dim } from '../graph/dim.ts'
import { product } from '../graph/dim.ts'
import type { Node } from '../graph/graph.ts'
import type { LoweredOperator } from './lowering.ts'
import { intsOf, normalizeAxis } from './shape-contents.ts'
import { widenNarrowFloats } from './widen.ts'

/** Axes that are reduced, ascending; all where none are given (ONNX Reduce*-18, `noop_with_empty_axes` aside). */
function reducedAxes(node: Node): readonly number[] {
  const { rank } = node.input(0)
  const axes = intsOf(node, 'axes', 1)?.map((axis) => normalizeAxis(node, axis, rank)) ?? []
  if (axes.length > 0) return [...new Set(axes)].sort((a, b) => a - b)
  return node.int('noop_with_empty_axes', 0) ? [] : Array.from({ length: rank }, (_, axis) => axis)
}

function reducedShape(node: Node): readonly Dim[] {
  const axes = reducedAxes(node)
  const { dims } = node.input(0)
  return node.int('keepdims', 1) ? dims.map((dim, axis) => (axes.includes(axis) ? 1 : dim)) : dims.filter((_, axis) => !axes.includes(axis))
}

function reduction(name: string, kind: string): LoweredOperator {
  return {
    name,
    infer: (node) => [{ type: node.input(0).type, shape: reducedShape(node) }],
    decompose(node, b) {
      const widened = widenNarrowFloats(node, b)
      if (widened) return widened
      const axes = reducedAxes(node)
      const x = node.input(0)
      if (axes.length === 0) return [x]
      const adjacent = axes.every((axis, i) => i === 0 || axis === axes[i - 1]! + 1)
      if (adjacent) return undefined
      // Reduced axes move to the end, where they lie together; the result has them gone, and gets them back as 1.
      const kept = x.dims.map((_, axis) => axis).filter((axis) => !axes.includes(axis))
      const moved = b.op('Transpose', [x], { perm: [...kept, ...axes] })
      const last = axes.map((_, i) => kept.length + i)
      const reduced = b.op(name, [moved, b.ints(last)], { keepdims: 0 })
      return [node.int('keepdims', 1) ? b.op('Unsqueeze', [reduced, b.ints(axes)]) : reduced]
    },
    lower(node, k) {
      const { dims, type } = node.input(0)
      if (type !== 'float32') throw node.error('UNSUPPORTED_TYPE', `${name} of ${type} is not supported`)
      const axes = reducedAxes(node)
      const [outer, extent, inner] = [dims.slice(0, axes[0]), dims.slice(axes[0], axes.at(-1)! + 1), dims.slice(axes.at(-1)! + 1)]
      k.include('reduce.h')
      k.line(`om_reduce_f32(${k.input(0)}, ${k.output()}, ${k.count(outer)}, ${k.count(extent)}, ${k.count(inner)}, ${kind});`)
    },
    flops: (node) => product(node.input(0).dims),
  }
}

export const reductions: readonly LoweredOperator[] = [
  reduction('ReduceSum', 'OM_REDUCE_SUM'),
  reduction('ReduceMean', 'OM_REDUCE_MEAN'),
  reduction('ReduceProd', 'OM_REDUCE_PRODUCT'),
  reduction('ReduceMax', 'OM_REDUCE_MAX'),
  reduction('ReduceMin', 'OM_REDUCE_MIN'),
  reduction('ReduceSumSquare', 'OM_REDUCE_SUM_SQUARE'),
  reduction('ReduceL1', 'OM_REDUCE_L1'),
  reduction('ReduceL2', 'OM_REDUCE_L2'),
  reduction('ReduceLogSum', 'OM_REDUCE_LOG_SUM'),
  reduction('ReduceLogSumExp', 'OM_REDUCE_LOG_SUM_EXP'),
]
