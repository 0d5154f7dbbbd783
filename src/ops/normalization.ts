import type { Node, Value } from '../graph/graph.ts'
import type { Builder } from '../graph/operator.ts'
import type { LoweredOperator } from './lowering.ts'

/**
 * ONNX BatchNormalization-1 … 15 in inference: y = (x - mean) / sqrt(var + epsilon) * scale + bias, written as
 * x * factor + offset with both per channel, so that constants fold and a convolution before it can take them in.
 */
const BatchNormalization: LoweredOperator = {
  name: 'BatchNormalization',
  infer: (node) => [{ type: node.input(0).type, shape: node.input(0).shape }],
  decompose(node, b) {
    if (node.int('training_mode', 0)) throw node.error('UNSUPPORTED_TRAINING', 'training_mode is not supported: export the model for inference')
    const [x, scale, bias, mean, variance] = [0, 1, 2, 3, 4].map((i) => node.input(i)) as [Value, Value, Value, Value, Value]
    const epsilon = b.scalar(node.float('epsilon', 1e-5), variance.type)
    const factor = b.op('Div', [scale, b.op('Sqrt', [b.op('Add', [variance, epsilon])])])
    const offset = b.op('Sub', [bias, b.op('Mul', [mean, factor])])
    return [affine(b, x, factor, offset)]
  },
}

/** x * factor + offset, both of them one number per channel (axis 1). */
function affine(b: Builder, x: Value, factor: Value, offset: Value): Value {
  const axes = b.ints(x.dims.slice(2).map((_, i) => i + 1))
  const perChannel = (value: Value): Value => (x.rank > 2 ? b.op('Unsqueeze', [value, axes]) : value)
  return b.op('Add', [b.op('Mul', [x, perChannel(factor)]), perChannel(offset)])
}

export const normalizations: readonly LoweredOperator[] = [BatchNormalization]
