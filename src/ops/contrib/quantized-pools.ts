import type { Node, Value } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'
import { unary } from './quantized-elementwise.ts'

/** `f` of an image in ONNX's order of axes, whatever the node says of its own. */
function channelsFirst(node: Node, b: Builder, x: Value, f: (x: Value) => Value): Value {
  if (!node.int('channels_last', 0)) return f(x)
  const spatial = x.dims.slice(2).map((_, i) => i + 1)
  const first = f(b.op('Transpose', [x], { perm: [0, x.rank - 1, ...spatial] }))
  return b.op('Transpose', [first], { perm: [0, ...spatial.map((axis) => axis + 1), 1] })
}

export const quantizedPools: readonly LoweredOperator[] = [
  unary('QLinearGlobalAveragePool', (node, b, x) =>
    channelsFirst(node, b, x, (image) => b.op('GlobalAveragePool', [image])),
  ),
  unary('QLinearAveragePool', (node, b, x) => {
    const attributes = Object.fromEntries([...node.attributes].filter(([name]) => name !== 'channels_last'))
    return channelsFirst(node, b, x, (image) => b.op('AveragePool', [image], attributes))
  }),
  unary('QLinearReduceMean', (node, b, x) =>
    b.op('ReduceMean', [x, b.ints(node.ints('axes') ?? [])], { keepdims: node.int('keepdims', 1) }),
  ),
]
