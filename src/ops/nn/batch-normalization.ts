import type { Node, Value, ValueInfo } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'
import { takes } from '../../graph/rules.ts'
import type { ElementType } from '../../onnx/element-type.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'
import { castTo } from '../../lowering/widen.ts'

/** X, scale, bias, mean and variance in one type: they may differ from opset 14 on. */
interface Operands {
  readonly x: Value
  readonly scale: Value
  readonly bias: Value
  readonly mean: Value
  readonly variance: Value
}

function operandsOf(node: Node, b: Builder): Operands {
  const inputs = [0, 1, 2, 3, 4].map((i) => node.input(i))
  const types = new Set(inputs.map((input) => input.type))
  const common: ElementType = types.size === 1 ? inputs[0]!.type : types.has('float64') ? 'float64' : 'float32'
  const [x, scale, bias, mean, variance] = inputs.map((input) => castTo(b, input, common)) as [
    Value,
    Value,
    Value,
    Value,
    Value,
  ]
  return { x, scale, bias, mean, variance }
}

/**
 * y = (x - mean) / sqrt(variance + epsilon) * scale + bias, written as x * factor + offset with both per channel, so
 * that constants fold and a convolution before it can take them in.
 */
function normalise(node: Node, b: Builder, { x, scale, bias, mean, variance }: Operands): Value {
  const epsilon = b.scalar(node.float('epsilon', 1e-5), variance.type)
  const factor = b.op('Div', [scale, b.op('Sqrt', [b.op('Add', [variance, epsilon])])])
  const offset = b.op('Sub', [bias, b.op('Mul', [mean, factor])])
  const axes = b.ints(x.dims.slice(2).map((_, i) => i + 1))
  const perChannel = (value: Value): Value => (x.rank > 2 ? b.op('Unsqueeze', [value, axes]) : value)
  const result = b.op('Add', [b.op('Mul', [x, perChannel(factor)]), perChannel(offset)])
  return castTo(b, result, node.input(0).type)
}

/** Training (opset 14): statistics are those of the batch, and the running ones move towards them. */
function train(node: Node, b: Builder, operands: Operands): Value[] {
  const { x } = operands
  const axes = b.ints(x.dims.map((_, axis) => axis).filter((axis) => axis !== 1))
  const batchMean = b.op('ReduceMean', [x, axes])
  const centred = b.op('Sub', [x, batchMean])
  const flat = (value: Value): Value => b.op('Squeeze', [value, axes])
  const [mean, variance] = [flat(batchMean), flat(b.op('ReduceMean', [b.op('Mul', [centred, centred]), axes]))]
  const momentum = node.float('momentum', 0.9)
  const move = (running: Value, current: Value, type: ElementType): Value => {
    const kept = b.op('Mul', [running, b.scalar(momentum, running.type)])
    return castTo(b, b.op('Add', [kept, b.op('Mul', [current, b.scalar(1 - momentum, current.type)])]), type)
  }
  return [
    normalise(node, b, { ...operands, mean, variance }),
    move(operands.mean, mean, node.input(3).type),
    move(operands.variance, variance, node.input(4).type),
  ]
}

const parameters = 'scale:float[c] B:float[c] input_mean:float[c] input_var:float[c]'
const rules = takes(`X:float[_, c, ...] ${parameters}`)
/** A vector is a batch of single numbers, of one channel. */
const vectorRules = takes(`X:float[_] ${parameters.replaceAll('[c]', '[1]')}`)

/** ONNX BatchNormalization-1 … 15. Before opset 14 only inference is supported. */
const BatchNormalization: LoweredOperator = {
  name: 'BatchNormalization',
  rules: (node) => (node.inputs[0]?.rank === 1 ? vectorRules : rules),
  infer(node): ValueInfo[] {
    return [{ type: node.input(0).type, shape: node.input(0).shape }]
  },
  decompose(node, b) {
    if (node.version < 7 && node.int('is_test', 0) === 0) {
      throw node.error(
        'UNSUPPORTED_TRAINING',
        'training is not supported: export the model for inference (is_test = 1)',
      )
    }
    const operands = operandsOf(node, b)
    return node.int('training_mode', 0) ? train(node, b, operands) : [normalise(node, b, operands)]
  },
}

export const batchNormalizations: readonly LoweredOperator[] = [BatchNormalization]
