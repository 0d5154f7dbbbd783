import { product } from '../../graph/dim.ts'
import type { Node, Value } from '../../graph/graph.ts'
import { takes } from '../../graph/rules.ts'
import type { Builder } from '../../graph/operator.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'
import { shareElements } from '../../lowering/sharing.ts'
import { normalizeAxis } from '../../graph/shape-contents.ts'
import { widenNarrowFloats } from '../../lowering/widen.ts'

/** Softmax and LogSoftmax over one axis (ONNX 13). */
function alongAxis(name: string, kernel: string): LoweredOperator {
  return {
    name,
    since: 13,
    rules: takes('input:float[_, ...]'),
    infer: (node) => [{ type: node.input(0).type, shape: node.input(0).shape }],
    decompose: (node, b) =>
      widenNarrowFloats(node, b) ?? (node.input(0).type === 'float64' ? [byParts(node, b)] : undefined),
    lower(node, k) {
      const { dims, rank } = node.input(0)
      const axis = normalizeAxis(node, node.int('axis', -1), rank)
      k.include('softmax.h')
      shareElements(k, dims, 2)
      const [outer, extent, inner] = [dims.slice(0, axis), dims.slice(axis, axis + 1), dims.slice(axis + 1)]
      k.line(`${kernel}(${k.input(0)}, ${k.output()}, ${k.count(outer)}, ${k.count(extent)}, ${k.count(inner)});`)
    },
    // Subtract, exponential, sum, divide.
    flops: (node) => product([4, ...node.output().dims]),
  }
}

/** Doubles: e^(x - max) / Σ e^(x - max), or the logarithm of that. */
function byParts(node: Node, b: Builder): Value {
  const x = node.input(0)
  const axes = b.ints([normalizeAxis(node, node.int('axis', -1), x.rank)])
  const shifted = b.op('Sub', [x, b.op('ReduceMax', [x, axes])])
  const powers = b.op('Exp', [shifted])
  const sum = b.op('ReduceSum', [powers, axes])
  return node.op === 'Softmax' ? b.op('Div', [powers, sum]) : b.op('Sub', [shifted, b.op('Log', [sum])])
}

/** Softmax and its like up to opset 12: the axis split the shape in two and the whole second part was normalised. */
export function flattened(name: string): LoweredOperator {
  return {
    name,
    rules: takes('input:float[_, ...]'),
    infer: (node) => [{ type: node.input(0).type, shape: node.input(0).shape }],
    decompose(node: Node, b: Builder): readonly Value[] {
      const x = node.input(0)
      const axis = normalizeAxis(node, node.int('axis', 1), x.rank)
      if (axis === x.rank - 1) return [b.op(name, [x], { axis })]
      const flat = b.op(name, [b.op('Flatten', [x], { axis })], { axis: -1 })
      return [b.reshape(flat, x.dims)]
    },
  }
}

export const softmax: readonly LoweredOperator[] = [
  alongAxis('Softmax', 'om_softmax_f32'),
  alongAxis('LogSoftmax', 'om_logsoftmax_f32'),
  flattened('Softmax'),
  flattened('LogSoftmax'),
]
